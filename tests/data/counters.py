"""Counters of FLOPs, parameters and caches, to be read and not run: right ones, wrong ones, and what cannot be read."""

from __future__ import annotations

from typing import Any


def flops_per_token(config: Any, n_params: int) -> Any:
    """Right, by the rule of PaLM's appendix."""
    n_layer, n_head, width = config.n_layer, config.n_head, config.n_embd // config.n_head
    return 6 * n_params + 12 * n_layer * n_head * width * config.block_size


def train_flops(config: Any, n_params: int, batch_size: int, remat: bool) -> Any:
    """Wrong: attention is left out; with two cases."""
    factor = 8 if remat else 6
    return factor * n_params * batch_size * config.block_size


def kv_cache_bytes(config: Any, batch_size: int, seq_len: int, bytes_per_param: int) -> Any:
    """Wrong: keys without values."""
    size = batch_size * seq_len * config.n_layer * config.n_embd
    return size * bytes_per_param


def num_params(config: Any) -> Any:
    """Not read: a loop decides."""
    total = 0
    for width in config.widths:
        total += 12 * width**2
    return total * 1
