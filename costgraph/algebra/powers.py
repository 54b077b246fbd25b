"""Roots of numbers, and whole powers that are pulled out from under a root sign."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from costgraph.algebra.polynomial import ZERO, Polynomial

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
    """`radicand` as (factor, rest) with factor**index * rest: whole powers of its common monomial pulled out."""
    if not radicand:
        return ZERO, ZERO
    shared = radicand.content
    value = Fraction(shared.leading_coefficient)
    below = value.denominator  # pulled out completely, so that only whole numbers are left inside
    outside = Fraction(largest_power(int(value * below**index), index), below)
    pulled = Polynomial.monomial({name: power // index for name, power in shared.powers.items()}, outside)
    return pulled, radicand / pulled**index


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
