"""What is done to many sums at once is what is done to each alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.algebra.many import PutIn, looked_at, whole, without_shared
from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError

COEFFICIENTS = st.fractions(-20, 20, max_denominator=12)
POWERS = st.fixed_dictionaries({name: st.integers(-2, 3) for name in ("B", "S", "D", "T")})
SUMS = st.lists(st.tuples(POWERS, COEFFICIENTS), max_size=6).map(
    lambda terms: total(Polynomial.monomial(powers, number) for powers, number in terms)
)
NUMBERS = st.fractions(Fraction(1, 8), 50, max_denominator=9)


@given(st.lists(SUMS, max_size=4), st.dictionaries(st.sampled_from(["B", "S", "T", "A"]), NUMBERS))
def test_sizes_that_are_put_in_one_sum_after_the_other(sums: list[Polynomial], sizes: dict[str, Rational]) -> None:
    values = {name: Polynomial.constant(number) for name, number in sizes.items()}
    put_in = PutIn(values)
    assert [put_in(one) for one in sums] == [one.substitute(values) for one in sums]


@pytest.mark.parametrize(
    ("sum_", "sizes", "expected"),
    [
        ("B*S + D/T", {"S": "2*B"}, "2*B**2 + D/T"),
        ("B*S + D", {"B": "0"}, "D"),
        ("B + S", {"B": "D + 1"}, "D + S + 1"),
        ("B - S", {"B": "3", "S": "3"}, "0"),
        ("D", {}, "D"),
    ],
)
def test_sizes_that_are_no_numbers(sum_: str, sizes: dict[str, str], expected: str) -> None:
    assert PutIn({name: size(value) for name, value in sizes.items()})(size(sum_)) == size(expected)


def test_a_divisor_of_zero_is_refused() -> None:
    with pytest.raises(UserError):
        PutIn({"T": Polynomial.constant(0)})(size("B/T"))


@pytest.mark.parametrize(
    ("sums", "factor"), [(["B", "3"], 1), (["B/2", "S/3 + 1"], 6), (["5*B/4", "S/6"], 12), ([], 1), (["0"], 1)]
)
def test_the_number_by_which_sums_become_whole(sums: list[str], factor: int) -> None:
    assert whole(map(size, sums)) == ONE * factor


@given(st.lists(SUMS, max_size=4))
def test_a_look_at_sums_is_about_their_value(sums: list[Polynomial]) -> None:
    point = {"B": 3.0, "S": 7.0, "D": 2.0, "T": 5.0}
    exactly = PutIn({name: Polynomial.constant(int(number)) for name, number in point.items()})
    for (about,), one in zip(looked_at(sums, [point]), sums, strict=True):
        assert about == pytest.approx(float(exactly(one).number or 0), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "value"), [(f"{10**400}*B", inf), (f"-{10**400}*B + 1", -inf), ("B**60", inf), (f"B/{10**400}", 0.0)]
)
def test_what_no_float_holds_is_infinite(text: str, value: float) -> None:
    assert looked_at([size(text)], [{"B": 1e6}]) == [(value,)]


@given(st.lists(SUMS, min_size=1, max_size=4))
def test_what_all_sums_have_is_taken_out_of_each(sums: list[Polynomial]) -> None:
    rest = without_shared(sums)
    assert {one - other for one, other in zip(sums, rest, strict=True)} == {sums[0] - rest[0]}
    for one, other in product(range(len(sums)), repeat=2):
        assert rest[one].covers(rest[other]) == sums[one].covers(sums[other])


def test_of_what_all_have_the_least_is_taken_out() -> None:
    assert without_shared([size("2*B + S"), size("5*B")]) == [size("S"), size("3*B")]
    assert without_shared([]) == []
