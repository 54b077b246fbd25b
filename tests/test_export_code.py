"""Generated code, compiled or loaded and run by the tools of its language, against exact rationals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cache
from math import ceil
from typing import Any

import pytest
import sympy
import toolchains
from hypothesis import given, settings
from hypothesis import strategies as st
from toolchains import RUNNERS, Sizes

import costgraph as cg
from costgraph.algebra.symbols import sympy_symbol
from costgraph.errors import UserError
from costgraph.exporting import export
from costgraph.exporting.code.naming import function_names, spelled
from costgraph.exporting.forms import Form, collect
from costgraph.exporting.targets import Target, available, load
from costgraph.exporting.vectors import BEYOND, vectors

PROGRAMS = {
    "c": ("gcc",),
    "rust": ("rustc",),
    "javascript": ("node", "tsc"),
    "typescript": ("node", "tsc"),
    "excel": ("soffice",),
}
LIBRARIES = ("torch", "jax", "dask")
TARGETS = [
    pytest.param(
        name,
        marks=pytest.mark.needs_library(name) if name in LIBRARIES else pytest.mark.needs_tool(*PROGRAMS.get(name, ())),
    )
    for name in RUNNERS
]
LIMIT = Fraction(1, 10**12)


@cache
def training() -> dict[str, cg.ClosedForm]:
    """Sums, quotients of sums, negative terms and a fraction."""
    parallel = cg.derive("flops", "activations", "communication", "intensity", passes=["tensor_parallel(T)"]).forms
    small = cg.derive("cache", phase="decode", limit="p=1/2").limited
    return {**parallel, **small}


@cache
def rounded() -> dict[str, Any]:
    """What stock printers get wrong: ceilings of products, rationals in products, maxima of three, high powers."""
    B, S, D, L, p = (sympy_symbol(name) for name in "BSDLp")
    return {
        "tiles": sympy.ceiling(B * S / 10) * D,
        "nested": sympy.ceiling(sympy.ceiling(S / 128) * L / 3),
        "tenths": sympy.floor(B / 10 + S / 10 + L / 10),
        "below": sympy.floor((B + 7) / 3) - sympy.Rational(2, 3) * S,
        "slowest": sympy.Max(B * S, sympy.Rational(3, 2) * D, L * p),
        "least": sympy.Min(D / 3, L) + sympy.Rational(5, 7),
        "powers": B**7 / (S + 1) ** 3 + (B + S) ** 2,
        "difference": (B - S) / (B + S) * sympy.Rational(-2, 3),
    }


HAND: dict[str, Callable[..., Any]] = {  # the same, by hand, in exact arithmetic
    "tiles": lambda B, S, D, **_: ceil(Fraction(B * S, 10)) * D,
    "nested": lambda S, L, **_: ceil(Fraction(ceil(Fraction(S, 128)) * L, 3)),
    "tenths": lambda B, S, L, **_: (B + S + L) // 10,
    "below": lambda B, S, **_: (B + 7) // 3 - Fraction(2 * S, 3),
    "slowest": lambda B, S, D, L, p, **_: max(Fraction(B * S), Fraction(3 * D, 2), L * Fraction(p)),
    "least": lambda D, L, **_: min(Fraction(D, 3), Fraction(L)) + Fraction(5, 7),
    "powers": lambda B, S, **_: Fraction(B**7, (S + 1) ** 3) + (B + S) ** 2,
    "difference": lambda B, S, **_: Fraction(-2 * (B - S), 3 * (B + S)),
}


def exact(name: str, case: Sizes) -> Fraction:
    """The exact value: by sympy from the form's own expression, or by hand."""
    if name in HAND:
        return Fraction(HAND[name](**case))
    form = next(form for key, form in training().items() if key.replace(".", "_") == name)
    values = {sympy_symbol(n): sympy.Rational(v.numerator, v.denominator) for n, v in case.items()}
    value = form.expr.subs(values)
    return Fraction(int(value.p), int(value.q))


