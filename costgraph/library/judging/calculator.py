"""Arithmetic over named quantities: what entries of the literature and `costgraph check` are written in.

The parser's expressions, with names for derived forms and given numbers, units as factors (`GiB`, `ms`), and a few
functions: `solve(form, S)` for the root of a form that is linear in a symbol, `limit(form, T)` for a true limit,
`at(form, E, 4)` for a substitution, and of numbers floor, ceil, min, max, sqrt and log10.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import comb
from typing import ClassVar

from costgraph.algebra.expression import Call, Name, Node
from costgraph.algebra.parser import MAX_TERMS, NUMBER_BEFORE, Reader
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.powers import nth_root
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import ALLOWED, read, relations
from costgraph.algebra.units import FACTORS, amount_text
from costgraph.errors import shorten, unknown
from costgraph.records import dataclass

WANTED = {"solve": 2, "limit": 2, "at": 3, "log10": 1}  # how many arguments they take
NUMERIC = ("floor", "ceil", "min", "max", "sqrt", "log10")
FUNCTIONS = (*NUMERIC, "solve", "limit", "at")


@dataclass(frozen=True)
class Calculator(Reader):
    """Reads one expression in which the names of `names` stand for what they map to."""

    takes_letters: ClassVar[bool] = True

    def means(self, name: str) -> bool:
        """Whether it is a named quantity, a unit or a symbol."""
        return name in FACTORS or super().means(name)

    def calls(self, function: str) -> bool:
        """Whether it is one of `FUNCTIONS`."""
        return function in WANTED or super().calls(function)

    def name(self, node: Name) -> Quotient:
        """A unit or a symbol."""
        if node.name not in FACTORS:
            return super().name(node)
        self.check_unit(node)
        return Quotient(FACTORS[node.name].scale)

    def check_unit(self, node: Name) -> None:
        """Refuse `12GB` in a question whose model has sizes G and B."""
        at = max(node.column - 1, 0)
        if self.symbols is None or not node.column or self.formula.text[:at][-1:] in ("*", "/", " "):
            return
        if all(letter in self.symbols for letter in node.name):
            found = NUMBER_BEFORE.search(self.formula.text, 0, at)
            typed, unit = found[0] if found else "", FACTORS[node.name]
            times, amount = f"{typed}*" if typed else "", amount_text(Fraction(typed or 1), unit)
            readings = f"{times}{node.name}, which is {amount}, and {times}{'*'.join(node.name)}"
            raise self.refuse(node, f"'{typed}{node.name}' has two readings: {readings}; write one of them")

    def call(self, node: Call) -> Quotient:
        """The value of a function."""
        name, args = node.function, node.arguments
        if super().calls(name):
            return super().call(node)
        if name not in WANTED and len(args) == 1 and not node.options and self.symbols is not None:
            return self.name(Name(name, column=node.column))  # an unknown size before parentheses, which is refused
        if name not in WANTED or node.options:
            raise self.refuse(node, ALLOWED if node.options else str(unknown("function", name, FUNCTIONS)))
        if len(args) != (wanted := WANTED[name]):
            raise self.refuse(node, f"{name} takes {wanted} argument{'s' * (wanted != 1)}")
        value = self.value(args[0])
        return self.logarithm(node, value) if name == "log10" else self.of_form(node, name, value, args[1:])

    def undecided(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """A function of sizes that are open, which has no value here."""
        raise self.refuse(node, f"{node.function} is for numbers; a symbol is left in its argument")

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """The root of a number, to 40 digits."""
        if inside.number is None:
            return super().irrational(node, outside, inside, index)
        return outside * Quotient(nth_root(Fraction(inside.number), index))

    def logarithm(self, node: Call, value: Quotient) -> Quotient:
        """The decimal logarithm of a number, in doubles."""
        number = Fraction(value.number or 0)
        if number <= 0:
            raise self.refuse(node, f"log10 of {number} is not a number")
        return Quotient(Fraction(math.log10(number.numerator) - math.log10(number.denominator)))

    def of_form(self, node: Call, name: str, form: Quotient, args: tuple[Node, ...]) -> Quotient:
        """The root, the limit or the substitution of a form."""
        symbol = args[0]
        if not isinstance(symbol, Name) or symbol.name not in SYMBOLS:
            raise self.refuse(symbol, f"{name} needs a symbol here")
        if name == "limit":
            return form.at_infinity(symbol.name)
        if name == "at":
            value = self.value(args[1])
            terms, power = (
                len(value.numerator) + len(value.denominator),
                max(map(abs, exponents(form, symbol.name))),
            )
            if comb(terms + power, power) * (len(form.numerator) + len(form.denominator)) > MAX_TERMS:
                raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
            return self.fits(node, replaced(form, symbol.name, value))
        roots = linear_root(form.numerator, symbol.name)
        if roots is None:
            raise self.refuse(node, f"the form is not linear in {symbol.name}")
        return roots


def linear_root(side: Polynomial, name: str) -> Quotient | None:
    """Where a sum that is linear in the symbol `name` vanishes; None if it is not linear."""
    if not side.exponents(name) <= {0, 1} or 1 not in side.exponents(name):
        return None
    zero = side.substitute({name: Polynomial.constant(0)})
    slope = side.substitute({name: Polynomial.constant(1)}) - zero
    return Quotient(-zero, slope)


def replaced(form: Quotient, name: str, value: Quotient) -> Quotient:
    """`form` with a symbol replaced by a quotient."""
    if value.is_polynomial and (value.numerator.is_monomial or min(exponents(form, name)) >= 0):
        return form.substitute({name: value.numerator})
    sides = []
    for side in (form.numerator, form.denominator):
        total = Quotient(0)
        for power, coefficient in side.collect(name).items():
            total = total + Quotient(coefficient) * value**power
        sides.append(total)
    return sides[0] / sides[1]


def size(form: Quotient) -> int:
    """The number of terms above and below the line."""
    return len(form.numerator) + len(form.denominator)


def exponents(form: Quotient, name: str) -> set[int]:
    """The powers of a symbol above and below the line."""
    return form.numerator.exponents(name) | form.denominator.exponents(name) | {0}


def calculate(
    text: str, names: Mapping[str, Quotient] | None = None, symbols: Container[str] | None = None
) -> Quotient:
    """The value of an expression, in which only these symbols may occur.

    Raises:
        UserError: not an expression, or a name that nothing defines; with the column.
    """
    return Calculator(read(text), symbols, names=names or {}).value()


@cache
def meant(text: str) -> Quotient:
    """What a letter of a notation stands for that is made of symbols alone; the same in many entries."""
    return calculate(text)


SIGNS = ("<", "<=", ">", ">=", "==", "!=")
Comparison = tuple[Quotient, str, Quotient]


def comparisons(text: str, names: Mapping[str, Quotient] | None = None) -> list[Comparison]:
    """The comparisons of a claim, joined by `and` or in a chain, with both sides evaluated.

    Raises:
        UserError: not a comparison, or symbols are left where numbers are needed.
    """
    formulas, signs = relations(text, SIGNS)
    sides = [Calculator(formula, names=names or {}).value() for formula in formulas]
    found: list[Comparison] = []
    for formula, sign, left, right in zip(formulas, signs, sides, sides[1:], strict=False):
        if sign not in ("", "==", "!=") and (left.number is None or right.number is None):
            reason = f"symbols are left in '{shorten(text)}'; give them numbers"
            raise formula.refuse(formula.node, reason)
        found += [(left, sign, right)] if sign else []
    return found


def true(left: Quotient, sign: str, right: Quotient) -> bool:
    """Whether one comparison is true."""
    if sign in ("==", "!="):
        return (left == right) == (sign == "==")
    a, b = left.number or 0, right.number or 0
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
