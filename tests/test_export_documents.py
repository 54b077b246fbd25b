"""Documents, and what is said about wrong input. Files in tests/golden/sheets are what `costgraph export` prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import toolchains

import costgraph as cg
from costgraph.errors import UserError
from costgraph.exporting import typeset
from costgraph.exporting.contents import SECTIONS
from costgraph.exporting.documents import math_of, sheet, sheet_context
from costgraph.exporting.targets import load
from costgraph.library.judge import judge
from costgraph.library.reading import named

GOLDEN = Path(__file__).parent / "golden" / "sheets"
SHEETS = {"latex": ".tex", "typst": ".typ", "markdown": ".md", "html": ".html", "text": ".txt"}


def golden(name: str, text: str) -> None:
    """Compare with a golden file, or write it where COSTGRAPH_UPDATE_GOLDEN is set."""
    path = GOLDEN / name
    if os.environ.get("COSTGRAPH_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"run with COSTGRAPH_UPDATE_GOLDEN=1 to accept {name}"


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "costgraph", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def refused(*arguments: str, cwd: Path | None = None) -> str:
    """What is said about wrong input: one line, no traceback, status 2, nothing on stdout."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def decoder(target: str, notation: str | None = None) -> str:
    """The cheat sheet of the decoder."""
    return sheet(load(target), "decoder", "notes", "mixed_adam", notation)


@pytest.mark.parametrize("target", SHEETS)
def test_the_sheet_is_the_golden_file(target: str) -> None:
    golden(f"decoder{SHEETS[target]}", decoder(target))


def test_the_appendix_is_the_golden_file() -> None:
    options = [
        "--measures",
        "activations,intensity",
        "--pass",
        "tensor_parallel(T)",
        "--limit",
        "E=4,p=2",
        "--fragment",
    ]
    golden("derivation.tex", run("export", "latex-derivation", *options).stdout)


@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.parametrize("target", ["latex", "typst", "latex-derivation"])
def test_the_hash_seed_changes_nothing(target: str, seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--measures", "activations,traffic"] if target == "latex-derivation" else []
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    first = run("export", target, *options).stdout
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    assert run("export", target, *options).stdout == first != ""


@pytest.mark.parametrize("target", SHEETS)
def test_every_sheet_has_every_section(target: str) -> None:
    text = decoder(target).lower()
    for title in (
        "symbols", "conventions", "parameters", "model states", "training flops", "activation memory",
        "tensor and sequence parallel", "key/value cache", "prefill and decode", "roofline",
        "time of each op in decode", "crossovers", "hardware", "models", "sources",
    ):  # fmt: skip
        assert title.replace("/", "\\/" if target == "typst" else "/") in text


class Tags(HTMLParser):
    """Whether tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_well_formed_mathml_without_a_script() -> None:
    tags = Tags()
    tags.feed(decoder("html"))
    assert not tags.open
    assert {"math", "mfrac", "msup"} <= tags.seen
    assert not tags.seen & {"script", "img", "link"}


def test_markdown_has_no_macro_that_github_forbids_and_whole_tables() -> None:
    text = decoder("markdown")
    assert not re.findall(r"\\(?:operatorname|def|newcommand|DeclareMathOperator|require|href)\b", text)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert all(line.count("$") % 2 == 0 for line in text.splitlines())
    for formula in re.findall(r"\$([^$]+)\$", text):  # Markdown takes a backslash away from in front of punctuation
        assert not re.search(r"\\[^A-Za-z\\]", formula), formula


def test_a_notation_changes_letters_and_nothing_else() -> None:
    assert "B   " in decoder("text")
    megatron = decoder("text", "megatron")
    assert re.search(r"^  s ", megatron, re.MULTILINE)
    assert re.search(r"^  h ", megatron, re.MULTILINE)
    assert re.findall(r"\d+\.?\d* GiB", megatron) == re.findall(r"\d+\.?\d* GiB", decoder("text"))


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
    log = compiled(sheet(load("latex"), op_set, "notes", "mixed_adam", notation), tmp_path)
    assert overfull(log) == []
    assert pages(log) <= most


@pytest.mark.needs_tool("pdflatex")
@pytest.mark.parametrize("convention", ["exact", "table_a1"])
@pytest.mark.parametrize("op_set", ["decoder", "encoder", "attention", "matmul", "elementwise"])
def test_every_convention_has_a_sheet_of_two_pages_from_which_nothing_sticks_out(
    op_set: str, convention: str, tmp_path: Path
) -> None:
    log = compiled(sheet(load("latex"), op_set, convention, "mixed_adam", None), tmp_path)
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
    assert overfull(compiled(PAPER, tmp_path, "paper")) == []


PAPER = r"""
\documentclass[10pt,a4paper]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,longtable,array,breqn}
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
    pages = typeset.typst(sheet(load("typst"), op_set, "notes", "mixed_adam", None), "png")
    assert len(pages) == 2
    assert all(page.startswith(b"\x89PNG") for page in pages)


