"""The algebra under inverse questions: cases, roots and intervals."""

import random
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from costgraph.algebra.inequalities import Case, Relation, cases, coefficients, holds
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.algebra.powers import nth_root
from costgraph.algebra.real_roots import intervals
from costgraph.algebra.roots import Root

B = Polynomial.symbol("B")
small = st.integers(min_value=-6, max_value=6)


def inside(found: list[Case], value: Fraction) -> bool:
    """Whether a number lies in one of the cases."""

    def within(case: Case) -> bool:
        low = None if case.low is None else case.low.number
        high = None if case.high is None else case.high.number
        return (low is None or low <= value) and (high is None or value <= high)

    return any(map(within, found))


@given(
    st.lists(small, min_size=2, max_size=3),
    st.sampled_from(["<=", ">="]),
    st.fractions(min_value=Fraction(1, 50), max_value=20),
)
def test_cases_hold_exactly_where_the_relation_does(row: list[int], relation: Relation, value: Fraction) -> None:
    form = sum((B**k * c for k, c in enumerate(row)), ZERO)
    assume("B" in form.symbols)
    number = sum((c * value**k for k, c in enumerate(row)), Fraction(0))
    assume(abs(number) > Fraction(1, 10**6))  # not at an irrational root, which is known to 40 digits
    assert inside(cases(form, relation, "B"), value) == (number <= 0 if relation == "<=" else number >= 0)


@given(
    st.lists(small, min_size=4, max_size=6),
    st.sampled_from(["<=", ">="]),
    st.fractions(min_value=Fraction(1, 50), max_value=20),
)
def test_the_same_for_any_degree(row: list[int], relation: Relation, value: Fraction) -> None:
    form = sum((B**k * c for k, c in enumerate(row)), ZERO)
    assume("B" in form.symbols)
    number = sum((c * value**k for k, c in enumerate(row)), Fraction(0))
    assume(abs(number) > Fraction(1, 10**6))
    assert inside(intervals(form, relation, "B"), value) == (number <= 0 if relation == "<=" else number >= 0)


@given(
    st.integers(min_value=0, max_value=10**30), st.integers(min_value=1, max_value=10**6), st.sampled_from([2, 3, 5])
)
def test_roots_are_exact_or_right_to_many_digits(n: int, d: int, index: int) -> None:
    value = Fraction(n, d)
    assert nth_root(value**index, index) == value
    root = nth_root(value, index)
    assert root**index <= value < (root + Fraction(2, 10**40)) ** index


def test_coefficients_share_no_factor_and_start_at_the_lowest_power() -> None:
    form = parse("6*L*D*B**2 + 4*L*D**2*B/S").numerator
    assert [str(c) for c in coefficients(form, "B")] == ["2*D", "3*S"]


@pytest.mark.parametrize("relation", ["<=", "<", ">=", ">"])
def test_symbolic_cases_agree_with_numbers(relation: Relation) -> None:
    """Every symbolic case, numbers put in, is the answer of the numeric question where its conditions hold."""
    generator = random.Random(7)
    form = parse("(E - 2)*D*B**2 + (A - 3)*B - (S - 4)").numerator
    found = cases(form, relation, "B")
    assert len(found) > 4
    for _ in range(200):
        values = {name: Polynomial.constant(generator.randint(1, 6)) for name in ("D", "A", "S", "E")}
        numeric = form.substitute(values)
        holding = [case for case in found if all(condition.met(values) for condition in case.conditions)]
        at = Fraction(generator.randint(1, 80), 7)
        expected = holds(Fraction(numeric.substitute({"B": Polynomial.constant(at)}).number or 0), relation)
        bound = [Case(case.low and put(case.low, values), case.high and put(case.high, values)) for case in holding]
        assert inside(bound, at) == expected


def put(root: Root, values: dict[str, Polynomial]) -> Root:
    """The root with numbers in place of symbols."""
    above, below, factor, radicand = (
        part.substitute(values) for part in (root.above, root.below, root.factor, root.radicand)
    )
    return Root(above, below, factor, radicand, root.index)
