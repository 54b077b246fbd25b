"""Reports: text that fits any width and loses nothing, and the same in every format."""

from __future__ import annotations

import os
import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.printers import LATEX, PYTHON, UNICODE
from costgraph.errors import Heard
from costgraph.reports.columns import continued, folded, widths
from costgraph.reports.html import html
from costgraph.reports.latex import latex
from costgraph.reports.layout import Line, lines, text
from costgraph.reports.markdown import markdown
from costgraph.reports.nodes import Column, Item, Listing, Note, Part, Parts, Report, Table, Verdict, math, said

GOLDEN = Path(__file__).parent / "golden" / "reports"
ask: Any = cg
FITTING: dict[str, Any] = {"hardware": "h100-sxm", "B": 1, "S": 4096}

ANSWERS: dict[str, Any] = {
    "derive": lambda: ask.derive(E=4, p=2),
    "derive-model": lambda: ask.derive("params", "flops", model="mixtral-8x7b", phase="decode", B=1, S=4096),
    "derive-peak": lambda: ask.derive("peak", E=4, p=2),
    "estimate": lambda: ask.estimate("llama-3-8b", efficiency="flops=0.5,mem=0.8", **FITTING),
    "estimate-train": lambda: ask.estimate("llama-3-8b", phase="train", **FITTING),
    "solve": lambda: ask.solve(
        "states + activations <= hbm",
        "B",
        model="gpt-3",
        op_set="decoder",
        hardware="mi300x",
        mesh="tensor(32)",
        S=2048,
    ),
    "search": lambda: ask.search("llama-3-8b", "h100-sxm:8x1", batch=8, S=4096, top=2, over="zero=1, P=1, C=1"),
    "sweep": lambda: ask.sweep("llama-3-8b", "B=[1, 8], hardware=[a10, h100-sxm]", "peak, step_time, flops", S=4096),
    "solve-long": lambda: ask.solve("flops/lambda_flops <= traffic/lambda_mem", "S", phase="decode"),
}


@cache
def answered(name: str) -> Report:
    """What is answered at a shell, once for all widths and formats."""
    with mock.patch.object(Heard, "at_shell", True):
        found: Report = ANSWERS[name]().report
    return found


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ANSWERS)
def test_text_at_a_width_is_as_reviewed(name: str, width: int) -> None:
    found = text(answered(name), UNICODE, width) + "\n"
    file = GOLDEN / f"{name}-{width}.txt"
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(found)
    assert found == file.read_text()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_columns_says_how_wide_text_is_wherever_it_goes(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("derive", "--limit", "E=4,p=2")
    unfolded = costgraph(*typed).stdout
    for unset in ("", "0", "-1", "wide", "9" * 50):
        monkeypatch.setenv("COLUMNS", unset)
        assert costgraph(*typed).stdout == unfolded
    monkeypatch.setenv("COLUMNS", str(width))
    reviewed = (GOLDEN / f"derive-{width}.txt").read_text()
    assert costgraph(*typed).stdout == reviewed
    assert costgraph(*typed, "-o", str(file := tmp_path / "costs.txt")).returncode == 0
    assert file.read_text() == reviewed


@pytest.mark.parametrize("width", [50, 60, 72, 80, 100, 120])
@pytest.mark.parametrize("name", ANSWERS)
def test_no_line_is_longer_than_the_terminal_unless_a_word_is(name: str, width: int) -> None:
    for line in text(answered(name), UNICODE, width).splitlines():
        assert len(line) <= width or len(line.split()) == 1 or line.endswith("'")  # an option that is quoted


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_what_parts_are_at_sizes_is_there_at_every_width(width: int) -> None:
    shown = text(ask.derive("params", model="deepseek-v3", symbolic="D,L").report, UNICODE, width)
    for form, at_sizes in (("3DF", "55296D L_dense"), ("D(3 F_e (N_r + N_s) + N_r)", "1579264D L_moe")):
        assert form in " ".join(shown.split()) or width < 80  # where a form may be folded around what it is at sizes
        assert at_sizes in shown


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "derive-model"])  # which leaves parts together
def test_every_word_is_there_at_every_width(name: str) -> None:
    report = answered(name)
    wide = words(text(report, UNICODE))
    for width in (60, 80):
        assert words(text(report, UNICODE, width)) >= wide - {"and", "if"}


def words(shown: str) -> set[str]:
    """What is said, without rules under heads and without what is added where a row becomes a record."""
    return {word for word in re.sub(r"-{2,}(?=\s|$)", " ", shown).split() if word not in ("+", "-", "\\")}


