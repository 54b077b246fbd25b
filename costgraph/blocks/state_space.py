"""The state space: a recurrence over positions in place of attention, with a state of fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.algebra.parser import Size
from costgraph.blocks.norm import Norm
from costgraph.builder import Builder


@dataclass(frozen=True)
class Mamba2:
    """Mamba-2: a scan in chunks in training and prefill, one step of the recurrence in decode.

    Args:
        heads, width: number and width of heads; together as wide as the inner width.
        state: width of the state of a head.
        groups: how many groups of heads share their input and output matrices.
        kernel: width of the convolution.
        chunk: positions that the scan takes at once.
        norm: gated, before the output projection.
        conv_bias: of the convolution.
        biases: of the projections.

    Source: Dao and Gu 2024.
    """

    heads: Size = "A_s"
    width: Size = "H_s"
    state: Size = "D_s"
    groups: Size = "G_s"
    kernel: Size = "K_s"
    chunk: Size = "Q_s"
    norm: Norm | None = Norm()
    conv_bias: bool = True
    biases: bool = False

    def write(self, b: Builder, name: str, x: str, phase: Literal["train", "prefill", "decode"] = "train") -> str:
        """Ops `<name>.in` to `<name>.out`; returns what the residual connection adds."""
        raise NotImplementedError
