"""The axis over which the positions of a sequence are split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from costgraph.algebra.assumption import Choice, Divides
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import CORE, Axis, Split
from costgraph.mesh.cut import Cut
from costgraph.records import dataclass

HEADS = ("head", "kv_head")
AHEAD = {"query": "context", "memory": "memory_context"}  # positions, and as what others look at them
FEW = "over fewer key/value heads than devices how='gather' splits positions alone"


@dataclass(frozen=True)
class ContextAxis(Axis):
    """Each device works on its own part of the positions; attention looks at those of the others.

    In decode, where there is one new position, the cache is split instead, and a softmax over its parts exchanges the
    maximum and the sum of each row.

    Args:
        degree: number of devices C; must divide the sequence.
        how: `gather` the keys and values of all devices; pass them round a `ring`, of which a device holds two blocks
            at a time; or split `heads` inside of attention, with all-to-alls before and behind it.
        order: where the mask is causal, which positions a device has. `zigzag`: two blocks, one from either end, which
            are as much work as any other two. `contiguous`: one block; the last device works most, and counts.
        heads: of the devices so many, which are neighbours, split heads inside of attention; the C/heads groups of them
            gather, or pass round a ring, what is left of keys and values.

    Source: Liu et al. 2023 (ring), Jacobs et al. 2023 (heads: DeepSpeed-Ulysses), Llama Team 2024 (gather, zigzag),
    Fang and Zhao 2024 (heads within a ring: USP).
    """

    kind: ClassVar[str] = "context"
    symbol: ClassVar[str] = "C"
    degree: Size = "C"
    how: Literal["gather", "ring", "heads"] = "gather"
    order: Literal["zigzag", "contiguous"] = "zigzag"
    heads: Size = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.how == "heads" and self.together != ONE:
            raise UserError(
                f"{self}: how='heads' splits them over all C; heads={self.heads} is for 'ring' and 'gather'"
            )

    @property
    def together(self) -> Polynomial:
        """How many devices split heads, where that are not all."""
        return bound("C_h", self.heads)

    @property
    def computes(self) -> tuple[str, ...]:
        """Positions."""
        return tuple(AHEAD)

    @property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """Heads, in attention cores, where it says so."""
        return {CORE: HEADS} if self.how == "heads" or self.together != ONE else {}

    @property
    def round_a_ring(self) -> bool:
        """Whether keys and values are passed on block by block instead of being gathered."""
        return self.how == "ring"

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """Splits of positions: of queries, or in decode of the cache; with `heads`, of these inside of cores.

        One split, or, where some devices split heads, two, of which theirs is the inner one.
        """
        if not {"context", "window"} & dims.keys() or "query" not in dims:
            raise UserError(f"{self}: there is no attention in this graph whose positions could be split")
        if "ssm_group" in dims:
            raise UserError(f"{self}: a state space passes states on along positions; splitting these is not modelled")
        cached = dims["query"] != dims.get("context", dims["query"]) or dims["query"] == ONE
        along = tuple(AHEAD.values()) if cached else tuple(AHEAD)
        if not set(along) & dims.keys() and self.how != "heads":
            raise UserError(f"{self}: every layer sees a window alone, and there is no long cache to split")
        if self.inside and not set(HEADS) & dims.keys():
            raise UserError(f"{self}: there are no heads in this graph to split")
        inner = self.size if self.how == "heads" else self.together
        outer = self.size / inner
        apart = outer if cached else self.size  # of a cache, what splits heads splits no positions
        claims = [Divides(apart, dims[dim], dim=dim) for dim in along if dim in dims and apart != ONE]
        of_heads = [Divides(inner, dims[dim], FEW, dim) for dim in HEADS if self.inside and dim in dims]
        some = Divides(inner, self.size, "those that split heads are some of the devices")
        positions = Split(Cut(name, outer), along, tuple(claims))
        heads = Split(Cut(name, inner, 1), () if cached else along, tuple(of_heads), self.inside)
        if not self.inside:
            return (positions,)
        if outer == ONE:
            return (heads._replace(cut=Cut(name, inner), claims=(*claims, *of_heads)),)
        return positions._replace(claims=(some, *claims)), heads

    def causal(self, positions: Polynomial) -> tuple[Divides | Choice, ...]:
        """What is taken for granted of the work under a causal mask."""
        if self.how == "heads":
            return ()
        if self.order == "contiguous":
            return (Choice("causal work over C", "contiguous, that of the last device"),)
        blocks = self.size / self.together * 2
        return (Choice("causal work over C", "zigzag, the same everywhere"), Divides(blocks, positions))
