"""Generated modules run by the real tools of their languages, at many sizes in one go."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from costgraph.exporting import export
from costgraph.exporting.code.naming import spelled
from costgraph.exporting.forms import Forms, collect
from costgraph.exporting.targets import load

Sizes = Mapping[str, int | Fraction]
Results = list[dict[str, Any]]  # one row per case: what `costs` returned, by the name of the form


def need(module: str) -> Any:
    """A library that is no dependency of the package; the test is skipped without it, and fails in CI."""
    return pytest.importorskip(module)


def tool(name: str) -> str:
    """An external program."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def letters(forms: Forms) -> list[str]:
    """The symbols in the order in which `costs` takes them."""
    from costgraph.algebra.expression import names

    return names([form.node for form in collect(forms)])


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program, whatever comes of it."""
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, cwd=cwd, capture_output=True, encoding="utf-8", timeout=300, check=False)


def call(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program; its stdout, or a failed test with all it said."""
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def imported(text: str) -> ModuleType:
    """Python source as a module."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "costs.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("generated_costs", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where a dataclass looks for its module
        spec.loader.exec_module(module)
    return module


def doubles(case: Sizes, names: Sequence[str]) -> list[str]:
    """Sizes as literals of a double."""
    return [repr(float(case[name])) for name in names]


def python(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """Exact integers."""
    module = imported(str(export(forms, "python")))
    module.self_check()
    return [module.costs(**{name: case[name] for name in letters(forms)}) for case in cases]


def arrays(library: str) -> Callable[[Forms, Sequence[Sizes]], Results]:
    """The same source on arrays of one library."""

    def run(forms: Forms, cases: Sequence[Sizes]) -> Results:
        xp = need({"jax": "jax.numpy", "dask": "dask.array"}.get(library, library))
        if library == "jax":
            need("jax").config.update("jax_enable_x64", True)
        module = imported(str(export(forms, "numpy")))
        module.self_check()
        sizes = {n: xp.asarray([float(case[n]) for case in cases], dtype=xp.float64) for n in letters(forms)}
        found = {name: [float(v) for v in value] for name, value in module.costs(**sizes).items()}
        return [{name: column[i] for name, column in found.items()} for i in range(len(cases))]

    return run


def c(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """C99 by gcc, every warning an error."""
    names = letters(forms)
    header = str(export(forms, "c"))
    fields = re.findall(r"double (\w+); /\* \[", header)
    calls = "\n".join(f"show(costgraph_costs({', '.join(doubles(case, names))}));" for case in cases)
    shown = " ".join(["%.17g"] * len(fields))
    program = f"""#include <stdio.h>
#include "costs.h"
static void show(struct costgraph_results r) {{ printf("{shown}\\n", {", ".join(f"r.{f}" for f in fields)}); }}
int main(void) {{ {calls} return costgraph_self_check(); }}
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "costs.h").write_text(header)
        (folder / "main.c").write_text(program)
        strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-O2"]
        call(tool("gcc"), *strict, "-o", folder / "main", folder / "main.c", "-lm")
        lines = call(folder / "main").splitlines()
    plain = [field.removeprefix("costgraph_") for field in fields]
    return [dict(zip(plain, map(float, line.split()), strict=True)) for line in lines]


