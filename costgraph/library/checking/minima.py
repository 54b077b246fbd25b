"""Formulas of one's own: what the calculator reads, and minima and maxima as in what is derived."""

from __future__ import annotations

from costgraph.algebra.defined import DefinedReader
from costgraph.algebra.expression import Call, Name, Node
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import FACTORS, LARGE_NUMBERS, amount_text
from costgraph.errors import UserError
from costgraph.letters import notations, read
from costgraph.library.checking.roots import root_of, without_squares
from costgraph.library.judging.calculator import NUMERIC, Calculator
from costgraph.records import dataclass

FEW = 3  # notations that an error names


@dataclass(frozen=True)
class FormulaReader(DefinedReader, Calculator):
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

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """A root of numbers, as the calculator has it; of open sizes the symbols that stand for their roots."""
        if inside.number is not None and node.function in NUMERIC:
            self.said.append(f"the root of {inside} is read to 20 digits")
            return Calculator.call(self, node)
        found = root_of(inside) if index == 2 else None
        return super().irrational(node, outside, inside, index) if found is None else outside * Quotient(found)

    def value(self, node: Node | None = None) -> Quotient:
        """The value of the formula, or of a part, in which no root is squared."""
        return without_squares(super().value(node))
