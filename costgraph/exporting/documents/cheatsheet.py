"""The rows of the cheat sheet, derived: forms, their limits and leading terms, and numbers at the reference model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache, cached_property

from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.limits import limit
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation, formed
from costgraph.errors import UserError
from costgraph.exporting.documents.contents import POLICY, Row, Section
from costgraph.given import OpSet, Options
from costgraph.records import dataclass, replace
from costgraph.setup import Setup


@dataclass(frozen=True)
class Line:
    """A row that has been derived."""

    row: Row
    derivation: Derivation

    @property
    def form(self) -> ClosedForm:
        """The closed form, of the whole model."""
        return self.derivation.forms[self.row.measure]

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return "s" if self.row.rate else self.form.unit

    @cached_property
    def value(self) -> Quotient:
        """What is shown: the form or the part of it that the row chooses, as a time where it names a rate."""
        return self.timed(self.chosen)

    @cached_property
    def chosen(self) -> Quotient:
        """The form, or the part of it that belongs to the row's places and sources."""
        row = self.row
        if not row.places and not row.sources:
            return self.form.value
        terms = self.form.terms
        if row.places:
            terms = tuple(term for term in terms if term.place in row.places)
        if row.sources:
            terms = tuple(t for t in terms if any(fnmatchcase(n, p) for p in row.sources for n in (t.op, t.source)))
        return Quotient(total(term.amount for term in terms))

    def timed(self, value: Quotient) -> Quotient:
        """The value over the row's rate."""
        return value / Quotient(Polynomial.symbol(self.row.rate)) if self.row.rate else value

    @cached_property
    def limits(self) -> list[tuple[str, Quotient]]:
        """The row's limits that change something, each with the value in it."""
        found: list[tuple[str, Quotient]] = []
        for text in self.row.limits:
            value = limited(self.value, text)
            if value not in (self.value, *(known for _, known in found)):
                found.append((text, value))
        return found

    @cached_property
    def leading(self) -> Quotient | None:
        """The leading term in the row's regime, if a regime is asked for."""
        return self.timed(self.form.when(self.row.regime).leading) if self.row.regime else None

    def in_params(self, value: Quotient) -> Quotient | None:
        """A value in units of the parameter count of the whole model, where that is a single product."""
        count, row = self.derivation.params, self.row
        if row.measure == "params" or row.passes or row.places or count is None or not count.value.numerator:
            return None
        ratio = value / count.value
        simple = ratio.is_polynomial and ratio.numerator.is_monomial
        return ratio * Quotient(Polynomial.symbol("N_params")) if simple else None


def limited(value: Quotient, text: str) -> Quotient:
    """A value in a limit such as `E=4,T->oo`."""
    finite, infinite = bound_by(text)
    return limit(value.substitute(finite), infinite)


@cache
def bound_by(text: str) -> tuple[dict[str, Polynomial], list[str]]:
    """What a limit puts in, and the symbols that grow without bound in it."""
    bindings = parse_bindings([text])
    finite = {name: bound for name, bound in bindings.items() if isinstance(bound, Polynomial)}
    return finite, [name for name in bindings if name not in finite]


def at(value: Quotient, sizes: Mapping[str, Rational], definitions: Iterable[Definition] = ()) -> Rational | None:
    """The exact value at these sizes, of which those of defined symbols are made; None where a symbol is left."""
    defined = needed(definitions, value.symbols)
    wanted = {*value.symbols, *(name for one in defined for name in one.symbols)} - {one.name for one in defined}
    known = {name: Polynomial.constant(sizes[name]) for name in wanted if name in sizes}
    return value.substitute(settle(defined, known)[0]).number


def with_options(op_set: OpSet, options: str) -> OpSet:
    """An op set as the user typed it, with more options; those that it has already stay, and so does a graph."""
    if not options or not isinstance(op_set, str):
        return op_set
    head, mark, rest = op_set.strip().partition("(")
    inside = rest.removesuffix(")").strip() if mark else ""
    if options.partition("=")[0] in {part.partition("=")[0].strip() for part in inside.split(",")}:
        return op_set
    return f"{head}({', '.join(part for part in (inside, options) if part)})"


def asked_of(setup: Setup, phase: str | None, passes: tuple[str, ...] = (), options: str = "") -> Options:
    """What a row asks of the setup of its sheet, in its own phase and with its own passes and options beside those."""
    own = {text.partition("(")[0] for text in passes}
    return {
        "op_set": with_options(setup.model.op_set, options),
        "phase": phase,
        "passes": [*passes, *(step for step in setup.passes if step.name not in own)],
        "mesh": setup.mesh,
        "convention": setup.convention,
        "precision": setup.precision,
        "choices": setup.choices,
    }


class Derived:
    """What rows of a sheet are derived from: several show parts of one form, or other measures of one graph."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.setups: dict[tuple[object, ...], Setup] = {}
        self.known: dict[tuple[object, ...], Derivation] = {}

    def of(self, row: Row) -> Derivation:
        """What a row shows, or has a part of.

        Raises:
            UserError: the op set has no such costs.
        """
        key = (row.phase, row.passes, row.options, row.op_set, row.convention, row.precision)
        if key not in self.setups:
            asked = asked_of(self.setup, row.phase, row.passes, row.options)
            if row.op_set:
                asked["op_set"] = row.op_set
            if row.convention:
                asked["convention"] = row.convention
            if row.precision:
                asked["precision"] = row.precision
            self.setups[key] = Setup.of(**asked)
        if (*key, row.measure) not in self.known:
            self.known[*key, row.measure] = formed(self.setups[key], [row.measure])
        return self.known[*key, row.measure]


def lines(section: Section, derived: Derived, phase: str | None = None) -> Iterator[Line]:
    """The rows that the op set has: what is nothing, cannot be derived or stands there already is left out.

    Args:
        section: the rows.
        derived: from what they are, each in its own phase.
        phase: if given, only rows of this one.
    """
    setup = derived.setup
    seen: list[tuple[tuple[str, Quotient, str], tuple[str, ...]]] = []
    for row in section.rows:
        if phase not in (None, row.phase):
            continue
        try:
            found = derived.of(row)
        except UserError:
            if not (row.options or row.passes or row.op_set) and row.phase == setup.phase:
                raise
            continue
        line = Line(replace(row, label=row.label.replace(POLICY, str(found.setup.precision))), found)
        same = (row.measure, line.value, found.setup.precision.widths if found.policy else "")
        there = [places for one, places in seen if one == same]
        if line.value.numerator and all(row.places and places not in ((), row.places) for places in there):
            seen.append((same, row.places))  # of two parts of a model both are shown, even if they are as large
            yield line
