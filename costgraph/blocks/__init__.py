"""The mechanisms of transformers, one file each: frozen values that write ops with named dims.

A block knows no family of models, and types in no cost. What it says it is (`str`, `==`, `hash`) is all that it is.
Each is imported when it is asked for: a model has few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costgraph.blocks.attention import Attention
    from costgraph.blocks.embedding import Embedding
    from costgraph.blocks.experts import Experts
    from costgraph.blocks.head import Head
    from costgraph.blocks.latent_attention import LatentAttention
    from costgraph.blocks.mlp import Gated, Mlp
    from costgraph.blocks.multi_token import MultiToken
    from costgraph.blocks.norm import Norm
    from costgraph.blocks.stack import Block, Layers
    from costgraph.blocks.state_space import Mamba2

__all__ = [
    "Attention", "Block", "Embedding", "Experts", "Gated", "Head", "LatentAttention", "Layers", "Mamba2", "Mlp",
    "MultiToken", "Norm",
]  # fmt: skip
_FILES = {
    "Attention": "attention", "Block": "stack", "Embedding": "embedding", "Experts": "experts", "Gated": "mlp",
    "Head": "head", "LatentAttention": "latent_attention", "Layers": "stack", "Mamba2": "state_space", "Mlp": "mlp",
    "MultiToken": "multi_token", "Norm": "norm",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module 'costgraph.blocks' has no attribute '{name}'")
    return getattr(import_module(f"costgraph.blocks.{_FILES[name]}"), name)
