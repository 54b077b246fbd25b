"""Positive real roots: each once, between bounds as close as asked, in work that is known before it is done."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.algebra.isolation import positive_roots, value
from costgraph.algebra.work import TooMuchWork, bounded


def row(*roots: Fraction | int) -> list[int]:
    """The coefficients of powers 0, 1, 2 ... of the polynomial with these roots."""
    found = [1]
    for root in map(Fraction, roots):
        low, high = [-root.numerator * c for c in (*found, 0)], [root.denominator * c for c in (0, *found)]
        found = [a + b for a, b in zip(low, high, strict=True)]
    return found


rationals = st.fractions(min_value=-20, max_value=20, max_denominator=64)


@given(st.lists(rationals, min_size=1, max_size=8))
def test_every_positive_root_is_found_once(roots: list[Fraction]) -> None:
    bounds = positive_roots(row(*roots), 20)
    expected = sorted({root for root in roots if root > 0})
    assert len(bounds) == len(expected)
    for (low, high), root in zip(bounds, expected, strict=True):
        assert low <= root <= high
        assert (high - low) * 10**20 <= root


@pytest.mark.parametrize(
    ("coefficients", "count"),
    [([1, 0, 1], 0), ([-2, 0, 1], 1), ([2, -3, 1], 2), ([0, 0, -1, 1], 1), ([1, -2, 1], 1), ([5], 0), ([0], 0),
     ([-(10**300), 0, 0, 0, 0, 1], 1), ([-1, 10**300], 1), ([-2, 40, -200, *[0] * 17, 1], 3)],
)  # fmt: skip
def test_small_large_double_and_crowded_roots(coefficients: list[int], count: int) -> None:
    bounds = positive_roots(coefficients, 30)
    assert len(bounds) == count
    for low, high in bounds:
        assert low == high or value(coefficients, low) * value(coefficients, high) <= 0


def test_too_many_roots_are_refused_at_once() -> None:
    start = time.process_time()
    with bounded(), pytest.raises(TooMuchWork, match="finding the roots takes too many steps"):
        positive_roots(row(*range(1, 300)), 40)
    assert time.process_time() - start < 3
