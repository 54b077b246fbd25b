"""The pages about exporters: samples of every target are run by test_docs.py; the workbook and the example target here.

With COSTGRAPH_UPDATE_GOLDEN set, the table of the workbook is written anew first.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
import sympy
import toolchains

import costgraph as cg
from costgraph.algebra.symbols import sympy_symbol
from costgraph.errors import UserError
from costgraph.exporting.code.module import context
from costgraph.exporting.forms import collect
from costgraph.exporting.targets import available, load

DOCS = Path(__file__).parents[1] / "docs"


def test_every_target_has_a_sample() -> None:
    headings = re.findall(r"^## (\S+)$", (DOCS / "exporters.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(available()) <= set(headings)


TABLE = re.compile(r"^\| cell \| name \| content \| value \|\n(?:\|.*\n)+", re.MULTILINE)


def test_the_workbook_holds_the_cells_that_the_page_shows() -> None:
    openpyxl = toolchains.need("openpyxl")
    content = cg.export(cg.derive("params", limit="E=4"), "excel")
    assert isinstance(content, bytes)
    live, cached = (openpyxl.load_workbook(io.BytesIO(content), data_only=values) for values in (False, True))
    names = {target.attr_text: name for name, target in live.defined_names.items()}
    rows = ["| cell | name | content | value |", "|---|---|---|---|"]
    for cell in [cell for row in live["costs"].iter_rows(max_row=9, max_col=2) for cell in row]:
        name = names.get(f"costs!$B${cell.row}") if cell.column == 2 else None
        if name:
            value = cached["costs"][cell.coordinate].value
            rows.append(f"| {cell.coordinate} | `{name}` | `{cell.value}` | {value} |")
    page = DOCS / "exporters.md"
    text = page.read_text(encoding="utf-8")
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        text = TABLE.sub(lambda _: "\n".join(rows) + "\n", text)
        page.write_text(text, encoding="utf-8")
    shown = TABLE.search(text)
    assert shown is not None
    assert shown[0].splitlines() == rows


@pytest.mark.needs_tool("lua5.4")
def test_the_example_target_writes_what_the_page_shows_and_lua_runs_it(tmp_path: Path) -> None:
    page = (DOCS / "add-an-exporter.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(toml|jinja|lua)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "lua").mkdir()
    (tmp_path / "lua" / "exporter.toml").write_text(blocks["toml"], encoding="utf-8")
    (tmp_path / "lua" / "costs.lua.jinja").write_text(blocks["jinja"], encoding="utf-8")
    text = cg.export(cg.derive("params"), "lua", exporters=tmp_path)
    assert isinstance(text, str)
    assert text.partition("\n")[2] == blocks["lua"]
    (tmp_path / "costs.lua").write_text(text, encoding="utf-8")
    printed = toolchains.call("lua5.4", "-e", 'print(require("costs").params(96, 12288, 4.0))', cwd=tmp_path)
    assert float(printed) == 96 * 12 * 12288**2
    B, S = sympy_symbol("B"), sympy_symbol("S")
    text = cg.export({"all": sympy.Max(B**7, S, 3) + sympy.sqrt(B * S)}, "lua", exporters=tmp_path)
    (tmp_path / "costs.lua").write_text(str(text), encoding="utf-8")
    assert float(toolchains.call("lua5.4", "-e", 'print(require("costs").all(4.0, 9.0))', cwd=tmp_path)) == 4**7 + 6
    for word in ("while", "goto", "pow"):
        with pytest.raises(UserError, match="reserved word in lua"):
            cg.export({word: B}, "lua", exporters=tmp_path)


def test_the_page_names_all_that_a_template_sees() -> None:
    page = (DOCS / "add-an-exporter.md").read_text(encoding="utf-8")
    seen = context(load("c"), collect(cg.derive("flops", when="S << D")))
    (form,) = seen["forms"]
    for key in {*seen, *form, *seen["symbols"][0], *seen["together"], *seen["vectors"][0], *form["arguments"][0]}:
        assert f"`{key}`" in page, key
