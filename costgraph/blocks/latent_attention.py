"""Latent attention: keys and values are made from one narrow vector per position, which is what is cached."""

from __future__ import annotations

from dataclasses import dataclass

from costgraph.algebra.parser import Size
from costgraph.blocks.norm import Norm
from costgraph.builder import Builder


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention.

    Args:
        heads: number of heads.
        q_rank: rank of the latent that queries are made from; none where they are made from the input itself.
        kv_rank: rank of the latent of keys and values.
        nope, rotary, value: widths of a head: of the part without positions, of the rotated part, of a value.
        absorbed: in decode, fold the matrices that expand the latent into queries and results; else the whole cache is
            expanded in every step. Training and prefill expand.
        norm: of the latents; none where they are not normalized.
        biases: of the projections from the input and to the output.
        dropout: of the weights.

    Source: DeepSeek-AI 2024 (DeepSeek-V2), Sec. 2.1.
    """

    heads: Size = "A"
    q_rank: Size | None = None
    kv_rank: Size = "R_kv"
    nope: Size = "H_n"
    rotary: Size = "H_r"
    value: Size = "H_v"
    absorbed: bool = True
    norm: Norm | None = Norm()
    biases: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str, memory: str | None = None) -> str:
        """Ops `<name>.q_nope` to `<name>.out`; returns what the residual connection adds."""
        raise NotImplementedError
