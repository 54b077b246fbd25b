"""Whole numbers that keep what is assumed of a symbol, such as `8 | B`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, lcm

from costgraph.algebra.assumption import Assumption, Divides, IsSize
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError

MOST = 4096  # how many numbers are tried

Holds = Assumption | IsSize  # what is true or false once its symbols are numbers


def nearest_kept(name: str, start: int, upwards: bool, claims: Sequence[Holds]) -> int | None:
    """The first whole number from `start` on, upwards or downwards, that keeps every claim; None if none is found.

    Args:
        name: the symbol that it stands for; others of the claims are bound, or left open.
        start: the first one that may be.
        upwards: whether larger ones may be, or smaller ones down to 1.
        claims: such as `8 | B`; of one that numbers cannot contradict nothing is asked.
    """
    about = [claim for claim in claims if name in claim.symbols]
    step = lcm(*(multiple(name, claim) for claim in about))
    largest = [size for claim in about if (size := at_most(name, claim)) is not None]
    if not upwards:
        start = min([start, *largest])
    at = (ceil if upwards else floor)(Fraction(start, step)) * step
    for value in range(at, at + step * MOST, step) if upwards else range(at, max(at - step * MOST, 0), -step):
        if value >= 1 and all(kept(name, value, claim) for claim in about):
            return value
    return None


def multiple(name: str, claim: Holds) -> int:
    """What a number has to be a multiple of for the claim to hold, if it says so: 4 for `8 | 2*B`; else 1."""
    if not isinstance(claim, Divides) or (divisor := claim.divisor.number) is None:
        return 1
    each = (claim.dividend / Polynomial.symbol(name)).number
    return (Fraction(divisor) / Fraction(each)).numerator if each else 1


def at_most(name: str, claim: Holds) -> int | None:
    """What a number cannot be above if it is to divide a size: 32 for `2*M | 64`; None if the claim says nothing."""
    if not isinstance(claim, Divides) or (dividend := claim.dividend.number) is None:
        return None
    each = (claim.divisor / Polynomial.symbol(name)).number
    return floor(Fraction(dividend) / Fraction(each)) if each else None


def kept(name: str, value: int, claim: Holds) -> bool:
    """Whether a claim may hold of this number."""
    try:
        claim.substitute({name: Polynomial.constant(value)})
    except UserError:
        return False
    return True
