"""Formulas of one's own: what the calculator reads, and minima and maxima as in what is derived."""

from __future__ import annotations

from costgraph.algebra.defined import DefinedReader
from costgraph.algebra.expression import Call
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.library.judging.calculator import NUMERIC, Calculator
from costgraph.records import dataclass


@dataclass(frozen=True)
class FormulaReader(DefinedReader, Calculator):
    """Reads a formula that is compared with a form."""

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """A root of numbers, as the calculator has it."""
        if inside.number is not None and node.function in NUMERIC:
            return Calculator.call(self, node)
        return super().irrational(node, outside, inside, index)
