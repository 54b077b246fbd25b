"""What plans of a structure cost, in columns and one by one: the measures by which they are kept and ranked."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.asked import Request
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Columns
from costgraph.searching.costs import Costs, length_of
from costgraph.searching.legality import Rule, rules
from costgraph.searching.shares import Links
from costgraph.searching.stage_forms import Alike
from costgraph.searching.stage_times import Rates
from costgraph.searching.structure import DEGREES, DEVICES, Structure


@dataclass(frozen=True)
class Question:
    """What is asked of every plan.

    Args:
        asked: the model on one device of the cluster, in its phase.
        links: of the cluster.
        rates: efficiencies and overlaps.
        open: sizes beside degrees that plans differ in: the batch of a generation.
        limited: the measures that plans are ranked by, or have to keep within limits.
    """

    asked: Request
    links: Links
    rates: Rates
    open: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that a device goes through; the last one is what plans are ranked by."""
        return self.asked.phases

    @property
    def measures(self) -> tuple[str, ...]:
        """What is known of every plan, by name."""
        times = ("ttft", "tpot") if self.asked.phase == "generate" else ("step_time",)
        return ("devices", "peak", *times, "bound", "tokens/s", *(["cost"] if self.asked.price is not None else []))


class Costed(Costs):
    """The costs of a structure's plans.

    Args:
        question: what is asked.
        structure: of the plans.
        request: the question on its mesh.
        alike: what is known of stages with the same ops.

    Raises:
        UserError: the model cannot be spread like that.
    """

    def __init__(self, question: Question, structure: Structure, request: Request, alike: Alike | None = None) -> None:
        fixed = dict(structure.degrees)
        axes = {name: degree(name, fixed) for name in DEVICES if name in structure.axes}
        measures = {*question.measures, *question.limited}
        super().__init__(request, question.open, axes, question.links, question.rates, measures, alike)
        self.structure, self.open = structure, question.open

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What plans must keep."""
        return rules([claim for found in self.forms.values() for claim in found.claims])

    @np.errstate(all="ignore")
    def legal(self, columns: Columns) -> tuple[NDArray[np.bool_], dict[str, tuple[int, int]]]:
        """Which plans keep all that is taken for granted; how many break each claim, and how many it alone."""
        length = length_of(columns)
        broken = {rule.claim: ~np.broadcast_to(rule.holds(columns), length) for rule in self.rules}
        times = np.zeros(length, dtype=np.int64)
        for one in broken.values():
            times += one
        return times == 0, {name: (int(one.sum()), int((one & (times == 1)).sum())) for name, one in broken.items()}

    def exactly(self, numbers: Mapping[str, int], name: str) -> Fraction:
        """One measure of one plan, or one of its numbers, in rationals."""
        if name in (*DEGREES, *self.open):
            return Fraction({**dict(self.structure.degrees), **numbers}.get(name, 1))
        return super().exactly(numbers, name)


def degree(name: str, fixed: Mapping[str, int]) -> Polynomial:
    """Of an axis: its symbol, or the number that the structure has."""
    return Polynomial.constant(fixed[name]) if name in fixed else Polynomial.symbol(name)


def row(columns: Mapping[str, Column], at: int) -> dict[str, int]:
    """The numbers of one plan of a block."""
    return {name: int(column[at]) for name, column in columns.items()}