def test_the_readme_s_first_answer_takes_at_most_24_lines_of_80_columns() -> None:
    assert len(text(answered("derive"), UNICODE, 80).splitlines()) <= 24


# --- layout -----------------------------------------------------------------------------------------------------------

CELLS = [["measure", "form"], ["flops", "12BSLD(D(E + 2) + S)"]]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize(
    "command",
    [
        "costgraph estimate --model llama-3-8b --limit B=1,S=4096 --json --mesh 'data(2, zero=1), tensor(4)' -o a.html",
        "costgraph check --formula 'it'\"'\"'s' --measure flops",
        "costgraph fits llama-3-8b rtx-4090",
        "costgraph solve '6*N_params*B*S/lambda_flops == t' --for t",
        "costgraph derive 'not closed",
    ],
)
def test_a_command_that_is_folded_is_the_same_to_a_shell(command: str, width: int) -> None:
    found = continued(command, width, "  ")
    assert " ".join(line.strip().removesuffix("\\").strip() for line in found) == command
    assert all(line.endswith(" \\") for line in found[:-1])
    assert all(
        len(line) <= width or not re.search(r" (?=-)|(?<=[a-z]) (?=[a-z])", line[4:])
        for line in found
        if "'" not in line
    )


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (30, ["hidden_size*(seq_length", "+ vocab_size)"]),
        (16, ["hidden_size*(", "seq_length", "+ vocab_size)"]),
        (8, ["hidden_", "size*(", "seq_", "length", "+ vocab_", "size)"]),
    ],
)
def test_what_is_longer_than_a_line_is_cut_behind_signs_in_a_cell_alone(width: int, expected: list[str]) -> None:
    given = "hidden_size*(seq_length + vocab_size)"
    assert folded(given, width, in_cell=True) == expected
    assert folded(given, width)[0] == "hidden_size*(seq_length"
    assert folded("https://a.org/b_c/d_e.html", width, in_cell=True) == ["https://a.org/b_c/d_e.html"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, [7, 20]),
        (40, [7, 20]),
        (29, [7, 20]),
        (28, [7, 19]),
        (19, [7, 10]),  # `12BSLD(D(E` is the longest word
        (18, None),
    ],
)
def test_the_widest_column_is_folded_first_and_no_word_is_cut(width: int | None, expected: list[int] | None) -> None:
    assert widths(CELLS, width) == expected


@pytest.mark.parametrize(
    ("given", "width", "expected"),
    [
        ("a short one", 20, ["a short one"]),
        ("12BSLD(D(E + 2) + S)", 16, ["12BSLD(D(E + 2)", "+ S)"]),  # a sign begins a line
        ("averyveryverylongword", 8, ["averyveryverylongword"]),
        ("  attn.q  x", 8, ["  attn.q", "x"]),
        ("", 8, [""]),
    ],
)
def test_lines_end_where_words_do(given: str, width: int, expected: list[str]) -> None:
    assert folded(given, width) == expected


WIDE = Table(
    (Column("time"), Column("bound"), Column("bound by"), Column("tokens/s", right=True)),
    (("prefill", "62.23 ms", "compute", "65816"), ("decode", "4.641 ms", "memory", "215.5")),
    turns=True,
)


def test_a_table_of_few_rows_is_turned_where_its_columns_do_not_fit() -> None:
    assert text(Report("", ((WIDE,),)), UNICODE, 32).splitlines() == [
        "time       prefill    decode",
        "--------  --------  --------",
        "bound     62.23 ms  4.641 ms",
        "bound by   compute    memory",
        "tokens/s     65816     215.5",
    ]


def test_a_row_becomes_a_record_only_where_words_would_have_to_be_cut() -> None:
    table = Table((Column("measure"), Column("form")), (("communication.N_d", "4LD²p(E + 2)"),))
    assert text(Report("", ((table,),)), UNICODE, 20).splitlines() == ["communication.N_d", "  form: 4LD²p(E + 2)"]


def test_verdicts_are_bold_and_have_the_color_of_what_they_say() -> None:
    report = Report("title", ((Verdict("fits", True), Verdict("does not fit", False), Verdict("bound by memory")),))
    looks = {span.text: span.look for line in lines(report, UNICODE) for span in line}
    assert looks == {"title": "head", "fits": "good", "does not fit": "bad", "bound by memory": "strong"}


def test_what_was_asked_for_stands_out_and_nothing_is_faint() -> None:
    found: list[Line] = lines(answered("derive"), UNICODE, 80)
    row = next(line for line in found if line and line[0].text.startswith("activations"))
    assert [span.look for span in row] == ["", "", "", "strong"]
    assert {span.look for line in found for span in line} == {"", "head", "strong"}


