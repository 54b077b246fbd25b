"""Positive real roots of a polynomial with whole coefficients, each between two bounds, by Descartes' rule of signs.

An interval in which the signs of the transformed coefficients change once holds one root, one in which they never
change holds none, any other is halved. Everything is exact, and every step says beforehand what it costs.

Source: Collins and Akritas 1976, "Polynomial real root isolation using Descartes' rule of signs".
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd

from costgraph.algebra.work import spend, weight

Row = list[int]  # coefficients of powers 0, 1, 2 ...; the first and the last are not 0
FINDING = "finding the roots"
PRIME = 2**61 - 1


def positive_roots(row: Sequence[int], digits: int) -> list[tuple[Fraction, Fraction]]:
    """Bounds of every positive root in ascending order, equal ones where it is a simple fraction.

    Args:
        row: coefficients of powers 0, 1, 2 ...
        digits: how many decimal digits of each root the bounds have in common, at least.

    Raises:
        TooMuchWork: it would take too long.
    """
    row = squarefree(trimmed(row))
    if len(row) < 2:
        return []
    size = bound(row)
    found: list[tuple[Fraction, Fraction]] = []
    todo = [(scaled(row, size), Fraction(0), Fraction(2) ** size)]
    while todo:
        inside, low, width = todo.pop()
        if not inside[0]:  # a root where two halves meet
            found.append((low, low))
            inside = inside[1:]
        changes = sign_changes(moved(inside[::-1])) if len(inside) > 1 else 0
        if changes == 1:
            found.append(narrowed(row, low, low + width, digits))
        elif changes:
            left = scaled(inside, -1)
            todo += [(moved(left), low + width / 2, width / 2), (left, low, width / 2)]
    return sorted(found)


def trimmed(row: Sequence[int]) -> Row:
    """The row without zeros at either end."""
    filled = [power for power, c in enumerate(row) if c]
    return list(row[filled[0] : filled[-1] + 1]) if filled else []


def primitive(row: Row) -> Row:
    """The row divided by the greatest common divisor of its coefficients."""
    shared = gcd(*row) or 1
    return [c // shared for c in row]


def sign_changes(row: Row) -> int:
    """How often the sign changes from one coefficient to the next, zeros aside."""
    signs = [c > 0 for c in row if c]
    return sum(a != b for a, b in pairwise(signs))


def bound(row: Row) -> int:
    """A power of two that is larger than every root."""
    last = abs(row[-1]).bit_length() - 1
    steps = (-(-(abs(c).bit_length() - last) // (len(row) - 1 - power)) for power, c in enumerate(row[:-1]) if c)
    return max(max(steps, default=0) + 1, 1)


def scaled(row: Row, power: int) -> Row:
    """The row of `p(2**power * x)`, times a power of two that keeps it whole."""
    if power >= 0:
        return [c << power * at for at, c in enumerate(row)]
    return [c << -power * (len(row) - 1 - at) for at, c in enumerate(row)]


def moved(row: Row) -> Row:
    """The row of `p(x + 1)`."""
    row = list(row)
    spend(len(row) ** 2 // 4 * weight(max(abs(c) for c in row).bit_length()), FINDING)
    for first in range(len(row) - 1):
        for at in range(len(row) - 2, first - 1, -1):
            row[at] += row[at + 1]
    return row


def value(row: Row, at: Fraction) -> int:
    """A number with the sign of the polynomial at a place."""
    above, below = at.numerator, at.denominator
    total, scale = 0, 1
    for c in reversed(row):
        total = total * above + c * scale
        scale *= below
    return total


def narrowed(row: Row, low: Fraction, high: Fraction, digits: int) -> tuple[Fraction, Fraction]:
    """Closer bounds of the one root strictly between two bounds."""
    # where the lower bound is a root itself, the slope says what comes after it
    rising = (value(row, low) or value([power * c for power, c in enumerate(row)][1:], low)) < 0
    bits = max(abs(c) for c in row).bit_length()
    while low == 0 or (high - low) * 10**digits > low:
        middle = (low + high) / 2
        spend(len(row) * weight(bits + len(row) * middle.denominator.bit_length()), FINDING)
        found = value(row, middle)
        if not found:
            return middle, middle
        if (found > 0) == rising:
            high = middle
        else:
            low = middle
    return low, high


def squarefree(row: Row) -> Row:
    """The row divided by what it has in common with its derivative: every root once."""
    if len(row) < 3:
        return row
    slope = [power * c for power, c in enumerate(row)][1:]
    if coprime_modulo(PRIME, row, slope):
        return row
    shared = common(row, slope)
    return row if len(shared) < 2 else quotient(row, shared)


def coprime_modulo(prime: int, one: Row, other: Row) -> bool:
    """Whether two rows have nothing in common modulo a prime, and so nothing at all; cheaper than with long numbers."""
    if not one[-1] % prime or not other[-1] % prime:
        return False
    one, other = [c % prime for c in one], [c % prime for c in other]
    while len(other) > 1:
        spend(len(one) * len(other) // 2, FINDING)
        factor = pow(other[-1], -1, prime)
        rest = list(one)
        while len(rest) >= len(other):
            lead = rest[-1] * factor % prime
            for at, c in enumerate(other, len(rest) - len(other)):
                rest[at] = (rest[at] - lead * c) % prime
            while rest and not rest[-1]:
                rest.pop()
        one, other = other, rest
    return bool(other)


def common(one: Row, other: Row) -> Row:
    """The greatest common divisor of two rows, by pseudo-remainders."""
    one, other = primitive(one), primitive(other)
    while other:
        rest = list(one)
        while len(rest) >= len(other):
            bits = abs(rest[-1]).bit_length() + abs(other[-1]).bit_length()
            spend(
                len(rest) * (weight(bits) + (bits >> 6) ** 2 // 60), FINDING
            )  # the square: common divisors of numbers
            lead, factor = rest[-1], other[-1]
            rest = [c * factor for c in rest]
            for at, c in enumerate(other, len(rest) - len(other)):
                rest[at] -= lead * c
            while rest and not rest[-1]:
                rest.pop()
        one, other = other, primitive(rest) if rest else []
    return one


def quotient(row: Row, divisor: Row) -> Row:
    """The exact quotient of two rows, up to a factor."""
    rest = [Fraction(c) for c in row]
    found: list[Fraction] = []
    while len(rest) >= len(divisor):
        factor = rest[-1] / divisor[-1]
        found.append(factor)
        for at, c in enumerate(divisor, len(rest) - len(divisor)):
            rest[at] -= factor * c
        rest.pop()
    whole = 1
    for factor in found:
        whole = whole * factor.denominator // gcd(whole, factor.denominator)
    return primitive([int(factor * whole) for factor in reversed(found)])
