"""Sums over a growing context: how long many decode steps take, without taking them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.errors import BugError
from costgraph.timing.roofline import Span, Time, number


def summed(time: Time, first: int, last: int, definitions: Sequence[Definition] = ()) -> Fraction:
    """Seconds of the steps at contexts S = first ... last, for a time in which only S is unbound.

    Args:
        time: of one step.
        first: of the contexts.
        last: of the contexts.
        definitions: what other symbols of it stand for, such as `S_w = min(S, W)`. Halving the range finds where the
            least of several is another one.
    """
    if last < first:
        return Fraction(0)
    known = throughout(definitions, first, last)
    if known is None:
        middle = (first + last) // 2
        return summed(time, first, middle, definitions) + summed(time, middle + 1, last, definitions)
    return sum((over(span, first, last) for span in time.substitute(known).spans), Fraction(0))


def throughout(definitions: Sequence[Definition], first: int, last: int) -> dict[str, Polynomial] | None:
    """What the symbols stand for in a range of S; None where that is not the same in all of it, or cannot be told.

    Of straight lines the least at both ends is the least between, and what is rounded only grows or only falls.
    """
    known: dict[str, Polynomial] = {}
    for definition in definitions:
        inside = replace(definition, arguments=tuple(one.substitute(known) for one in definition.arguments))
        straight = all(one.exponents("S") <= {0, 1} for one in inside.arguments)
        ends = [inside.resolved({"S": Polynomial.constant(s)}) for s in (first, last)]
        sides = [
            one for one in inside.arguments
            if [one.substitute({"S": Polynomial.constant(s)}) for s in (first, last)] == ends
        ]  # fmt: skip
        if first != last and not (straight and (sides or (inside.jumps and ends[0] == ends[1]))):
            return None
        found = sides[0] if sides and not inside.jumps else ends[0]
        if not isinstance(found, Polynomial):
            raise BugError(f"{definition} is open at S={first}")
        known[definition.name] = found
    return known


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
