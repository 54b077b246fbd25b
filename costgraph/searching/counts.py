"""How many plans of a search there were, and why others are not among them."""

from __future__ import annotations

from dataclasses import field

from costgraph.records import dataclass
from costgraph.searching.best import Candidate
from costgraph.searching.structure import Structure


@dataclass
class Counts:
    """How many plans there were.

    Args:
        structures: that were derived.
        tried: combinations of numbers with as many devices as were asked for.
        legal: of these, those that keep what the model takes for granted.
        fitting: of these, those that keep every constraint.
        broken: how many of the legal ones break each constraint.
        alone: how many break that one and no other.
        illegal: how many combinations break each claim of the model.
        illegal_alone: how many break that one and no other.
        refused: why structures cannot be, with how many of them.
        closest: of each constraint the plan that comes nearest to keeping it.
        passed: structures that were not derived, as none of their plans can be among the best.
        least: of each structure, in what comes first in the ranking, the least of its legal plans, fitting or not.
    """

    structures: int = 0
    tried: int = 0
    legal: int = 0
    fitting: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    alone: dict[str, int] = field(default_factory=dict)
    illegal: dict[str, int] = field(default_factory=dict)
    illegal_alone: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    closest: dict[str, Candidate] = field(default_factory=dict)
    passed: int = 0
    least: dict[Structure, float] = field(default_factory=dict)

    def count(self, of: dict[str, int], name: str, number: int) -> None:
        """Add to one of the tables."""
        if number:
            of[name] = of.get(name, 0) + number

    def nearest(self, name: str, found: Candidate) -> None:
        """Remember a plan that comes nearer to keeping a constraint than those before."""
        if name not in self.closest or found.about < self.closest[name].about:
            self.closest[name] = found

    def add(self, other: Counts) -> None:
        """Count those of a piece, too."""
        for name in ("structures", "tried", "legal", "fitting"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for table in ("broken", "alone", "illegal", "illegal_alone", "refused"):
            for name, number in getattr(other, table).items():
                self.count(getattr(self, table), name, number)
        for name, found in other.closest.items():
            self.nearest(name, found)
        for structure, least in other.least.items():
            self.least[structure] = min(least, self.least.get(structure, least))
