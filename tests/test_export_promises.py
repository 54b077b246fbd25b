"""What each code target promises beside right results: dataclasses, broadcasting, dialects, cached values."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
import sympy
import toolchains
from test_export_code import case, exact, rounded, training

import costgraph as cg
from costgraph.algebra.symbols import sympy_symbol
from costgraph.errors import UserError
from costgraph.exporting import export


def small(**options: Any) -> Any:
    """One exported form."""
    return export(cg.derive("flops"), **options)


CODE = ["numpy", "python", "c", "rust", "javascript", "typescript", "sql"]


def prose(text: Any) -> str:
    """A module in one line, without what starts a line of a comment and without quotation marks."""
    lines = (re.sub(r"^\s*(\*|///?|--)?\s*", "", line) for line in str(text).splitlines())
    return " ".join(lines).replace("`", "")


@pytest.mark.parametrize("target", CODE)
def test_a_module_says_what_its_numbers_are_the_cost_of(target: str) -> None:
    passes = ["flash_attention", "tensor_parallel(T)"]
    text = prose(export(cg.derive("states", "flops", passes=passes, limit="E=4,p=2"), target))
    rewritten = "phase train, rewritten by flash_attention, then backward; one device of the mesh tensor(T)"
    idle = "note: p does not occur in states, flops"
    assert f"For decoder, {rewritten}; E = 4, p = 2; {idle}." in text
    assert f"For decoder, {rewritten}; precision mixed_adam; E = 4, p = 2; {idle}." in text
    infinite = cg.derive("communication", op_set="decoder(head=True)", passes=["tensor_parallel(T)"], limit="T->oo")
    assert "For decoder(head=True), phase train" in prose(export(infinite, target))
    assert "; T -> oo." in prose(export(infinite, target))
    assert "For decoder" not in prose(export(infinite.limited, target))  # a form alone does not know its model
    assert "Only the leading terms" not in text


@pytest.mark.parametrize("target", CODE)
def test_leading_terms_are_not_shown_as_the_whole_form(target: str) -> None:
    text = prose(export(cg.derive("flops", when="S << D", limit="E=4"), target))
    assert "Only the leading terms where S << D; what is neglected first is S/(6*D) of them." in text
    intensity = prose(export(cg.derive("intensity", phase="decode", when="S << D"), target))
    assert "Left out, exactly" not in intensity  # the rest of the whole form, not of these terms
    whole = prose(export(cg.derive("params", when="S << D", limit="E=4"), target))  # nothing is neglected
    assert "Only the leading terms" not in whole
    assert "Left out, exactly: 4*L*D." in whole


def test_what_is_left_out_is_counted_where_nobody_would_read_it() -> None:
    text = prose(export(cg.derive("intensity", phase="decode"), "numpy"))
    assert "Left out, exactly: a quotient of 6 by 32 terms, which the target json writes out." in text


@pytest.mark.parametrize("target", CODE)
def test_a_long_form_is_wrapped_like_prose(target: str) -> None:
    derivation = cg.derive("intensity", phase="decode", op_set="decoder(head=True, kv_heads=G)")
    text, form = str(export(derivation, target)), str(derivation.forms["intensity"].value)
    assert form in prose(text)
    assert form not in text


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


@pytest.mark.needs_tool("gcc")
@pytest.mark.parametrize("symbols_as", ["args", "dataclass"])
def test_symbols_of_c_may_be_called_as_its_arrays_are(symbols_as: str, tmp_path: Any) -> None:
    letters = ["of_B", "B", "of_of_B", "of", "to", "first", "number", "sum", "each", "size", "to_costgraph_one"]
    forms = {"one": sympy.Add(*sympy.symbols(letters)), "first": sympy.Symbol("of_B") / sympy.Symbol("B")}
    (tmp_path / "costs.h").write_text(str(export(forms, "c", symbols_as=symbols_as)))
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
    toolchains.call("gcc", *strict, "-x", "c", "-DCOSTGRAPH_MAIN", "costs.h", "-lm", cwd=tmp_path)
    toolchains.call(tmp_path / "a.out")


@pytest.mark.needs_tool("node", "tsc")
@pytest.mark.parametrize("target", ["javascript", "typescript"])
def test_a_self_check_of_numbers_says_what_differs_nan_as_well(target: str, tmp_path: Any) -> None:
    text = small(target=target).replace("flops: 12.0*", "flops: NaN*")
    name = "costs.mjs" if target == "javascript" else "costs.ts"
    (tmp_path / name).write_text(text)
    if target == "typescript":
        toolchains.call("tsc", "--target", "es2022", "--module", "es2022", "--types", "", name, cwd=tmp_path)
        (tmp_path / "costs.js").rename(tmp_path / "costs.mjs")
    main = "import('./costs.mjs').then(m => console.log(m.selfCheck()[0]))"
    assert toolchains.call("node", "-e", main, cwd=tmp_path) == "flops: NaN, exactly 48\n"


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


@pytest.mark.parametrize("rows", [1, 3, 300_000])  # at once, and block by block
def test_numpy_writes_results_into_arrays_that_are_given(rows: int) -> None:
    np = toolchains.need("numpy")
    B, S = sympy_symbol("B"), sympy_symbol("S")
    module = toolchains.imported(str(export({"one": 2 * B, "both": B * S, "none": sympy.Integer(7)}, "numpy")))
    sizes = {"B": np.arange(1.0, rows + 1), "S": 3}
    into = {name: np.full(rows, np.nan) for name in ("one", "both", "none")}
    found = module.costs(**sizes, out=into)
    for name, fresh in module.costs(**sizes).items():
        assert found[name] is into[name]
        np.testing.assert_array_equal(into[name], fresh)


@pytest.mark.parametrize("rows", [3, 300_000])
def test_numpy_refuses_arrays_that_cannot_hold_the_results(rows: int) -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(str(export({"one": 2 * sympy_symbol("B")}, "numpy")))
    sizes = np.arange(1.0, rows + 1)
    for wrong in (np.empty(rows + 1), np.empty(rows, dtype=np.float32), np.empty((1, rows))):
        with pytest.raises(ValueError, match=r"out must have arrays of float64 of shape \("):
            module.costs(sizes, out={"one": wrong})
    with pytest.raises(TypeError, match="out is for NumPy arrays"):
        module.costs(sizes, out={"one": [0.0] * rows})


@pytest.mark.parametrize("rows", [3, 300_000])
def test_numpy_refuses_arrays_that_are_not_one_for_each_result(rows: int) -> None:
    np = toolchains.need("numpy")
    B = sympy_symbol("B")
    module = toolchains.imported(str(export({"one": 2 * B, "two": 3 * B}, "numpy")))
    sizes, one, two = np.arange(1.0, rows + 1), *(np.empty(rows) for _ in range(2))
    fixed = np.empty(rows)
    fixed.flags.writeable = False
    wide = np.empty(2 * rows)
    for out, message in {
        "missing": ({"one": one}, "out lacks two: it must have an array for each of one, two"),
        "extra": ({"one": one, "two": two, "three": two}, "out has three: it must have"),
        "misspelt": ({"one": one, "too": two}, "out lacks two and has too: it must have"),
        "the same": ({"one": one, "two": one}, "two arrays that share memory"),
        "overlapping": ({"one": wide[:rows], "two": wide[1 : rows + 1]}, "two arrays that share memory"),
        "fixed": ({"one": one, "two": fixed}, "cannot be written"),
    }.values():
        with pytest.raises(ValueError, match=message):
            module.costs(sizes, out=out)
    columns = {"one": wide[::2], "two": wide[1::2]}  # which lie between one another, and share nothing
    module.costs(sizes, out=columns)
    assert np.array_equal(columns["one"], 2 * sizes)
    assert np.array_equal(columns["two"], 3 * sizes)


def test_numpy_computes_large_arrays_block_by_block_to_the_same_result() -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(small(target="numpy"))
    B, S = np.arange(1.0, 301.0)[:, None], np.arange(1.0, 501.0)
    whole = module.flops(B, S, 2, 64, 4)
    assert whole.shape == (300, 500)
    assert np.array_equal(whole, 12.0 * B * S * 2 * 64 * (64 * 6.0 + S))


def odd_forms() -> dict[str, sympy.Expr]:
    """Results that are an argument, a number, one another, and of every function and operator."""
    B, S, L = map(sympy_symbol, ("B", "S", "L"))
    return {
        "argument": B,
        "number": sympy.Integer(7),
        "sum": 2 * B * S + L,
        "alike": 2 * B * S + L,
        "negative": -B + 3 * L,
        "quotient": 3 * L / (B + S),
        "inverse": 2 / S,
        "power": (B + S) ** 7,
        "most": sympy.Max(B * S, 3 * L, 5),
        "least": sympy.Min(B, S) * L,
        "rounded": sympy.ceiling(B * S / 10) + sympy.floor(L / 3),
        "root": sympy.sqrt(B * S),
    }


@pytest.mark.parametrize(
    ("shapes", "into"),
    [
        (((100_000,), (100_000,), (100_000,)), False),
        (((100_000,), (100_000,), (100_000,)), True),
        (((100_000,), (), (100_000,)), True),
        (((250, 400), (250, 400), ()), True),
        (((8193,), (1,), ()), False),
        (((250, 1), (400,), ()), True),
    ],
    ids=str,
)
def test_numpy_computes_large_arrays_in_place_to_the_same_bits(shapes: tuple[tuple[int, ...], ...], into: bool) -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(str(export(odd_forms(), "numpy")))
    random = np.random.default_rng(0)
    sizes = [random.integers(1, 1000, shape).astype(np.float64) for shape in shapes]
    shape = np.broadcast_shapes(*shapes)
    targets = {name: np.full(shape, -1.0) for name in odd_forms()}
    found = module.costs(*sizes, check=False, out=targets if into else None)
    every = [np.broadcast_to(size, shape).reshape(-1) for size in sizes]
    for start in range(0, every[0].size, 5000):  # few enough to be computed at once
        expected = module.costs(*(size[start : start + 5000] for size in every), check=False)
        for name, values in expected.items():
            assert np.array_equal(found[name].reshape(-1)[start : start + 5000], values), name


def test_numpy_writes_over_its_arguments_where_it_is_told_to() -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(small(target="numpy"))
    sizes = [np.arange(1.0, 20_001.0) for _ in range(5)]
    expected = module.flops(*sizes)
    module.costs(*sizes, out={"flops": sizes[1]})
    assert np.array_equal(sizes[1], expected)


@pytest.mark.needs_library("torch", "jax", "dask")
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


@pytest.mark.needs_library("jax")
def test_jax_without_float64_is_refused() -> None:
    jax = toolchains.need("jax")
    module = toolchains.imported(small(target="numpy"))
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(UserWarning, match="float64"), pytest.raises(TypeError, match="jax_enable_x64"):
            module.flops(jax.numpy.asarray([1.0]), 1, 1, 1, 1)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_python_takes_floats_that_are_exactly_what_they_print() -> None:
    module = toolchains.imported(small(target="python"))
    assert module.flops(1, 1, 1, 2, 2.5) == module.flops(1, 1.0, 1, 2, Fraction(5, 2)) == 24 * (2 * Fraction(9, 2) + 1)
    assert isinstance(module.flops(1, 1, 1, 2, 2.5), int)
    for inexact in (0.1, 1e300, 2.0**-1074):
        with pytest.raises(ValueError, match="no exact binary fraction; give a Fraction"):
            module.flops(1, 1, 1, 1, inexact)


def test_a_form_without_symbols_is_a_function_without_arguments() -> None:
    form = cg.params(cg.decoder()).limit(L=2, D=8, E=4)
    for target in ("numpy", "python"):
        module = toolchains.imported(str(export(form, target)))
        module.self_check()
        assert module.params() == 12 * 2 * 64


@pytest.mark.needs_tool
def test_sql_in_another_dialect_runs_there() -> None:
    toolchains.need("sqlglot")
    cases = [case(), case(S=7)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(small(target="sql", dialect="sqlite"))
        rows = toolchains.queried(cg.derive("flops"), cases, connection)
    for one, row in zip(cases, rows, strict=True):
        assert row["flops"] == exact("flops", one) * one["T"]


@pytest.mark.slow
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
    assert live["costs"][at].value.endswith(",12*size_B*size_S*size_L*size_D*(size_D*(size_E + 2) + size_S),NA())")
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
