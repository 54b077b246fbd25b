"""The best plans of a model on a cluster: every structure derived once, every plan evaluated, the best ones exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.records import dataclass, replace
from costgraph.searching.asked import Search
from costgraph.searching.best import Best, Candidate
from costgraph.searching.command import command, mesh_of
from costgraph.searching.counts import Counts
from costgraph.searching.engines import Run, plain
from costgraph.searching.looking import Looking, Piece, pieces
from costgraph.searching.plans import Costed
from costgraph.searching.structure import Structure
from costgraph.searching.table import Tabular
from costgraph.setup import Setup
from costgraph.shown import Recorded

if TYPE_CHECKING:
    from costgraph.pictures.picture import Picture


@dataclass(frozen=True)
class Plan:
    """One of the best.

    Args:
        candidate: its structure and its numbers.
        value: what it is ranked by, exactly.
        answer: the estimate of it.
        costed: the costs of its structure.
    """

    candidate: Candidate
    value: Fraction
    answer: Estimate
    costed: Costed

    @property
    def structure(self) -> Structure:
        """What changes its graph."""
        return self.candidate.structure

    @property
    def numbers(self) -> dict[str, int]:
        """Degrees, chunks and microbatches; the batch where it was searched."""
        return {**dict(self.structure.degrees), **self.candidate.numbers}

    @property
    def mesh(self) -> str:
        """Its axes as one would type them; empty for one device."""
        return mesh_of(self)

    @property
    def called(self) -> str:
        """It in words: its axes, what is replayed, its batch where that was searched."""
        return self.structure.called(self.numbers)

    @property
    def devices(self) -> int:
        """How many it uses; the others of the cluster are idle."""
        return int(self.answer.request.degree.number or 1)

    def exactly(self, name: str) -> Fraction:
        """One of its measures, such as `ttft`."""
        return self.costed.exactly(self.numbers, name)


@dataclass(frozen=True, repr=False)
class Found(Tabular, Recorded):
    """The answer.

    Args:
        search: what was looked for.
        counts: how many plans there were.
        candidates: the best, the first first.
        after: the one that would be next; None where there are no more.
    """

    search: Search
    counts: Counts
    candidates: tuple[Candidate, ...]
    after: Candidate | None = None

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The best, each estimated once more by itself."""
        known: dict[str, Setup] = {}
        return tuple(self.plan(one, known) for one in self.candidates)

    def columns(self) -> dict[str, list[Any]]:
        """A row for each plan, the best first: its mesh, what is replayed, its measures in base units, the command."""
        names = [name for name in self.search.question.measures if name != "bound"]
        return {
            "mesh": [plan.mesh for plan in self.plans],
            "recompute": [plan.structure.recompute for plan in self.plans],
            **({"B": [plan.numbers["B"] for plan in self.plans]} if "B" in self.search.space.numbers else {}),
            **{name: [float(plan.exactly(name)) for plan in self.plans] for name in (*names, "bound")},
            "command": [command(plan, self.search.typed) for plan in self.plans],
        }

    def worse(self, at: int) -> Fraction | None:
        """By which share the plan after one is worse in what both are ranked by; None where there is none."""
        others = [*self.candidates[at + 1 : at + 2], self.after]
        value, other = self.candidates[at].exactly[0], others[0]
        return None if other is None else abs(other.exactly[0] / value - 1)

    def plot(self) -> Picture:
        """A picture of the plans: time and memory of each, by part.

        Raises:
            UserError: matplotlib is missing, or no plan was found.
        """
        from importlib import import_module  # pictures stand above what they show

        drawn: Picture = import_module("costgraph.pictures.plans").draw(self)
        return drawn

    def plan(self, one: Candidate, known: dict[str, Setup]) -> Plan:
        """A candidate with its estimate."""
        question = self.search.question
        costed = one.costed or Costed(question, one.structure, one.structure.derived_from(question.asked, {}))
        return Plan(one, costed.exactly(one.numbers, self.search.by[0]), estimate(self.request(one, known)), costed)

    def request(self, one: Candidate, known: dict[str, Setup]) -> Request:
        """The question of one plan, as `estimate` asks it."""
        degrees = {name: number for name, number in one.numbers.items() if name != "B"}
        asked = self.search.question.asked
        if "B" in one.numbers:
            setup = asked.setup.with_sizes({**asked.setup.sizes, "B": one.numbers["B"]})
            asked, known = replace(asked, setup=setup), {}
        return one.structure.request(asked, known, degrees)


def search(
    asked: Search, progress: Callable[[int, int], None] = lambda done, all: None, run: Run = plain,
    before: Callable[[int, int], None] = lambda graphs, plans: None,
) -> Found:  # fmt: skip
    """Look at all plans: first at those of which others are heavier kinds, then at what may still be among the best.

    Args:
        asked: what is looked for.
        before: is told how many graphs are derived, and how many combinations of numbers these have at most.
        progress: is told how many pieces of how many were looked at.
        run: who looks at them.
    """
    best, counts, there = Best(asked.top + 1, asked.by), Counts(), list(pieces(asked))
    before(len({one.number for one in there}), sum(one.last - one.first for one in there))
    look, done = Looking(asked), 0
    for stage in (light, worth):
        for part in run(look, stage(there, counts, best.limit)):
            counts.add(part.counts)
            best.merge(part.candidates)
            progress(done := done + 1, len(there))
    ranked = best.ranked()
    return Found(asked, counts, tuple(ranked[: asked.top]), next(iter(ranked[asked.top :]), None))


def light(there: Sequence[Piece], counts: Counts, limit: float) -> list[Piece]:
    """Those of structures of which no lighter kind is looked at."""
    known = {one.structure for one in there}
    return [one for one in there if one.structure.lightest == one.structure or one.structure.lightest not in known]


def worth(there: Sequence[Piece], counts: Counts, limit: float) -> list[Piece]:
    """The others, without those whose lighter kind is worse than the best that are known, which are counted."""
    first = {one.structure for one in light(there, counts, limit)}
    rest = [one for one in there if one.structure not in first]
    found = [one for one in rest if counts.least.get(one.structure.lightest, limit) <= limit]
    counts.passed = len({one.number for one in rest}) - len({one.number for one in found})
    return found
