"""What users type: read exactly or refused with a short message; never executed, never slow, never a traceback."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph.algebra.bindings import Order, parse_bindings, parse_regime
from costgraph.algebra.expression import evaluate
from costgraph.algebra.parser import parse, size
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import MAX_LENGTH, read
from costgraph.algebra.writing import text
from costgraph.errors import UserError


def assert_short(message: str) -> None:
    assert message
    assert message.count("\n") <= 2
    assert len(message) < 500


# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("  S ", "S"),
        ("2*S - S", "S"),
        ("-S + -2", "-2 - S"),
        ("+S", "S"),
        ("--S", "S"),
        ("S/D", "S*D**-1"),
        ("12*B*D*L*S*(S + (2+E)*D)", "12*B*D*L*S**2 + 24*B*D**2*L*S + 12*B*D**2*E*L*S"),
        ("(S + D)**2", "S**2 + 2*S*D + D**2"),
        ("(S + D)/(2*S + 2*D)", "1/2"),
        ("S**0", "1"),
        ("2**10", "1024"),
        ("2**-2", "1/4"),
        ("-2**2", "-4"),
        ("6/4", "3/2"),
        ("1_000", "1000"),
        ("N_params", "N_params"),
        ("7//2", "3"),
        ("-7//2", "-4"),
        ("D//A", "D/A"),
    ],
)
def test_formulas_mean_what_they_say(text: str, expected: str) -> None:
    assert parse(text) == parse(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("2.50", Fraction(5, 2)),
        ("1e3", 1000),
        ("1.5e-3", Fraction(3, 2000)),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("1/3", Fraction(1, 3)),
        ("12345678901234567890123456789", 12345678901234567890123456789),
        ("0.3333333333333333333333333", Fraction(3333333333333333333333333, 10**25)),
    ],
)
def test_numbers_are_exact(text: str, value: Fraction) -> None:
    assert parse(text).number == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "missing", id="nothing"),
        pytest.param("   ", "missing", id="blanks"),
        pytest.param("S*D +", "column 6 .*not a valid expression", id="half a sum"),
        pytest.param("S·*2", "column 3 .*stands behind another", id="two signs of a product"),
        pytest.param(r"S\cdot\cdot 2", "column 7 .*stands behind another", id="two of TeX"),
        pytest.param("S×÷D", "column 3 .*stands behind another", id="a product and a quotient"),
        pytest.param("S/÷2", "column 3 .*stands behind another", id="two quotients"),
        pytest.param("(S", "column", id="open parenthesis"),
        pytest.param("S 2", "column 3 .*write \\* or \\*\\* before it", id="a number behind a factor"),
        pytest.param("Z", "column 1 .*unknown symbol 'Z'", id="unknown symbol"),
        pytest.param("2*B*Q", "column 5 .*unknown symbol 'Q'", id="unknown symbol, later"),
        pytest.param("N_parms", "did you mean N_params", id="nearest name"),
        pytest.param("S**E", "whole number", id="symbolic exponent"),
        pytest.param("S**0.5", "a root of S is left, which is no size", id="root"),
        pytest.param("S**65", "at most 64", id="large exponent"),
        pytest.param("1/0", "division by zero", id="division by zero"),
        pytest.param("1/(S - S)", "division by zero", id="hidden division by zero"),
        pytest.param("0**-1", "division by zero", id="zero to a negative power"),
        pytest.param("S // 0", "division by zero", id="floor division by zero"),
        pytest.param("S % D", "column 3 .*% is not read", id="modulo"),
        pytest.param(
            "(2 if S else 1)", "column 2 .*not evaluated; write the case that is meant: 2 or 1", id="conditional"
        ),
        pytest.param("S == D", "only numbers", id="comparison"),
        pytest.param("[S, D]", "only numbers", id="list"),
        pytest.param("'S'", "only numbers", id="string"),
        pytest.param("f'{S}'", "only numbers", id="f-string"),
        pytest.param("True", "only numbers", id="bool"),
        pytest.param("None", "only numbers", id="None"),
        pytest.param("1j", "unknown symbol 'j'", id="imaginary"),
        pytest.param("S.real", "unknown symbol 'S.real'", id="attribute"),
        pytest.param("S[0]", "an index is not read", id="subscript"),
        pytest.param("max(S, D)", "max of sizes that are open is no size", id="call"),
        pytest.param("lambda: S", "only numbers", id="lambda"),
        pytest.param("(S := 2)", "only numbers", id="assignment"),
        pytest.param("0x10", "not a decimal number", id="hexadecimal"),
        pytest.param("S; D", "column", id="two statements"),
        pytest.param("S\nD", "column 2", id="two lines"),
        pytest.param("S\0", "unexpected character", id="null byte"),
        pytest.param("\u0410", "unexpected character", id="cyrillic A"),
        pytest.param("\uff33", "unexpected character", id="full-width S, which Python would read as S"),
        pytest.param("\U0001d49c", "unexpected character", id="script A"),
        pytest.param("S\u200b", "unexpected character", id="zero width space"),
        pytest.param("1" * 1001, "1000 digits", id="1001 digits"),
        pytest.param("1e1001", "1000 digits", id="large power of ten"),
        pytest.param("1e-1001", "1000 digits", id="small power of ten"),
        pytest.param("1e999999999999", "1000 digits", id="huge power of ten"),
        pytest.param("10**500*10**501", "1000 digits", id="large product"),
        pytest.param("1/10**500/10**501", "1000 digits", id="small quotient"),
        pytest.param("9**9**9", "column", id="tower"),
        pytest.param("9**9**9**9", "column", id="taller tower"),
        pytest.param("S**64**64", "column", id="tower on a symbol"),
        pytest.param("(B+S+L+D+A+G+E+V+K+T+p)**64", "terms", id="many terms"),
        pytest.param("*".join(["(B+S+L+D+A+G+E+V+K+T+p)"] * 30), "terms|exponent", id="many products"),
        pytest.param("(" * 500 + "S" + ")" * 500, "nested", id="deep parentheses"),
        pytest.param("-" * 500 + "S", "deep", id="deep signs"),
        pytest.param("B+(" * 70 + "B" + ")" * 70, "deep", id="deep sum"),
        pytest.param("S" * (MAX_LENGTH + 1), f"at most {MAX_LENGTH}", id="long text"),
    ],
)
def test_bad_formulas_are_refused_at_once(text: str, message: str) -> None:
    start = time.perf_counter()
    with pytest.raises(UserError, match=message) as caught:
        parse(text)
    assert_short(str(caught.value))
    assert time.perf_counter() - start < 1


# --- bindings and regimes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["E=4,p=2"], {"E": "4", "p": "2"}),
        (["E=4", "p=2"], {"E": "4", "p": "2"}),
        ([" E = 4 , p = 2 "], {"E": "4", "p": "2"}),
        (["E=8/3"], {"E": "8/3"}),
        (["E=2.5"], {"E": "5/2"}),
        (["G=A"], {"G": "A"}),
        (["S=2*(K+1)"], {"S": "2*K + 2"}),
        (["T->oo"], {"T": "oo"}),
        (["T -> oo, E=4"], {"T": "oo", "E": "4"}),
        (["T=oo"], {"T": "oo"}),  # needs no quotes in a shell
        (["T → ∞"], {"T": "oo"}),
        ([], {}),
    ],
)
def test_bindings(items: list[str], expected: dict[str, str]) -> None:
    assert {name: str(value) for name, value in parse_bindings(items).items()} == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E=", "a value is missing after ="),
        ("E", "write SYMBOL=VALUE"),
        ("=4", "write SYMBOL=VALUE"),
        ("E=four", "unknown symbol 'four'"),
        ("E=4=5", "column 2 of '4=5'"),
        ("E==4", "column 1 of '=4'"),
        ("E=4,,p=2", "write SYMBOL=VALUE"),
        ("p=0", "positive rational"),
        ("E=-1", "positive rational"),
        ("T=-1", "positive integer"),
        ("T=1/2", "positive integer"),
        ("T=1.5", "positive integer"),
        ("B=0", "positive integer"),
        ("E=inf", "not a number"),
        ("E=nan", "not a number"),
        ("E=infinity", "E=oo or E->oo"),
        ("E=-inf", "column 2 of '-inf'"),
        ("E->4", "a limit goes to oo"),
        ("E->", "a value is missing"),
        ("E=4,E=4", "E is given twice"),
        ("E=4,E->oo", "E is given twice"),
        ("e=4", "unknown symbol 'e'.*E"),
        ("Z=4", "unknown symbol 'Z'"),
        ("E=9**9**9", "column"),
        ("G=A,A=8", "A is replaced as well"),
    ],
)
def test_bad_bindings(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_bindings([text])
    assert_short(str(caught.value))


@pytest.mark.parametrize("name", SYMBOLS)
def test_every_symbol_has_a_domain(name: str) -> None:
    assert parse_bindings([f"{name}=3"])
    for value in ("0", "-1"):
        with pytest.raises(UserError, match="positive"):
            parse_bindings([f"{name}={value}"])
    if SYMBOLS[name].domain == "positive rational":
        assert parse_bindings([f"{name}=1/2"])
    else:
        with pytest.raises(UserError, match="positive integer"):
            parse_bindings([f"{name}=1/2"])


def test_domains_are_checked_even_where_the_symbol_is_absent() -> None:
    with pytest.raises(UserError, match="positive integer"):
        cg.params(cg.decoder()).limit(T=0)
    assert cg.params(cg.decoder()).limit(T=2).same_as(cg.params(cg.decoder()))


@pytest.mark.parametrize("written", [0.3, "0.3", Fraction(3, 10), Decimal("0.3")])
def test_a_float_is_the_decimal_that_was_written_wherever_a_size_is(written: Any) -> None:
    params = cg.params(cg.decoder())
    right = params.limit(E="3/10")
    for found in (
        params.limit(E=written), params.limit({"E": written}), params.subs({"E": written}), params(E=written),
        cg.params(cg.decoder(), E=written), cg.params(cg.decoder(), limit={"E": written}),
        cg.derive("params", E=written)["params"], cg.derive("params", limit={"E": written})["params"],
    ):  # fmt: skip
        assert isinstance(found, cg.ClosedForm)
        assert found.value == right.value
    assert cg.states("llama-3-8b", weights=written).value == cg.states("llama-3-8b", weights="3/10").value


@pytest.mark.parametrize("value", [True, None, [4], object()])
def test_what_is_no_number_is_no_size(value: Any) -> None:
    with pytest.raises(UserError, match=r"is no size; give a number, or text such as '2\*D'"):
        cg.params(cg.decoder()).limit(E=value)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "inf"])
def test_infinity_is_a_limit_and_no_size(value: Any) -> None:
    with pytest.raises(UserError, match="is not a number; a true limit is written E=oo"):
        cg.params(cg.decoder()).limit(E=value)


@pytest.mark.parametrize(
    ("text", "small", "large"), [("S << D", "S", "D"), ("S<<2*D", "S", "2*D"), ("B*S << (2)*D**2", "B*S", "2*D**2")]
)
def test_regimes(text: str, small: str, large: str) -> None:
    assert parse_regime(text) == Order(size(small), size(large))


@pytest.mark.parametrize(
    "text", ["", "S", "S < D", "S << ", "<< D", "S << 2", "S << D << L", "S + D << L", "S << D + L"]
)
def test_bad_regimes(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_regime(text)
    assert_short(str(caught.value))


@pytest.mark.parametrize(
    "text",
    [
        "E="
        + "+".join(f"{i}*B**{i % 60}" for i in range(1000)),  # a number is cut out of the text as often as it occurs
        "decoder(" * 100_000,
        "(B," * 200_000,
    ],
)
def test_time_grows_no_faster_than_the_text(text: str) -> None:
    start = time.process_time()
    with pytest.raises(UserError):
        parse_bindings([text])
    assert time.process_time() - start < 1


# --- trees as text ----------------------------------------------------------------------------------------------------

LEAVES = st.sampled_from(["S", "D", "2", "10", "0.5", "-3", "1.25"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) - ({t[1]} + {t[2]})"),
        inner.map(lambda one: f"-({one})"),
        inner.map(lambda one: f"({one})**2"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_a_tree_is_written_so_that_it_reads_back(expression: str) -> None:
    tree = read(expression).node
    again = read(text(tree)).node
    sizes = {"S": 7, "D": 3}
    with contextlib.suppress(UserError):  # a division by zero
        assert evaluate(tree, sizes) == evaluate(again, sizes)
    assert text(again) == text(tree)
