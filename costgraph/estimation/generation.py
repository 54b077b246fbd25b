"""Sums over a growing context: how long many decode steps take, without taking them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import ZERO, Polynomial, total
from costgraph.errors import BugError
from costgraph.timing.roofline import number

Sides = tuple[Polynomial, ...]


def summed(
    maxima: Sequence[Sides], first: int, last: int, definitions: Sequence[Definition] = (), floors: Sides = ()
) -> Fraction:
    """Seconds of the steps at contexts S = first ... last, where only S is unbound.

    Args:
        maxima: of which a step is the sum.
        first: of the contexts.
        last: of the contexts.
        definitions: what other symbols of it stand for, such as `S_w = min(S, W)`.
        floors: what a step is never below.
    """
    found = Fraction(0)
    for low, high, known in stretches(definitions, first, last):
        inside = [tuple(side.substitute(known) for side in sides) for sides in maxima]
        found += of_lines(inside, tuple(floor.substitute(known) for floor in floors), low, high)
    return found


def of_lines(maxima: Sequence[Sides], floors: Sides, first: int, last: int) -> Fraction:
    """The same where S alone is unbound, and nothing stands for anything else."""
    if not floors or last < first:
        return sum((over(sides, first, last) for sides in maxima), Fraction(0))
    lines = [one_line(sides, first, last) for sides in maxima]
    if None in lines and first != last:
        middle = (first + last) // 2
        return of_lines(maxima, floors, first, middle) + of_lines(maxima, floors, middle + 1, last)
    return over((total(line for line in lines if line is not None), *floors), first, last)


def stretches(
    definitions: Sequence[Definition], first: int, last: int
) -> Iterator[tuple[int, int, dict[str, Polynomial]]]:
    """Stretches of contexts with what symbols stand for in each of them; halving the range finds them."""
    if last < first:
        return
    known = throughout(definitions, first, last)
    if known is not None:
        yield first, last, known
        return
    middle = (first + last) // 2
    yield from stretches(definitions, first, middle)
    yield from stretches(definitions, middle + 1, last)


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


def over(sides: Sides, first: int, last: int) -> Fraction:
    """The sum of the largest of several sides, which are straight lines in S.

    The larger of two lines is the same one all the way if it is at both ends; otherwise they cross once, and halving
    the range finds where.
    """
    if last < first:
        return Fraction(0)
    if not all(side.exponents("S") <= {0, 1} for side in sides):
        return sum((max(value(side, s) for side in sides) for s in range(first, last + 1)), Fraction(0))
    line = one_line(sides, first, last)
    if line is not None:
        return (value(line, first) + value(line, last)) * (last - first + 1) / 2
    middle = (first + last) // 2
    return over(sides, first, middle) + over(sides, middle + 1, last)


def one_line(sides: Sides, first: int, last: int) -> Polynomial | None:
    """The side that is the largest in a range of S; None where that is not one and the same."""
    top = [max(range(len(sides)), key=lambda i: (value(sides[i], s), slope(sides[i]))) for s in (first, last)]
    same = first == last or top[0] == top[1] or value(sides[top[1]], first) == value(sides[top[0]], first)
    return sides[top[1]] if same else None


def value(side: Polynomial, s: int) -> Fraction:
    """The seconds of one side at a context of `s` positions."""
    return number(side.substitute({"S": Polynomial.constant(s)}))


def slope(side: Polynomial) -> Fraction:
    """How much one more position adds."""
    return number(side.collect("S").get(1, ZERO))