def rust(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """Rust by rustc, every warning an error."""
    names = letters(forms)
    source = str(export(forms, "rust"))
    fields = re.findall(r"    pub (\w+): f64,", source.partition("pub struct Costs")[2].partition("}")[0])
    calls = "\n".join(f"show(costs::costs({', '.join(doubles(case, names))}));" for case in cases)
    shown = " ".join(["{:e}"] * len(fields))
    program = f"""mod costs;
fn show(r: costs::Costs) {{ println!("{shown}", {", ".join(f"r.{f}" for f in fields)}); }}
fn main() {{ costs::self_check().unwrap(); {calls} }}
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "costs.rs").write_text(source)
        (folder / "main.rs").write_text(program)
        call(tool("rustc"), "--edition=2021", "-D", "warnings", "-O", "main.rs", cwd=folder)
        lines = call(folder / "main").splitlines()
    return [dict(zip(fields, map(float, line.split()), strict=True)) for line in lines]


def javascript(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """The ES module by node, its JSDoc types checked by tsc."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "costs.mjs").write_text(str(export(forms, "javascript")))
        options = ["--strict", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", "--module", "nodenext"]
        call(tool("tsc"), *options, "--types", "", "costs.mjs", cwd=folder)
        return node(folder, letters(forms), cases)


def typescript(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """The same from TypeScript, compiled by tsc under its strictest options."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "costs.ts").write_text(str(export(forms, "typescript")))
        options = ["--strict", "--noUnusedLocals", "--noUnusedParameters", "--target", "es2022", "--module", "es2022"]
        call(tool("tsc"), *options, "--types", "", "costs.ts", cwd=folder)
        (folder / "costs.js").rename(folder / "costs.mjs")
        return node(folder, letters(forms), cases)


def node(folder: Path, names: Sequence[str], cases: Sequence[Sizes]) -> Results:
    """What `costs` of the module in `folder` returns."""
    calls = ", ".join(f"costs({', '.join(doubles(case, names))})" for case in cases)
    (folder / "main.mjs").write_text(
        'import { costs, selfCheck } from "./costs.mjs";\n'
        'if (selfCheck().length) throw new Error(selfCheck().join("; "));\n'
        f"console.log(JSON.stringify([{calls}]));\n"
    )
    found: Results = json.loads(call(tool("node"), folder / "main.mjs"))
    return found


def sql(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """DuckDB."""
    connection = need("duckdb").connect()
    connection.execute(str(export(forms, "sql")))
    return queried(forms, cases, connection)


def queried(forms: Forms, cases: Sequence[Sizes], connection: Any) -> Results:
    """The view of the costs at rows that are put into the table of sizes."""
    assert all(all(row[1:]) for row in connection.execute("SELECT * FROM cost_check").fetchall())
    connection.execute("DELETE FROM sizes")
    names = letters(forms)
    for i, case in enumerate(cases):
        marks = ", ".join(["?"] * (len(names) + 1))
        connection.execute(f"INSERT INTO sizes VALUES ({marks})", [f"{i:06}", *(float(case[n]) for n in names)])
    cursor = connection.execute("SELECT * FROM costs ORDER BY label")
    columns = [column[0] for column in cursor.description][len(names) + 1 :]
    return [dict(zip(columns, row[len(names) + 1 :], strict=True)) for row in cursor.fetchall()]


def excel(forms: Forms, cases: Sequence[Sizes]) -> Results:
    """LibreOffice: the formulas of the workbook, filled down over one row per case, with all bits of their results."""
    openpyxl = need("openpyxl")
    spelling = spelled(letters(forms), load("excel"))
    content = export(forms, "excel")
    assert isinstance(content, bytes)
    book = openpyxl.load_workbook(io.BytesIO(content))
    formulas = {
        title.removeprefix("cost_"): book["costs"][target.attr_text.split("!")[1].replace("$", "")].value
        for title, target in book.defined_names.items()
        if title.startswith("cost_")
    }
    table = openpyxl.Workbook()
    for row, case in enumerate(cases, 1):
        places = {}
        for column, (letter, spelt) in enumerate(spelling.items(), 1):
            places[spelt] = table.active.cell(row, column, float(case[letter])).coordinate
        for i, formula in enumerate(formulas.values()):
            text = re.sub("|".join(rf"\b{name}\b" for name in places), replaced(places), formula) if places else formula
            for place, cell in enumerate(bits(table.active, row, len(spelling) + 1 + 4 * i)):
                table.active.cell(row, len(spelling) + 1 + 4 * i + place, cell.format(text))
    with tempfile.TemporaryDirectory() as name:
        table.save(Path(name) / "cases.xlsx")
        rows = recalculated(Path(name) / "cases.xlsx").active.iter_rows(values_only=True, min_col=len(spelling) + 1)
        return [{name: whole(*row[4 * i : 4 * i + 4]) for i, name in enumerate(formulas)} for row in rows]


def bits(sheet: Any, row: int, column: int) -> list[str]:
    """Four cells: a formula, and its result as (second + third / 2^27) * 2^fourth; 15 digits of a number are saved."""
    value, high, _, power = (sheet.cell(row, column + i).coordinate for i in range(4))
    return [
        "{}",
        f"=INT({value}/2^{power})",
        f"=INT(({value}/2^{power}-{high})*2^27)",
        f"=IF({value}=0,0,INT(LOG(ABS({value}),2))-26)",
    ]


def whole(value: float, high: int, low: int, power: int) -> Fraction:
    """The number in those cells."""
    exact = (high + Fraction(low, 2**27)) * Fraction(2) ** int(power)
    assert float(value) == pytest.approx(float(exact), rel=1e-14)
    return exact


def replaced(places: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    """The cell in place of a name."""
    return lambda found: places[found[0]]


RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
</oor:items>
"""


def recalculated(path: Path) -> Any:
    """The workbook with every formula computed anew by LibreOffice, as values."""
    soffice = tool("soffice")
    profile = path.parent / "profile" / "user"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "registrymodifications.xcu").write_text(RECALCULATE)
    home = f"-env:UserInstallation=file://{profile.parent}"
    call(soffice, home, "--headless", "--convert-to", "xlsx", "--outdir", path.parent / "out", path)
    return need("openpyxl").load_workbook(path.parent / "out" / path.name, data_only=True)


RUNNERS: dict[str, Callable[[Forms, Sequence[Sizes]], Results]] = {
    "numpy": arrays("numpy"),
    "array_api_strict": arrays("array_api_strict"),
    "torch": arrays("torch"),
    "jax": arrays("jax"),
    "dask": arrays("dask"),
    "python": python,
    "c": c,
    "rust": rust,
    "javascript": javascript,
    "typescript": typescript,
    "sql": sql,
    "excel": excel,
}
EXACT = ("python",)
