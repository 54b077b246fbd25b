"""The suffix of an output file says what is written into it, in every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import costgraph

WRITTEN = [
    ("derive params", "d.json", "{"),
    ("derive params", "d.tex", "% decoder"),
    ("derive params", "d.md", "**decoder"),
    ("derive params", "d.html", "<!DOCTYPE html>"),
    ("list models", "l.html", "<!DOCTYPE html>"),
    ("derive params", "d.txt", "decoder"),
    ("derive params", "without", "decoder"),
    ("derive params --format latex", "without", "% decoder"),
    ("derive params --json", "d.json", "{"),
    ("estimate --op-set decoder", "e.md", "**decoder"),
    ("solve 6*B<=S --for B", "s.tex", "% 6*B"),
    ("compare notes exact", "c.json", "{"),
    ("graph", "g.dot", "// decoder"),
    ("graph", "g.gv", "// decoder"),
    ("graph", "g.mmd", "%% decoder"),
    ("check 001-2.8b", "c.xml", "<?xml"),
    ("export latex", "f.tex", "% Costs"),
    ("export numpy --measures params", "f.py", '"""'),
]


@pytest.mark.parametrize(("command", "name", "begins"), WRITTEN)
def test_a_suffix_chooses_the_format(command: str, name: str, begins: str, tmp_path: Path) -> None:
    found = costgraph(*command.split(" "), "-o", str(tmp_path / name))
    assert (found.returncode, found.stderr) == (0, "")
    assert (tmp_path / name).read_text().startswith(begins)


REFUSED = [
    (
        "graph",
        "g.png",
        "choose from .txt, .json, .tex, .md, .html, .dot, .gv, .mmd; for a picture write --plot FILE",
    ),
    ("derive params", "d.csv", "choose from .txt, .json, .tex, .md, .html"),
    ("derive params --format text", "d.json", "--format text and -o d.json contradict each other"),
    ("derive params --json", "d.tex", "--json and -o d.tex contradict each other"),
    ("estimate --op-set decoder", "e.csv", "choose from .txt, .json, .tex, .md, .html"),
    ("check 001-2.8b", "c.csv", "choose from .txt, .json, .tex, .md, .html, .xml"),
    ("formulas errata", "e.html", "choose from .tex, .md"),
    ("export latex", "c.pdf", "choose from .tex for latex, or another target"),
    ("export numpy --measures params", "c.rs", "choose from .py for numpy, or another target"),
    ("cheatsheet", "c.docx", "choose from .pdf, .png"),
]


@pytest.mark.parametrize(("command", "name", "says"), REFUSED)
def test_a_suffix_of_something_else_is_refused_and_nothing_is_written(
    command: str, name: str, says: str, tmp_path: Path
) -> None:
    found = costgraph(*command.split(" "), "-o", name, cwd=tmp_path)
    assert found.returncode == 2
    assert says in found.stderr
    assert found.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
