"""Random polynomials and quotients: exact arithmetic against sympy, limits, regimes, printed shapes read back."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costgraph.algebra.bindings import Order
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import latex, python, unicode
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import leading
from costgraph.algebra.shapes import SHAPES, write
from costgraph.algebra.symbols import sympy_symbol

LETTERS = ("B", "S", "D", "E", "T", "p")
rationals = st.fractions(-20, 20, max_denominator=6).filter(bool)


def monomials(coefficients: st.SearchStrategy[Fraction], low: int) -> st.SearchStrategy[Polynomial]:
    powers = st.dictionaries(st.sampled_from(LETTERS), st.integers(low, 3), max_size=3)

    def build(coefficient: Fraction, exponents: dict[str, int]) -> Polynomial:
        return Polynomial.monomial(exponents, coefficient)

    return st.builds(build, coefficients, powers)


def polynomials(
    low: int = -2, size: int = 5, coefficients: st.SearchStrategy[Fraction] = rationals
) -> st.SearchStrategy[Polynomial]:
    return st.lists(monomials(coefficients, low), max_size=size).map(total)


nonzero = polynomials(size=3).filter(bool)
quotients = st.builds(Quotient, polynomials(size=3), nonzero)


def same(form: Polynomial | Quotient, expression: sympy.Expr) -> bool:
    """Whether sympy finds nothing above the line in the difference; a common divisor would take it far longer."""
    above, _ = (form.to_sympy() - expression).as_numer_denom()
    return bool(sympy.Poly(above, *map(sympy_symbol, LETTERS)).is_zero)


@given(polynomials(), polynomials())
def test_sums_and_products(a: Polynomial, b: Polynomial) -> None:
    x, y = a.to_sympy(), b.to_sympy()
    assert same(a + b, x + y)
    assert same(a - b, x - y)
    assert same(a * b, x * y)
    assert same(-a, -x)
    assert (a == b) == (sympy.expand(x - y) == 0)
    assert hash(a + b) == hash(b + a)


@given(polynomials(), monomials(rationals, -2), st.integers(0, 4))
def test_powers_and_division_by_a_monomial(a: Polynomial, m: Polynomial, power: int) -> None:
    assert same(a / m, a.to_sympy() / m.to_sympy())
    assert same(m**-power, m.to_sympy() ** -power)


@settings(max_examples=50)
@given(polynomials(size=3), nonzero)
def test_exact_division(a: Polynomial, b: Polynomial) -> None:
    assert (a * b).divide(b) == a
    quotient = a.divide(b)
    below = sympy.fraction(sympy.cancel(a.to_sympy() / b.to_sympy()))[1]
    assert (quotient is not None) == (not isinstance(below, sympy.Add))
    assert quotient is None or quotient * b == a


@given(polynomials(low=0), polynomials(low=0, size=3), polynomials(low=0, size=2))
def test_substitution_is_simultaneous(a: Polynomial, b: Polynomial, c: Polynomial) -> None:
    bound = a.substitute({"S": b, "D": c})
    values = {sympy_symbol("S"): b.to_sympy(), sympy_symbol("D"): c.to_sympy()}
    assert same(bound, a.to_sympy().subs(values, simultaneous=True))


@pytest.mark.slow  # sympy takes its time
@settings(max_examples=60)
@given(quotients, quotients)
def test_arithmetic_of_quotients(a: Quotient, b: Quotient) -> None:
    x, y = a.to_sympy(), b.to_sympy()
    assert same(a + b, x + y)
    assert same(a - b, x - y)
    assert same(a * b, x * y)
    assert a - a == Quotient(0)
    assert (a - a).number == 0
    if b.numerator:
        assert same(a / b, x / y)
        assert a / b * b == a


@given(quotients, st.fixed_dictionaries({name: st.integers(1, 9) for name in LETTERS}))
def test_the_value_of_a_quotient(a: Quotient, values: dict[str, int]) -> None:
    numbers = {name: Polynomial.constant(value) for name, value in values.items()}
    assume(a.denominator.substitute(numbers))
    expected = a.to_sympy().subs({sympy_symbol(name): value for name, value in values.items()})
    assert a.substitute(numbers).number == Fraction(int(expected.p), int(expected.q))


@settings(max_examples=60)
@given(polynomials(size=4), nonzero)
def test_true_limits(above: Polynomial, below: Polynomial) -> None:
    """With every other letter bound, sympy can tell what T -> oo does."""
    others = {name: Polynomial.constant(i + 2) for i, name in enumerate(LETTERS) if name != "T"}
    above, below = above.substitute(others), below.substitute(others)
    assume(below)
    limit = Quotient(above, below).at_infinity("T")
    expected = sympy.limit(above.to_sympy() / below.to_sympy(), sympy_symbol("T"), sympy.oo)
    if limit.is_infinite:
        assert expected in (sympy.oo, -sympy.oo)
    else:
        assert same(limit, expected)


@given(polynomials(low=0, coefficients=st.fractions(1, 20, max_denominator=3)).filter(bool))
def test_the_leading_terms_lead_and_the_first_neglected_come_next(form: Polynomial) -> None:
    """S << D: at D = 10**60 what is left out has the size that is claimed, against what is kept."""
    regime = leading(Quotient(form), Order(Polynomial.symbol("S"), Polynomial.symbol("D")))
    numbers = {name: Polynomial.constant(10**60 if name == "D" else 3) for name in LETTERS}
    kept, rest = regime.leading.numerator, form - regime.leading.numerator
    assert all(form.coefficient(term) == kept.coefficient(term) for term in kept.monomials())
    if not rest:
        assert regime.neglected.number == 0
        return
    ratio = Quotient(rest, kept).substitute(numbers).number
    claimed = regime.neglected.substitute(numbers).number
    assert ratio is not None
    assert claimed is not None
    assert 0 < Fraction(ratio) < Fraction(1, 10**50)
    assert abs(Fraction(ratio) / Fraction(claimed) - 1) < Fraction(1, 10**50)


@settings(max_examples=60)
@given(form=polynomials())
def test_every_shape_is_the_same_polynomial(form: Polynomial) -> None:
    for shape in (*SHAPES, *LETTERS):
        assert write(form, shape).expand() == form
        assert parse(python(form, shape)) == Quotient(form)
        assert latex(form, shape)
        assert latex(form, shape).count("{") == latex(form, shape).count("}")
        assert unicode(form, shape).count("(") == unicode(form, shape).count(")")


@settings(max_examples=40)
@given(form=quotients)
def test_a_printed_quotient_is_read_back(form: Quotient) -> None:
    assert parse(str(form)) == form
    for shape in SHAPES:
        assert parse(python(form, shape)) == form


@given(polynomials(), polynomials(), polynomials())
def test_factors_of_a_product_are_found_or_it_is_at_least_the_same(a: Polynomial, b: Polynomial, c: Polynomial) -> None:
    form = a * b * c
    assert write(form, "factored").expand() == form


@given(polynomials().filter(bool))
def test_content_divides_every_term(form: Polynomial) -> None:
    content = form.content
    reduced = form / content
    assert all(Fraction(c).denominator == 1 for c in reduced.coefficients)
    assert all(min(reduced.exponents(name)) == 0 for name in reduced.symbols)
