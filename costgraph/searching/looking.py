"""Looks at the plans of a structure: which of them may be, which keep every constraint, which are the best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.errors import UserError
from costgraph.records import dataclass, replace
from costgraph.searching.asked import Search
from costgraph.searching.best import Best, Candidate
from costgraph.searching.columns import Column
from costgraph.searching.constraints import Constraint
from costgraph.searching.counts import Counts
from costgraph.searching.measures import GROWING
from costgraph.searching.open_mesh import BLOCK, OpenMesh
from costgraph.searching.plans import Costed, row
from costgraph.searching.stage_forms import Alike
from costgraph.searching.structure import Structure
from costgraph.setup import Setup

NO_LINK = "links join the devices of every group"
STRETCH = 64 * BLOCK  # combinations of numbers of one structure that are looked at by one task


@dataclass(frozen=True)
class Piece:
    """A stretch of the combinations of numbers of a structure.

    Args:
        structure: whose.
        number: which one it is among all.
        first, last: of its combinations the first, and the first that is no more.
    """

    structure: Structure
    number: int
    first: int
    last: int


@dataclass(frozen=True)
class Part:
    """What a piece has given: how many plans there were, and those that may be among the best."""

    counts: Counts
    candidates: tuple[Candidate, ...]
    top: int

    def compact(self) -> Part:
        """No more candidates than are asked for, ranked exactly."""
        best = Best(self.top, ())
        best.merge(self.candidates)
        return replace(self, candidates=tuple(best.ranked()))


def pieces(asked: Search) -> Iterator[Piece]:
    """All plans; structures of which there are none are left out."""
    for number, structure in enumerate(asked.space.structures()):
        if any(True for _ in asked.space.blocks(structure)):
            size = asked.space.size(structure)
            for first in range(0, size, STRETCH):
                yield Piece(structure, number, first, min(first + STRETCH, size))


class Looking:
    """Looks at one piece after the other; what is certainly worse than what it has seen is not kept.

    Args:
        asked: what is looked for.
    """

    def __init__(self, asked: Search) -> None:
        self.asked = asked
        self.limit = float("inf")
        self._setups: dict[str, Setup] = {}
        self._alike = Alike()
        self._costed: tuple[Structure, Costed] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_setups": {},
            "_alike": Alike(),
            "_costed": None,
        }  # whoever gets it derives what he needs himself

    def __call__(self, piece: Piece) -> Part:
        """The best plans of a piece."""
        asked, counts = self.asked, Counts()
        best = Best(asked.top + 1, asked.by, self.limit)
        try:
            costed = self.costed(piece.structure)
        except UserError as error:
            counts.count(counts.refused, str(error), int(piece.first == 0))
            return Part(counts, (), asked.top + 1)
        counts.structures += piece.first == 0
        first = piece.first
        for columns in asked.space.blocks(piece.structure, piece.first, piece.last):
            kept, ranked = kept_of(asked, costed, columns, counts)
            if kept is not None and ranked:
                best.add(costed, columns, ranked, kept, (piece.number, first))
            first += columns.length
        self.limit = best.limit
        return Part(counts, tuple(best.kept), best.top)

    def costed(self, structure: Structure) -> Costed:
        """The costs of a structure; those of the last one are kept."""
        if self._costed is None or self._costed[0] != structure:
            question = self.asked.question
            self._costed = (
                structure,
                Costed(question, structure, structure.derived_from(question.asked, self._setups), self._alike),
            )
        return self._costed[1]


def kept_of(
    asked: Search, costed: Costed, columns: OpenMesh, counts: Counts
) -> tuple[NDArray[np.bool_] | None, list[Column]]:
    """Which plans of a block keep everything, and what they are ranked by."""
    legal, broken = costed.legal(columns)
    counts.tried += len(legal)
    for claim, (number, alone) in broken.items():
        counts.count(counts.illegal, claim, number)
        counts.count(counts.illegal_alone, claim, alone)
    if not legal.any():
        return None, []
    outputs, joined = costed.outputs(columns)
    counts.count(counts.illegal, NO_LINK, int((legal & ~joined).sum()))
    legal = legal & joined
    counts.legal += int(legal.sum())
    kept = constrained(asked, costed, columns, outputs, legal, counts)
    counts.fitting += int(kept.sum())
    keys = [-outputs[name] if name in GROWING else outputs[name] for name in asked.by]
    if legal.any():
        least = float(keys[0][legal].min())
        counts.least[costed.structure] = min(least, counts.least.get(costed.structure, least))
    return kept, keys


def constrained(
    asked: Search, costed: Costed, columns: OpenMesh, outputs: dict[str, Column], legal: NDArray[np.bool_],
    counts: Counts,
) -> NDArray[np.bool_]:  # fmt: skip
    """The legal plans that keep every constraint; where doubles cannot tell, rationals do."""
    held = []
    for one in asked.where:
        values = outputs[one.name] if one.name in outputs else number_of(one.name, costed, columns, len(legal))
        holds = one.holds(values)
        for at in np.flatnonzero(legal & one.near(values)).tolist():
            holds[at] = one.holds_exactly(costed.exactly(row(columns, at), one.name))
        held.append(holds)
        closest(one, values, legal, costed, columns, counts)
    for at, one in enumerate(asked.where):
        others = np.logical_and.reduce([legal, *(holds for other, holds in enumerate(held) if other != at)])
        counts.count(counts.broken, one.text, int((legal & ~held[at]).sum()))
        counts.count(counts.alone, one.text, int((others & ~held[at]).sum()))
    found: NDArray[np.bool_] = np.logical_and.reduce([legal, *held])
    return found


def closest(
    one: Constraint, values: Column, legal: NDArray[np.bool_], costed: Costed, columns: OpenMesh,
    counts: Counts,
) -> None:  # fmt: skip
    """Remember the plan that comes nearest to keeping a constraint."""
    if not legal.any():
        return
    far = np.abs(values - float(one.limit)) if one.relation == "==" else values if one.upper else -values
    sized = np.where(legal, far, np.inf)
    at = int(np.argmin(sized))
    found = Candidate(costed.structure, row(columns, at), (float(sized[at]),), (0, 0), (one.name,), costed)
    counts.nearest(one.text, found)


def number_of(name: str, costed: Costed, columns: OpenMesh, length: int) -> Column:
    """A number of plans; 1 of an axis that is not there."""
    fixed = dict(costed.structure.degrees)
    return columns[name] if name in columns else np.full(length, float(fixed.get(name, 1)))
