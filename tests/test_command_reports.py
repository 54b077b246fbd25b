"""Every command's answer is one report: it fits any terminal, and every format writes it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from command_line import costgraph

from costgraph.algebra.printers import UNICODE
from costgraph.cli.telling import To
from costgraph.reports.html import html
from costgraph.reports.latex import latex
from costgraph.reports.layout import text
from costgraph.reports.markdown import markdown
from costgraph.reports.nodes import Column, Report, Table

GOLDEN = Path(__file__).parent / "golden" / "reports"
DATA = Path(__file__).parent / "data"
ANSWERS = {
    "check-formula": "check --formula '12*B*L*S*D*(S + 5*D)' --measure flops --limit E=4",
    "check-entries": "check 001-2.8b 001-2.2 001-2.14",
    "reconcile": ("reconcile 37578559488 192856412160 --model qwen3-30b-a3b --per token --limit B=1,S=8192"),
    "audit": "audit counters.py",
    "compare": "compare llama-3-8b mistral-7b --measure params",
    "fits": "fits llama-3-8b h100-sxm",
    "graph": "graph --phase decode --limit E=4,p=2",
    "list": "list",
    "list-conventions": "list conventions",
    "list-hardware": "list hardware",
    "list-machine": "list hardware a10",
    "list-model": "list models llama-3-8b",
    "list-notations": "list notations",
    "list-passes": "list passes",
    "formulas-list": "formulas list --source kaplan-2020",
    "formulas-show": "formulas show 001-2.8b",
}


@cache
def answer(name: str) -> tuple[Report, Any]:
    """The report of a command, and what it says as JSON."""
    found: list[tuple[Report, Any]] = []

    def tell(to: To, report: Any, record: Any, *_: Any, **__: Any) -> None:
        found.append((report(), record()))

    with mock.patch.object(To, "tell", tell):
        costgraph(*shlex.split(ANSWERS[name]), cwd=DATA)
    return found[0]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ANSWERS)
def test_text_at_a_width_is_as_reviewed(name: str, width: int) -> None:
    found = text(answer(name)[0], UNICODE, width) + "\n"
    file = GOLDEN / f"{name}-{width}.txt"
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        file.write_text(found)
    assert found == file.read_text()


@pytest.mark.parametrize("width", [50, 60, 72, 80, 100, 120])
@pytest.mark.parametrize("name", ANSWERS)
def test_no_line_is_longer_than_the_terminal_unless_a_word_is(name: str, width: int) -> None:
    for line in text(answer(name)[0], UNICODE, width).splitlines():
        is_command = line.strip().startswith("costgraph ")  # which stays on one line, as one copies it
        assert len(line) <= width or len(line.split()) == 1 or is_command


@pytest.mark.parametrize("name", ANSWERS)
def test_json_says_its_schema_and_survives(name: str) -> None:
    record = answer(name)[1]
    assert record["schema"].startswith("costgraph.")
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("name", ANSWERS)
def test_every_format_has_the_title_and_every_verdict(name: str) -> None:
    report = answer(name)[0]
    for written in (markdown(report), html(report), latex(report)):
        assert written.strip()
        assert report.title.partition(" ")[0] in written


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize("name", ANSWERS)
def test_latex_is_set_as_it_is(name: str, tmp_path: Path) -> None:
    begin, end = r"\documentclass{article}\usepackage{amsmath,longtable}\begin{document}", r"\end{document}"
    (tmp_path / "page.tex").write_text(f"{begin}\n{latex(answer(name)[0])}\n{end}\n")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize("rows", [3, 40, 41, 300])
def test_a_table_that_is_longer_than_a_page_goes_on_on_the_next(rows: int, tmp_path: Path) -> None:
    report = Report("", ((Table((Column("at"), Column("what")), tuple((str(n), "x_1 & y") for n in range(rows))),),))
    written = latex(report)
    assert (r"\begin{longtable}" in written) == (rows > 40)
    preamble = r"\documentclass{article}\usepackage{amsmath,longtable}"
    (tmp_path / "page.tex").write_text(f"{preamble}\n\\begin{{document}}\n{written}\n\\end{{document}}\n")
    for _ in range(2):  # widths of columns are known in the second run
        run = subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, check=True)
    said = run.stdout.decode(errors="replace").replace("\n", "")
    assert "Overfull \\vbox" not in said
    assert (int(said.partition("page.pdf (")[2].partition(" page")[0]) > 1) == (rows > 41)


BEGINS = {"json": ("{",), "html": ("<!DOCTYPE html>",), "tex": ("%", "\\"), "md": ("|", "-", "**"), "txt": ("",)}


@pytest.mark.parametrize("suffix", BEGINS)
@pytest.mark.parametrize("name", ["check-entries", "list-hardware", "formulas-show", "graph", "fits", "audit"])
def test_a_suffix_chooses_the_format_in_every_command(name: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{suffix}"
    run = costgraph(*shlex.split(ANSWERS[name]), "-o", str(file), cwd=DATA)
    assert (run.stdout, run.stderr) == ("", "")
    assert file.read_text().startswith(BEGINS[suffix])
