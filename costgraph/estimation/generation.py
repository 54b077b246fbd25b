"""Sums over a growing context: how long many decode steps take, without taking them one by one."""

from __future__ import annotations

from fractions import Fraction

from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.hardware.roofline import Span, Time, number


def summed(time: Time, first: int, last: int) -> Fraction:
    """Seconds of the steps at contexts S = first ... last, for a time in which only S is unbound."""
    return sum((over(span, first, last) for span in time.spans), Fraction(0))


def over(span: Span, first: int, last: int) -> Fraction:
    """The same for one op, whose sides are straight lines in S.

    The larger of two lines is the same one all the way if it is at both ends; otherwise they cross once, and halving
    the range finds where.
    """
    if last < first:
        return Fraction(0)
    sides = list(span.sides.values())
    if not all(side.exponents("S") <= {0, 1} for side in sides):
        return sum((max(value(side, s) for side in sides) for s in range(first, last + 1)), Fraction(0))
    top = [max(range(len(sides)), key=lambda i: (value(sides[i], s), slope(sides[i]))) for s in (first, last)]
    if first == last or top[0] == top[1] or value(sides[top[1]], first) == value(sides[top[0]], first):
        ends = value(sides[top[1]], first) + value(sides[top[1]], last)
        return ends * (last - first + 1) / 2
    middle = (first + last) // 2
    return over(span, first, middle) + over(span, middle + 1, last)


def value(side: Polynomial, s: int) -> Fraction:
    """The seconds of one side at a context of `s` positions."""
    return number(side.substitute({"S": Polynomial.constant(s)}))


def slope(side: Polynomial) -> Fraction:
    """How much one more position adds."""
    return number(side.collect("S").get(1, ZERO))
