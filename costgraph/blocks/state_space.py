"""The state space: a recurrence over positions in place of attention, with a state of fixed size."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import Size, size
from costgraph.blocks.convolution import convolved
from costgraph.blocks.linear import Names, biased, linear
from costgraph.blocks.norm import Norm
from costgraph.blocks.scan import Parts, scanned, stepped
from costgraph.graph.builder import Builder
from costgraph.records import dataclass

HEADS: Names = ("ssm_group", "ssm_share")  # groups of heads that share matrices, and the heads of each


@dataclass(frozen=True)
class Mamba2:
    """Mamba-2: a scan in chunks in training and prefill, one step of the recurrence in decode.

    Args:
        heads, width: number and width of heads; together as wide as the inner width.
        state: width of the state of a head.
        groups: how many groups of heads share their input and output matrices.
        kernel: width of the convolution.
        chunk: positions that the scan takes at once; the last chunk is filled up.
        norm: gated, before the output projection; of each group for itself.
        conv_bias: of the convolution.
        biases: of the projections.
        plain: an implementation in plain products: it copies what a group shares to its heads, passes states on by a
            product over all pairs of chunks, and convolves the padding.

    Source: Dao and Gu 2024 (Mamba-2), Sec. 6 and 7.
    """

    place: ClassVar[str] = "ssm"
    causal: ClassVar[bool] = True

    heads: Size = "A_s"
    width: Size = "H_s"
    state: Size = "D_s"
    groups: Size = "G_s"
    kernel: Size = "K_s"
    chunk: Size = "Q_s"
    norm: Norm | None = Norm()
    conv_bias: bool = True
    biases: bool = False
    plain: bool = False

    def write(self, b: Builder, name: str, x: str) -> str:
        """Ops `<name>.gate` to `<name>.out`; returns what the residual connection adds."""
        self.declare(b)
        inner = (*HEADS, "ssm_width")
        gate = linear(b, f"{name}.gate", x, inner, bias=self.biases)
        values, into, out_of = (
            self.convolved(b, f"{name}.{one}", linear(b, f"{name}.{one}", x, to, bias=self.biases), to)
            for one, to in (("x", inner), ("b", (HEADS[0], "state")), ("c", (HEADS[0], "state")))
        )
        step = linear(b, f"{name}.dt", x, HEADS)
        step = biased(b, f"{name}.dt_projection", step, HEADS) if self.biases else step
        step = biased(b, f"{name}.dt", step, HEADS)  # which it has in any case
        step = b.op(f"{name}.softplus", "softplus", step)
        inside = stepped if b.phase == "decode" else scanned
        y = inside(b, name, Parts(values, into, out_of, step), self.plain)
        skip = b.op(f"{name}.skip", "product", values, b.parameter(f"{name}.d", HEADS, "bias"))
        y = b.op(f"{name}.gated", "product", b.op(f"{name}.add", "add", y, skip), b.op(f"{name}.act", "silu", gate))
        y = self.norm.write(b, f"{name}.norm", y, f"{HEADS[1]} ssm_width", each=HEADS[0]) if self.norm else y
        return linear(b, f"{name}.out", y, ("model",), inner, self.biases)

    def as_transformers(self) -> Self:
        """As that library computes it: in plain products."""
        return replace(self, plain=True)

    def declare(self, b: Builder) -> None:
        """The dims."""
        b.assume(Divides(size(self.groups), size(self.heads)))
        b.dim(HEADS[0], self.groups)
        b.dim(HEADS[1], size(self.heads) / size(self.groups))
        for dim, value in (("ssm_width", self.width), ("state", self.state), ("kernel", self.kernel)):
            b.dim(dim, value)
        if b.phase != "decode":
            b.define("N_c", f"ceil(query/({size(self.chunk)}))")
            for dim, value in (("chunks", "N_c"), ("chunk", self.chunk), ("chunk_context", self.chunk)):
                b.dim(dim, value)

    def convolved(self, b: Builder, name: str, x: str, channels: Names) -> str:
        """What the convolution makes of `x`, through the activation."""
        y = convolved(b, f"{name}_conv", x, channels, self.plain)
        y = biased(b, f"{name}_conv", y, channels) if self.conv_bias else y
        return b.op(f"{name}_act", "silu", y)
