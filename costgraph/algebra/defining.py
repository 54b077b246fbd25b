"""Formulas in which a function of open sizes becomes a symbol with a definition: `max_1 = max(B, S)`, `sqrt_B = √(B)`.

Roots of single sizes do not depend on each other, which is why the root of a product of sizes is a product of roots.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace
from fractions import Fraction

from costgraph.algebra.called import ROOTS
from costgraph.algebra.defined import DefinedReader
from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Call, Name, Node
from costgraph.algebra.polynomial import Polynomial, product
from costgraph.algebra.powers import nth_root
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import RATIO, SYMBOLS, Symbol, declare
from costgraph.algebra.syntax import ROOT, SQUARE_ROOT
from costgraph.records import dataclass

ROOT_OF = re.compile(r"(?:sqrt|root([2-9]|[1-6]\d))_(\w+)")
TYPICAL = 10**3


@dataclass(frozen=True)
class DefiningReader(DefinedReader):
    """Reads a formula of which whoever reads it can say what symbols stand for.

    Args:
        made: gets the definitions of symbols that stand for what is no quotient of sums.
    """

    made: list[Definition] = field(default_factory=list, compare=False)

    def value(self, node: Node | None = None) -> Quotient:
        """The value of the formula, or of a part, in which no root is raised to its index."""
        return without_powers(super().value(node), self.made)

    def means(self, name: str) -> bool:
        """Whether it is the root of a size, as answers name it, or has a meaning otherwise."""
        return super().means(name) or ROOT_OF.fullmatch(name) is not None

    def name(self, node: Name) -> Quotient:
        """A symbol, or the root of one as answers name it: `sqrt_B`."""
        found = ROOT_OF.fullmatch(node.name)
        if found is None or found[2] not in SYMBOLS:
            return super().name(node)
        super().name(replace(node, name=found[2]))  # which may be none of the question
        return Quotient(self.root_of_letter(found[2], int(found[1] or 2)))

    def unknown(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """The symbol that stands for a minimum, a maximum or what is rounded."""
        if not all(one.is_polynomial for one in sizes):
            raise self.refuse(node, f"{node.function} of what has a sum in a denominator is not read; multiply it out")
        return Quotient(self.standing_for(node.function, [one.numerator for one in sizes]))

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """The symbols that stand for a root; of a number its first digits."""
        if inside.number is not None:
            self.said.append(f"the root of {inside} is read to 40 digits")
            return outside * Quotient(nth_root(Fraction(inside.number), index))
        if inside.is_monomial and inside.leading_coefficient == 1:
            letters = [self.root_of_letter(name, index) ** power for name, power in inside.powers.items()]
            return outside * Quotient(product(letters))
        return outside * Quotient(self.standing_for(*root_of(inside, index)))

    def root_of_letter(self, name: str, index: int) -> Polynomial:
        """The symbol that stands for the root of one size."""
        own, tex = SYMBOLS[name], SYMBOLS[name].tex
        start, written = ("sqrt", rf"\sqrt{{{tex}}}") if index == 2 else (f"root{index}", rf"\sqrt[{index}]{{{tex}}}")
        kind = "square root" if index == 2 else f"root of index {index}"
        symbol = declare(Symbol(f"{start}_{name}", written, "", f"{kind} of {name}", RATIO, own.typical))
        return self.defined(Definition(symbol.name, *root_of(Polynomial.symbol(name), index)))

    def standing_for(self, function: str, arguments: Sequence[Polynomial]) -> Polynomial:
        """The symbol that stands for a function of sizes, the same for the same sizes in any order."""
        alike = (one for one in self.made if one.function == function and {*one.arguments} == {*arguments})
        if known := next(alike, None):
            return Polynomial.symbol(known.name)
        number = 1 + sum(one.function == function and one.name[len(function) + 1 :].isdigit() for one in self.made)
        name = f"{function}_{number}"
        declare(
            Symbol(name, rf"\mathrm{{{function}}}_{{{number}}}", "", f"a {function} in what was typed", RATIO, TYPICAL)
        )
        return self.defined(Definition(name, function, tuple(arguments)))

    def defined(self, definition: Definition) -> Polynomial:
        """The symbol of a definition, which is kept."""
        if definition not in self.made:
            self.made.append(definition)
        return Polynomial.symbol(definition.name)


def root_of(inside: Polynomial, index: int) -> tuple[str, tuple[Polynomial, ...]]:
    """The function, and its arguments, that a root is."""
    return (SQUARE_ROOT, (inside,)) if index == 2 else (ROOT, (inside, Polynomial.constant(index)))


def without_powers(value: Quotient, definitions: Sequence[Definition]) -> Quotient:
    """A form in which no root is raised to its index: what it is the root of stands there instead."""
    for one in reversed(definitions):
        if one.function in ROOTS and one.name in value.symbols:
            value = reduced(value.numerator, one) / reduced(value.denominator, one)
    return value


def reduced(side: Polynomial, root: Definition) -> Quotient:
    """The same of a sum and of one root."""
    found = Quotient(0)
    for power, coefficient in side.collect(root.name).items():
        whole, rest = divmod(power, root.index)
        found = (
            found + Quotient(coefficient * Polynomial.symbol(root.name) ** rest) * Quotient(root.arguments[0]) ** whole
        )
    return found
