"""One combination of choices of a sweep: its measures on columns of numbers, and exactly at one point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.assumption import Choice
from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.measures.flops import flops
from costgraph.measures.parts import read_measure
from costgraph.passes.shares import SPREAD
from costgraph.searching.columns import Column, Columns, Program, with_defined
from costgraph.searching.constraints import Condition
from costgraph.searching.costs import Costs, length_of
from costgraph.searching.forms import sized
from costgraph.searching.legality import Rule, rules
from costgraph.searching.measures import MEASURES, check_phase, check_priced
from costgraph.searching.open_mesh import OpenMesh
from costgraph.searching.shares import Links
from costgraph.searching.stage_times import Rates


class Swept:
    """One combination of choices.

    Args:
        request: the question, with some symbols open.
        numbers: these.
        measures: what is asked.
        where: what points must keep.

    Raises:
        UserError: such a thing cannot be, or the question leaves a symbol open.
    """

    def __init__(
        self, request: Request, numbers: Sequence[str], measures: Sequence[str], where: Iterable[Condition] = ()
    ) -> None:
        self.request, self.numbers, self.measures = request, tuple(numbers), tuple(measures)
        check_phase(self.measures, request.phase)
        check_stages(request, self.numbers)
        self.plain = {name: self.form(name) for name in self.measures if name not in MEASURES}
        units = {name: form.unit for name, form in self.plain.items()}
        self.where = tuple(one.measured_in(units.get(one.name, "")).on(request.rates) for one in where)
        self.programs = {name: program(form) for name, form in self.plain.items()}
        self.costs: Costs | None = None
        if len(self.plain) < len(self.measures):
            self.check_machine()
            assert request.cluster is not None
            links = Links(request.cluster, request.link, request.collectives)
            self.costs = Costs(request, self.numbers, self.axes, links, Rates(request), self.measures)
            self.check_open(self.costs)
        self.exactly = lru_cache(maxsize=1024)(self._exactly)

    def check_machine(self) -> None:
        """Refuse times where nobody says of which machine."""
        if self.request.machine is None:
            raise UserError(
                "sweep: on which machine? name it with --hardware or --cluster, or sweep over hardware=[...]"
            )
        check_priced(self.measures, self.request.price is not None)

    def check_open(self, costs: Costs) -> None:
        """Refuse what depends on a size that is neither bound nor swept over."""
        needed = {name for one in costs.evaluators.values() for name in (*one.room.symbols, *one.time.symbols)}
        defined = [one for form in costs.forms.values() for one in form.definitions]
        needed |= {name for one in defined for side in one.arguments for name in side.symbols}
        left = needed - {*self.numbers, *self.axes, *(one.name for one in defined)}
        if left:
            measures = ", ".join(name for name in self.measures if name not in self.plain)
            raise UserError(f"{measures}: bind {', '.join(sorted(left))} with --limit, or sweep over it")

    @cached_property
    def axes(self) -> dict[str, Polynomial]:
        """The degrees of the axes of devices, outermost first.

        Raises:
            UserError: a size that is made of the symbol of its own axis.
        """
        named = self.request.graph(self.request.phases[-1]).mesh.named
        found = {name: axis.size.substitute(self.request.bindings) for name, axis in named.items() if not axis.in_time}
        for name, size in found.items():
            if name in size.symbols and size != Polynomial.symbol(name):
                raise UserError(f"{name}={size}: sweep over a symbol of your own, as in 2*k, or over {name} itself")
        return {name: size for name, size in found.items() if size != 1}

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What points must keep."""
        claims = [claim for found in (self.costs.forms if self.costs else {}).values() for claim in found.claims]
        graph = sized(self.request, self.request.phases[-1], self.numbers)
        return rules([*claims, *graph.assumptions, *graph.claims])

    def form(self, name: str) -> ClosedForm:
        """A measure with all put in but the numbers."""
        setup = self.request.setup
        graph = sized(self.request, self.request.phases[-1], self.numbers)
        price = self.request.price
        put_in = {**self.request.rates, **({"price": Polynomial.constant(price)} if price is not None else {})}
        found = read_measure(name, graph).of(graph, setup.convention, setup.precision).limited(put_in)
        left = set(found.symbols) - set(self.numbers) - {one.name for one in found.definitions}
        if left:
            raise UserError(f"{name} depends on {', '.join(sorted(left))}; bind it with --limit, or sweep over it")
        return found

    # --- values -------------------------------------------------------------------------------------------------------

    @np.errstate(all="ignore")
    def at(self, columns: Columns) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        """The measures at a block of points, and which of these may be."""
        length = length_of(columns)
        legal = np.ones(length, dtype=bool)
        for rule in self.rules:
            legal &= rule.holds(columns)
        found = {}
        for name, (fraction, definitions) in self.programs.items():
            above, below = fraction.at(with_defined(columns, definitions))
            found[name] = np.broadcast_to(above / below, length)
        if self.costs is not None:
            more, joined = self.costs.outputs(columns)
            there = self.request.cluster.devices if self.request.cluster else None
            legal &= joined if there is None else joined & (more["devices"] <= there)
            found |= more
        return {name: found[name] for name in self.measures}, legal

    def lawful(self, mesh: OpenMesh) -> int:
        """How many points of a mesh may be."""
        held = [rule.on(mesh) for rule in self.rules]
        return int(np.broadcast_to(reduce(np.logical_and, held, np.ones((1, 1), dtype=bool)), mesh.shape).sum())

    @cached_property
    def forms(self) -> dict[str, tuple[Quotient, tuple[Definition, ...]]]:
        """The measures that are one quotient of sums, with what their symbols stand for."""
        return {name: (form.value, form.defined) for name, form in self.plain.items()}

    def exact(self, numbers: Mapping[str, int], name: str) -> Fraction:
        """One measure, or one of the numbers, at one point, in rationals."""
        if name in numbers:
            return Fraction(numbers[name])
        return self.exactly(tuple((one, numbers[one]) for one in self.numbers), name)

    def _exactly(self, point: tuple[tuple[str, int], ...], name: str) -> Fraction:
        if name in self.plain:
            sizes = {one: Polynomial.constant(value) for one, value in point}
            return Fraction(self.plain[name].limited(sizes).number or 0)
        assert self.costs is not None
        return self.costs.exactly(dict(point), name)


def check_stages(request: Request, numbers: Iterable[str]) -> None:
    """Refuse to sweep over a size that decides which layers stages have, where whole layers are spread by their FLOPs.

    Raises:
        UserError: it is swept over, with what else can be asked.
    """
    setup = request.at(request.phases[-1])
    if not any(isinstance(one, Choice) and one.about == SPREAD for one in setup.graph.assumptions):
        return
    form = flops(setup.unplaced, EXACT).limited(request.bindings)
    behind = {name for one in form.definitions for name in one.symbols}
    powers = [term.powers for term in form.value.numerator.monomials()]
    for name in numbers:
        if name in behind or len({one.get(name, 0) for one in powers}) > 1:
            raise UserError(
                f"mesh '{setup.mesh}': which layers each stage has depends on {name}; bind it with --limit, or take as "
                "many stages as divide the layers of each kind"
            )


def program(form: ClosedForm) -> tuple[Program, tuple[Definition, ...]]:
    """A form as what stands above and below one fraction bar, with what its symbols stand for."""
    return Program.of([form.value.numerator, form.value.denominator]), form.defined
