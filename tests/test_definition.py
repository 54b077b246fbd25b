"""Symbols that stand for a minimum, a maximum or what is rounded: kept beside forms, resolved when they can be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from windowed import CHUNKS, windowed

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.bindings import parse_bindings, parse_regime
from costgraph.algebra.definition import Definition, define
from costgraph.algebra.expression import evaluate
from costgraph.algebra.parser import parse, size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.provenance import Term


def resolved(value: str, limit: str = "") -> str:
    sizes = {name: size(str(v)) for name, v in parse_bindings([limit] if limit else []).items()}
    found = define("S_w", value).resolved(sizes)
    return str(found)


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("min(S, W)", "", "S_w = min(S, W)"),
        ("min(S, W)", "S=3,W=4", "3"),
        ("max(S, W)", "S=3,W=4", "4"),
        ("min(S, W)", "S=7", "S_w = min(7, W)"),
        ("min(S, W)", "S=2*W", "W"),
        ("max(S, W)", "S=2*W", "2*W"),
        ("min(S, S + W)", "", "S"),
        ("max(S, 1)", "", "S"),
        ("min(S, 1)", "", "1"),
        ("max(E, 1)", "", "S_w = max(E, 1)"),
        ("min(S, W, S + 1)", "", "S_w = min(S, W)"),
        ("min(S, W, K)", "W=K", "S_w = min(S, K)"),
        ("min(S, S)", "", "S"),
        ("ceil(S/W)", "", "S_w = ceil(S/W)"),
        ("ceil(S/W)", "S=7,W=2", "4"),
        ("floor(S/W)", "S=7,W=2", "3"),
        ("ceil(S/W)", "S=8*W", "8"),
        ("ceil(S*W)", "", "S*W"),
        ("ceil(E*S)", "", "S_w = ceil(S*E)"),
        ("ceil(S/2)", "S=4*L", "2*L"),
    ],
)
def test_a_definition_resolves_itself_where_its_sides_can_be_compared(value: str, limit: str, expected: str) -> None:
    assert resolved(value, limit) == expected


@pytest.mark.parametrize(
    ("value", "order", "expected"),
    [
        ("min(S, W)", "S <= W", "S"),
        ("min(S, W)", "W <= S", "W"),
        ("min(S, W)", "W >= S", "S"),
        ("min(S, W)", "S << W", "S"),
        ("max(S, W)", "S <= W", "W"),
        ("min(S, 2*W)", "S <= W", "S"),
        ("min(2*S, W)", "S <= W", "S_w = min(2*S, W)"),
        ("min(2*S, W)", "S << W", "2*S"),
        ("min(S, W)", "S <= 3*W", "S_w = min(S, W)"),
        ("min(S, W, K)", "S <= W", "S_w = min(S, K)"),
        ("ceil(S/W)", "S <= W", "1"),
        ("ceil(S/W)", "W <= S", "S_w = ceil(S/W)"),
        ("ceil(S/W)", "W << S", "S/W"),
        ("floor(S/W)", "S <= W", "S_w = floor(S/W)"),
        ("min(-S*W, -2*E)", "S*W <= E", "S_w = min(-S*W, -2*E)"),
    ],
)
def test_a_comparison_picks_a_side(value: str, order: str, expected: str) -> None:
    assert str(define("S_w", value).decided(parse_regime(order))) == expected


@pytest.mark.parametrize(
    ("value", "names", "expected"),
    [
        ("min(S, W)", "S", "W"),
        ("min(S, W)", "SW", "no limit"),
        ("max(S, W)", "S", "S"),
        ("min(S, W)", "T", "S_w = min(S, W)"),
        ("min(S, W, K)", "S", "S_w = min(W, K)"),
        ("max(W - S, 1)", "S", "1"),
        ("min(W - S, D)", "S", "-S + W"),
        ("min(W/S, 1)", "S", "W/S"),  # and not its limit, which may be multiplied by S
        ("min(W + K/S, D)", "S", "no limit"),
        ("max(S**2, S*W)", "S", "S**2"),
        ("max(S**2, S*W)", "SW", "no limit"),
        ("max(S*W, W)", "SW", "S*W"),
        ("ceil(W/S)", "S", "1"),
        ("ceil(-W/S)", "S", "0"),
        ("floor(W/S)", "S", "0"),
        ("floor(-W/S)", "S", "-1"),
        ("ceil(S/W)", "S", "no limit"),
        ("ceil(W + 1/S)", "S", "no limit"),
    ],
)
def test_what_it_is_from_some_point_on(value: str, names: str, expected: str) -> None:
    try:
        found = str(define("S_w", value).eventually(names))
    except UserError as error:
        found = str(error)
    assert found == expected or f"has {expected} for" in found


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("S + W", "write one of min, max, ceil, floor of sizes"),
        ("sqrt(S)", "write one of min, max, ceil, floor"),
        ("min(S)", "min takes two sizes or more"),
        ("ceil(S, W)", "ceil takes one size"),
        ("min(S, 1/(S + W))", "it has a sum in a denominator"),
        ("min(S_w, W)", "S_w is defined by itself"),
        ("min(S, Z)", "column 8 .*unknown symbol 'Z'"),
        ("min(S, max(W, K))", "column 8 .*max of sizes that are open is no size"),
    ],
)
def test_what_is_no_definition_is_refused(value: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        define("S_w", value)


# --- on a graph -------------------------------------------------------------------------------------------------------

FLOPS = "2*B*D*(2*S*S_w + A*N_q)"


def flops() -> ClosedForm:
    return m.flops(windowed())


def test_a_form_keeps_the_symbol_and_its_definition_beside_it() -> None:
    assert flops().same_as(FLOPS)
    assert [str(one) for one in flops().defined] == ["S_w = min(S, W)", "N_q = ceil(S/k)"]
    assert m.params(windowed()).defined == ()
    assert set(flops().symbols) == {"B", "S", "S_w", "D", "A", "W", "k", "N_q"}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"S": 100, "W": 64, "k": 30}, "2*B*D*(2*100*64 + 4*A)"),
        ({"S": 64, "W": 100, "k": 64}, "2*B*D*(2*64*64 + A)"),
        ({"S": "2*W", "k": "W"}, "2*B*D*(4*W**2 + 2*A)"),
        ({"W": "oo"}, "2*B*D*(2*S**2 + A*N_q)"),
        ({"D": 8}, "16*B*(2*S*S_w + A*N_q)"),
    ],
)
def test_a_limit_resolves_it(sizes: dict[str, int | str], expected: str) -> None:
    assert flops().limit(**sizes).same_as(expected)


def test_a_graph_with_numbers_has_no_definitions_left() -> None:
    graph = windowed().substitute(S=100, W=64, k=30)
    assert graph.definitions == ()
    assert m.flops(graph).same_as(flops().limit(S=100, W=64, k=30))


def test_a_defined_symbol_is_not_bound_itself() -> None:
    with pytest.raises(UserError, match=r"S_w = min\(S, W\): bind S and W instead of S_w"):
        flops().limit(S_w=3)


@pytest.mark.parametrize(
    ("regime", "leading", "neglected"),
    [
        ("S <= W", "2*B*D*(2*S**2 + A*N_q)", "0"),
        ("W <= S", "2*B*D*(2*S*W + A*N_q)", "0"),
        ("S <= k", "2*B*D*(2*S*S_w + A)", "0"),
        ("S << W", "2*B*D*(2*S**2 + A*N_q)", "0"),
        ("W << S", "2*B*D*(2*S*W + A*N_q)", "0"),  # N_q grows with S as well: nothing may be neglected against S*W
        ("A << S", "2*B*D*(2*S*S_w + A*N_q)", "0"),  # as small as it may be, S*S_w is S*W, and as large N_q is S/k
        ("A << W", "2*B*D*(2*S*S_w + A*N_q)", "0"),
    ],
)
def test_a_regime_looks_through_definitions(regime: str, leading: str, neglected: str) -> None:
    found = flops().when(regime)
    assert found.leading == parse(leading)
    assert found.neglected == parse(neglected)


def test_what_is_negligible_for_either_side_of_a_definition_is_neglected() -> None:
    graph = windowed().apply(cg.backward)
    found = m.activations(graph).when("S << D")
    assert found.leading == parse("B*D*p*(S + 2*S_w + N_q)")
    assert found.neglected == parse("S*S_w*A/(D*(S + 2*S_w + N_q))")
    assert [str(one) for one in found.definitions] == ["S_w = min(S, W)", "N_q = ceil(S/k)"]


def form(amount: str, *definitions: tuple[str, str]) -> ClosedForm:
    """A form of one term, with definitions."""
    term = flops().terms[0]
    known = tuple(define(*one) for one in definitions)
    terms = (Term(term.op, term.source, size(amount)),)
    return replace(flops(), terms=terms, remainder=Quotient(0), definitions=known)


WINDOW, CHUNKED = ("S_w", "min(S, W)"), ("N_q", "ceil(S_w/k)")


@pytest.mark.parametrize("names", ["S,W", "W,S"])
@pytest.mark.parametrize("amount", ["S_w/W", "S/S_w", "S_w"])
def test_limits_through_a_definition_do_not_depend_on_the_order(names: str, amount: str) -> None:
    with pytest.raises(UserError, match="no limit"):
        form(amount, WINDOW).limit(**dict.fromkeys(names.split(","), "oo"))


def test_the_limit_is_taken_of_the_whole_and_not_of_a_factor() -> None:
    assert form("S*S_w", ("S_w", "min(W/S, 1)")).limit(S="oo").same_as("W")
    assert form("B*S_w", ("S_w", "max(W - S, 1)")).limit(S="oo").same_as("B")


def test_one_definition_may_depend_on_another() -> None:
    nested = form("B*N_q", WINDOW, CHUNKED)
    assert nested.limit(S="oo").limit(W=4, k=3).same_as("2*B")
    assert nested.limit(S=100, W=4, k=3).same_as("2*B")
    assert nested.limit(S="oo").defined == (define("N_q", "ceil(W/k)"),)


@pytest.mark.parametrize("sizes", [{"D": "S_w"}, {"W": "2*S_w"}, {"S": "S_w"}, {"D": "S_w", "S": 3, "W": 2}])
def test_nothing_is_bound_to_a_defined_symbol(sizes: dict[str, int | str]) -> None:
    with pytest.raises(UserError, match=r"S_w = min\(S, W\); write it without S_w"):
        flops().limit(**sizes)


def test_forms_with_other_definitions_are_not_the_same() -> None:
    least, most = form("S_w/W", WINDOW), form("S_w/W", ("S_w", "max(S, W)"))
    assert least.same_as(form("S_w/W", WINDOW))
    assert not least.same_as(most)
    with pytest.raises(UserError, match=r"has S_w = min\(S, W\), flops has S_w = max\(S, W\)"):
        least.per(most)


def test_a_comparison_that_decides_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"'D <= S' decides nothing in flops, in which there is S_w = min\(S, W\)"):
        flops().when("D <= S")
    with pytest.raises(UserError, match="decides nothing in flops, in which there is no minimum or maximum"):
        m.flops(cg.decoder()).when("S <= D")


def test_sums_of_forms_keep_definitions_and_refuse_a_clash() -> None:
    whole = flops() + flops()
    assert [one.name for one in whole.defined] == ["S_w", CHUNKS.name]
    other = flops()
    object.__setattr__(other, "definitions", (Definition("S_w", "max", (size("S"), size("W"))),))
    with pytest.raises(UserError, match=r"flops has S_w = min\(S, W\), flops has S_w = max\(S, W\)"):
        flops() + other


sizes = st.integers(1, 300)


@given(sizes, sizes, sizes, sizes, sizes)
def test_resolving_is_evaluating(s: int, w: int, k: int, d: int, a: int) -> None:
    numbers = {"B": 1, "S": s, "W": w, "k": k, "D": d * a, "A": a}
    form = flops()
    whole: dict[str, Fraction] = {one.name: evaluate(one.node, numbers) for one in form.definitions}
    known = {name: Polynomial.constant(value) for name, value in numbers.items()}
    known |= {name: Polynomial.constant(value) for name, value in whole.items()}
    direct = form.value.substitute(known).number
    assert form.limit(**numbers).number == direct
    assert direct == 2 * d * a * (2 * s * min(s, w) + a * -(-s // k))
    half = form.limit(S=s)
    assert half.limit(**{n: v for n, v in numbers.items() if n != "S"}).number == Fraction(direct or 0)