# --- formats ----------------------------------------------------------------------------------------------------------

FORM = math(parse("2*L*D**2"))
SMALL = Report(
    "decoder, train",
    (
        (Verdict("fits", True),),
        (
            Table(
                (Column("measure"), Column("form", right=True)),
                (("params", FORM),),
                tex=lambda: (r"  p &= 2 L D^{2} \\",),
            ),
        ),
        (Parts("flops (FLOP)", "3", "", (Part("L", "attn", FORM, "1"), Part("", "head", FORM, "2"))),),
        (Listing((Item("every S", ("largest S: 8",), (FORM,)),), "where"),),
        (Note(("left ", FORM), "left out"), Note(FORM, "where", formula=True)),
    ),
)


def test_markdown_has_tables_and_inline_math() -> None:
    assert markdown(SMALL).splitlines() == [
        "**decoder, train**",
        "",
        "- **fits**",
        "",
        "| measure | form |",
        "|---|---:|",
        "| params | $2 L D^{2}$ |",
        "",
        "**flops (FLOP)**",
        "",
        "| times | part | form | value |",
        "|---:|---|---|---:|",
        r"| L $\times$ | attn | $2 L D^{2}$ | 1 |",
        "|  | head | $2 L D^{2}$ | 2 |",
        "|  | sum |  | 3 |",
        "",
        "where:",
        "",
        "- every S if $2 L D^{2}$",
        "  - largest S: 8",
        "",
        "- left out: left $2 L D^{2}$",
        "- where: $2 L D^{2}$",
    ]


def test_latex_has_the_formulas_with_what_is_said_of_them_as_comments_then_tables() -> None:
    found = latex(SMALL).splitlines()
    assert found[:3] == ["% decoder, train", "% fits", "% left out: left 2*L*D**2"]
    inside = found[found.index(r"\begin{align*}") + 1 : found.index(r"\end{align*}")]
    assert inside == [r"  p &= 2 L D^{2} \\", r"  &\text{where } 2 L D^{2} \\"]
    assert found[found.index(r"\end{align*}") + 1 :] == [
        r"flops (FLOP) \\",
        r"\begin{tabular}{rllr}",
        r"times & part & form & value \\ \hline",
        r"L $\times$ & attn & $2 L D^{2}$ & 1 \\",
        r" & head & $2 L D^{2}$ & 2 \\",
        r" & sum &  & 3 \\",
        r"\end{tabular}",
        "where:",
        r"\begin{itemize}",
        r"\item every S if $2 L D^{2}$ \\ largest S: 8",
        r"\end{itemize}",
    ]


def test_an_answer_without_formulas_is_text_in_latex_and_every_sign_stands_for_itself() -> None:
    table = Table((Column("name"), Column("size", right=True)), (("  a_b & 5 %", "1"), ("all",)), "100 # {x}")
    found = latex(Report("a ~ b", ((Verdict("S ≤ 8"), table, Note("<x|y>", "note")),)))
    assert found.split("\n\n") == [
        r"\textbf{a \textasciitilde{} b}",
        r"\textbf{S $\le$ 8}",
        "\n".join(
            [
                r"100 \# \{x\} \\",
                r"\begin{tabular}{lr}",
                r"name & size \\ \hline",
                r"\ \ a\_b \& 5 \% & 1 \\",
                r"\multicolumn{2}{l}{\textbf{all}} \\",
                r"\end{tabular}",
            ]
        ),
        r"note: \textless{}x\textbar{}y\textgreater{}",
    ]


class Balance(HTMLParser):
    """Whether every element that is opened is closed, the last first."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", [*ANSWERS, "small"])
def test_html_is_well_formed_and_says_what_the_text_says(name: str) -> None:
    report = SMALL if name == "small" else answered(name)
    page = html(report)
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    shown = unescape(re.sub(r"<[^>]*>", "", page))
    assert report.title.split(",")[0] in shown
    assert "<script" not in page
    assert 'class="costgraph"' in page


@pytest.mark.parametrize(("style", "right"), [(PYTHON, "2*L*D**2"), (UNICODE, "2LD²"), (LATEX, "2 L D^{2}")])
def test_a_formula_is_written_in_the_style_of_its_writer(style: Any, right: str) -> None:
    assert said(("a ", FORM), style) == f"a {right}"


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "latex"])
def test_every_format_of_an_answer_comes_from_one_report(format_: str) -> None:
    found = costgraph("derive", "params", "--limit", "E=4", "--format", format_).stdout
    assert "left out, exactly" in found
    assert "published" in found