def compare(target: str, forms: Any, cases: Sequence[Sizes]) -> toolchains.Results:
    """The results, every one within the promised error."""
    found = RUNNERS[target](forms, cases)
    for case, results in zip(cases, found, strict=True):
        assert len(results) == len(forms)
        for name, value in results.items():
            expected = exact(name, case)
            if target in toolchains.EXACT:
                assert value == expected, (name, case)
            else:
                assert abs(Fraction(value) - expected) <= LIMIT * abs(expected), (name, case, float(expected))
    return found


def case(**changes: int | Fraction) -> dict[str, int | Fraction]:
    """Sizes of a small model with changes."""
    return {"B": 4, "S": 128, "L": 6, "D": 384, "A": 6, "E": 4, "T": 2, "p": 2, **changes}


FIXED = [
    case(**dict.fromkeys("BSLDAETp", 1)),
    case(),
    case(E=Fraction(5, 2), p=Fraction(1, 2)),
    case(B=1, S=2048, L=96, D=12288, A=96, T=8),
    case(S=2**64, D=3 * 2**65, B=2**63),
    case(S=10**19 + 6, D=3 * 10**20, L=10**18),
]
# B*S/10, S/128 and the thirds: exact multiples, one less and one more
TILES = [case(B=b, S=s, L=n) for b in (1, 3, 10, 128) for s in (9, 10, 11, 127, 128, 129, 1280) for n in (2, 3, 4)]
HUGE_TILES = [case(B=10 * 2**20, S=128 * 10 * 2**15 + d) for d in (-1, 0, 1)]


@pytest.mark.parametrize("target", TARGETS)
def test_closed_forms_are_computed_to_the_last_digits(target: str) -> None:
    compare(target, training(), FIXED)


@pytest.mark.parametrize("target", TARGETS)
def test_ceilings_floors_and_maxima_are_exact(target: str) -> None:
    cases = TILES + HUGE_TILES
    for one, results in zip(cases, compare(target, rounded(), cases), strict=True):
        for name in ("tiles", "nested", "tenths"):
            assert Fraction(results[name]) == exact(name, one)


@pytest.mark.parametrize("target", TARGETS)
def test_thirty_tenths_are_three(target: str) -> None:
    B, S = sympy_symbol("B"), sympy_symbol("S")  # 4 by the reciprocal of 10, as sympy's own printers write it
    assert RUNNERS[target]({"tiles": sympy.ceiling(B * S / 10)}, [{"B": 3, "S": 10}]) == [{"tiles": 3}]


@pytest.mark.parametrize("target", TARGETS)
def test_a_form_without_a_single_test_vector_is_computed_all_the_same(target: str) -> None:
    B = sympy_symbol("B")
    form = {"nowhere": 1 / ((B - 1) * (B - 3) * (B - BEYOND))}  # undefined at every size of the test vectors
    assert not vectors(collect(form)).found
    (found,) = RUNNERS[target](form, [{"B": 2}])
    assert found["nowhere"] == pytest.approx(1 / (BEYOND - 2), rel=1e-12)


@pytest.mark.parametrize("target", ["python", *(t for t in TARGETS if t.values[0] in PROGRAMS or t.values[0] == "sql")])
def test_forms_without_symbols_are_computed(target: str) -> None:
    (found,) = RUNNERS[target]({"seven": sympy.Integer(7), "third": sympy.Rational(1, 3)}, [{}])
    assert found == {"seven": 7, "third": pytest.approx(1 / 3, rel=1e-12)}


SIZE = st.integers(1, 10**6)


def divided(T: int, heads: int, width: int, **others: int | Fraction) -> dict[str, int | Fraction]:
    """Sizes of which T devices hold equal parts."""
    A = T * heads
    return case(T=T, A=A, D=A * width, **others)


DRAWN = st.lists(
    st.builds(
        divided, B=SIZE, S=SIZE, L=SIZE,
        T=st.integers(1, 1000), heads=st.integers(1, 1000), width=st.integers(1, 2**47).map(lambda n: 8 * n),
        E=st.integers(1, 64).map(lambda n: Fraction(n, 8)), p=st.sampled_from([1, 2, 4, Fraction(1, 2)]),
    ),
    min_size=20, max_size=40,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=2)
@given(cases=DRAWN)
def test_drawn_sizes(target: str, cases: list[Sizes]) -> None:
    compare(target, training(), cases)


# --- any expression at all --------------------------------------------------------------------------------------------