def context(op_set: str = "decoder", notation: str | None = None) -> dict[str, Any]:
    """What the text target lays out."""
    return sheet_context(math_of(load("text"), notation), op_set, "notes", "mixed_adam")


@cache
def rows(op_set: str = "decoder") -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of a sheet by section and label."""
    return {(part["title"], row["label"]): row for part in context(op_set)["sections"] for row in part["rows"]}


def test_every_entry_that_a_row_names_is_cited_and_agrees() -> None:
    found = rows()
    for section in SECTIONS:
        for row in section.rows:
            entries = [entry for id_ in row.published for entry in named(id_) if entry.id == id_]
            assert len(entries) == len(row.published)
            source = found[section.title, row.label]["source"]
            for entry in entries:
                assert judge(entry).outcome in ("agrees", "agrees to the stated order", "erratum as recorded")
                assert source, f"{row.label} does not cite {entry.id}"
    assert found["Activation memory", "in all"]["source"] == "[1] Eq. 2.7, 2.8*; [6] Eq. 1"


def test_nothing_is_cited_for_another_model() -> None:
    biased = rows("decoder(head=True, kv_heads=G)")
    assert biased["Activation memory", "in all"]["source"] == ""
    assert biased["Activation memory", "MLP"]["source"] != ""


L, D, A, S, V, T = 96, 12288, 96, 2048, 50257, 8  # GPT-3 on 8 devices, one sequence
TEN_MATRICES = 12 * D * D  # of a block: four D x D in attention, two D x 4D in the MLP
WORKED = {  # computed here in a few words from what a block consists of, not from a form of the engine
    ("Parameters", "in all"): f"{L * TEN_MATRICES / 1e9:.4g} × 10⁹",
    ("Parameters", "embeddings, tied head"): f"{(V + 2048) * D / 1e6:.4g} × 10⁶",  # and one vector per position
    ("Model states", "mixed precision, Adam"): f"{L * TEN_MATRICES * (2 + 4 + 12) / 1e12:.4g} TB",
    (
        "Training FLOPs",
        "forward and backward",
    ): f"{3 * L * (2 * S * TEN_MATRICES + 2 * 2 * S * S * D) / 1e15:.4g} PFLOP",
    ("Training FLOPs", "head and loss"): f"{3 * 2 * S * D * V / 1e12:.4g} TFLOP",
    ("Activation memory", "in all"): f"{L * S * (34 * D + 5 * A * S) / 1e9:.4g} GB",
    ("Activation memory", "whole blocks recomputed"): f"{L * S * D * 2 / 1e9:.4g} GB",
    ("Tensor and sequence parallel", "activations, tensor parallel"): (
        f"{L * S * (10 * D + (24 * D + 5 * A * S) / T) / 1e9:.4g} GB"
    ),
    ("Tensor and sequence parallel", "bytes sent per step"): f"{L * 4 * 2 * 7 / 8 * S * D * 2 / 1e9:.4g} GB",
    ("Key/value cache", "all heads"): f"{L * 2 * S * D * 2 / 1e9:.4g} GB",
    ("Prefill and decode", "decode FLOPs, one token"): f"{L * (2 * TEN_MATRICES + 4 * S * D) / 1e9:.4g} GFLOP",
    ("Roofline", "ridge point (machine balance)"): f"{312 / 2:.4g}",
    ("Roofline", "product of (m, k) and (k, n)"): f"{2 * 4096**3 / (2 * 3 * 4096**2):.4g}",
    ("Roofline", "time to load the weights"): f"{2 * L * TEN_MATRICES / 2e12 * 1e3:.4g} ms",
    ("Time of each op in prefill", "attn.q, k, v, out"): f"{L * 2 * S * D * D / 312e12 * 1e3:.4g} ms",
    ("Time of each op in decode", "attn.q, k, v, out"): f"{L * 2 * (D * D + 2 * D) / 2e12 * 1e3:.4g} ms",
    ("Crossovers", "attention takes as many FLOPs as the MLP"): f"{2 * D}",
    ("Crossovers", "attention maps keep as many bytes as all else"): f"{34 * D / (5 * A):.4g}",
    ("Crossovers", "tokens that hide the loading of the weights"): "156",
    ("Crossovers", "devices that hold the training state"): f"{18 * L * TEN_MATRICES / 80e9:.4g}",
    ("Crossovers", "largest batch that decodes in memory"): (
        f"{(T * 80e9 - 2 * L * TEN_MATRICES) / (L * 2 * S * D * 2):.4g}"
    ),
}


@pytest.mark.parametrize(("place", "worked"), WORKED.items(), ids=[label for _, label in WORKED])
def test_worked_numbers_are_those_of_gpt_3(place: tuple[str, str], worked: str) -> None:
    assert rows()[place]["worked"].startswith(worked)


def test_a_sheet_of_what_is_no_model_compares_no_models() -> None:
    assert context("matmul")["models"] == []
    assert "models" not in sheet(load("text"), "matmul", "notes", "mixed_adam", None).lower()


def test_a_limit_names_only_symbols_that_occur() -> None:
    lines = rows()["Activation memory", "norms"]["lines"]
    assert [(line["at"], line["math"]) for line in lines] == [("", "2pBDLS"), ("p=2", "4BSLD")]


def test_a_crossover_says_where_it_holds() -> None:
    (line,) = rows()["Crossovers", "attention takes as many FLOPs as the MLP"]["lines"]
    assert (line["at"], line["math"]) == ("E > 2", "S = D(E - 2)")


def test_a_published_form_is_shown_as_its_author_wrote_it() -> None:
    lines = rows()["Activation memory", "in all"]["lines"]
    assert [line["math"] for line in lines] == [
        "2BDLS(p(E + 4) + 1) + ABLS²(2p + 1)", "BLS(66D + 9AS)", "BLS(34D + 5AS)", "5BS²LA(1 + 34D/(5SA))",
    ]  # fmt: skip


def test_a_fraction_of_long_sums_gets_named_arms() -> None:
    lines = [line["math"] for line in rows()["Roofline", "intensity of decode"]["lines"]]
    assert lines[:2] == ["work/traffic", "work = 2BD(D(E + 2) + S)"]
    assert lines[2].startswith("traffic = p(")


def test_a_symbol_that_a_notation_shows_as_a_quotient_is_multiplied_out() -> None:
    text = decoder("text", "scaling-book")
    assert "12BTLD(T + 2D + F)" in text
    assert re.search(r"^  F/D +4  expansion factor", text, re.MULTILINE)


@pytest.mark.parametrize("notation", [None, "megatron", "scaling-book"])
def test_plain_text_fits_a_terminal(notation: str | None) -> None:
    assert [line for line in decoder("text", notation).splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("convention", ["notes", "exact", "table_a1"])
@pytest.mark.parametrize(
    "op_set", ["encoder", "attention", "matmul", "elementwise", "decoder(head=True, kv_heads=G, biases=True)"]
)
def test_the_plain_text_of_every_op_set_fits_a_terminal(op_set: str, convention: str) -> None:
    text = sheet(load("text"), op_set, convention, "mixed_adam", None)
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_what_cites_no_source_is_said_to_be_derived_here() -> None:
    for target in SHEETS:
        assert "cites no source is derived here" in decoder(target)


def test_greek_letters_are_letters() -> None:
    for target in SHEETS:
        assert "lambda_flops" not in decoder(target)
    assert 'lambda_"FLOP/s"' in decoder("typst")
    assert "λ_flops" in decoder("text")


# --- wrong input ------------------------------------------------------------------------------------------------------


def test_an_unknown_target_lists_the_nearest() -> None:
    assert "numpy" in refused("export", "nunpy")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[symbols]\nD = "h"\nS = "h"', "would both be shown as h"),
        ('[symbols]\nX = "h"', "unknown symbol 'X'"),
        ('[symbols]\nD = "h^2"', "write a letter"),
        ('[symbols]\nD = "\\\\input{x}"', "write a letter"),
        ("[symbols]\nD = 3", "write a letter"),
        ('[symbol]\nD = "h"', "a table [symbols]"),
        ("[symbols\n", "mine.toml"),
    ],
)
def test_a_notation_that_cannot_be_used_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(content)
    assert said in refused("cheatsheet", "--notation", str(tmp_path / "mine.toml"))


def test_a_notation_of_ones_own_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[symbols]\nD = "d_model"\nE = "d_ff/d_model"\n')
    done = run("cheatsheet", "--notation", str(tmp_path / "mine.toml"))
    assert "4L d_model ²" in done.stdout
    assert "2L d_model d_ff" in done.stdout


def test_an_unknown_notation_lists_the_nearest() -> None:
    assert "did you mean megatron" in refused("cheatsheet", "--notation", "megatorn")
    assert "there is no such file" in refused("cheatsheet", "--notation", "none.toml")


def test_a_suffix_that_nothing_writes_lists_those_that_are(tmp_path: Path) -> None:
    said = refused("cheatsheet", "-o", str(tmp_path / "a.docx"))
    assert all(suffix in said for suffix in (".pdf", ".png", ".tex", ".typ", ".md", ".html", ".txt"))


def target_with(template: str, folder: Path) -> Path:
    """A folder with one target of the user's own."""
    mine = folder / "mine"
    mine.mkdir()
    (mine / "exporter.toml").write_text(
        'title = "mine"\nkind = "code"\nprinter = "python"\nsuffix = ".txt"\ntemplate = "mine.jinja"\n'
    )
    (mine / "mine.jinja").write_text(template)
    return folder


