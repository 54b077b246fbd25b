"""Configurations to start from in tests, and what is asked of one that was read."""

from __future__ import annotations

from typing import Any

import costgraph as cg
from costgraph.models.config_json import Configuration, configuration

LLAMA: dict[str, Any] = {
    "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 8,
    "num_key_value_heads": 2, "intermediate_size": 172, "vocab_size": 1000, "max_position_embeddings": 512,
}  # fmt: skip
GPT2: dict[str, Any] = {
    "model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 100, "n_positions": 32,
}  # fmt: skip
OPT: dict[str, Any] = {
    "model_type": "opt", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "ffn_dim": 256,
    "vocab_size": 100, "max_position_embeddings": 32,
}  # fmt: skip
FALCON: dict[str, Any] = {
    "model_type": "falcon", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 8, "vocab_size": 100,
}  # fmt: skip
DEEPSEEK: dict[str, Any] = {
    "model_type": "deepseek_v3", "num_hidden_layers": 6, "hidden_size": 64, "num_attention_heads": 4,
    "intermediate_size": 200, "moe_intermediate_size": 32, "n_routed_experts": 8, "num_experts_per_tok": 2,
    "n_shared_experts": 1, "first_k_dense_replace": 1, "q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4, "v_head_dim": 8, "vocab_size": 100,
}  # fmt: skip
MAMBA: dict[str, Any] = {
    "model_type": "mamba2", "num_hidden_layers": 2, "hidden_size": 64, "num_heads": 8, "head_dim": 16, "n_groups": 1,
    "state_size": 16, "vocab_size": 100,
}  # fmt: skip


def of(base: dict[str, Any], model_type: str = "", **changes: Any) -> Configuration:
    """A configuration with other values; `...` takes a key out."""
    keys = {**base, **changes, "model_type": model_type or base["model_type"]}
    return configuration({key: value for key, value in keys.items() if value is not ...}, "config.json")


def numbers(found: Configuration, names: str) -> str:
    """Sizes as text: `H=8, W=none`."""
    return ", ".join(f"{name}={found.sizes.get(name, 'none')}" for name in names.split())


def params(found: Configuration) -> int:
    """The exact number of parameters."""
    form = cg.derive("params", op_set=found.architecture, convention="exact").forms["params"]
    number = form.limited(found.sizes).number
    assert number is not None
    return int(number)
