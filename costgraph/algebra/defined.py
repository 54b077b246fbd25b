"""Formulas with `min(S, W)`, `max(...)`, `ceil(...)` of sizes, as symbols with definitions; roots that leave none."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from costgraph.algebra.definition import FUNCTIONS, Definition
from costgraph.algebra.expression import Call, Node, apply
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.powers import extract
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import ROOT, SQUARE_ROOT
from costgraph.records import dataclass


@dataclass(frozen=True)
class DefinedReader(Reader):
    """Reads a formula that is compared with a form.

    Args:
        definitions: what symbols of the form stand for; a minimum of the same sizes is that symbol.
    """

    definitions: tuple[Definition, ...] = ()

    def calls(self, function: str) -> bool:
        """Whether it is one of `FUNCTIONS`, or a root."""
        return function in (*FUNCTIONS, SQUARE_ROOT, ROOT) or super().calls(function)

    def call(self, node: Call) -> Quotient:
        """The value of a function; of sizes that are open it is the symbol that stands for it."""
        if node.function in (SQUARE_ROOT, ROOT) and not node.options:
            return self.root(node)
        most = 1 if node.function in ("ceil", "floor") else len(node.arguments)
        if node.function not in FUNCTIONS or node.options or not 1 <= len(node.arguments) <= most:
            return super().call(node)
        sizes = [self.value(one).substitute(self.bound) for one in node.arguments]
        numbers = [Fraction(one.number) for one in sizes if one.number is not None]
        if len(numbers) == len(sizes):
            return Quotient(apply(node.function, tuple(numbers)))
        for found in (sizes, resolved(node.function, sizes)):
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

    def root(self, node: Call) -> Quotient:
        """A root: its argument without the powers that leave none."""
        index = 2 if node.function == SQUARE_ROOT else int(self.value(node.arguments[1]).number or 0)
        if len(node.arguments) != (1 if node.function == SQUARE_ROOT else 2):
            raise self.refuse(node, f"{node.function} takes one size")
        value = self.value(node.arguments[0]).substitute(self.bound)
        below = value.denominator
        outside, inside = extract(value.numerator * below ** (index - 1), index)
        found = Quotient(outside, below)
        return found if inside in (ONE, ZERO) else self.irrational(node, found, inside, index)

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """The value of a root of which something is left: none that is a quotient of sums."""
        raise self.refuse(node, f"a root of {inside} is left, which no form has")

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
