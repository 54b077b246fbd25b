"""Exact polynomials: small pairs of what is written and what it is."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.algebra.bindings import Order
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, as_polynomial, content, product, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import leading
from costgraph.algebra.symbols import SYMBOLS
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
    assert poly(text).content == poly(content)


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


# --- powers -----------------------------------------------------------------------------------------------------------

EDGES = (1, 64, 126, 127, 128, 129, 255, 256, 257, 4095, 4096, 8190, 8191)  # the last is as far as powers go
signed = pytest.mark.parametrize("power", [sign * power for power in EDGES for sign in (1, -1)])


@signed
def test_a_large_power_stays_with_its_symbol(power: int) -> None:
    """Next to a power of either sign, in the first symbol of the table, in the last and between."""
    for name, other in permutations(("B", "S", "T", list(SYMBOLS)[-1]), 2):
        x, y = Polynomial.monomial({name: power}), Polynomial.monomial({other: -power}, 3)
        assert (x * y).powers == {name: power, other: -power}
        assert (y / x).powers == {name: -power, other: -power}
        assert x * y / x == y
        assert (x + y).exponents(name) == {0, power}
        assert (x + y).largest_power == abs(power)
        assert (x + y).collect(other) == {0: x, -power: Polynomial.constant(3)} or power < 0
        assert str(x) == (f"1/{name}" if power == -1 else name if power == 1 else str(x))
        assert (x * (y + 1)).divide(y + 1) == x
        assert ((x + 1) * (y + 2)).divide(y + 2) == x + 1 or abs(power) > 4095
        assert Polynomial.symbol(name) ** power == x
        assert pickle.loads(pickle.dumps(x + y)) == x + y
        assert (x + y).substitute({name: Polynomial.symbol("D")}) == Polynomial.monomial({"D": power}) + y


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["B", "T", "t"])
def test_a_power_that_is_too_large_is_refused(name: str, sign: int) -> None:
    """Never wrapped round: not by a product, a power, a quotient, a substitution or a sum's common monomial."""
    far = Polynomial.monomial({name: sign * 8191})
    near = Polynomial.monomial({name: sign})
    tasks: list[Callable[[], object]] = [
        lambda: far * near,
        lambda: far * far,
        lambda: far / (1 / near),
        lambda: (far + 1) * (near + 1),
        lambda: product([far, near, 1 / near]),
        lambda: near**8192,
        lambda: Polynomial.symbol("D").substitute({"D": far}) * near,
        lambda: Polynomial.monomial({"D": 2}).substitute({"D": far}),
        lambda: Polynomial.monomial({name: sign * 8192}),
        lambda: Polynomial.monomial({name: 10**30}),
        lambda: (far + 1 / far).divide(near + 2),
    ]
    for task in tasks:
        with pytest.raises(UserError, match=rf"{name}\*\*\(-?\d+\): a power is at most 8191"):
            task()
    assert far * (1 / near) * near == far


@given(st.lists(st.dictionaries(st.sampled_from(tuple(SYMBOLS)), st.integers(-300, 300), max_size=5), max_size=9))
def test_what_stands_in_a_monomial_is_what_was_put_there(factors: list[dict[str, int]]) -> None:
    powers: Counter[str] = Counter()
    for factor in factors:
        powers.update(factor)
    left = {name: powers[name] for name in SYMBOLS if powers[name]}
    assert product(map(Polynomial.monomial, factors)).powers == left
    assert list(Polynomial.monomial(powers).powers) == list(left)
    above, below = Polynomial.monomial(powers, Fraction(3, 4)).fraction()
    assert above.powers == {name: power for name, power in left.items() if power > 0}
    assert below.powers == {name: -power for name, power in left.items() if power < 0}
    assert (above.number or above.leading_coefficient, below.leading_coefficient) == (3, 4)


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("S**2*D - S*D/T + B", "S", {0: "B", 1: "-D/T", 2: "D"}),
        ("S**2*D - S*D/T + B", "T", {-1: "-S*D", 0: "S**2*D + B"}),
        ("B", "V", {0: "B"}),
        ("0", "V", {}),
    ],
)
def test_terms_are_collected_by_the_power_of_a_symbol(text: str, name: str, parts: dict[int, str]) -> None:
    found = poly(text).collect(name)
    assert found == {power: poly(part) for power, part in parts.items()}
    assert list(found) == sorted(parts)


@pytest.mark.parametrize(
    ("text", "derivative"), [("S**3*D + S - 7", "3*S**2*D + 1"), ("D/S", "-D/S**2"), ("D", "0"), ("0", "0")]
)
def test_derivatives(text: str, derivative: str) -> None:
    assert poly(text).derivative("S") == poly(derivative)


@pytest.mark.parametrize(
    ("text", "above", "below"),
    [("S/(2*T) + D/3", "3*S + 2*D*T", "6*T"), ("S", "S", "1"), ("-1/T", "-1", "T"), ("0", "0", "1")],
)
def test_a_sum_over_one_fraction_bar(text: str, above: str, below: str) -> None:
    assert poly(text).fraction() == (poly(above), poly(below))


def test_questions_about_terms() -> None:
    form = poly("S - 2*D*T + 1/T")
    assert (len(form), form.is_monomial, len(ZERO), ZERO.is_monomial) == (3, False, 0, False)
    assert form.signs == {1, -1}
    assert ZERO.signs == set()
    assert (form.leading_coefficient, ZERO.leading_coefficient) == (-2, 0)
    assert form.coefficient(poly("7*D*T")) == -2
    assert form.coefficient(poly("D")) == 0
    assert content(poly("4*S*D/T"), poly("6*S")) == poly("2*S/T")


def test_a_division_without_a_quotient_is_seen_before_it_is_tried() -> None:
    """Hundreds of terms by a sum that does not divide them: with a remainder at every step this would take minutes."""
    above = (poly("B + S + D + L + 1") ** 6) * poly("V") + 1
    below = (poly("B + 2*S + A + 3") ** 5) + poly("K")
    assert above.divide(below) is None
    assert (above * below).divide(below) == above


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
    regime = leading(parse(text), Order(poly("S"), poly("D")))
    assert regime.leading == parse(kept)
    assert regime.neglected == parse(neglected)


def test_a_regime_of_products() -> None:
    regime = leading(parse("B*S*D + D**2 + B*V"), Order(poly("B*S"), poly("D")))
    assert regime.leading == parse("D**2")
    assert regime.neglected == parse("B*S/D")


def test_infinity_is_equal_to_itself_only() -> None:
    assert parse("T").at_infinity("T") == parse("S*T").at_infinity("T")
    assert parse("T").at_infinity("T") != Quotient(1)
    assert parse("T").at_infinity("T").number is None


def test_a_quotient_takes_a_sum_for_a_symbol_below_the_bar_of_its_terms() -> None:
    found = Quotient(parse("A/M - 2").numerator, parse("M + B").numerator)
    put = found.substitute({"M": poly("B + 1")})
    assert put == parse("(A - 2*(B + 1))/((B + 1)*(2*B + 1))")
    with pytest.raises(UserError, match="zero"):
        Quotient(poly("A"), poly("B - M")).substitute({"M": poly("B")})
