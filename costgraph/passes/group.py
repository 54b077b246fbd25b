"""An axis of a mesh on a graph: which of the dims that are there its cuts split."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from costgraph.mesh import Axis, Cut

Family = tuple[str, ...]  # a dim, and those that are made of it; a tensor is split along the first that it has


@dataclass(frozen=True)
class Group:
    """An axis on a graph: for each of its cuts, the dims that it splits, each with those that are made of it."""

    axis: Axis
    cuts: Mapping[Cut, tuple[Family, ...]]
    dims: frozenset[str]  # all of these, and those that are split over one device

    def split(self, names: Container[str]) -> dict[Cut, Family]:
        """Of each cut the first dim that is among `names`; no cut without one."""
        found = {
            cut: next((f for f in families if any(dim in names for dim in f)), ())
            for cut, families in self.cuts.items()
        }
        return {cut: family for cut, family in found.items() if family}
