"""The notebooks of docs/ run from the top, and show what they are about: reports, formulas, pictures.

They are kept without what they show, which the site makes anew and nobody has to keep up to date.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))
BEST = ("text/html", "image/svg+xml", "text/markdown", "text/latex", "text/plain")  # as JupyterLab chooses

# What stands under each cell with code.
SHOWN = {
    "a-model-of-today": ["html", "html", "latex", "plain", "html", "svg+xml", "svg+xml", "html", "html"],
    "formula-of-a-paper": ["html", "html", "html", "html", "html", "html", "html", "svg+xml"],
}
SAID = {
    "a-model-of-today": [
        "30,532,122,624",
        r"\text{cache} = 2 S L G H p\ \text{byte}",
        "96.0",
        "does not fit",
        "attn.scores",
        '<img alt="',  # the picture of the graph, below its report
    ],
    "formula-of-a-paper": ["agrees", "it counts a step with everything recomputed", "S ≥ DE", "S ≥ 21504", "65536"],
}


@cache
def run(name: str) -> Any:
    """A notebook with what it shows, run in a kernel of its own."""
    found = nbformat.read(ROOT / "docs" / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    with mock.patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}):
        return NotebookClient(found, timeout=300, kernel_name="python3").execute()


def shown(name: str) -> list[Any]:
    """The outputs of the cells with code."""
    return [output for cell in run(name).cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_these_notebooks() -> None:
    assert [file.stem for file in NOTEBOOKS] == list(SHOWN) == list(SAID)


@pytest.mark.slow  # starts a kernel
@pytest.mark.needs_tool("dot")
@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_and_shows_reports_formulas_and_pictures(name: str) -> None:
    found = [next(kind for kind in BEST if kind in output.data) for output in shown(name)]
    assert [kind.partition("/")[2] for kind in found] == SHOWN[name]


@pytest.mark.slow
@pytest.mark.needs_tool("dot")
@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_says_what_its_text_is_about(name: str) -> None:
    everything = "\n".join(str(text) for output in shown(name) for text in output.data.values())
    for words in SAID[name]:
        assert words in everything.replace("<i>", "").replace("</i>", "")


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_kept_without_what_it_shows(file: Path) -> None:
    found = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    for cell in found.cells:
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)
        assert all(len(line) <= 88 for line in cell.source.splitlines() if cell.cell_type == "code")
