"""Formulas with `min(S, W)`, `max(...)`, `ceil(...)` of sizes, as symbols with definitions; roots that leave none."""

from __future__ import annotations

from collections.abc import Sequence

from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Call, Node
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass


@dataclass(frozen=True)
class DefinedReader(Reader):
    """Reads a formula that is compared with a form.

    Args:
        definitions: what symbols of the form stand for; a minimum of the same sizes is that symbol.
    """

    definitions: tuple[Definition, ...] = ()

    def undecided(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """The symbol that stands for a function of sizes that are open, if one does."""
        left = resolved(node.function, sizes)
        if isinstance(left, Quotient):
            return left
        for one in self.definitions:
            arguments = [Quotient(size) for size in one.arguments]
            if one.function == node.function and (alike(sizes, arguments) or alike(left, arguments)):
                return Quotient(Polynomial.symbol(one.name))
        return self.unknown(node, left)

    def unknown(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """The value of what nothing in what is derived stands for: none."""
        raise self.nothing_such(node)

    def nothing_such(self, node: Call) -> UserError:
        """The error for it, with what there is."""
        there = ", ".join(shorten(str(one), 80) for one in self.definitions)
        there = f", but {there}; " if there else "; "
        remedy = "write that, put in the sizes that decide, or check one side"
        return self.refuse(node, f"what is derived has no such {node.function}{there}{remedy}")

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
