"""Formulas with `min(S, W)`, `max(...)`, `ceil(...)` of sizes: symbols with definitions, as in what is derived."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from costgraph.algebra.definition import FUNCTIONS, Definition
from costgraph.algebra.expression import Call, Node
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.library.judging.calculator import Calculator, numeric
from costgraph.records import dataclass


@dataclass(frozen=True)
class FormulaReader(Calculator):
    """Reads a formula that is compared with a form.

    Args:
        definitions: what symbols of the form stand for; a minimum of the same sizes is that symbol.
    """

    definitions: tuple[Definition, ...] = ()

    def call(self, node: Call) -> Quotient:
        """The value of a function; of sizes that are open it is the symbol that stands for it."""
        most = 1 if node.function in ("ceil", "floor") else len(node.arguments)
        if node.function not in FUNCTIONS or node.options or not 1 <= len(node.arguments) <= most:
            return super().call(node)
        sizes = [self.value(one).substitute(self.bound) for one in node.arguments]
        numbers = [Fraction(one.number) for one in sizes if one.number is not None]
        if len(numbers) == len(sizes):
            return Quotient(numeric(node.function, numbers))
        found = resolved(node.function, sizes)
        if isinstance(found, Quotient):
            return found
        for one in self.definitions:
            if one.function == node.function and alike(found, [Quotient(size) for size in one.arguments]):
                return Quotient(Polynomial.symbol(one.name))
        there = ", ".join(map(str, self.definitions))
        raise self.refuse(
            node,
            f"what is derived has no such {node.function}"
            + (f", but {there}; " if there else "; ")
            + "write that, put in the sizes that decide, or check one side",
        )

    def rounded_down(self, node: Node, value: Quotient, parts: tuple[Quotient, ...]) -> Quotient:
        """The symbol that stands for it in what is derived, if one does."""
        inside = value.substitute(self.bound)
        floors = (one for one in self.definitions if one.function == "floor" and inside == Quotient(one.arguments[0]))
        found = next(floors, None)
        return Quotient(Polynomial.symbol(found.name)) if found else super().rounded_down(node, value, parts)


def resolved(function: str, sizes: Sequence[Quotient]) -> Quotient | list[Quotient]:
    """The size that decides whatever the others are; else those of which one may."""
    if not all(one.is_polynomial for one in sizes):
        return list(sizes)
    found = Definition("", function, tuple(one.numerator for one in sizes)).resolved()
    return [Quotient(one) for one in found.arguments] if isinstance(found, Definition) else Quotient(found)


def alike(one: Sequence[Quotient], other: Sequence[Quotient]) -> bool:
    """Whether both are the same sizes, in any order."""
    return len(one) == len(other) and all(size in other for size in one)
