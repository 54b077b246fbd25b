"""Blocks, with their residual connections and norms; and layers: blocks that run several times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, Self

from costgraph.algebra.parser import Size
from costgraph.blocks.attention import Attention
from costgraph.blocks.linear import dropout
from costgraph.blocks.mlp import Gated
from costgraph.blocks.norm import Norm
from costgraph.errors import UserError
from costgraph.graph.builder import Builder
from costgraph.records import dataclass

Residual = Literal["pre", "post", "sandwich", "outer", "parallel", "parallel_two"]
Part = Callable[[str], str]


class Positionwise(Protocol):
    """What works on each position: an MLP, experts."""

    @property
    def place(self) -> str:
        """What it is called in a layer: its ops are `<place>.up`, ..."""

    def write(self, b: Builder, name: str, x: str, /) -> str:
        """Its ops; returns what the residual connection adds."""


class Mixing(Positionwise, Protocol):
    """What mixes positions: attention, a state space."""

    @property
    def causal(self) -> bool:
        """Whether a position sees none behind it, so that there is a next one."""

    def as_transformers(self) -> Self:
        """The same as the library transformers computes it."""


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

    attention: Mixing | None = Attention()
    mlp: Positionwise | None = Gated()
    norm: Norm = Norm()
    residual: Residual = "pre"
    cross: Attention | None = None
    dropout: bool = False

    def write(self, b: Builder, x: str, memory: str | None = None) -> str:
        """The layer on `x`, batch, position, model.

        Args:
            b: where to.
            x: of the layer before.
            memory: what `cross` attends to; none in a step of decode.
        """
        parts = self.parts(b, memory)
        if self.residual in ("parallel", "parallel_two"):
            return self.parallel(b, x, parts)
        for name, part in parts:
            x = self.sequential(b, name, x, part)
        return x

    def parts(self, b: Builder, memory: str | None) -> list[tuple[str, Part]]:
        """What adds to the residual stream, in order, by its place."""
        found: list[tuple[str, Part]] = []
        attention, cross, mlp = self.attention, self.cross, self.mlp
        if attention is not None:
            found.append((attention.place, lambda x: attention.write(b, attention.place, x)))
        if cross is not None:
            found.append(("cross", lambda x: cross.write(b, "cross", x, memory)))
        if mlp is not None:
            found.append((mlp.place, lambda x: mlp.write(b, mlp.place, x)))
        return found

    def sequential(self, b: Builder, name: str, x: str, part: Part) -> str:
        """One part, its norms and its residual connection."""
        before = self.residual in ("pre", "sandwich")
        y = part(self.norm.write(b, f"norm.{name}", x) if before else x)
        if self.residual in ("sandwich", "outer"):
            y = self.norm.write(b, f"norm.{name}_after", y)
        y = b.op(f"{name}.residual", "residual", self.dropped(b, name, y), x)
        return self.norm.write(b, f"norm.{name}", y) if self.residual == "post" else y

    def parallel(self, b: Builder, x: str, parts: list[tuple[str, Part]]) -> str:
        """Both parts on the same input, added up before they are added to it."""
        if len(parts) != 2:
            raise UserError(f"{b.name}: a parallel block has two parts, attention and an MLP")
        (first, attention), (second, mlp) = parts
        z = self.norm.write(b, f"norm.{first}", x)
        both = [attention(z)]
        z = self.norm.write(b, f"norm.{second}", x) if self.residual == "parallel_two" else z
        y = b.op(f"{second}.add", "add", mlp(z), *both)
        return b.op(f"{second}.residual", "residual", self.dropped(b, second, y), x)

    def dropped(self, b: Builder, name: str, y: str) -> str:
        """What a part adds, after dropout."""
        return dropout(b, f"{name}.dropout" if name in ("mlp", "moe") else f"{name}.out_dropout", y, self.dropout)


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

    def write(self, b: Builder, x: str, memory: str | None = None) -> str:
        """All of them, one after the other."""
        with b.repeat(self.times, self.kind):
            x = b.op("blocks.enter", "loop", x)
            with b.segment("block"):
                x = self.block.write(b, x, memory)
        return b.op(f"{self.kind or 'blocks'}.exit", "loop", x)
