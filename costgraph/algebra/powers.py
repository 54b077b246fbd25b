"""Roots of numbers, and whole powers that are pulled out from under a root sign."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial

DIGITS = 40  # to which irrational roots are known before they are rounded
PRECISION = 10**DIGITS


def nth_root(value: Fraction, index: int) -> Fraction:
    """The real root, exactly where it is rational, else rounded down at the 40th digit."""
    if value < 0:
        return -nth_root(-value, index)
    top, bottom = whole_root(value.numerator, index), whole_root(value.denominator, index)
    if top**index == value.numerator and bottom**index == value.denominator:
        return Fraction(top, bottom)
    return Fraction(whole_root(value.numerator * PRECISION**index // value.denominator, index), PRECISION)


def whole_root(value: int, index: int) -> int:
    """The largest integer whose power is at most `value`."""
    if index == 2:
        return isqrt(value)
    low, high = 0, 1 << (value.bit_length() // index + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**index <= value else (low, middle - 1)
    return low


def extract(radicand: Polynomial, index: int) -> tuple[Polynomial, Polynomial]:
    """`radicand` as (factor, rest) with factor**index * rest: whole powers of its common monomial pulled out.

    A sum is pulled out, too, where it is positive and all there is left is its square.
    """
    if not radicand:
        return ZERO, ZERO
    shared = radicand.content
    value = Fraction(shared.leading_coefficient)
    below = value.denominator  # pulled out completely, so that only whole numbers are left inside
    outside = Fraction(largest_power(int(value * below**index), index), below)
    pulled = Polynomial.monomial({name: power // index for name, power in shared.powers.items()}, outside)
    rest = radicand / pulled**index
    whole = square_root(rest) if index == 2 and len(rest) > 1 else None
    return (pulled, rest) if whole is None else (pulled * whole, ONE)


def square_root(square: Polynomial) -> Polynomial | None:
    """The sum of positive terms that it is the square of, without negative powers; None if it is of none."""
    head = leading(square)
    root = nth_root(Fraction(head.leading_coefficient), 2)
    if root**2 != head.leading_coefficient or any(power % 2 for power in head.powers.values()):
        return None
    head = found = Polynomial.monomial({name: power // 2 for name, power in head.powers.items()}, root)
    rest = square - head * head
    while rest:
        step = leading(rest) / (head * 2)
        if step.signs == {-1} or min(step.powers.values(), default=0) < 0 or len(found) > len(square):
            return None
        rest = rest - step * (found * 2 + step)
        found = found + step
    return found


def leading(form: Polynomial) -> Polynomial:
    """The term with the highest powers, of the first symbol first."""
    return max(form.monomials(), key=lambda term: [term.powers.get(name, 0) for name in form.symbols])


def largest_power(value: int, index: int) -> int:
    """The largest integer whose power divides `value`, as far as small primes show it."""
    root = whole_root(value, index)
    if root**index == value:
        return root
    result, rest = 1, value
    for prime in (2, 3, 5, 7, 11, 13, 17):
        while rest % prime**index == 0:
            result, rest = result * prime, rest // prime**index
    return result
