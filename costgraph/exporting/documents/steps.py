"""What a whole step takes: its time, its share of the peak, its cost and its peak memory, as rows of a sheet.

Times are bounds, all resources at once. What follows from the time of a step is written in terms of it, so that its
sides stand on the sheet once.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import Style
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.exporting.documents.cheatsheet import asked_of, at
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.markup import Math, flat
from costgraph.exporting.documents.mathematics import Record, main, maximum
from costgraph.exporting.documents.over_mesh import STEPS
from costgraph.largest import candidates_of, symbol_of
from costgraph.measures import MEASURES
from costgraph.measures.peak import peak
from costgraph.records import replace
from costgraph.setup import Setup

NOTE = "Times and costs, at least: what each resource takes alone, all at once; of a causal square what is seen."
NAMES = {"train": "training step", "prefill": "first token", "decode": "next token"}
MFU, COST = "MFU, at most", "cost"
STEP = symbol_of("step_time")


def section(setup: Setup, layout: Layout, only: str | None = None) -> Iterator[Record]:
    """The section with the steps that the op set has, or with one; nothing where there is none."""
    rows = [row for phase in STEPS if only in (None, phase) for row in rows_of(setup, layout, phase)]
    if rows:
        yield {"title": "A whole step", "note": NOTE, "rows": rows, "compact": True}


def rows_of(setup: Setup, layout: Layout, phase: str) -> Iterator[Record]:
    """The rows of one phase; none where the op set does not have it, or nothing is to be done in it."""
    try:
        found = Setup.of(**asked_of(setup, phase))
        time = measured(found, "step_time")
    except UserError:
        return
    yield row(NAMES[phase], time, layout)
    if phase == "train":
        yield share_of_peak(measured(found, "mfu"), time, layout)
    if phase != "prefill":
        yield priced(measured(found, "cost"), time, layout)
    if phase == "train":
        yield highest(found, layout)


def measured(setup: Setup, name: str) -> ClosedForm:
    """A measure of a setup, in its limit."""
    return MEASURES[name](setup.graph, setup.convention).limited(setup.bindings)


def largest_side(form: ClosedForm, layout: Layout) -> ClosedForm:
    """Which of its sides it is at the sizes of the sheet."""
    return max(candidates_of(form), key=lambda one: at(one.value, layout.sizes, one.definitions) or 0)


def row(label: str, form: ClosedForm, layout: Layout) -> Record:
    """A form with all its sides."""
    sides = [(" ".join(one.at).replace(",", ""), one.value) for one in candidates_of(form)]
    for one in candidates_of(form):
        layout.uses(one.value, one.definitions)
    return shown(label, form, maximum(sides, flat(layout.math)), layout)


def shown(label: str, form: ClosedForm, lines: list[Record], layout: Layout) -> Record:
    """A row with what the largest side of a form is at the sizes of the sheet."""
    there = largest_side(form, layout)
    return layout.made(label, form.unit, (), lines, there.value, there.definitions)


def share_of_peak(form: ClosedForm, time: ClosedForm, layout: Layout) -> Record:
    """MFU: useful FLOPs over the peak and the time of the step, which is a symbol where it has several sides."""
    known, longest = form.value, largest_side(time, layout)
    seconds = at(longest.value, layout.sizes, longest.definitions)
    if STEP in known.symbols and seconds is not None:
        known = known.substitute({STEP: Polynomial.constant(seconds)})
    lines = [main(form.value, flat(with_step(layout.math)))]
    return layout.made(MFU, form.unit, (), lines, known, longest.definitions)


def priced(form: ClosedForm, time: ClosedForm, layout: Layout) -> Record:
    """What a million tokens cost, in terms of the time of the step where that has several sides."""
    if len(candidates_of(time)) == 1:
        return row(COST, form, layout)
    each = {cost.value / step.value for cost, step in zip(candidates_of(form), candidates_of(time), strict=True)}
    if len(each) > 1:
        raise AssertionError(f"{form} is no multiple of {time}")
    factor = each.pop()
    layout.uses(factor)
    line = main(factor * Quotient(Polynomial.symbol(STEP)), flat(with_step(layout.math)))
    return shown(COST, form, [line], layout)


def with_step(math: Math) -> Math:
    """The same letters, and one for the time of a step."""

    def reading(style: Style, letter: str) -> Style:
        known = style.symbol
        return replace(style, symbol=lambda name: letter if name == STEP else known(name))

    letter = f" {math.subscript(math.style.symbol('t').strip(), 'step')} "
    style, tall = reading(math.style, letter), reading(math.tall, letter)
    plain = style if math.plain is math.style else reading(math.plain, " t_step ")
    return replace(math, style=style, tall=tall, plain=plain)


def highest(setup: Setup, layout: Layout) -> Record:
    """The peak, at the instant where it is at the sizes of the sheet."""
    defined = {one.name for one in setup.graph.definitions}
    sizes = {name: Polynomial.constant(size) for name, size in layout.sizes.items() if name not in defined}
    form = peak(setup.graph, setup.convention, setup.precision, None, sizes).limited(setup.bindings)
    there = largest_side(form, layout)
    label = f"peak at the sizes above ({', '.join(there.at)})"
    return shown(label, form, [main(there.value, layout.math)], layout)
