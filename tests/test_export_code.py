"""Generated code, compiled or loaded and run by the tools of its language, against exact rationals."""

from __future__ import annotations

import re
import sqlite3
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
from costgraph.errors import UserError
from costgraph.exporting import export
from costgraph.exporting.targets import available
from costgraph.symbols import sympy_symbol

PROGRAMS = {
    "c": ("gcc",),
    "rust": ("rustc",),
    "javascript": ("node", "tsc"),
    "typescript": ("node", "tsc"),
    "excel": ("soffice",),
}
TARGETS = [pytest.param(name, marks=pytest.mark.needs_tool(*PROGRAMS.get(name, ()))) for name in RUNNERS]
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
    case(S=2**64, D=2**65, B=2**63),
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


SIZE = st.integers(1, 10**6)
DRAWN = st.lists(
    st.builds(
        case, B=SIZE, S=SIZE, L=SIZE, D=st.integers(1, 2**70), A=SIZE, T=SIZE,
        E=st.integers(1, 64).map(lambda n: Fraction(n, 8)), p=st.sampled_from([1, 2, 4, Fraction(1, 2)]),
    ),
    min_size=20, max_size=40,
)  # fmt: skip


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


def possible(name: str, value: Any, target: str) -> bool:
    """Whether the target takes a form of that name."""
    with suppress(UserError):
        return bool(export({name: value}, target))
    return False


