"""A sweep: measures at all points of a grid, block by block, so that what is kept is what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.assumed import BOUND, ESTIMATE
from costgraph.measures.parts import read_measure
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Program, double, sure, with_defined
from costgraph.searching.command import as_typed
from costgraph.searching.constraints import Constraint
from costgraph.searching.evaluation import Evaluator, Rates
from costgraph.searching.forms import forms
from costgraph.searching.grid import Grid
from costgraph.searching.legality import Rule, rules
from costgraph.searching.pareto import front
from costgraph.searching.shares import Links

OF_PLANS = ("peak", "step_time", "bound", "ttft", "tpot", "cost", "tokens/s", "devices")
GROWING = ("tokens/s", "mfu")  # of which more is better


@dataclass(frozen=True)
class Sweep:
    """What is swept.

    Args:
        grid: over what.
        measures: what is measured at every point.
        where: what points must keep, to be told of.
        pareto: measures in which no other point may be as good; empty for all points.
        request: makes the question of one combination of choices, in which some numbers are 1 and the others open.
        degrees: the numbers of which 1 changes which ops there are.
        typed: what is the same at all points, by option.
    """

    grid: Grid
    measures: tuple[str, ...]
    where: tuple[Constraint, ...]
    pareto: tuple[str, ...]
    request: Callable[[Mapping[str, str], Sequence[str]], Request]
    degrees: tuple[str, ...] = ()
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table."""
        return (*self.grid.choices, *self.grid.numbers, *self.measures)

    @property
    def said(self) -> str:
        """What is the same at all points, in one line."""
        left = {name: text for name, value in self.typed.items() if (text := as_typed(value)) and name != "phase"}
        phase = [] if "phase" in self.grid.choices else [str(self.typed.get("phase", "train"))]
        return ", ".join([*phase, *(f"{name} {text}" for name, text in left.items())])

    @property
    def assumptions(self) -> list[str]:
        """What its times take for granted, and what its measures are counted in."""
        times = [name for name in self.measures if name in ("step_time", "ttft", "tpot", "tokens/s", "cost", "bound")]
        lines = [] if not times else [BOUND if not self.typed.get("efficiency") else ESTIMATE]
        return lines + (["cost: USD per million tokens"] if "cost" in times else [])


@dataclass(frozen=True)
class Block:
    """Rows of the table.

    Args:
        choices: what is the same in all of them.
        columns: numbers and measures, by name.
    """

    choices: Mapping[str, str]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self, names: Sequence[str]) -> Iterator[tuple[str | float, ...]]:
        """Row by row."""
        parts: list[Sequence[str | float]] = [
            [self.choices[name]] * len(self) if name in self.choices else self.columns[name].tolist() for name in names
        ]
        return zip(*parts, strict=True)


