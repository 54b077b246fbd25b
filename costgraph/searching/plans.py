"""What plans of a structure cost, in columns and one by one: the measures by which they are kept and ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from costgraph.estimation.asked import Request
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Program, double
from costgraph.searching.evaluation import Evaluated, Evaluator, Rates
from costgraph.searching.exact import Exact
from costgraph.searching.forms import Forms, forms
from costgraph.searching.legality import Rule, rules
from costgraph.searching.shares import Links
from costgraph.searching.structure import DEGREES, DEVICES, Structure

Outputs = dict[str, Column]


@dataclass(frozen=True)
class Question:
    """What is asked of every plan.

    Args:
        asked: the model on one device of the cluster, in its phase.
        links: of the cluster.
        rates: efficiencies and overlaps.
        open: sizes beside degrees that plans differ in: the batch of a generation.
    """

    asked: Request
    links: Links
    rates: Rates
    open: tuple[str, ...] = ()

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that a device goes through; the last one is what plans are ranked by."""
        return self.asked.phases

    @property
    def measures(self) -> tuple[str, ...]:
        """What is known of every plan, by name."""
        times = ("ttft", "tpot") if self.asked.phase == "generate" else ("step_time",)
        return ("devices", "peak", *times, "bound", "tokens/s", *(["cost"] if self.asked.price is not None else []))


class Costed:
    """The costs of a structure's plans.

    Args:
        question: what is asked.
        structure: of the plans.
        request: the question on its mesh.

    Raises:
        UserError: the model cannot be spread like that.
    """

    def __init__(self, question: Question, structure: Structure, request: Request) -> None:
        self.question, self.structure, self.request = question, structure, request
        open_ = question.open
        self.forms: dict[str, Forms] = {phase: forms(request, phase, open_) for phase in question.phases}
        self.axes = tuple(name for name in DEVICES if name in structure.axes)
        self.evaluators = {
            phase: Evaluator(found, self.axes, question.links, question.rates) for phase, found in self.forms.items()
        }
        self.tokens = Program.of([self.forms[question.phases[-1]].tokens])

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What plans must keep."""
        return rules([claim for found in self.forms.values() for claim in found.claims])

    @np.errstate(all="ignore")
    def legal(self, columns: Mapping[str, Column]) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """Which plans keep all that is taken for granted, and how many break each claim."""
        length = len(next(iter(columns.values()))) if columns else 1
        kept, broken = np.ones(length, dtype=bool), {}
        for rule in self.rules:
            holds = np.broadcast_to(rule.holds(columns), length)
            broken[rule.claim] = int(length - holds.sum())
            kept = kept & holds
        return kept, broken

    @np.errstate(all="ignore")
    def outputs(self, columns: Mapping[str, Column]) -> tuple[Outputs, NDArray[np.bool_]]:
        """What is measured of plans, by name; and whether links join all groups that send."""
        found = {phase: one.at(columns) for phase, one in self.evaluators.items()}
        length = len(next(iter(columns.values()))) if columns else 1
        main = found[self.question.phases[-1]]
        devices = np.full(length, float(prod(value for name, value in self.structure.degrees if name in DEVICES)))
        for name in self.axes:
            devices = devices * columns[name] if name in columns else devices
        seconds = self.ranked(main)
        tokens = np.broadcast_to(self.tokens.at(columns)[0], length)
        named: Outputs = {
            "peak": np.maximum.reduce([one.needed for one in found.values()]),
            "devices": devices, "step_time": seconds, "bound": main.bound, "tokens/s": tokens / seconds,
        }  # fmt: skip
        if len(found) > 1:
            named |= {"ttft": self.ranked(found["prefill"]), "tpot": seconds}
        if self.question.asked.price is not None:
            named["cost"] = seconds * devices / tokens * double(self.question.asked.price * 10**6)
        joined = np.logical_and.reduce([one.joined for one in found.values()])
        return named, joined

    def ranked(self, found: Evaluated) -> Column:
        """The time that counts: the estimate where efficiencies are named, else the bound."""
        return found.bound if found.estimate is None else found.estimate

    def exactly(self, numbers: Mapping[str, int], name: str) -> Fraction:
        """One measure of one plan, in rationals."""
        if name == "peak":
            return max(self._exact(numbers, phase).needed for phase in self.question.phases)
        if name in DEGREES:
            return Fraction({**dict(self.structure.degrees), **numbers}.get(name, 1))
        devices = Fraction(prod(degree for _, degree in self.degrees(numbers)))
        if name == "devices":
            return devices
        main = self.question.phases[-1]
        if name == "bound":
            return self._exact(numbers, main).bound
        seconds = self.seconds(numbers, "prefill" if name == "ttft" else main)
        if name in ("cost", "tokens/s"):
            exact = self._exact(numbers, main)
            tokens = exact.value(self.forms[main].tokens)
            price = self.question.asked.price or Fraction(0)
            return tokens / seconds if name == "tokens/s" else price * devices * seconds * 10**6 / tokens
        return seconds

    def seconds(self, numbers: Mapping[str, int], phase: str) -> Fraction:
        """The time that counts, of one plan."""
        exact = self._exact(numbers, phase)
        return exact.estimate if self.question.rates.efficiency else exact.bound

    def degrees(self, numbers: Mapping[str, int]) -> list[tuple[str, int]]:
        """How many devices stand along each axis."""
        known = {**dict(self.structure.degrees), **numbers}
        return [(name, known[name]) for name in self.axes]

    def _exact(self, numbers: Mapping[str, int], phase: str) -> Exact:
        known = {**dict(self.structure.degrees), **numbers}
        return Exact(self.forms[phase], known, self.axes, self.question.links, self.question.rates)


def row(columns: Mapping[str, Column], at: int) -> dict[str, int]:
    """The numbers of one plan of a block."""
    return {name: int(column[at]) for name, column in columns.items()}


def rows(columns: Mapping[str, Column], which: NDArray[np.bool_] | Sequence[int]) -> dict[str, Column]:
    """Some plans of a block."""
    return {name: column[which] for name, column in columns.items()}
