"""The best plans of a model on a cluster: every structure derived once, every plan evaluated, the best ones exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.records import dataclass
from costgraph.searching.best import Best, Candidate
from costgraph.searching.columns import Column
from costgraph.searching.command import command, mesh_of
from costgraph.searching.constraints import Constraint
from costgraph.searching.plans import Costed, Outputs, Question, row
from costgraph.searching.space import Space
from costgraph.searching.structure import Structure
from costgraph.searching.table import Tabular
from costgraph.setup import Setup
from costgraph.shown import Shown

NO_LINK = "links join the devices of every group"


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Args:
        question: what is asked of every plan.
        space: which plans there are.
        where: what they must keep, the usable memory first.
        minimize: by what they are ranked: `step_time`, `cost` or `devices`.
        top: how many are asked for.
        typed: what was typed of the question itself, by option; what a command that asks it again has.
    """

    question: Question
    space: Space
    where: tuple[Constraint, ...]
    minimize: str
    top: int
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> tuple[str, ...]:
        """What plans are ranked by, the first thing first: of plans as good, what needs less memory."""
        time = "tokens/s" if self.question.asked.phase == "generate" and "B" in self.space.numbers else "step_time"
        first = {"step_time": time, "cost": "cost", "devices": "devices"}[self.minimize]
        return tuple(dict.fromkeys((first, time, "peak")))


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
        refused: why structures cannot be, with how many of them.
        closest: of each constraint the value that is nearest to keeping it, where all break it.
    """

    structures: int = 0
    tried: int = 0
    legal: int = 0
    fitting: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    alone: dict[str, int] = field(default_factory=dict)
    illegal: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    closest: dict[str, tuple[float, Candidate]] = field(default_factory=dict)

    def count(self, of: dict[str, int], name: str, number: int) -> None:
        """Add to one of the tables."""
        if number:
            of[name] = of.get(name, 0) + number


@dataclass(frozen=True)
class Plan:
    """One of the best.

    Args:
        candidate: its structure and its numbers.
        value: what it is ranked by, exactly.
        answer: the estimate of it.
    """

    candidate: Candidate
    value: Fraction
    answer: Estimate

    @property
    def structure(self) -> Structure:
        """What changes its graph."""
        return self.candidate.costed.structure

    @property
    def numbers(self) -> dict[str, int]:
        """Degrees, chunks and microbatches; the batch where it was searched."""
        return dict(self.candidate.numbers)

    @property
    def mesh(self) -> str:
        """Its axes as one would type them; empty for one device."""
        return mesh_of(self)

    def exactly(self, name: str) -> Fraction:
        """One of its measures, such as `ttft`."""
        return self.candidate.costed.exactly(self.numbers, name)


@dataclass(frozen=True, repr=False)
class Found(Tabular, Shown):
    """The answer.

    Args:
        search: what was looked for.
        counts: how many plans there were.
        candidates: the best, the first first.
    """

    search: Search
    counts: Counts
    candidates: tuple[Candidate, ...]

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

    def plan(self, one: Candidate, known: dict[str, Setup]) -> Plan:
        """A candidate with its estimate."""
        name = self.search.by[0]
        value = one.costed.exactly(one.numbers, name)
        return Plan(one, value, estimate(self.request(one, known)))

    def request(self, one: Candidate, known: dict[str, Setup]) -> Request:
        """The question of one plan, as `estimate` asks it."""
        degrees = {name: number for name, number in one.numbers.items() if name != "B"}
        asked = self.search.question.asked
        if "B" in one.numbers:
            setup = asked.setup.with_sizes({**asked.setup.sizes, "B": one.numbers["B"]})
            asked, known = replace(asked, setup=setup), {}
        return one.costed.structure.request(asked, known, degrees)


def search(asked: Search, progress: Callable[[Sequence[Structure]], Iterator[Structure]] = iter) -> Found:
    """Look at all plans.

    Args:
        asked: what is looked for.
        progress: what structures go through, one by one; to show how far it is.
    """
    best, counts = Best(asked.top, asked.by), Counts()
    setups: dict[str, Setup] = {}
    there = [one for one in asked.space.structures() if any(True for _ in asked.space.blocks(one))]
    for number, structure in enumerate(progress(there)):
        try:
            costed = Costed(asked.question, structure, structure.request(asked.question.asked, setups))
        except UserError as error:
            counts.count(counts.refused, str(error), 1)
            continue
        counts.structures += 1
        first = 0
        for columns in asked.space.blocks(structure):
            kept, ranked = kept_of(asked, costed, columns, counts)
            if kept is not None and ranked:
                best.add(costed, columns, ranked, kept, (number, first))
            first += len(next(iter(columns.values()))) if columns else 1
    return Found(asked, counts, tuple(best.ranked()))


def kept_of(
    asked: Search, costed: Costed, columns: Mapping[str, Column], counts: Counts
) -> tuple[NDArray[np.bool_] | None, list[Column]]:
    """Which plans of a block keep everything, and what they are ranked by."""
    legal, broken = costed.legal(columns)
    counts.tried += len(legal)
    for claim, number in broken.items():
        counts.count(counts.illegal, claim, number)
    if not legal.any():
        return None, []
    outputs, joined = costed.outputs(columns)
    counts.count(counts.illegal, NO_LINK, int((legal & ~joined).sum()))
    legal = legal & joined
    counts.legal += int(legal.sum())
    kept = constrained(asked, costed, columns, outputs, legal, counts)
    counts.fitting += int(kept.sum())
    sign = {"tokens/s": -1.0}
    return kept, [sign.get(name, 1.0) * outputs[name] for name in asked.by]


def constrained(
    asked: Search, costed: Costed, columns: Mapping[str, Column], outputs: Outputs, legal: NDArray[np.bool_],
    counts: Counts,
) -> NDArray[np.bool_]:  # fmt: skip
    """The legal plans that keep every constraint; where doubles cannot tell, rationals do."""
    held = []
    for one in asked.where:
        values = outputs[one.name] if one.name in outputs else number_of(one.name, columns, len(legal))
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
    one: Constraint, values: Column, legal: NDArray[np.bool_], costed: Costed, columns: Mapping[str, Column],
    counts: Counts,
) -> None:  # fmt: skip
    """Remember the plan that comes nearest to keeping a constraint."""
    if not legal.any():
        return
    sign = 1.0 if one.upper else -1.0
    sized = np.where(legal, values * sign, np.inf)
    at = int(np.argmin(sized))
    if one.text not in counts.closest or sized[at] < counts.closest[one.text][0]:
        counts.closest[one.text] = float(sized[at]), Candidate(costed, row(columns, at), (), (0, 0), ())


def number_of(name: str, columns: Mapping[str, Column], length: int) -> Column:
    """A number of plans; 1 of an axis that is not there."""
    return columns[name] if name in columns else np.ones(length)
