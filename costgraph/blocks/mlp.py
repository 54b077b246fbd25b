"""The MLP: two matrices with an activation between them, or three with a gate."""

from __future__ import annotations

from typing import ClassVar, Literal

from costgraph.algebra.parser import Size
from costgraph.blocks.linear import Names, dropout, linear
from costgraph.graph.builder import Builder
from costgraph.records import dataclass

Activation = Literal["gelu", "relu", "silu", "tanh"]


@dataclass(frozen=True)
class Mlp:
    """Two matrices.

    Args:
        width: of what is between them.
        act: the activation.
        biases: of both.
        dropout: of what is between them, as in T5. That of the result belongs to the block.
    """

    place: ClassVar[str] = "mlp"

    width: Size = "F"
    act: Activation = "gelu"
    biases: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str, dim: str = "ffn") -> str:
        """Ops `<name>.up`, `<name>.act`, `<name>.down`; returns what the residual connection adds.

        Args:
            b: where to.
            name: of the place, `mlp`.
            x: with the dim model.
            dim: what the width is called.
        """
        b.dim(dim, self.width)
        y = b.op(f"{name}.act", self.act, linear(b, f"{name}.up", x, (dim,), bias=self.biases))
        y = dropout(b, f"{name}.act_dropout", y, self.dropout)
        return linear(b, f"{name}.down", y, ("model",), (dim,), self.biases)


@dataclass(frozen=True)
class Gated:
    """Three matrices: down(act(gate(x)) * up(x)).

    Args:
        width: of what is between them.
        act: the activation of the gate.
        biases: of all.
        fused: one product makes gate and up, stored as one tensor.
        dropout: of what is between them. That of the result belongs to the block.

    Source: Shazeer 2020 (GLU variants).
    """

    place: ClassVar[str] = "mlp"

    width: Size = "F"
    act: Activation = "silu"
    biases: bool = False
    fused: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str, dim: str = "ffn") -> str:
        """Ops `<name>.gate`, `.up`, `.act`, `.product`, `.down`; returns what the residual connection adds.

        Args:
            b: where to.
            name: of the place, `mlp`.
            x: with the dim model.
            dim: what the width is called.
        """
        b.dim(dim, self.width)
        gate, up = self.both(b, name, x, (dim,))
        y = b.op(f"{name}.product", "product", b.op(f"{name}.act", self.act, gate), up)
        y = dropout(b, f"{name}.act_dropout", y, self.dropout)
        return linear(b, f"{name}.down", y, ("model",), (dim,), self.biases)

    def both(self, b: Builder, name: str, x: str, to: Names) -> tuple[str, str]:
        """What the gate and the other matrix give."""
        if not self.fused:
            gate = linear(b, f"{name}.gate", x, to, bias=self.biases)
            return gate, linear(b, f"{name}.up", x, to, bias=self.biases)
        two = linear(b, f"{name}.gate_up", x, (b.dim("gate_up", 2), *to), bias=self.biases)
        dims = tuple(dim for dim in b.names(two) if dim != "gate_up")
        gate = b.op(f"{name}.gate", "slice", two, letters=dims)
        return gate, b.op(f"{name}.up", "slice", two, letters=dims)
