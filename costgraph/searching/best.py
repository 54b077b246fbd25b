"""The best of many plans, of which a few are kept: doubles say what is certainly worse, rationals decide the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.records import dataclass
from costgraph.searching.columns import Column
from costgraph.searching.exact import NEAR
from costgraph.searching.measures import GROWING
from costgraph.searching.plans import Costed, row
from costgraph.searching.structure import Structure

SPARE = 512  # plans that are kept beside those that are asked for, before rationals say which are worse


@dataclass(frozen=True, eq=False)
class Candidate:
    """A plan that may be among the best.

    Args:
        structure: what changes its graph.
        numbers: of its axes.
        about: what it is ranked by, in doubles.
        order: which plan it was among all, so that ties are always broken alike.
        by: the names of what it is ranked by.
        costed: the costs of its structure; not handed on to other processes.
    """

    structure: Structure
    numbers: Mapping[str, int]
    about: tuple[float, ...]
    order: tuple[int, int]
    by: tuple[str, ...] = field(repr=False)
    costed: Costed | None = field(default=None, repr=False)

    @cached_property
    def exactly(self) -> tuple[Fraction, ...]:
        """What it is ranked by; the larger is the worse."""
        assert self.costed is not None
        return tuple((-1 if name in GROWING else 1) * self.costed.exactly(self.numbers, name) for name in self.by)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "costed": None, "exactly": self.exactly}


class Best:
    """The best plans so far.

    Args:
        top: how many are asked for.
        by: what they are ranked by, the first thing first.
        known: above that a plan is certainly worse than those that were seen before.
    """

    def __init__(self, top: int, by: tuple[str, ...], known: float = float("inf")) -> None:
        self.top, self.by, self.known = top, by, known
        self.kept: list[Candidate] = []

    def add(
        self, costed: Costed, columns: Mapping[str, Column], keys: Sequence[Column], which: NDArray[np.bool_],
        order: tuple[int, int],
    ) -> None:  # fmt: skip
        """Take in a block.

        Args:
            costed: the costs of its structure.
            columns: the plans.
            keys: what they are ranked by.
            which: those that may be ranked.
            order: how many structures came before, and how many plans of this one.
        """
        places = np.flatnonzero(which & (keys[0] <= self.limit))
        if len(places) > self.top:
            smallest = np.partition(keys[0][places], self.top - 1)[self.top - 1]
            places = places[keys[0][places] <= loosely(float(smallest))]
        for at in places.tolist():
            about = tuple(float(key[at]) for key in keys)
            place = (order[0], order[1] + at)
            self.kept.append(Candidate(costed.structure, row(columns, at), about, place, self.by, costed))
        if len(self.kept) > self.top + SPARE:
            self.shorten()

    def merge(self, others: Iterable[Candidate]) -> None:
        """Take in what another one has kept."""
        self.kept += others
        if len(self.kept) > self.top + SPARE:
            self.shorten()

    @property
    def limit(self) -> float:
        """Above that a plan is certainly worse than those that are kept."""
        if len(self.kept) < self.top:
            return self.known
        return min(self.known, loosely(sorted(one.about[0] for one in self.kept)[self.top - 1]))

    def shorten(self) -> None:
        """Keep those that are asked for, as rationals rank them."""
        self.kept.sort(key=lambda one: one.about[0])
        limit = self.limit
        near = [one for one in self.kept if one.about[0] <= limit]
        self.kept = sorted(near, key=lambda one: (one.exactly, one.order))[: self.top]

    def ranked(self) -> list[Candidate]:
        """The best, the first first."""
        self.shorten()
        return self.kept


def loosely(value: float) -> float:
    """What doubles cannot tell from it is not above."""
    return value + abs(value) * NEAR
