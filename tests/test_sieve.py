"""Limits that leave points out before anything is worked out of them: what is left is what all of them say."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.searching import loop, sieve
from costgraph.searching.constraints import Constraint
from costgraph.searching.open_mesh import meshes
from costgraph.searching.sieve import PAYS, Sieve

B, S, L = map(Polynomial.symbol, "BSL")
LISTS = {"B": range(1, 31), "S": range(1, 61), "L": range(1, 41)}
ENGINES = [1, pytest.param(PAYS, marks=pytest.mark.needs_tool("gcc"))]  # points: with NumPy, with a compiler
FORMS = {
    "a sum": (Quotient(B * S * L + S * S), ()),
    "a quotient": (Quotient(B * S * 3, S + L), ()),
    "a number": (Quotient(L), ()),
    "on one side": (Quotient(S * 5 - L), ()),
    "of a minimum": (Quotient(B * Polynomial.symbol("S_w")), (Definition("S_w", "min", (S, L * 2)),)),
    "of a minimum of both sides": (
        Quotient(S * Polynomial.symbol("S_w")), (Definition("S_w", "min", (B, L)),),
    ),
}  # fmt: skip


def exactly(form: Quotient, definitions: tuple[Definition, ...], point: dict[str, int]) -> Fraction:
    sizes = {name: Polynomial.constant(value) for name, value in point.items()}
    for one in definitions:
        values = [Fraction(side.substitute(sizes).number or 0) for side in one.arguments]
        sizes[one.name] = Polynomial.constant(min(values))
    return Fraction(form.substitute(sizes).number or 0)


@pytest.mark.parametrize("points", ENGINES)
@pytest.mark.parametrize("relation", ["<=", "<", ">=", ">", "=="])
@pytest.mark.parametrize("name", FORMS)
def test_no_point_that_keeps_a_limit_is_left_out(name: str, relation: str, points: int) -> None:
    form, definitions = FORMS[name]
    middle = exactly(form, definitions, {"B": 15, "S": 30, "L": 20})
    limit = Constraint(name, name, relation, middle)
    made = Sieve.of([(limit, form, definitions)], points)
    assert made is not None
    for mesh in meshes(LISTS, 20_000, 26_000):
        left = set(made.places(mesh).tolist())
        columns = {one: mesh[one].astype(int) for one in LISTS}
        for at in range(0, mesh.length, 7):
            value = exactly(form, definitions, {one: int(column[at]) for one, column in columns.items()})
            assert limit.holds_exactly(value) <= (at in left), (value, middle)
            if abs(value - middle) > abs(middle) / 10**6:
                assert limit.holds_exactly(value) == (at in left), (value, middle)


@pytest.mark.needs_tool("gcc")
@given(
    st.lists(
        st.tuples(st.sampled_from(list(FORMS)), st.sampled_from(["<=", ">", "=="]), st.integers(1, 5000)),
        min_size=1,
        max_size=3,
    )
)
def test_the_compiled_loop_says_what_numpy_says(chosen: list[tuple[str, str, int]]) -> None:
    limits = [(Constraint(name, name, relation, Fraction(limit)), *FORMS[name]) for name, relation, limit in chosen]
    made = [Sieve.of(limits, points) for points in (1, PAYS)]
    for mesh in meshes(LISTS, 3000, 9000):
        slow, fast = (one.places(mesh).tolist() for one in made if one is not None)
        assert slow == fast


@pytest.mark.needs_tool("gcc")
@given(
    weights=st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), min_size=1, max_size=4),
    first=st.lists(st.integers(0, 20), min_size=1, max_size=200),
    falls=st.booleans(),
)
def test_bounds_of_a_stretch_leave_out_what_single_points_do(
    weights: list[list[int]], first: list[int], falls: bool
) -> None:
    column = np.array(first, dtype=float)
    table = np.stack([np.sort(column)[::-1] if falls else column, column**2])  # a stretch may be all, none or some
    compiled = loop.compiled(((0, 1), (1,)), 2)
    assert compiled is not None
    rows = np.array([[row, [0, -row[0]]] for row in weights], dtype=float)
    values = np.maximum(rows[:, 0] @ table, rows[:, 1] @ table).ravel()
    assert compiled.places(rows, table).tolist() == np.flatnonzero(values <= 0).tolist()


@pytest.mark.needs_tool("gcc")
def test_many_points_go_through_the_compiled_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    called = list[loop.Loop]()
    places = loop.Loop.places

    def counted(one: loop.Loop, *arguments: Any) -> Any:
        called.append(one)
        return places(one, *arguments)

    monkeypatch.setattr(loop.Loop, "places", counted)
    made = Sieve.of([(Constraint("", "a sum", "<=", Fraction(900)), *FORMS["a sum"])], PAYS)
    assert made is not None
    for mesh in meshes(LISTS):
        made.places(mesh)
    assert called


def test_without_a_compiler_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "COMPILERS", ())
    monkeypatch.setenv("CC", "")
    loop.compiler_of.cache_clear()
    loop.compiled.cache_clear()
    try:
        made = Sieve.of([(Constraint("", "a sum", "<=", Fraction(900)), *FORMS["a sum"])], PAYS)
        plain = Sieve.of([(Constraint("", "a sum", "<=", Fraction(900)), *FORMS["a sum"])], 1)
        assert made is not None
        assert plain is not None
        for mesh in meshes(LISTS):
            assert made.places(mesh).tolist() == plain.places(mesh).tolist()
    finally:
        loop.compiler_of.cache_clear()
        loop.compiled.cache_clear()


def test_nothing_is_sieved_without_a_limit_or_below_what_may_be_negative() -> None:
    assert Sieve.of([], 1) is None
    below = {"odd": (Quotient(B, S - L + ONE * 5), ())}
    assert sieve.limited([Constraint("", "odd", "<=", Fraction(1))], below, ()) == []


@pytest.mark.parametrize(
    "where", ["flops <= 1e15", "S == 2048", "B >= 7", "flops < 1e15, S > 3000", "activations <= 4e11"]
)
def test_a_sweep_says_with_a_sieve_what_it_says_without(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> Any:
        found = cg.sweep(
            model="llama-3-8b", over="B=1..40, S=[1024, 2048, 4096, 8192], L=[16, 32]",
            measures=["flops", "activations"], where=where.split(", "),
        )  # fmt: skip
        return {name: list(column) for name, column in found.columns().items()}, found.tally

    with_sieve = told()
    monkeypatch.setattr("costgraph.searching.sweep.limited", lambda *arguments: [])
    assert with_sieve == told()
    assert np.size(with_sieve[0]["B"])
