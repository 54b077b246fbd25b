"""Exact polynomials: small pairs of what is written and what it is."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, as_polynomial, product, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import leading
from costgraph.errors import UserError


def poly(text: str) -> Polynomial:
    quotient = parse(text)
    assert quotient.is_polynomial
    return quotient.numerator


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0", "0"),
        ("S - S", "0"),
        ("3", "3"),
        ("D*B", "B*D"),
        ("1 + S + S**2", "S**2 + S + 1"),
        ("p*A*S**2*B", "B*S**2*A*p"),
        ("S - 2*D", "S - 2*D"),
        ("-S", "-S"),
        ("S/2", "S/2"),
        ("3*S/(2*T)", "3*S/(2*T)"),
        ("1/T", "1/T"),
        ("1/(T*D)", "1/(D*T)"),
        ("(S + D)*(S - D)", "S**2 - D**2"),
    ],
)
def test_printing(text: str, printed: str) -> None:
    assert str(poly(text)) == printed
    assert repr(poly(text)) == f"Polynomial({printed})"


@pytest.mark.parametrize(
    ("above", "below", "quotient"),
    [
        ("S**2 - D**2", "S - D", "S + D"),
        ("S**2 + D**2", "S - D", None),
        ("6*S", "4", "3*S/2"),
        ("0", "S + D", "0"),
        ("S", "0", None),
        ("S + 1", "T", "S/T + 1/T"),
        ("1 - 1/T", "T - 1", "1/T"),
        ("S**3 + D**3", "S + D", "S**2 - S*D + D**2"),
        ("1", "S + D", None),
    ],
)
def test_exact_division(above: str, below: str, quotient: str | None) -> None:
    assert poly(above).divide(poly(below)) == (None if quotient is None else poly(quotient))


@pytest.mark.parametrize(
    ("text", "content"),
    [("6*S*D + 4*S", "2*S"), ("S/T + 1/T", "1/T"), ("S/2 + D/3", "1/6"), ("-2*S - 4", "2"), ("0", "1"), ("S + D", "1")],
)
def test_content_is_the_largest_common_monomial(text: str, content: str) -> None:
    assert poly(text).content() == poly(content)


@pytest.mark.parametrize(
    ("text", "bindings", "expected"),
    [
        ("S*D + 1", {"S": "2"}, "2*D + 1"),
        ("S*D", {"S": "D", "D": "S"}, "S*D"),
        ("S + 2*D", {"S": "D", "D": "S"}, "D + 2*S"),
        ("S**2", {"S": "D + 1"}, "D**2 + 2*D + 1"),
        ("S/T", {"T": "2*T"}, "S/(2*T)"),
        ("S - D", {"S": "D"}, "0"),
        ("S", {"V": "3"}, "S"),
    ],
)
def test_substitution(text: str, bindings: dict[str, str], expected: str) -> None:
    assert poly(text).substitute({name: poly(value) for name, value in bindings.items()}) == poly(expected)


def test_a_sum_cannot_stand_below_the_line() -> None:
    with pytest.raises(UserError, match=r"cannot divide by 'S \+ D'"):
        poly("1/T").substitute({"T": poly("S + D")})
    with pytest.raises(UserError, match="cannot divide by '0'"):
        poly("S") / ZERO


def test_numbers_mix_with_polynomials_from_both_sides() -> None:
    s = poly("S")
    assert 2 * s + 1 == s * 2 + 1 == poly("2*S + 1")
    assert 1 - s == poly("1 - S")
    assert Fraction(1, 2) * s == s / 2 == poly("S/2")
    assert 2 / s == poly("2/S")
    assert as_polynomial(3) == 3
    assert poly("S - S") == 0
    assert s != "S"


def test_whole_numbers_are_integers_of_any_size() -> None:
    big = poly("12*B*D*L*S*(S + 6*D)").substitute(
        {name: Polynomial.constant(n) for name, n in {"B": 1000, "S": 2048, "D": 12288, "L": 96}.items()}
    )
    assert big.number == 12 * 1000 * 12288 * 96 * 2048 * (2048 + 6 * 12288)
    assert isinstance(big.number, int)
    assert type(poly("S/2 + S/2").substitute({"S": ONE}).number) is int


def test_sums_and_products_of_many() -> None:
    assert total([]) == ZERO
    assert product([]) == ONE
    assert total(poly("S") for _ in range(1000)) == poly("1000*S")
    assert product(poly("S") for _ in range(10)) == poly("S**10")


def test_symbols_are_in_the_order_of_the_table() -> None:
    assert poly("p*T + D*S*B").symbols == ("B", "S", "D", "T", "p")
    assert poly("S**2/T + 1").exponents("S") == {0, 2}
    assert poly("S**2/T + 1").exponents("T") == {0, -1}


def test_polynomials_are_values() -> None:
    assert len({poly("S + D"), poly("D + S"), poly("S")}) == 2
    assert pickle.loads(pickle.dumps(poly("S/T + 1"))) == poly("S/T + 1")
    with pytest.raises(UserError, match="unknown symbol"):
        Polynomial.symbol("x")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("S/(S + D)", "(S)/(S + D)"),
        ("(2*S + 2*D)/(S + D)", "2"),
        ("(S + D)/(S**2 - D**2)", "(1)/(S - D)"),
        ("2*S*D/(4*S*B + 2*S*D)", "(D)/(2*B + D)"),
        ("(S - S)/(S + D)", "0"),
        ("0/(S + D) + 0", "0"),
        ("(S/T)/(1 + D/T)", "(S)/(D + T)"),
    ],
)
def test_quotients_cancel(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


def test_a_quotient_that_is_zero_is_the_number_zero() -> None:
    zero = parse("S/(S + D)") - parse("S/(S + D)")
    assert zero.number == 0
    assert zero.is_polynomial
    assert not zero.symbols


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1/T", "0"),
        ("8*(T - 1)/T", "8"),
        ("T", "oo"),
        ("T/(T + 1)", "1"),
        ("T**2/(T + 1)", "oo"),
        ("(S*T + 1)/(D*T + T)", "(S)/(D + 1)"),
        ("S", "S"),
        ("0", "0"),
    ],
)
def test_true_limits(text: str, limit: str) -> None:
    assert str(parse(text).at_infinity("T")) == limit


@pytest.mark.parametrize(
    ("text", "kept", "neglected"),
    [
        ("S + D", "D", "S/D"),
        ("12*B*S*(S + 6*D)", "72*B*S*D", "S/(6*D)"),
        ("S**2 + S*D + D**2", "D**2", "S/D"),
        ("D", "D", "0"),
        ("S + B", "S + B", "0"),
        ("S*D + V", "S*D", "V/(S*D)"),  # S is at least 1, so D grows and what does not grow with it goes
        ("D*S + D", "D*S + D", "0"),
        ("S**2 + D", "S**2 + D", "0"),  # S/D is small, S**2/D need not be
        ("0", "0", "0"),
        ("S/D + 1", "1", "S/D"),
        ("D/(S + D)", "1", "-S/D"),
    ],
)
def test_regimes(text: str, kept: str, neglected: str) -> None:
    regime = leading(parse(text), poly("S"), poly("D"))
    assert regime.leading == parse(kept)
    assert regime.neglected == parse(neglected)


def test_a_regime_of_products() -> None:
    regime = leading(parse("B*S*D + D**2 + B*V"), poly("B*S"), poly("D"))
    assert regime.leading == parse("D**2")
    assert regime.neglected == parse("B*S/D")


def test_infinity_is_equal_to_itself_only() -> None:
    assert parse("T").at_infinity("T") == parse("S*T").at_infinity("T")
    assert parse("T").at_infinity("T") != Quotient(1)
    assert parse("T").at_infinity("T").number is None
