"""Square roots in formulas that are compared: of sizes that are open each is a symbol, whose square is the size.

What is derived has no roots, so that a formula in which one is left differs. Those of different sizes do not depend on
each other, which is why a root of a product is the product of roots, and why what is left over cannot cancel.
"""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import RATIO, SYMBOLS, Symbol, declare

START = "sqrt_"  # how the symbols of roots begin


def root_of(inside: Polynomial) -> Polynomial | None:
    """The root of a product of sizes, none of which is squared; None of anything else."""
    if not inside.is_monomial or inside.leading_coefficient != 1 or {*inside.powers.values()} != {1}:
        return None
    found = ONE
    for name in inside.symbols:
        own = SYMBOLS[name]
        declare(Symbol(START + name, rf"\sqrt{{{own.tex}}}", "", f"square root of {name}", RATIO, own.typical))
        found = found * Polynomial.symbol(START + name)
    return found


def without_squares(value: Quotient) -> Quotient:
    """A form in which no root is squared: what it is the root of stands there instead."""
    for name in [one for one in value.symbols if one.startswith(START)]:
        value = Quotient(reduced(value.numerator, name)) / Quotient(reduced(value.denominator, name))
    return value


def reduced(side: Polynomial, name: str) -> Polynomial:
    """The same of a sum and of one root."""
    size, root = Polynomial.symbol(name.removeprefix(START)), Polynomial.symbol(name)
    found = ZERO
    for power, coefficient in side.collect(name).items():
        whole, rest = divmod(power, 2)
        found = found + coefficient * size**whole * root**rest
    return found


def definitions(names: Iterable[str]) -> tuple[Definition, ...]:
    """What the symbols of roots among some stand for."""
    return tuple(
        Definition(one, "sqrt", (Polynomial.symbol(one.removeprefix(START)),)) for one in names if one.startswith(START)
    )
