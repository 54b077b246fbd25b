"""What every axis of a mesh says: what it splits, and what rests in parts on it; no volume."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Mapping
from typing import ClassVar, NamedTuple

from costgraph.algebra.assumption import Divides
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.mesh.cut import Cut
from costgraph.options import checked, typed
from costgraph.precision import State
from costgraph.records import dataclass

CORE, EXPERTS = "attention_core", "experts"  # segments in which an axis may split something else

ADVICE = {
    "ssm_group": "a state space is split by the groups of heads that share matrices",
    "kv_head": "fewer key/value heads than devices can be copied: tensor(..., replicate_kv=True)",
}


class Split(NamedTuple):
    """What one cut of an axis splits while something is computed, and what that takes for granted.

    Inside of some segments it may be something else.
    """

    cut: Cut
    dims: tuple[str, ...]
    claims: tuple[Divides, ...]
    inside: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Axis(ABC):
    """One axis of a mesh. Subclasses are frozen dataclasses of their options; the degree is the first."""

    kind: ClassVar[str]
    symbol: ClassVar[str]
    in_time: ClassVar[bool] = False  # whether its parts follow one another on the same devices
    degree: Size

    def __post_init__(self) -> None:
        checked(self.kind, self)

    @property
    def size(self) -> Polynomial:
        """The degree.

        Raises:
            UserError: it is no positive integer.
        """
        return bound(self.symbol, self.degree)

    @property
    def default(self) -> bool:
        """Whether its degree was left to be its symbol."""
        return self.degree == self.symbol

    @property
    @abstractmethod
    def computes(self) -> tuple[str, ...]:
        """Dims that are split wherever something is computed on them; of two of them, the first."""

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """What it splits of a model whose dims have these sizes: one split, or several whose degrees multiply.

        Raises:
            UserError: it cannot split this model.
        """
        every = (*self.computes, *(dim for inner in self.inside.values() for dim in inner))
        claims = tuple(Divides(self.size, dims[d], ADVICE.get(d, ""), d) for d in every if d in dims)
        return (Split(Cut(name, self.size), self.computes, claims, self.inside),)

    @property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """What it splits in place of these inside of a segment."""
        return {}

    @property
    def rests(self) -> str:
        """The dim along which activations without a split dim rest in parts; none by default."""
        return ""

    @property
    def keeps(self) -> bool:
        """Whether what rests in parts, once gathered, is kept for the backward instead of being gathered again."""
        return False

    @property
    def round_a_ring(self) -> bool:
        """Whether what is gathered and reduced over it goes round a ring block by block, and is never there whole."""
        return False

    @property
    def shards(self) -> Container[State]:
        """Of which states of parameters the elements are cut evenly over the axis, as if flattened and padded."""
        return ()

    def __str__(self) -> str:
        """The axis as one would type it."""
        return typed(self.kind, self)
