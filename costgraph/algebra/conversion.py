"""Exact forms as expression trees, in the shape in which they are written."""

from __future__ import annotations

from functools import reduce

from costgraph.algebra import shapes
from costgraph.algebra.expression import Name, Node, Number, Power, Product, Ratio, Sum
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError


def from_quotient(value: Quotient, shape: str = "auto") -> Node:
    """An exact form in one of `shapes.SHAPES`.

    Raises:
        UserError: the form grows without bound.
    """
    if value.is_infinite:
        raise UserError("the form grows without bound (oo): there is no number to compute")
    above = from_sum(shapes.write(value.numerator, shape))
    return above if value.is_polynomial else Ratio(above, from_sum(shapes.write(value.denominator, shape)))


def from_sum(written: shapes.Sum) -> Node:
    """A written sum."""
    return add([from_product(part) for part in written.products])


def from_product(part: shapes.Product) -> Node:
    """A written product: symbols, sums, then the coefficient, over at most one divisor."""
    powers = part.monomial.powers.items()
    above = [power(Name(name), e) for name, e in powers if e > 0] + [from_sum(s) for s in part.sums]
    below = [power(Name(name), -e) for name, e in powers if e < 0]
    return fraction(part.monomial.leading_coefficient, above, below)


def fraction(coefficient: Rational, above: list[Node], below: list[Node]) -> Node:
    """`coefficient * above / below` with one division, the numbers behind the symbols."""
    top = multiply([*above, *([Number(coefficient.numerator)] if coefficient.numerator != 1 or not above else [])])
    if coefficient.denominator != 1:
        below = [*below, Number(coefficient.denominator)]
    return Ratio(top, multiply(below)) if below else top


def add(terms: list[Node]) -> Node:
    """A sum; 0 for none, the term itself for one."""
    if len(terms) > 1:
        return Sum(tuple(terms))
    return terms[0] if terms else Number(0)


def multiply(factors: list[Node]) -> Node:
    """A product, leaning to the left."""
    return reduce(Product, factors)


def power(base: Node, exponent: int) -> Node:
    """A whole positive power."""
    return base if exponent == 1 else Power(base, exponent)