@dataclass
class Tally:
    """How many points there were, and why some are not told of.

    Args:
        points: that were looked at.
        illegal: of these, those that break what the model takes for granted.
        told: how many are left.
        refused: why whole combinations of choices cannot be.
    """

    points: int = 0
    illegal: int = 0
    told: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class Swept:
    """One combination of choices.

    Args:
        request: the question, with some symbols open.
        numbers: these.
        measures: what is asked.

    Raises:
        UserError: such a thing cannot be, or the question leaves a symbol open.
    """

    def __init__(self, request: Request, numbers: Sequence[str], measures: Sequence[str]) -> None:
        self.request, self.numbers, self.measures = request, tuple(numbers), tuple(measures)
        self.plain = {name: self.form(name) for name in self.measures if name not in OF_PLANS}
        self.forms = {}
        if any(name in OF_PLANS for name in measures):
            self.check_machine()
            self.forms = {phase: forms(request, phase, numbers) for phase in request.phases}
        self.links = Links(request.cluster, request.link, request.collectives) if request.cluster else None

    def check_machine(self) -> None:
        """Refuse times where nobody says of which machine."""
        if self.request.machine is None:
            raise UserError(
                "sweep: on which machine? name it with --hardware or --cluster, or sweep over hardware=[...]"
            )
        if "cost" in self.measures and self.request.price is None:
            raise UserError("cost: at which price of a device? add --price '2.5 USD/h'")

    @cached_property
    def axes(self) -> dict[str, Polynomial]:
        """The degrees of the axes of devices, outermost first."""
        named = self.request.graph(self.request.phases[-1]).mesh.named
        found = {name: axis.size.substitute(self.request.bindings) for name, axis in named.items() if not axis.in_time}
        return {name: size for name, size in found.items() if size != 1}

    @cached_property
    def evaluators(self) -> dict[str, Evaluator]:
        """The forms of each phase, ready for columns."""
        assert self.links is not None
        rates = Rates(self.request)
        return {phase: Evaluator(found, tuple(self.axes), self.links, rates) for phase, found in self.forms.items()}

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What points must keep."""
        claims = [claim for found in self.forms.values() for claim in found.claims]
        graph = self.request.sized(self.request.phases[-1], *self.numbers)
        return rules([*claims, *graph.assumptions, *graph.claims])

    # --- forms --------------------------------------------------------------------------------------------------------

    def form(self, name: str) -> tuple[Program, tuple[Definition, ...]]:
        """A measure as what stands above and below one fraction bar, with what its symbols stand for."""
        setup = self.request.setup
        graph = self.request.sized(self.request.phases[-1], *self.numbers)
        found = (
            read_measure(name, graph)
            .of(graph, setup.convention, setup.precision)
            .limited({**self.request.rates, **({"price": self.price} if self.price else {})})
        )
        left = set(found.symbols) - set(self.numbers) - {one.name for one in found.definitions}
        if left:
            raise UserError(f"{name} depends on {', '.join(sorted(left))}; bind it with --limit, or sweep over it")
        return Program.of([found.value.numerator, found.value.denominator]), found.defined

    @property
    def price(self) -> Polynomial | None:
        """USD per second of one device."""
        return None if self.request.price is None else Polynomial.constant(self.request.price)

    # --- values -------------------------------------------------------------------------------------------------------

    @np.errstate(all="ignore")
    def at(self, columns: Mapping[str, Column]) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        """The measures at a block of points, and which of these may be."""
        length = max((len(column) for column in columns.values()), default=1)
        legal = np.ones(length, dtype=bool)
        for rule in self.rules:
            legal &= rule.holds(columns)
        found = {}
        for name, (program, definitions) in self.plain.items():
            above, below = program.at(with_defined(columns, definitions))
            found[name] = np.broadcast_to(above / below, length)
        if self.forms:
            more, joined = self.of_plans(columns, length)
            found, legal = {**found, **more}, legal & joined
        return {name: found[name] for name in self.measures}, legal

    def of_plans(self, columns: Mapping[str, Column], length: int) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        """What depends on the machine."""
        sizes = Program.of(list(self.axes.values())).at(columns)
        degrees = {name: np.broadcast_to(size, length) for name, size in zip(self.axes, sizes, strict=True)}
        every = {name: np.broadcast_to(column, length) for name, column in {**columns, **degrees}.items()}
        every = every or {"": np.ones(length)}
        values = {phase: one.at(every) for phase, one in self.evaluators.items()}
        main = self.request.phases[-1]
        ranked = {phase: one.bound if one.estimate is None else one.estimate for phase, one in values.items()}
        devices = np.ones(length)
        for size in degrees.values():
            devices = devices * size
        tokens = Program.of([self.forms[main].tokens]).at(every)[0]
        found = {
            "peak": np.maximum.reduce([one.needed for one in values.values()]), "step_time": ranked[main],
            "bound": values[main].bound, "tpot": ranked[main], "ttft": ranked[self.request.phases[0]],
            "devices": devices, "tokens/s": tokens / ranked[main],
        }  # fmt: skip
        if self.request.price is not None:
            found["cost"] = ranked[main] * devices / tokens * double(self.request.price * 10**6)
        joined = np.logical_and.reduce([one.joined for one in values.values()])
        there = self.request.cluster.devices if self.request.cluster else None
        joined = np.broadcast_to(joined if there is None else joined & (devices <= there), length)
        return {name: np.broadcast_to(column, length) for name, column in found.items()}, joined


def sweep(asked: Sweep, tally: Tally, progress: Callable[[int], None] = lambda points: None) -> Iterator[Block]:
    """The table, block by block; of a Pareto front one block for each combination of choices, once all is known.

    Args:
        asked: what is swept.
        tally: what is counted on the way.
        progress: is told how many points were looked at.
    """
    found = kept(asked, tally, progress)
    if not asked.pareto:
        yield from counted(found, tally)
        return
    left: list[Block] = []
    for block in found:
        left = unbeaten([*left, block], asked.pareto)
    yield from counted(iter(left), tally)


def counted(blocks: Iterator[Block], tally: Tally) -> Iterator[Block]:
    """The blocks, their rows counted."""
    for block in blocks:
        tally.told += len(block)
        yield block


def kept(asked: Sweep, tally: Tally, progress: Callable[[int], None]) -> Iterator[Block]:
    """The points that may be and keep what was asked."""
    for choices, ones, grid in asked.grid.parts(asked.degrees):
        try:
            swept = Swept(asked.request(choices, ones), tuple(grid.numbers), asked.measures)
        except UserError as error:
            if asked.grid.combinations == 1 and not ones:
                raise
            tally.refused[str(error)] = tally.refused.get(str(error), 0) + 1
            tally.points += grid.each
            progress(grid.each)
            continue
        for columns in grid.blocks():
            values, legal = swept.at(columns)
            tally.points += len(legal)
            tally.illegal += int((~legal).sum())
            progress(len(legal))
            every = {**dict.fromkeys(ones, np.ones(1)), **columns, **values}
            every = {name: np.broadcast_to(column, len(legal)) for name, column in every.items()}
            for one in asked.where:
                legal = legal & one.holds(sure(every[one.name]))
            if legal.any():
                yield Block(choices, {name: column[legal] for name, column in every.items()})


def unbeaten(blocks: Sequence[Block], names: Sequence[str]) -> list[Block]:
    """The blocks without the rows that another one beats."""
    signs = [-1.0 if name in GROWING else 1.0 for name in names]
    table = [
        np.concatenate([sign * sure(block.columns[name]) for block in blocks])
        for sign, name in zip(signs, names, strict=True)
    ]
    left = np.zeros(len(table[0]), dtype=bool)
    left[front(table)] = True
    found, at = [], 0
    for block in blocks:
        mine = left[at : at + len(block)]
        at += len(block)
        if mine.any():
            found.append(Block(block.choices, {name: column[mine] for name, column in block.columns.items()}))
    return found
