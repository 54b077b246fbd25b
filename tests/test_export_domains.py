"""Exported functions refuse what is outside a symbol's domain or breaks an assumption, each in its language's way."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy
import toolchains

import costgraph as cg
from costgraph.algebra.expression import names
from costgraph.exporting.forms import collect

DERIVED = cg.derive("activations", "params", passes=["tensor_parallel(T)"], limit="E=4")
POSITIONS = cg.derive("params", op_set="decoder(head=True)", limit="S=D-L")  # D - L <= K, and at least 1
GOOD: dict[str, Any] = {"B": 1, "S": 16, "L": 2, "D": 48, "A": 8, "T": 2, "p": 2}
BAD: dict[str, tuple[dict[str, float], str]] = {  # changed sizes -> what is said
    "zero": ({"B": 0}, "B must be a positive integer"),
    "negative": ({"S": -1}, "S must be a positive integer"),
    "a fraction": ({"L": 1.5}, "L must be a positive integer"),
    "not a number": ({"D": math.nan}, "D must be a positive integer"),
    "without bound": ({"D": math.inf}, "D must be a positive integer"),
    "a negative width": ({"p": -2}, "p must be a positive"),
    "T does not divide A": ({"T": 3}, "T | A does not hold"),
    "A does not divide D": ({"A": 10}, "A | D does not hold"),
}
LETTERS = names([form.node for form in collect(DERIVED)])
RESULTS: dict[str, Any] = {name: form.limit(**GOOD).number for name, form in DERIVED.limited.items()}


def with_changes(changes: dict[str, float]) -> list[float]:
    """The arguments of `costs`."""
    return [changes.get(name, GOOD[name]) for name in LETTERS]


def literal(size: float, nan: str, infinity: str) -> str:
    """A double in a language."""
    return nan if math.isnan(size) else infinity if math.isinf(size) else repr(float(size))


def said(text: str) -> str:
    """A message without the value that it names."""
    return re.sub(r" ?= ?[-\w.]+", "", text)


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_python_raises(changes: dict[str, float], message: str) -> None:
    module = toolchains.imported(str(cg.export(DERIVED, "python")))
    assert module.costs(**GOOD) == RESULTS
    with pytest.raises(ValueError, match=re.escape(message.partition(" ")[0])) as error:
        module.costs(*with_changes(changes))
    assert said(str(error.value)).startswith(message)
    with pytest.raises(TypeError):
        module.costs(**{**GOOD, "B": None})
    with pytest.raises(TypeError):
        module.costs(**{**GOOD, "B": True})


def test_one_form_checks_what_its_own_arguments_show() -> None:
    for target in ("python", "numpy"):
        module = toolchains.imported(str(cg.export(DERIVED, target)))
        assert module.params(2, 48, 3) == module.params(2, 48, 1) / 3  # T | A is not to be seen here
        with pytest.raises(ValueError, match=r"T \| 4\*D does not hold"):
            module.params(2, 48, 5)


@pytest.mark.parametrize(
    "library",
    [
        "numpy",
        "array_api_strict",
        *(pytest.param(n, marks=pytest.mark.needs_library(n.partition(".")[0])) for n in ("torch", "jax.numpy")),
    ],
)
@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_arrays_with_one_element_outside_are_refused(library: str, changes: dict[str, float], message: str) -> None:
    xp = toolchains.need(library)
    if library == "jax.numpy":
        toolchains.need("jax").config.update("jax_enable_x64", True)
    module = toolchains.imported(str(cg.export(DERIVED, "numpy")))
    both = {n: xp.asarray([GOOD[n], s], dtype=xp.float64) for n, s in zip(LETTERS, with_changes(changes), strict=True)}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        module.costs(**both)
    unchecked = module.costs(**both, check=False)
    assert {name: float(value[0]) for name, value in unchecked.items()} == RESULTS


def test_large_arrays_are_checked_to_the_last_element() -> None:
    np = toolchains.need("numpy")
    module = toolchains.imported(str(cg.export(DERIVED, "numpy")))
    for name, bad in (("B", 0.0), ("D", 48.5), ("T", 3.0)):
        sizes = {n: np.full((300, 500), float(GOOD[n])) for n in LETTERS}
        module.costs(**sizes)
        sizes[name][-1, -1] = bad
        with pytest.raises(ValueError, match=r"must be a positive integer|does not hold"):
            module.costs(**sizes)


@pytest.mark.needs_library("jax", "dask")
def test_elements_that_are_not_known_yet_become_nan() -> None:
    np, jax, dask = toolchains.need("numpy"), toolchains.need("jax"), toolchains.need("dask.array")
    jax.config.update("jax_enable_x64", True)
    module = toolchains.imported(str(cg.export(DERIVED, "numpy")))
    arguments = {**GOOD, "T": np.asarray([2.0, 3.0, 0.0, math.nan])}
    for found in (
        jax.jit(module.activations)(**arguments),
        module.activations(**{**arguments, "T": dask.from_array(arguments["T"], chunks=2)}).compute(),
    ):
        assert found[0] == float(RESULTS["activations"])
        assert all(map(math.isnan, found[1:]))


@pytest.mark.needs_tool("gcc")
def test_c_returns_nan(tmp_path: Path) -> None:
    (tmp_path / "costs.h").write_text(str(cg.export(DERIVED, "c")))
    rows = [GOOD, *({**GOOD, **changes} for changes, _ in BAD.values())]
    lines = []
    for row in rows:
        sizes = {name: literal(row[name], "NAN", "INFINITY") for name in LETTERS}
        lines.append(f"r = costgraph_costs({', '.join(sizes.values())});")
        lines.append(f"one = costgraph_activations({', '.join(sizes.values())});")
        lines.append('printf("%g %g %g\\n", r.costgraph_activations, r.costgraph_params, one);')
    main = f"int main(void) {{ struct costgraph_results r; double one; {' '.join(lines)} return 0; }}"
    (tmp_path / "main.c").write_text(f'#include <stdio.h>\n#include "costs.h"\n{main}')
    toolchains.call(toolchains.tool("gcc"), "-std=c99", "-o", "main", "main.c", "-lm", cwd=tmp_path)
    good, *bad = toolchains.call(tmp_path / "main").splitlines()
    assert [float(value) for value in good.split()] == pytest.approx(
        [*map(float, RESULTS.values()), float(RESULTS["activations"])], rel=1e-5
    )
    assert [line.replace("-nan", "nan") for line in bad] == ["nan nan nan"] * len(BAD)


@pytest.mark.needs_tool("gcc")
@pytest.mark.parametrize("flags", [["-O2"], ["-O3", "-march=native"]], ids=" ".join)
@pytest.mark.parametrize("symbols_as", ["args", "dataclass"])
@pytest.mark.parametrize("points", [0, 64, 200])
def test_c_arrays_are_exact_inside_and_nan_outside(
    points: int, symbols_as: str, flags: list[str], tmp_path: Path
) -> None:
    """In whole blocks and in what is left over; sizes around 2^52, where doubles stop having fractions, as well."""
    large = {"B": 2**52 + 1, "L": 2**53 - 1, "D": 2**60 * 3, "A": 3, "T": 1, "S": 2**51}
    half = {"B": 2**51 + 0.5}
    rows = [GOOD, GOOD | {"T": 1, "B": 7}, GOOD | large, *(GOOD | bad for bad, _ in BAD.values()), GOOD | half]
    exact = [Fraction(str(DERIVED.limited["activations"].limit(**row))) for row in rows[:3]]
    called = [rows[point % len(rows)] for point in range(points)]
    columns = [[literal(row[name], "NAN", "INFINITY") for row in called] for name in LETTERS]
    if symbols_as == "dataclass":
        sizes = [
            f"const struct costgraph_sizes of[] = {{ {{{'}, {'.join(map(', '.join, zip(*columns, strict=True)))}}} }};"
        ]
        passed = ["of"]
    else:
        sizes = [
            f"const double of_{name}[] = {{ {', '.join([*column, '0'])} }};"
            for name, column in zip(LETTERS, columns, strict=True)
        ]
        passed = [f"of_{name}" for name in LETTERS]
    (tmp_path / "costs.h").write_text(str(cg.export(DERIVED, "c", symbols_as=symbols_as)))
    (tmp_path / "main.c").write_text(f"""#include <stdio.h>