Drawn = tuple[Any, Fraction, Fraction]  # an expression; its value at ODD; what it adds up to when nothing cancels
ODD = {"B": 3, "S": 127, "L": 7, "D": 1000}


def drawn_sum(a: Drawn, b: Drawn) -> Drawn:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def drawn_difference(a: Drawn, b: Drawn) -> Drawn:
    return a[0] - b[0], a[1] - b[1], a[2] + b[2]


def drawn_product(a: Drawn, b: Drawn) -> Drawn:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def drawn_quotient(a: Drawn, b: Drawn) -> Drawn:
    return (a[0] / b[0], a[1] / b[1], a[2] / b[2]) if b[1] == b[2] > 0 else a  # nothing cancels below


def drawn_maximum(a: Drawn, b: Drawn) -> Drawn:
    return sympy.Max(a[0], b[0], 5), max(a[1], b[1], Fraction(5)), max(a[2], b[2], Fraction(5))


def drawn_power(a: Drawn, exponent: int) -> Drawn:
    return a[0] ** exponent, a[1] ** exponent, a[2] ** exponent


def drawn_ceiling(a: Drawn, divisor: int) -> Drawn:
    whole = a[1].denominator == 1 and a[2] < 2**53
    return (sympy.ceiling(a[0] / divisor), Fraction(ceil(a[1] / divisor)), a[2] + 1) if whole else a


EXPRESSION = st.recursive(
    st.one_of(
        st.sampled_from([(sympy_symbol(name), Fraction(size), Fraction(size)) for name, size in ODD.items()]),
        st.integers(-3, 12).map(lambda n: (sympy.Integer(n), Fraction(n), Fraction(abs(n)))),
    ),
    lambda part: st.one_of(
        *(st.builds(f, part, part) for f in (drawn_sum, drawn_difference, drawn_product, drawn_quotient)),
        st.builds(drawn_maximum, part, part),
        st.builds(drawn_power, part, st.integers(2, 5)),
        st.builds(drawn_ceiling, part, st.sampled_from([3, 10, 128])),
    ),
    max_leaves=10,
)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=2)
@given(drawn=st.lists(EXPRESSION, min_size=20, max_size=30))
def test_drawn_expressions(target: str, drawn: list[Drawn]) -> None:
    letters = sum(sympy_symbol(name) for name in ODD)  # so that every size occurs
    forms = {f"f{i}": expression for i, (expression, _, _) in enumerate(drawn)} | {"all_sizes": letters}
    (results,) = RUNNERS[target](forms, [ODD])
    for i, (expression, expected, magnitude) in enumerate(drawn):
        assert abs(Fraction(results[f"f{i}"]) - expected) <= LIMIT * magnitude, expression


# --- names ------------------------------------------------------------------------------------------------------------


def named(form: str, symbol: str, target: Target) -> bool:
    """Whether the target takes names like these."""
    with suppress(UserError):
        spelling = spelled([symbol, "B"], target)
        return bool(function_names([Form(form, sympy_symbol("B"))], target, spelling))
    return False


@pytest.mark.parametrize("target", [param for param in TARGETS if param.values[0] in available()])
def test_every_word_that_a_module_uses_is_reserved_or_harmless_as_a_name(target: str) -> None:
    B, S, described = sympy_symbol("B"), sympy_symbol("S"), load(target)
    text = "size cost check above below" if target == "excel" else str(export(rounded(), target))
    words = {word.strip("_").lower(): word for word in sorted(set(re.findall(r"[A-Za-z_]\w*", text)))}
    forms = {word: 2 * B + S for word in words.values() if word.strip("_") and named(word, "S", described)}
    symbols = [sympy.Symbol(word) for word in words.values() if named("form", word, described)]
    assert len(forms) > 3
    assert len(symbols) > 3
    (found,) = RUNNERS[target](forms, [{"B": 3, "S": 4}])
    assert set(found.values()) == {10}
    together = {"form": sum(i * symbol for i, symbol in enumerate(symbols, 1))}
    (found,) = RUNNERS[target](together, [{symbol.name: 1 for symbol in symbols}])
    assert found == {"form": len(symbols) * (len(symbols) + 1) // 2}
