"""What the verbs of a family's table cannot say: functions that bring the keys of a configuration into another form.

Each gets a copy of the keys, and gives them back with others put in; names of its own begin with `_`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Config = dict[str, Any]


def falcon(config: Config) -> Config:
    """The new decoder architecture ignores two keys; without it, `multi_query` goes before `num_kv_heads`.

    Source: transformers 5.23.0, `modeling_falcon.py` (FalconAttention, FalconDecoderLayer).
    """
    new = config.get("new_decoder_architecture") or False
    if new:
        norms = config.get("num_ln_in_parallel_attn")
        config["_residual"] = "parallel" if norms == 1 else "parallel_two"
    else:
        config["_residual"] = "parallel" if config.get("parallel_attn", True) else "pre"
        for name in ("num_kv_heads", "n_head_kv"):
            config.pop(name, None)
        if config.get("multi_query", True):
            config["num_kv_heads"] = 1
    return config


def opt(config: Config) -> Config:
    """Embeddings are of another width only where the two widths differ."""
    if config.get("word_embed_proj_dim") in (None, config.get("hidden_size")):
        config["word_embed_proj_dim"] = None
    config["_final_norm"] = bool(config.get("do_layer_norm_before", True)) and not config.get(
        "_remove_final_layer_norm"
    )
    return config


def roberta(config: Config) -> Config:
    """Positions begin behind the padding, so that two rows of the table stand for none.

    Source: transformers 5.23.0, `modeling_roberta.py` (create_position_ids_from_input_ids).
    """
    rows = config.get("max_position_embeddings")
    if isinstance(rows, int) and not isinstance(rows, bool):
        config["max_position_embeddings"] = rows - 2
    return config


REWRITING: dict[str, Callable[[Config], Config]] = {"falcon": falcon, "opt": opt, "roberta": roberta}
