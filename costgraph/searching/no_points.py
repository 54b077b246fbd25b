"""Why no point of a sweep is left: which limit excludes most, and how far the nearest point is from keeping it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from costgraph.errors import UserError
from costgraph.records import dataclass
from costgraph.searching.answer import excluded, instead, number
from costgraph.searching.constraints import Constraint
from costgraph.searching.open_mesh import OpenMesh
from costgraph.searching.plans import row
from costgraph.searching.sweep import Looking, Sweep
from costgraph.searching.swept import Swept

MOST = 10**6  # points that are looked at once more


@dataclass
class Excluded:
    """How many points there were, and why each is not told of.

    Args:
        looked_at: points.
        legal: those that keep what the model takes for granted.
        illegal: how many break each claim of the model.
        broken, alone: how many of the legal ones break each limit, and how many that one and no other.
        nearest: of each limit how far the nearest point is from it, and that point in words.
    """

    looked_at: int = 0
    legal: int = 0
    illegal: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    nearest: dict[str, tuple[float, str]] = field(default_factory=dict)

    def add(self, swept: Swept, mesh: OpenMesh, fixed: Mapping[str, str | int]) -> None:
        """Look at a block of points of one combination of choices."""
        values, legal = swept.at(mesh)
        self.looked_at += len(legal)
        self.legal += int(legal.sum())
        for rule in swept.rules:
            self.illegal[rule.claim] += int((~np.broadcast_to(rule.holds(mesh), len(legal))).sum())
        columns = {name: np.full(len(legal), float(one)) for name, one in fixed.items() if isinstance(one, int)}
        columns |= {name: np.broadcast_to(mesh[name], len(legal)) for name in mesh}
        held = []
        for one in swept.where:
            of = values[one.name] if one.name in values else columns[one.name]
            holds = one.holds(of)
            for at in np.flatnonzero(legal & one.near(of)).tolist():
                holds[at] = one.holds_exactly(swept.exact(row(columns, at), one.name))
            held.append(holds)
            if legal.any():
                self.look_nearest(one, of, legal, swept, columns, fixed)
        for at, one in enumerate(swept.where):
            others = np.logical_and.reduce([legal, *held[:at], *held[at + 1 :]])
            self.broken[one.text] += int((legal & ~held[at]).sum())
            self.alone[one.text] += int((others & ~held[at]).sum())

    def look_nearest(
        self, one: Constraint, values: NDArray[np.float64], legal: NDArray[np.bool_], swept: Swept,
        columns: Mapping[str, NDArray[np.float64]], fixed: Mapping[str, str | int],
    ) -> None:  # fmt: skip
        """Remember the point of these that comes nearest to keeping a limit, which machines may have unlike ones of."""
        far = np.where(legal, np.abs(values / (float(one.limit) or 1.0) - 1), np.inf)
        at = int(np.argmin(far))
        if one.text in self.nearest and self.nearest[one.text][0] <= far[at]:
            return
        point = row(columns, at)
        value = Fraction(swept.exact(point, one.name))
        words = ", ".join(f"{name}={said}" for name, said in {**fixed, **point}.items()) or "the only point"
        self.nearest[one.text] = (float(far[at]), instead(one, value, words))


def why_none(asked: Sweep) -> Iterator[str]:
    """Which limit excludes most, and what would have to give; of claims of the model which one does."""
    found, look = Excluded(), Looking(asked)
    for choices, ones, part in look.combinations():
        fixed: dict[str, str | int] = {**choices, **dict.fromkeys(ones, 1)}
        try:
            swept = look.swept(choices, ones)
        except UserError:
            continue  # which is told with all that cannot be
        for mesh in part.blocks(0, min(part.each, MOST - found.looked_at)):
            found.add(swept, mesh, fixed)
    first = f" of the first {number(MOST)}" if asked.grid.size > MOST else ""
    if not found.legal:
        for claim, broken in found.illegal.most_common(3):
            if broken:
                yield excluded(claim, broken)
        return
    yield f"{number(found.legal)} points{first} are possible, and none keeps {' and '.join(map(str, asked.where))}"
    ((most, _),) = found.broken.most_common(1)
    for text, broken in found.broken.items():
        if broken:
            nearest = found.nearest[text][1] if broken == found.legal else ""
            yield excluded(text, broken, found.alone[text], text == most, nearest)
