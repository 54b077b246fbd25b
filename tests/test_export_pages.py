"""Pages: they compile, nothing sticks out of them, and they are filled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toolchains
from documents import decoder, run

from costgraph.exporting.documents import typeset
from costgraph.exporting.documents.sheet import sheet
from costgraph.exporting.targets import load
from costgraph.setup import Setup

pytestmark = pytest.mark.slow  # every page is set by TeX or Typst


def compiled(source: str, folder: Path, name: str = "a") -> str:
    """The log of pdflatex, run as often as a reader of the file would."""
    (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    for _ in range(2):
        toolchains.call("pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex", cwd=folder)
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def overfull(log: str) -> list[str]:
    """What TeX says about boxes that something sticks out of."""
    return re.findall(r"^Overfull.*", log, re.MULTILINE)


def pages(log: str) -> int:
    """How many pages TeX wrote."""
    found = re.search(r"Output written on .* \((\d+) pages?", log)
    assert found is not None
    return int(found[1])


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize(
    ("op_set", "notation", "most"),
    [
        ("decoder", None, 2),
        ("decoder", "megatron", 2),
        ("decoder", "scaling-book", 2),
        ("encoder", None, 2),
        ("attention", None, 2),
        ("matmul", None, 1),
        ("elementwise", None, 1),
        ("decoder(head=True)", None, 2),
        ("decoder(head=True)", "megatron", 2),
        ("decoder(head=True, kv_heads=G)", None, 3),
        ("decoder(head=True, kv_heads=G, biases=True)", "scaling-book", 3),
    ],
)
def test_nothing_sticks_out_of_the_columns_of_the_latex_sheet(
    op_set: str, notation: str | None, most: int, tmp_path: Path
) -> None:
    log = compiled(sheet(load("latex"), Setup.of(op_set=op_set), notation), tmp_path)
    assert overfull(log) == []
    assert pages(log) <= most


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize("convention", ["exact", "table_a1"])
@pytest.mark.parametrize("op_set", ["decoder", "encoder", "attention", "matmul", "elementwise"])
def test_every_convention_has_a_sheet_of_two_pages_from_which_nothing_sticks_out(
    op_set: str, convention: str, tmp_path: Path
) -> None:
    log = compiled(sheet(load("latex"), Setup.of(op_set=op_set, convention=convention), None), tmp_path)
    assert overfull(log) == []
    assert pages(log) <= 2


@pytest.mark.needs_tool("pdflatex", "pdftoppm")
@pytest.mark.parametrize("engine", ["latex", "typst"])
def test_both_pages_are_filled_and_their_columns_end_together(engine: str, tmp_path: Path) -> None:
    if engine == "typst":
        toolchains.need("typst")
        (tmp_path / "a.pdf").write_bytes(typeset.typst(decoder("typst"), "pdf")[0])
    else:
        compiled(decoder("latex"), tmp_path)
    toolchains.call("pdftoppm", "-r", "40", "-gray", "a.pdf", "page", cwd=tmp_path)
    images = [gray(path) for path in sorted(tmp_path.glob("page*.pgm"))]
    assert len(images) == 2
    for width, rows in images:
        body = rows[: int(len(rows) * 0.935)]  # the footer stands below
        ends = []
        for column in range(3):
            left, right = (int(width * (0.03 + 0.325 * at)) for at in (column, column + 0.95))
            ends.append(
                max(y for y, row in enumerate(body) if min(row[left:right]) < 190) / len(rows)
            )  # small print is grey
        assert min(ends) > 0.86
        assert max(ends) - min(ends) < 0.06


def gray(path: Path) -> tuple[int, list[bytes]]:
    """The width and the rows of a PGM image."""
    kind, size, _, pixels = path.read_bytes().split(b"\n", 3)
    assert kind == b"P5"
    width, height = map(int, size.split())
    return width, [pixels[y * width : (y + 1) * width] for y in range(height)]


APPENDICES = {
    "decoder": ("--measures", "activations,flops", "--limit", "E=4,p=2", "--when", "S << D"),
    "decoder, tensor parallel": (
        "--measures", "activations,communication", "--pass", "tensor_parallel(T, sequence=True)", "--limit", "T->oo",
    ),
    "decoder, tensor parallel, megatron": (
        "--measures", "activations", "--pass", "tensor_parallel(T)", "--notation", "megatron",
    ),
    "decoder, scaling book": ("--measures", "intensity,traffic", "--phase", "decode", "--notation", "scaling-book"),
    "decoder with all that stands around it": (
        "--measures", "params,activations,intensity", "--op-set", "decoder(head=True, kv_heads=G)",
    ),
    "encoder": ("--measures", "flops,activations", "--op-set", "encoder"),
    "attention": ("--measures", "flops,activations", "--op-set", "attention"),
    "matmul": ("--measures", "flops,intensity", "--op-set", "matmul", "--phase", "forward"),
    "elementwise": ("--measures", "traffic", "--op-set", "elementwise", "--phase", "forward"),
}  # fmt: skip


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize("options", APPENDICES.values(), ids=APPENDICES)
def test_nothing_sticks_out_of_the_appendix_alone_or_as_a_fragment(options: tuple[str, ...], tmp_path: Path) -> None:
    whole = run("export", "latex-derivation", *options)
    fragment = run("export", "latex-derivation", *options, "--fragment")
    assert (whole.returncode, fragment.returncode) == (0, 0), whole.stderr + fragment.stderr
    assert overfull(compiled(whole.stdout, tmp_path)) == []
    assert "documentclass" not in fragment.stdout
    assert "begin{document}" not in fragment.stdout
    (tmp_path / "fragment.tex").write_text(fragment.stdout, encoding="utf-8")
    for columns in ("onecolumn", "twocolumn"):
        assert overfull(compiled(PAPER.replace("COLUMNS", columns), tmp_path, columns)) == []


PAPER = r"""
\documentclass[10pt,a4paper,COLUMNS]{article}
\usepackage[margin=18mm]{geometry}
\usepackage{amsmath,breqn}
\begin{document}
\input{fragment}
\end{document}
"""


@pytest.mark.needs_tool("pdflatex")
def test_the_same_sheet_gives_the_same_pdf() -> None:
    text = decoder("latex")
    assert typeset.pdflatex(text) == typeset.pdflatex(text)


@pytest.mark.parametrize("op_set", ["decoder", "decoder(head=True)", "decoder(kv_heads=G)", "encoder"])
def test_typst_makes_two_pages(op_set: str) -> None:
    toolchains.need("typst")
    pages = typeset.typst(sheet(load("typst"), Setup.of(op_set=op_set), None), "png")
    assert len(pages) == 2
    assert all(page.startswith(b"\x89PNG") for page in pages)
