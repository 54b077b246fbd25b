"""Minima, maxima, roundings and roots that a user types: exact of numbers, symbols with definitions of open sizes."""

from __future__ import annotations

from math import isqrt
from typing import Any

import pytest
from command_line import costgraph
from hypothesis import given
from test_random_forms import polynomials

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.algebra.powers import extract, square_root
from costgraph.errors import UserError
from costgraph.solving.solution import solve


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("max(3, 4)*B", "4*B"),
        ("Max(3, 4)*B", "4*B"),
        ("np.maximum(3, 4)*B", "4*B"),
        ("Min(3, 4)*B", "3*B"),
        ("ceiling(7/2)*B", "4*B"),
        ("math.floor(7/2)*B", "3*B"),
        ("sqrt(16)*B", "4*B"),
        ("sympy.sqrt(B**4)", "B**2"),
        ("√(9/4)", "3/2"),
        ("16**(3/4)", "8"),
        ("(B**4)**(1/2)", "B**2"),
        ("(B**4)**-0.5", "1/B**2"),
        ("(8B³)^(1/3)", "2*B"),
        ("√(S² + 2S + 1)", "S + 1"),
        ("√(4(B + S)²D²)", "2*(B + S)*D"),
    ],
)
def test_functions_of_numbers_and_roots_that_leave_none_are_sizes(typed: str, meant: str) -> None:
    assert parse(typed) == parse(meant)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("√(B)", "a root of B is left, which is no size"),
        ("√(2)", "a root of 2 is left"),
        ("√(0 - 4)", "a root of -4 is no number"),
        ("√(S² - 2S + 1)", "a root of"),  # of S - 1 where that is positive
        ("max(B, S)*D", r"column 1 .*max of sizes that are open is no size"),
        ("max()", "max takes at least 1 argument"),
        ("ceil(1, 2)", "ceil takes 1 argument"),
        ("1/BD^(1/2)", "two readings"),
    ],
)
def test_what_has_no_value_is_refused(typed: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(typed)


def test_a_power_of_letters_side_by_side_is_of_the_last() -> None:
    assert cg.check("2L(E + 2)D^(3/2)√(D)", "params").agrees
    assert not cg.check("2(E + 2)(LD)^(3/2)√(D)", "params").agrees


@given(polynomials(low=0, size=4).filter(bool))
def test_the_root_of_a_square_is_what_was_squared(form: Polynomial) -> None:
    positive = total_of_sizes(form)
    assert square_root(positive * positive) in (positive, -positive)
    assert extract(positive * positive, 2)[1] == Polynomial.constant(1)
    assert square_root(positive * positive + positive * Polynomial.symbol("L")) is None


def total_of_sizes(form: Polynomial) -> Polynomial:
    """The same sum with positive terms."""
    found = ZERO
    for term in form.monomials():
        found = found + (term if term.leading_coefficient > 0 else -term)
    return found


# --- in questions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "sizes", "largest"),
    [
        ("S <= max(B, D)*L", "B=2,D=3,L=5", 15),
        ("S <= Min(B, D)*L", "B=2,D=3,L=5", 10),
        ("S <= √(B)*D", "B=7,D=300", isqrt(7 * 300**2)),
        ("S <= (B*D)**(2/3)", "B=7,D=11", max(n for n in range(99) if n**3 <= 77**2)),
        ("max(S, D) <= 4*B", "B=2,D=3", 8),
        ("S*max(S, D) <= 100", "D=3", 10),
        ("⌈S/4⌉*B <= 20", "B=3", 24),
        ("S <= x*L", "B=2,D=3,L=5", 15),
        ("S <= max(√(B), 2)*L", "B=9,L=5", 15),
        ("S*sqrt_B <= 30", "B=9", 10),
    ],
)
def test_a_question_may_have_functions_of_sizes(question: str, sizes: str, largest: int) -> None:
    answer = solve(question, "S", limit=sizes, let="x=max(B, D)")
    assert [one.largest for one in answer.solutions] == [largest]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("√(S) <= D", r"S stands under a root, sqrt_S = √\(S\); raise both sides to a power"),
        ("max(√(S), B) <= D", "S stands under a root"),
        ("max(flops, traffic) <= t", "cannot compare FLOP and byte"),
        ("√(hbm*hbm) <= flops*S", "cannot compare byte and FLOP"),
        ("S <= max(1/(B + D), 2)", "a sum in a denominator"),
        ("S <= sqrt_Z", "unknown symbol"),
    ],
)
def test_what_a_question_may_not_have_is_refused(question: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        solve(question, "S")


def test_a_root_that_is_no_rational_number_is_said_to_be_read_to_digits() -> None:
    assert "√(B) is read to 40 digits" in str(solve("S <= √(B)*D", "S", limit="B=2,D=3"))
    assert "digits" not in str(solve("S <= √(B)*D", "S", limit="B=4,D=3"))
    with pytest.raises(UserError, match="a root of -7 is no number"):
        solve("S <= √(B - 9)*D", "S", limit="B=2,D=3")


# --- letters of one's own ---------------------------------------------------------------------------------------------


def test_a_letter_may_stand_for_a_function_of_sizes() -> None:
    of: dict[str, Any] = {"model": "gemma-2-2b", "phase": "decode", "symbolic": "W"}
    own = cg.derive("cache", **of)["cache"].text().replace("S_w", "seen")
    assert "seen" in own
    assert cg.check(own, "cache", let="seen=min(S, W)", **of).agrees
    assert not cg.check(own, "cache", let="seen=√(S*W)", **of).agrees
    with pytest.raises(UserError, match=r"no such max, but S_w = min\(S, W\)"):
        cg.check(own, "cache", let="seen=max(S, W)", **of)


def test_a_size_is_no_function_of_open_sizes() -> None:
    said = costgraph("derive", "flops", "--let", "x=max(B,D)", "--limit", "S=x").stderr
    assert "max of sizes that are open is no size" in said
    assert "x stands for max(B,D)" in costgraph("derive", "flops", "--let", "x=max(B,D)", "--limit", "x=3").stderr
    assert cg.derive("params", let="x=max(8, 4)", limit="L=x").limited["params"].same_as("16*D**2*(E + 2)")