@pytest.mark.parametrize("target", [param for param in TARGETS if param.values[0] in available()])
def test_every_word_that_a_module_uses_is_reserved_or_harmless_as_a_name(target: str) -> None:
    B, S = sympy_symbol("B"), sympy_symbol("S")
    text = "size cost check above below" if target == "excel" else str(export(rounded(), target))
    words = {word.strip("_").lower(): word for word in sorted(set(re.findall(r"[A-Za-z_]\w*", text)))}
    forms = {word: 2 * B + S for word in words.values() if word.strip("_") and possible(word, B + S, target)}
    symbols = [s for w in words.values() if possible("form", (s := sympy.Symbol(w)) + B, target)]
    assert len(forms) > 3
    assert len(symbols) > 3
    (found,) = RUNNERS[target](forms, [{"B": 3, "S": 4}])
    assert set(found.values()) == {10}
    together = {"form": sum(i * symbol for i, symbol in enumerate(symbols, 1))}
    (found,) = RUNNERS[target](together, [{symbol.name: 1 for symbol in symbols}])
    assert found == {"form": len(symbols) * (len(symbols) + 1) // 2}


# --- what each target promises beside that ----------------------------------------------------------------------------


def small(**options: Any) -> Any:
    """One exported form."""
    return export(cg.derive("flops"), **options)


@pytest.mark.parametrize("target", ["numpy", "python"])
def test_a_dataclass_of_sizes(target: str) -> None:
    module = toolchains.imported(small(target=target, symbols_as="dataclass"))
    module.self_check()
    assert module.flops(module.Sizes(B=1, S=2, L=3, D=4, E=5)) == 12 * 1 * 2 * 3 * 4 * (4 * 7 + 2)


@pytest.mark.needs_tool("gcc", "rustc", "node", "tsc")
@pytest.mark.parametrize("target", ["c", "rust", "javascript", "typescript"])
def test_a_struct_of_sizes(target: str, tmp_path: Any) -> None:
    text, call = small(target=target, symbols_as="dataclass"), toolchains.call
    if target == "c":
        (tmp_path / "costs.h").write_text(text)
        call("gcc", "-std=c99", "-Werror", "-Wall", "-x", "c", "-DCOSTGRAPH_MAIN", "costs.h", "-lm", cwd=tmp_path)
        call(tmp_path / "a.out")
    elif target == "rust":
        (tmp_path / "costs.rs").write_text(text)
        call("rustc", "--edition=2021", "--test", "-D", "warnings", "costs.rs", cwd=tmp_path)
        assert "1 passed" in call(tmp_path / "costs")
    else:
        name = "costs.mjs" if target == "javascript" else "costs.ts"
        (tmp_path / name).write_text(text)
        allow = ["--allowJs", "--checkJs"] if target == "javascript" else []
        target_options = ["--target", "es2022", "--module", "es2022", "--outDir", "out", "--types", ""]
        call("tsc", "--strict", *allow, *target_options, name, cwd=tmp_path)
        made = next((tmp_path / "out").iterdir()).rename(tmp_path / "out" / "made.mjs")
        main = f"import('{made}').then(m => console.log(m.selfCheck().length, m.flops(m.vectors[0].sizes)))"
        assert call("node", "-e", main).split() == ["0", "48"]


def test_numpy_takes_integers_beyond_64_bits_and_broadcasts() -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(small(target="numpy"))
    assert module.flops(2**70, 1, 1, 1, 1) == 12.0 * 2**70 * 4
    grid = module.flops(np.arange(1, 4)[:, None], np.array([1, 10], dtype=np.int32), 1, 100, 4)
    assert grid.shape == (3, 2)
    assert grid.dtype == np.float64
    assert grid[2, 1] == 12 * 3 * 10 * 100 * (600 + 10)


def test_all_results_of_numpy_have_the_shape_to_which_the_sizes_broadcast() -> None:
    np = toolchains.need("numpy")
    B, S = sympy_symbol("B"), sympy_symbol("S")
    module = toolchains.imported(str(export({"one": 2 * B, "both": B * S, "none": sympy.Integer(7)}, "numpy")))
    for rows in (3, 300_000):  # at once, and block by block
        found = module.costs(B=np.arange(1.0, rows + 1)[:, None], S=[1, 2])
        assert {name: value.shape for name, value in found.items()} == dict.fromkeys(found, (rows, 2))
        assert found["none"][-1, -1] == 7
        assert np.array_equal(found["one"][:, 0], found["one"][:, 1])
    assert module.both([], 1).shape == (0,)
    assert module.costs(2, 3) == {"one": 4, "both": 6, "none": 7}


def test_numpy_computes_large_arrays_block_by_block_to_the_same_result() -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(small(target="numpy"))
    B, S = np.arange(1.0, 301.0)[:, None], np.arange(1.0, 501.0)
    whole = module.flops(B, S, 2, 64, 4)
    assert whole.shape == (300, 500)
    assert np.array_equal(whole, 12.0 * B * S * 2 * 64 * (64 * 6.0 + S))


@pytest.mark.needs_tool
def test_arrays_of_other_libraries_keep_what_makes_them_special() -> None:
    torch, jax, dask = toolchains.need("torch"), toolchains.need("jax"), toolchains.need("dask.array")
    module = toolchains.imported(small(target="numpy"))
    for dtype in (torch.float32, torch.float64):
        size = torch.tensor(7.0, dtype=dtype, requires_grad=True)
        module.flops(1, size, 2, 3, 4).backward()
        assert size.grad == 12 * 2 * 3 * (3 * 6 + 2 * 7)
    jax.config.update("jax_enable_x64", True)
    assert jax.grad(jax.jit(module.flops), argnums=1)(1.0, 7.0, 2.0, 3.0, 4.0) == 12 * 2 * 3 * (3 * 6 + 2 * 7)
    lazy = module.flops(1, dask.arange(6, chunks=2), 2, 3, 4)
    assert (type(lazy), lazy.chunks) == (dask.Array, ((2, 2, 2),))


@pytest.mark.needs_tool
def test_jax_without_float64_is_refused() -> None:
    jax = toolchains.need("jax")
    module = toolchains.imported(small(target="numpy"))
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(UserWarning, match="float64"), pytest.raises(TypeError, match="jax_enable_x64"):
            module.flops(jax.numpy.asarray([1.0]), 1, 1, 1, 1)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_python_refuses_floats() -> None:
    module = toolchains.imported(small(target="python"))
    with pytest.raises(TypeError, match=r"E=2\.5: exact functions take int or Fraction"):
        module.flops(1, 1, 1, 1, 2.5)
    assert module.flops(1, 1, 1, 2, Fraction(5, 2)) == 24 * (2 * Fraction(9, 2) + 1)


def test_a_form_without_symbols_is_a_function_without_arguments() -> None:
    form = cg.params(cg.decoder()).limit(L=2, D=8, E=4)
    for target in ("numpy", "python"):
        module = toolchains.imported(str(export(form, target)))
        module.self_check()
        assert module.params() == 12 * 2 * 64


@pytest.mark.needs_tool
def test_sql_in_another_dialect_runs_there() -> None:
    toolchains.need("sqlglot")
    connection = sqlite3.connect(":memory:")
    connection.executescript(small(target="sql", dialect="sqlite"))
    cases = [case(), case(S=7)]
    for one, row in zip(cases, toolchains.queried(cg.derive("flops"), cases, connection), strict=True):
        assert row["flops"] == exact("flops", one) * one["T"]


@pytest.mark.needs_tool
def test_sql_in_every_dialect_that_sqlglot_writes_can_be_read_there() -> None:
    sqlglot = toolchains.need("sqlglot")
    read_only = set()
    for dialect in filter(None, sqlglot.Dialect.classes):
        try:
            assert sqlglot.parse(export(rounded(), "sql", dialect=dialect), read=dialect)
        except UserError as error:
            read_only.add(dialect)
            assert f"reads the SQL dialect '{dialect}' but cannot write it" in str(error)  # noqa: PT017
    assert read_only <= {"dax", "prql"}
    assert {"postgres", "mysql", "sqlite", "bigquery", "snowflake", "tsql"} <= set(sqlglot.Dialect.classes)


@pytest.mark.needs_tool("soffice")
def test_the_workbook_holds_what_its_formulas_give(tmp_path: Any) -> None:
    openpyxl = toolchains.need("openpyxl")
    path = tmp_path / "costs.xlsx"
    path.write_bytes(small(target="excel"))
    cached = openpyxl.load_workbook(path, data_only=True)["costs"]
    live = openpyxl.load_workbook(path)
    at = live.defined_names["cost_flops"].attr_text.split("!")[1].replace("$", "")
    assert cached[at].value == 12 * 2048 * 96 * 12288 * (12288 * 6 + 2048)
    assert live["costs"][at].value.startswith("=12*size_B*")
    size = live.defined_names["size_B"].attr_text.split("!")[1].replace("$", "")
    live["costs"][size] = 3
    live.save(path)
    book = toolchains.recalculated(path)
    assert book["costs"][at].value == pytest.approx(3 * cached[at].value, rel=1e-14)  # 15 digits are saved
    agrees = [row for row in book["check"].iter_rows(values_only=True) if str(row[0]).endswith("agrees")]
    assert agrees
    assert all(cell is True for row in agrees for cell in row[1:])


@pytest.mark.needs_tool("soffice")
def test_every_cached_value_is_what_libreoffice_computes(tmp_path: Any) -> None:
    openpyxl = toolchains.need("openpyxl")
    path = tmp_path / "costs.xlsx"
    path.write_bytes(export({**training(), **rounded()}, "excel"))
    live, saved = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    computed = toolchains.recalculated(path)
    formulas = [cell for sheet in live for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert len(formulas) > 30
    for cell in formulas:
        cached = saved[cell.parent.title][cell.coordinate].value
        assert cached is not None
        assert computed[cell.parent.title][cell.coordinate].value == pytest.approx(cached, rel=1e-14), cell.value