def test_a_name_that_a_template_misses_is_placed(tmp_path: Path) -> None:
    folder = target_with("first\n{{ verison }}\n", tmp_path)
    said = refused("export", "mine", "--measures", "flops", "--exporters", str(folder))
    assert "mine.jinja, line 2" in said
    assert "verison" in said


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ forms.append.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ self._TemplateReference__context.eval_ctx.environment }}",
    ],
)
def test_a_template_does_not_reach_python(attack: str, tmp_path: Path) -> None:
    folder = target_with(attack, tmp_path)
    assert "mine.jinja" in refused("export", "mine", "--measures", "flops", "--exporters", str(folder))


def test_a_template_includes_nothing_from_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.jinja").write_text("secret")
    folder = target_with("{% include '../secret.jinja' %}", tmp_path)
    assert "no template" in refused("export", "mine", "--measures", "flops", "--exporters", str(folder))


def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "costs.py"
    path.write_text("mine")
    assert "--force" in refused("export", "numpy", "--measures", "flops", "-o", str(path))
    assert path.read_text() == "mine"
    assert run("export", "numpy", "--measures", "flops", "-o", str(path), "--force").returncode == 0
    assert "def flops" in path.read_text()


def test_a_name_that_is_reserved_in_the_target_is_refused() -> None:
    with pytest.raises(UserError, match="lambda"):
        cg.export({"lambda": cg.derive("flops").forms["flops"]}, "python")


