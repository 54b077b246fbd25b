"""An axis of a mesh on a graph: which of the dims that are there its cuts split."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import field

from costgraph.graph.op import Op
from costgraph.mesh import Axis, Cut
from costgraph.mesh.axis import CORE, EXPERTS
from costgraph.precision import State
from costgraph.records import dataclass

Family = tuple[str, ...]  # a dim, and those that are made of it; a tensor is split along the first that it has
Families = Mapping[Cut, tuple[Family, ...]]
KEPT = ("context", "cache_append")  # kinds of ops that make keys and values what cores read


@dataclass(frozen=True)
class Group:
    """An axis on a graph: for each of its cuts, the dims that it splits, each with those that are made of it.

    Args:
        axis: which one.
        cuts: what they split.
        inside: what they split inside of some segments.
        dims: all of these, and those that are split over one device.
        rests: along what activations without a split dim rest in parts.
        shards: of which states of parameters it cuts the elements evenly.
    """

    axis: Axis
    cuts: Families
    inside: Mapping[str, Families] = field(default_factory=dict)
    dims: frozenset[str] = frozenset()
    rests: Family = ()
    shards: Container[State] = ()

    def split(self, names: Container[str], segment: str = "") -> dict[Cut, Family]:
        """Of each cut the first dim that is among `names`; no cut without one.

        Inside of a segment in which cuts split something else that goes first.
        """
        found = first(self.cuts, names)
        if inner := first(self.inside.get(segment, {}), names):
            return {cut: of for cut, of in found.items() if cut not in self.inside[segment]} | inner
        return found

    @property
    def families(self) -> Iterator[Family]:
        """All that it splits, and along what tensors rest."""
        if self.rests:
            yield self.rests
        for of in (self.cuts, *self.inside.values()):
            for families in of.values():
                yield from families


def first(cuts: Families, names: Container[str]) -> dict[Cut, Family]:
    """Of each cut the first family that has a dim among `names`."""
    found = {}
    for cut, families in cuts.items():
        for family in families:
            if any(dim in names for dim in family):
                found[cut] = family
                break
    return found


def segment_of(op: Op) -> str:
    """The segment of an op in which axes may split something else than outside."""
    if op.core or op.kind in KEPT:
        return CORE
    return EXPERTS if op.within(EXPERTS) else ""
