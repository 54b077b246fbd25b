"""The pages about exporters: samples of every target are run by test_docs.py, the example target is built here."""

from __future__ import annotations

import re
from pathlib import Path

import costgraph as cg
from costgraph.exporting.targets import available

DOCS = Path(__file__).parents[1] / "docs"


def test_every_target_has_a_sample() -> None:
    headings = re.findall(r"^## (\S+)$", (DOCS / "exporters.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(available()) <= set(headings)


def test_the_example_target_writes_what_the_page_shows(tmp_path: Path) -> None:
    page = (DOCS / "add-an-exporter.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(toml|jinja|lua)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "lua").mkdir()
    (tmp_path / "lua" / "exporter.toml").write_text(blocks["toml"], encoding="utf-8")
    (tmp_path / "lua" / "costs.lua.jinja").write_text(blocks["jinja"], encoding="utf-8")
    text = cg.export(cg.derive("params"), "lua", exporters=tmp_path)
    assert isinstance(text, str)
    assert text.partition("\n")[2] == blocks["lua"]
