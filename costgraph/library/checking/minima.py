"""Formulas of one's own: what the calculator reads, minima and maxima as in what is derived, and measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from costgraph.algebra.called import ROOTS
from costgraph.algebra.defining import DefiningReader
from costgraph.algebra.expression import Call, Name
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import FACTORS, LARGE_NUMBERS, amount_text
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError, shorten
from costgraph.letters import notations, read
from costgraph.library.judging.calculator import Calculator
from costgraph.measures import measure_named
from costgraph.measures.parts import Measure, measure_at
from costgraph.records import dataclass

FEW = 3  # notations that an error names


@dataclass(frozen=True)
class FormulaReader(DefiningReader, Calculator):
    """Reads a formula that is compared with a form.

    Args:
        measured: the form of a measure that the formula names, of what is asked about.
    """

    measured: Callable[[Measure], ClosedForm] = field(kw_only=True)

    def means(self, name: str) -> bool:
        """Whether it is a measure, or has a meaning otherwise."""
        return super().means(name) or measure_named(name) is not None

    def calls(self, function: str) -> bool:
        """Whether it is a measure, or a function."""
        return super().calls(function) or measure_named(function) is not None

    def call(self, node: Call) -> Quotient:
        """A measure of a part, or the value of a function."""
        return super().call(node) if measure_named(node.function) is None else self.of_measure(node)

    def of_measure(self, node: Name | Call) -> Quotient:
        """What is derived of a measure that the formula names, which is said."""
        asked = measure_at(node, self)
        try:
            found = self.measured(asked)
        except UserError as error:
            raise self.refuse(node, str(error)) from None
        read_as = f"{asked} read as what is derived: {shorten(python(found.value), 80)}"
        self.said.extend([] if read_as in self.said else [read_as])
        self.made.extend(one for one in found.defined if one not in self.made)
        return found.value

    def name(self, node: Name) -> Quotient:
        """A measure or a unit, of which it is said what it was read as, or a symbol."""
        if measure_named(node.name) is not None:
            return self.of_measure(node)
        found = super().name(node)
        unit = FACTORS.get(node.name)
        if unit and node.name not in LARGE_NUMBERS:
            read_as = f"{node.name} read as {amount_text(1, unit)}"
            self.said.extend([] if unit.scale == 1 or read_as in self.said else [read_as])
        return found

    def remedy(self, name: str) -> str:
        """To give the name a meaning, or to name the notation that has one."""
        said = super().remedy(name)
        fitting = [one for one in notations() if self.fits_notation(one)] if said else []
        if not fitting:
            return said
        return f"; it reads with --notation {' or '.join(fitting[:FEW])}" + said.replace("; or say", ", or say", 1)

    def fits_notation(self, notation: str) -> bool:
        """Whether the whole formula can be read in the letters of a source."""
        try:
            Calculator(self.formula, self.symbols, {**self.names, **read((), notation)}).value()
        except UserError:
            return False
        return True

    def unknown(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """A minimum that nothing in what is derived stands for, which would be compared with nothing."""
        raise self.nothing_such(node)

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """The symbols that stand for a root; nobody knows whether two of sums, or of several kinds, are alike."""
        found = super().irrational(node, outside, inside, index)
        roots = [one for one in self.made if one.function in ROOTS]
        sums = sum(one.name[len(one.function) + 1 :].isdigit() for one in roots)
        if sums > 1 or len({one.index for one in roots}) > 1:
            what = "roots of two sums" if sums > 1 else "several kinds of roots"
            raise self.refuse(node, f"a formula with {what} is not compared")
        return found
