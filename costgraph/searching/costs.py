"""What plans or points cost whose graph is the same: the measures by which they are kept and ranked.

In columns of doubles for many at once, in rationals for one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.asked import Request
from costgraph.searching.columns import Column, Columns, Program, double, with_defined
from costgraph.searching.evaluation import Evaluator
from costgraph.searching.exact import Exact, Steps
from costgraph.searching.forms import Forms, forms, growing
from costgraph.searching.growing import CONTEXT, decoded
from costgraph.searching.measures import COST, HOURS, HOURS_PER, PER, SHARES
from costgraph.searching.open_mesh import OpenMesh
from costgraph.searching.shares import Links, part_of
from costgraph.searching.stage_forms import Alike
from costgraph.searching.stage_times import Rates


class Costs:
    """The costs of one graph in all phases that a device goes through; of the last one times are told.

    Args:
        request: the question, on its mesh.
        open_: sizes beside degrees that differ.
        axes: the sizes of the axes of devices, outermost first.
        links: over which collectives go.
        rates: what an estimate takes for granted.
        measures: by name, what is asked; shares of the peak are there only where they are.
        alike: what is known of stages with the same ops.

    Raises:
        UserError: the model cannot be spread like that.
    """

    def __init__(
        self, request: Request, open_: Sequence[str], axes: Mapping[str, Polynomial], links: Links, rates: Rates,
        measures: Collection[str] = (), alike: Alike | None = None,
    ) -> None:  # fmt: skip
        self.phases, self.axes = request.phases, dict(axes)
        self.links, self.rates = links, rates
        self.measures = frozenset(measures)
        rated = {COST: (request.price or 0) * PER, HOURS: HOURS_PER}  # what a second of a device counts for each token
        self.per_second = {name: rate for name, rate in rated.items() if name in measures}
        self.shares = tuple(name for name in SHARES if name in measures)
        *before, last = self.phases
        self.forms: dict[str, Forms] = {phase: forms(request, phase, open_) for phase in before}
        self.main = self.forms[last] = forms(request, last, open_, self.shares, alike)
        self.peak_rate = request.rates["lambda_flops"]
        self.new = request.new if request.phase == "generate" else 0
        self.prompt = None if CONTEXT in open_ else request.bindings.get(CONTEXT)
        self.growing = growing(request, open_) if self.new > 1 and self.per_second else None

    @cached_property
    def evaluators(self) -> dict[str, Evaluator]:
        """The forms of each phase, ready for columns."""
        return {name: Evaluator(one, tuple(self.parts), self.links, self.rates) for name, one in self.forms.items()}

    @cached_property
    def steps(self) -> Evaluator | None:
        """A decode step in the context that its token sees; None where no cost of several is asked for."""
        if self.growing is None:
            return None
        return Evaluator(self.growing, tuple(self.parts), self.links, self.rates)

    @cached_property
    def parts(self) -> dict[str, tuple[str, Polynomial]]:
        """The axes, those that are cut twice as their parts: by name the symbol and the degree, outermost first."""
        found: dict[str, tuple[str, Polynomial]] = {}
        for name, size in self.axes.items():
            cuts = self.main.cuts.get(name, ())
            found |= {part_of(name, at): (name, degree) for at, degree in enumerate(cuts)} or {name: (name, size)}
        return found

    @cached_property
    def sizes(self) -> Program:
        """Those of the axes, then the tokens of a step."""
        return Program.of([*(degree for _, degree in self.parts.values()), self.main.tokens])

    @cached_property
    def work(self) -> Program:
        """Seconds of a step at the peak, if nothing but the model was computed."""
        return Program.of([self.main.work[name] / self.peak_rate for name in self.shares])

    @np.errstate(all="ignore")
    def outputs(self, columns: Columns) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        """What is measured, by name; and whether links join all groups that send."""
        length = length_of(columns)
        *degrees, tokens = (np.broadcast_to(row, length) for row in self.sizes.at(columns))
        for (name, (_, size)), degree in zip(self.parts.items(), degrees, strict=True):
            if name not in columns or size != Polynomial.symbol(name):
                columns = with_column(columns, name, degree)
        columns = columns or {"": np.ones(length)}
        needed = [one.needed(columns) for one in self.evaluators.values()]
        found = {name: one.step(columns) for name, one in self.evaluators.items()}
        devices = np.ones(length)
        for degree in degrees:
            devices = devices * degree
        main, first = found[self.phases[-1]], found[self.phases[0]]
        named = {
            "peak": np.maximum.reduce(needed), "devices": devices, "step_time": main.seconds, "bound": main.bound,
            "tokens/s": tokens / main.seconds, "ttft": first.seconds, "tpot": main.seconds,
        }  # fmt: skip
        if self.shares:
            work = self.work.at(with_defined(columns, self.main.definitions))
            named |= {name: least / main.seconds for name, least in zip(self.shares, work, strict=True)}
        if self.per_second:
            seconds = first.seconds + self.decoded(columns) if self.new else main.seconds
            each = seconds * devices / (tokens * max(self.new, 1))
            named |= {name: each * double(rate) for name, rate in self.per_second.items()}
        joined = np.logical_and.reduce([one.joined for one in found.values()])
        return {name: np.broadcast_to(column, length) for name, column in named.items()}, joined

    def decoded(self, columns: Columns) -> Column:
        """Seconds of all decode steps, each of which sees one position more than the one before."""
        if self.steps is None:
            return np.zeros(1)
        prompt = columns[CONTEXT] if self.prompt is None else np.full(1, double(self.prompt.number or 0))
        return decoded(self.steps, dict(columns), prompt + 1, prompt + self.new - 1)

    # --- exactly ------------------------------------------------------------------------------------------------------

    def exactly(self, numbers: Mapping[str, int], name: str) -> Fraction:
        """One measure of one plan or point, in rationals."""
        if name == "peak":
            return max(self._exact(numbers, phase).needed for phase in self.phases)
        devices = Fraction(prod(degree for _, degree in self.degrees(numbers)))
        if name == "devices":
            return devices
        if name in self.per_second:
            return self.per_second[name] * devices * self.per_token(numbers)
        exact = self._exact(numbers, self.phases[0] if name == "ttft" else self.phases[-1])
        if name == "bound":
            return exact.bound
        if name in self.shares:
            return exact.value(self.main.work[name] / self.peak_rate) / exact.seconds
        return exact.value(self.main.tokens) / exact.seconds if name == "tokens/s" else exact.seconds

    def per_token(self, numbers: Mapping[str, int]) -> Fraction:
        """Seconds of a step by its tokens; of a generation those of all steps by all tokens that are written."""
        last = self._exact(numbers, self.phases[-1])
        tokens = last.value(self.main.tokens)
        if not self.new:
            return last.seconds / tokens
        seconds = self._exact(numbers, self.phases[0]).seconds
        if self.growing:
            degrees = self.degrees(numbers)
            prompt = numbers[CONTEXT] if self.prompt is None else int(self.prompt.number or 0)
            steps = Steps(self.growing, {**dict(degrees), **numbers}, degrees, self.links, self.rates)
            seconds += steps.seconds(prompt + 1, prompt + self.new - 1)
        return seconds / (tokens * self.new)

    def degrees(self, numbers: Mapping[str, int]) -> list[tuple[str, int]]:
        """How many devices stand along each axis, or each part of one."""
        known = {name: Polynomial.constant(value) for name, value in numbers.items()}
        return [(name, int(size.substitute(known).number or 1)) for name, size in self.parts.values()]

    def _exact(self, numbers: Mapping[str, int], phase: str) -> Exact:
        degrees = self.degrees(numbers)
        known = {**dict(degrees), **numbers}
        return Exact(self.forms[phase], known, degrees, self.links, self.rates)


def length_of(columns: Columns) -> int:
    """How many plans or points there are."""
    if isinstance(columns, OpenMesh):
        return columns.length
    return max((len(column) for column in columns.values()), default=1)


def with_column(columns: Columns, name: str, values: Column) -> Columns:
    """The columns with one more; of an open mesh on the outer side, where nothing of it depends on the inner one."""
    if not isinstance(columns, OpenMesh):
        return {**columns, name: values}
    on_sides = values.reshape(columns.shape)
    alike = bool((on_sides == on_sides[:, :1]).all())
    return columns.with_column(name, on_sides[:, :1] if alike else on_sides)
