"""Formulas of one's own: what the calculator reads, and minima and maxima as in what is derived."""

from __future__ import annotations

from collections.abc import Sequence

from costgraph.algebra.defining import DefiningReader
from costgraph.algebra.expression import Call, Name
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import FACTORS, LARGE_NUMBERS, amount_text
from costgraph.errors import UserError
from costgraph.letters import notations, read
from costgraph.library.judging.calculator import Calculator
from costgraph.records import dataclass

FEW = 3  # notations that an error names


@dataclass(frozen=True)
class FormulaReader(DefiningReader, Calculator):
    """Reads a formula that is compared with a form."""

    def name(self, node: Name) -> Quotient:
        """A unit, of which it is said what it was read as, or a symbol."""
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
        sums = sum(one.name[len(one.function) + 1 :].isdigit() for one in self.made)
        if sums > 1 or len({one.arguments[1:] for one in self.made}) > 1:
            what = "roots of two sums" if sums > 1 else "several kinds of roots"
            raise self.refuse(node, f"a formula with {what} is not compared")
        return found