#include "costs.h"
{" ".join(sizes)}
int main(void)
{{
    double first[{points + 1}], second[{points + 1}];
    first[{points}] = second[{points}] = -1.0;
    costgraph_costs_of({points}, {", ".join(passed)}, first, second);
    for (size_t point = 0; point <= {points}; point++) {{ printf("%.17g\\n", first[point]); }}
    return 0;
}}
""")
    toolchains.call(toolchains.tool("gcc"), "-std=c99", *flags, "-o", "main", "main.c", "-lm", cwd=tmp_path)
    *found, beyond = map(float, toolchains.call(tmp_path / "main").split())
    assert beyond == -1
    for point, value in enumerate(found):
        row = point % len(rows)
        assert math.isnan(value) if row >= len(exact) else abs(Fraction(value) / exact[row] - 1) < Fraction(1, 10**12)


@pytest.mark.needs_tool("rustc")
def test_rust_panics_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "costs.rs").write_text(str(cg.export(DERIVED, "rust")))
    calls = []
    for row in (GOOD, *({**GOOD, **changes} for changes, _ in BAD.values())):
        sizes = ", ".join(literal(row[name], "f64::NAN", "f64::INFINITY") for name in LETTERS)
        calls.append(f'println!("{{}}", std::panic::catch_unwind(|| costs::costs({sizes})).is_ok());')
    (tmp_path / "main.rs").write_text(f"mod costs;\nfn main() {{ {' '.join(calls)} }}")
    toolchains.call(toolchains.tool("rustc"), "--edition=2021", "-D", "warnings", "main.rs", cwd=tmp_path)
    done = toolchains.run(tmp_path / "main")
    assert done.stdout.split() == ["true", *["false"] * len(BAD)]
    messages = [said(line) for line in done.stderr.splitlines() if "must be" in line or "does not hold" in line]
    assert len(messages) == len(BAD)
    assert all(message.startswith(start) for message, (_, start) in zip(messages, BAD.values(), strict=True))


@pytest.mark.needs_tool("node", "tsc")
@pytest.mark.parametrize("target", ["javascript", "typescript"])
@pytest.mark.parametrize("symbols_as", ["args", "dataclass"])
def test_javascript_throws_a_range_error(target: str, symbols_as: str, tmp_path: Path) -> None:
    text = str(cg.export(DERIVED, target, symbols_as=symbols_as))
    if target == "javascript":
        (tmp_path / "costs.mjs").write_text(text)
    else:
        (tmp_path / "costs.ts").write_text(text)
        options = ["--strict", "--target", "es2022", "--module", "es2022", "--types", ""]
        toolchains.call(toolchains.tool("tsc"), *options, "costs.ts", cwd=tmp_path)
        (tmp_path / "costs.js").rename(tmp_path / "costs.mjs")
    rows = [{**GOOD, **changes} for changes, _ in BAD.values()]
    good = ", ".join(f"{name}: {GOOD[name]}" for name in LETTERS)
    changed = [", ".join(f"{n}: {literal(row[n], 'NaN', 'Infinity')}" for n in LETTERS) for row in rows]
    odd = [f"{good}, B: {value}" for value in ("undefined", "null", '"1"', "[1]", "{}", "true", "0n", "-1n")]
    cases = ", ".join(f"{{ {sizes} }}" for sizes in [good, f"{good}, B: 1n", *changed, *odd])
    arguments = "sizes" if symbols_as == "dataclass" else ", ".join(f"sizes.{name}" for name in LETTERS)
    (tmp_path / "main.mjs").write_text(
        'import { costs } from "./costs.mjs";\n'
        f"const computed = (sizes) => costs({arguments});\n"
        "const said = (error) => `${error.name}: ${error.message}`;\n"
        "const tried = (sizes) => { try { return computed(sizes); } catch (error) { return said(error); } };\n"
        f"console.log(JSON.stringify([{cases}].map(tried)));\n"
    )
    first, second, *found = json.loads(toolchains.call(toolchains.tool("node"), "main.mjs", cwd=tmp_path))
    assert first == second == {name: float(value) for name, value in RESULTS.items()}
    messages = [start for _, start in BAD.values()] + ["B must be a positive integer, not "] * 8
    assert len(found) == len(messages)
    assert all(text.startswith(f"RangeError: {start}") for text, start in zip(found, messages, strict=True))


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_sql_gives_null(engine: str, request: pytest.FixtureRequest) -> None:
    if engine == "duckdb":
        connection = toolchains.need("duckdb").connect()
        connection.execute(str(cg.export(DERIVED, "sql")))
    else:
        toolchains.need("sqlglot")
        connection = sqlite3.connect(":memory:")
        connection.executescript(str(cg.export(DERIVED, "sql", dialect="sqlite")))
    request.addfinalizer(connection.close)
    rows = [GOOD, *({**GOOD, **changes} for changes, _ in BAD.values()), {**GOOD, "B": None}]
    connection.execute("DELETE FROM sizes")
    for i, row in enumerate(rows):
        connection.execute(
            f"INSERT INTO sizes VALUES ({', '.join('?' * (len(LETTERS) + 1))})", [f"{i:03}", *(row[n] for n in LETTERS)]
        )
    found = connection.execute("SELECT activations FROM costs ORDER BY label").fetchall()
    assert found == [(RESULTS["activations"],), *[(None,)] * (len(rows) - 1)]
    (params,) = connection.execute("SELECT params FROM costs WHERE label = '001'").fetchone()
    assert params == RESULTS["params"]  # which does not depend on B


def test_sql_gives_null_through_a_maximum() -> None:
    connection = toolchains.need("duckdb").connect()
    B, S = sympy.Symbol("B", positive=True), sympy.Symbol("S", positive=True)
    connection.execute(str(cg.export({"longest": sympy.Max(B, S, 3)}, "sql")))
    connection.execute("INSERT INTO sizes VALUES ('bad', 7, 0), ('good', 7, 9)")
    assert connection.execute("SELECT longest FROM costs WHERE label IN ('bad', 'good')").fetchall() == [(None,), (9,)]


@pytest.mark.needs_tool("soffice")
def test_a_workbook_shows_that_a_size_is_not_available(tmp_path: Path) -> None:
    openpyxl = toolchains.need("openpyxl")
    content = cg.export(DERIVED, "excel")
    assert isinstance(content, bytes)
    (tmp_path / "costs.xlsx").write_bytes(content)
    book = openpyxl.load_workbook(tmp_path / "costs.xlsx")
    at = {name: target.attr_text.split("!")[1].replace("$", "") for name, target in book.defined_names.items()}
    rows = [changes for changes, _ in BAD.values() if all(map(math.isfinite, changes.values()))]
    sheet, formula = book["costs"], book["costs"][at["cost_activations"]].value
    odd: list[dict[str, Any]] = [{}, *rows, {"B": None}, {"B": "1"}]
    for row, changes in enumerate(odd, 1):
        text = formula
        for column, name in enumerate(LETTERS, 1):
            cell = book["check"].cell(100 + row, 40 + column, {**GOOD, **changes}[name])
            text = re.sub(rf"\bsize_{name}\b", f"check!{cell.coordinate}", text)
        sheet.cell(100 + row, 1, text)
    book.save(tmp_path / "cases.xlsx")
    found = [
        row[0] for row in toolchains.recalculated(tmp_path / "cases.xlsx")["costs"].iter_rows(101, values_only=True)
    ]
    assert found[0] == float(RESULTS["activations"])
    assert all(str(value).startswith("#") for value in found[1 : len(rows) + 2])
    assert len(found) == len(rows) + 3


def test_bounds_and_domains_of_differences_are_checked_as_well() -> None:
    module = toolchains.imported(str(cg.export(POSITIONS.forms, "python")))
    module.self_check()
    limited = cg.derive("flops", op_set="decoder(head=True)", limit="S=D-L")
    text = str(cg.export(limited, "python"))
    module = toolchains.imported(text)
    sizes = {name: GOOD.get(name, 5) for name in names([form.node for form in collect(limited)])}
    assert module.costs(**sizes)
    with pytest.raises(ValueError, match="is a positive integer does not hold"):
        module.costs(**{**sizes, "L": 48})
    assert Fraction(module.costs(**{**sizes, "L": 47})["flops"]) > 0