def test_without_tex_and_typst_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="apt-get install texlive-latex-recommended, or use --engine typst"):
        typeset.engine("latex")
    monkeypatch.setattr(typeset, "has_typst", lambda: False)
    with pytest.raises(UserError, match=r"texlive-latex-recommended.*costgraph\[typst\]"):
        typeset.engine(None)
    with pytest.raises(UserError, match=r"pip install 'costgraph\[typst\]'"):
        typeset.engine("typst")


def test_typst_is_taken_where_tex_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(typeset, "has_typst", lambda: True)
    assert typeset.engine(None) == "typst"


@pytest.mark.needs_tool("pdflatex")
def test_a_template_that_tex_refuses_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "latex").mkdir()
    (tmp_path / "latex" / "sheet.tex.jinja").write_text(
        "\\documentclass{article}\n\\begin{document}\n\\heading{<< op_set >>}\n\\end{document}\n"
    )
    pdf = tmp_path / "sheet.pdf"
    said = refused("cheatsheet", "--engine", "latex", "--exporters", str(tmp_path), "-o", str(pdf))
    assert "Undefined control sequence" in said
    assert "l.3 \\heading" in said
    assert not pdf.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\nexit 3\n", "pdflatex failed: status 3, no log, no pages"),
        ("#!/bin/sh\nexit 0\n", "pdflatex failed: status 0, no log, no pages"),
        ("#!/no/such/interpreter\n", "pdflatex cannot be run: No such file or directory"),
    ],
)
def test_a_tex_that_does_not_work_is_told_in_words(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pdflatex").write_text(script)
    (tmp_path / "pdflatex").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=said):
        typeset.pdflatex("anything")


@pytest.mark.needs_tool("pdflatex")
def test_what_tex_refuses_is_told_by_its_own_lines() -> None:
    with pytest.raises(UserError, match=r"pdflatex failed: ! Undefined control sequence\. / l\.2 .*nosuchmacro"):
        typeset.pdflatex("\\documentclass{article}\\begin{document}\n\\nosuchmacro\n\\end{document}\n")


def test_a_sum_that_is_simple_already_is_shown_once() -> None:
    text = run("export", "latex-derivation", "--measures", "cache", "--phase", "decode", "--fragment").stdout
    assert "which is" not in text
    assert "which is" in run("export", "latex-derivation", "--measures", "params", "--fragment").stdout


def test_the_arms_of_an_intensity_are_its_work_and_its_traffic() -> None:
    options = ["--measures", "intensity", "--phase", "decode", "--op-set", "decoder(head=True, kv_heads=G)"]
    text = run("export", "latex-derivation", *options, "--fragment").stdout
    assert r"\frac{\mathrm{work}}{\mathrm{traffic}}" in text
