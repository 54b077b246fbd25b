"""Blocks, with their residual connections and norms; and layers: blocks that run several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.algebra.parser import Size
from costgraph.blocks.attention import Attention
from costgraph.blocks.experts import Experts
from costgraph.blocks.latent_attention import LatentAttention
from costgraph.blocks.mlp import Gated, Mlp
from costgraph.blocks.norm import Norm
from costgraph.blocks.state_space import Mamba2

Residual = Literal["pre", "post", "sandwich", "outer", "parallel", "parallel_two"]


@dataclass(frozen=True)
class Block:
    """One layer.

    Args:
        attention: what mixes positions; none in a layer without.
        mlp: what works on each position; none in a layer without.
        norm: of every place where the residual order has one.
        residual: `pre`: x + f(norm(x)); `post`: norm(x + f(x)); `sandwich`: x + norm(f(norm(x))); `outer`:
            x + norm(f(x)); `parallel`: x + a(norm(x)) + m(norm(x)) with one norm; `parallel_two`: with two.
        cross: a decoder's attention to its encoder, between the two.
        dropout: of what each of them adds.
    """

    attention: Attention | LatentAttention | Mamba2 | None = Attention()
    mlp: Mlp | Gated | Experts | None = Gated()
    norm: Norm = Norm()
    residual: Residual = "pre"
    cross: Attention | None = None
    dropout: bool = False


@dataclass(frozen=True)
class Layers:
    """Blocks that are alike.

    Args:
        times: how many.
        block: what each is.
        kind: which layers these are, in a model with several kinds (`dense`, `moe`, `local`, `global`).
    """

    times: Size
    block: Block
    kind: str = ""
