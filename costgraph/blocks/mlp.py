"""The MLP: two matrices with an activation between them, or three with a gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.algebra.parser import Size
from costgraph.builder import Builder

Activation = Literal["gelu", "relu", "silu", "tanh"]


@dataclass(frozen=True)
class Mlp:
    """Two matrices.

    Args:
        width: of what is between them.
        act: the activation.
        biases: of both.
        dropout: of the result.
    """

    width: Size = "F"
    act: Activation = "gelu"
    biases: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str) -> str:
        """Ops `<name>.up`, `<name>.act`, `<name>.down`; returns what the residual connection adds."""
        raise NotImplementedError


@dataclass(frozen=True)
class Gated:
    """Three matrices: down(act(gate(x)) * up(x)).

    Args:
        width: of what is between them.
        act: the activation of the gate.
        biases: of all.
        fused: one product makes gate and up, stored as one tensor.
        dropout: of the result.

    Source: Shazeer 2020 (GLU variants).
    """

    width: Size = "F"
    act: Activation = "silu"
    biases: bool = False
    fused: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str) -> str:
        """Ops `<name>.gate`, `.up`, `.act`, `.product`, `.down`; returns what the residual connection adds."""
        raise NotImplementedError
