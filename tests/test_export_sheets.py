"""What stands on cheat sheets and in derivations. Files in tests/golden/sheets are what `costgraph export` prints."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command_line import started
from documents import decoder, run

from costgraph.algebra.symbols import SYMBOLS
from costgraph.derivation import derived
from costgraph.exporting.documents.contents import SECTIONS
from costgraph.exporting.documents.sheet import math_of, sheet, sheet_context
from costgraph.exporting.targets import load
from costgraph.library.entries.reading import named
from costgraph.library.judging.judge import judge
from costgraph.setup import Setup

pytestmark = pytest.mark.slow  # whole sheets are made

GOLDEN = Path(__file__).parent / "golden" / "sheets"
SHEETS = {"latex": ".tex", "typst": ".typ", "markdown": ".md", "html": ".html", "text": ".txt"}


def golden(name: str, text: str) -> None:
    """Compare with a golden file, or write it where COSTGRAPH_UPDATE_GOLDEN is set."""
    path = GOLDEN / name
    if os.environ.get("COSTGRAPH_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"run with COSTGRAPH_UPDATE_GOLDEN=1 to accept {name}"


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


@pytest.mark.slow
@pytest.mark.parametrize("target", ["latex", "typst", "latex-derivation"])
def test_the_hash_seed_changes_nothing(target: str) -> None:
    options = ["--measures", "activations,traffic"] if target == "latex-derivation" else []
    first, *others = (started("export", target, *options, PYTHONHASHSEED=seed).stdout for seed in ("7", "0", "1"))
    assert first != ""
    assert others == [first, first]


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


def test_plain_text_is_laid_out_without_a_template_unless_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    setup = Setup.of(op_set="matmul")
    usual = sheet(load("text", tmp_path), setup, None)
    assert usual == sheet(load("text"), setup, None)
    (tmp_path / "text" / "sheet.txt.jinja").write_text("{{ op_set }}, {{ columns }}, {{ sections[0].title }}")
    assert sheet(load("text", tmp_path), setup, None, columns=60) == "matmul, 60, Parameters"


def test_a_notation_changes_letters_and_nothing_else() -> None:
    assert "B   " in decoder("text")
    megatron = decoder("text", "megatron")
    assert re.search(r"^  s ", megatron, re.MULTILINE)
    assert re.search(r"^  h ", megatron, re.MULTILINE)
    assert re.findall(r"\d+\.?\d* GiB", megatron) == re.findall(r"\d+\.?\d* GiB", decoder("text"))


@cache
def context(op_set: str = "decoder", notation: str | None = None) -> dict[str, Any]:
    """What the text target lays out."""
    return sheet_context(math_of(load("text"), notation), Setup.of(op_set=op_set))


@cache
def rows(op_set: str = "decoder") -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of a sheet by section and label."""
    return {(part["title"], row["label"]): row for part in context(op_set)["sections"] for row in part["rows"]}


def test_every_entry_that_a_row_names_is_cited_and_agrees() -> None:
    found = rows()
    for section in SECTIONS:
        for row in (row for row in section.rows if row.published):
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
    ("Parameters", "embeddings"): f"{(V + 2048) * D / 1e6:.4g} × 10⁶",  # and one vector per position
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
    ("Crossovers", "devices that hold the training state"): f"{18 * L * TEN_MATRICES / (80 * 2**30):.4g}",
    ("Crossovers", "largest batch that decodes in memory"): (
        f"{(T * 80 * 2**30 - 2 * L * TEN_MATRICES) / (L * 2 * S * D * 2):.4g}"
    ),
}


@pytest.mark.parametrize(("place", "worked"), WORKED.items(), ids=[label for _, label in WORKED])
def test_worked_numbers_are_those_of_gpt_3(place: tuple[str, str], worked: str) -> None:
    assert rows()[place]["worked"].startswith(worked)


def test_a_sheet_of_what_is_no_model_compares_no_models() -> None:
    assert context("matmul")["models"] == []
    assert "models" not in sheet(load("text"), Setup.of(op_set="matmul"), None).lower()


def test_a_limit_names_only_symbols_that_occur() -> None:
    lines = rows()["Activation memory", "norms"]["lines"]
    assert [(line["at"], line["math"]) for line in lines] == [("", "2BSLDp"), ("p=2", "4BSLD")]


def test_a_crossover_says_where_it_holds() -> None:
    (line,) = rows()["Crossovers", "attention takes as many FLOPs as the MLP"]["lines"]
    assert (line["at"], line["math"]) == ("E > 2", "S = D(E - 2)")


def test_forms_have_one_order_of_letters_whoever_published_them() -> None:
    lines = rows()["Activation memory", "in all"]["lines"]
    assert [line["math"] for line in lines] == [
        "BSL(SA(2p + 1) + 2D(p(E + 4) + 1))", "3BSL(3SA + 22D)", "BSL(5SA + 34D)", "5BS²LA(1 + 34D/(5SA))",
    ]  # fmt: skip
    assert rows()["Activation memory", "in all"]["source"] == "[1] Eq. 2.7, 2.8*; [6] Eq. 1"


def test_sources_have_author_year_and_link() -> None:
    page = decoder("html")
    assert (
        '<li id="source-2">J. Kaplan, S. McCandlish and others, Scaling Laws for Neural Language Models, 2020.' in page
    )
    assert '<a href="https://arxiv.org/abs/2001.08361">arxiv.org/abs/2001.08361</a>' in page
    assert r"\href{https://arxiv.org/abs/2001.08361}{\url{arxiv.org/abs/2001.08361}}" in decoder("latex")
    assert "2020. arxiv.org/abs/2001.08361" in " ".join(decoder("text").split())


def test_every_heading_of_a_page_is_an_anchor_that_the_page_links_to() -> None:
    page = decoder("html")
    anchors = re.findall(r'<h2 id="([^"]+)">', page)
    assert len(anchors) == page.count("<h2") > 10
    assert re.findall(r'<a href="#([^"]+)">(?=[A-Z])', page[page.index("<nav>") : page.index("</nav>")]) == anchors


def test_a_price_is_told_as_one_pays_it() -> None:
    assert re.search(r"^ +\S+ +2 USD/h +price of one device", decoder("text"), re.MULTILINE)


@pytest.mark.needs_tool("chromium")
def test_a_page_is_no_wider_than_a_phone(tmp_path: Path) -> None:
    (tmp_path / "sheet.html").write_text(decoder("html"), encoding="utf-8")
    measured = "f.onload = () => { document.title = f.contentDocument.documentElement.scrollWidth }"
    frame = f'<iframe id="f" src="sheet.html" width="390" height="800"></iframe><script>{measured}</script>'
    (tmp_path / "phone.html").write_text(frame)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    run = subprocess.run(
        ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=9000", "--dump-dom",
         (tmp_path / "phone.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    width = re.search(r"<title>(\d+)</title>", run.stdout)
    assert width is not None, run.stderr[-500:]
    assert int(width[1]) <= 390


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


@pytest.mark.slow
@pytest.mark.parametrize("convention", ["notes", "exact", "table_a1", "torch"])
@pytest.mark.parametrize(
    "op_set", ["encoder", "attention", "matmul", "elementwise", "decoder(head=True, kv_heads=G, biases=True)"]
)
def test_the_plain_text_of_every_op_set_fits_a_terminal(op_set: str, convention: str) -> None:
    text = sheet(load("text"), Setup.of(op_set=op_set, convention=convention), None)
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_what_cites_no_source_is_said_to_be_derived_here() -> None:
    for target in SHEETS:
        assert "cites no source is derived here" in decoder(target)


def test_greek_letters_are_letters() -> None:
    for target in SHEETS:
        assert "lambda_flops" not in decoder(target)
    assert 'lambda_"FLOP/s"' in decoder("typst")
    assert "λ_flops" in decoder("text")


def test_a_sum_that_is_simple_already_is_shown_once() -> None:
    text = run("export", "latex-derivation", "--measures", "cache", "--phase", "decode", "--fragment").stdout
    assert "which is" not in text
    assert "which is" in run("export", "latex-derivation", "--measures", "params", "--fragment").stdout


def test_a_source_that_defines_a_measure_and_prints_its_form_is_cited_once() -> None:
    for measure, places in (("flops", "Sec. 3, eq. 3.2"), ("activations", "eq. 2.5 to 2.7, 2.13, 2.14")):
        text = run("export", "latex-derivation", "--measures", measure, "--limit", "E=4,p=2", "--fragment").stdout
        assert text.count("Decoder-Only Transformers") == 1
        assert f"(defined in {places}), prints it as" in text
    assert "Defined as in Korthikanti et al. 2022." in text


def test_the_arms_of_an_intensity_are_its_work_and_its_traffic() -> None:
    options = ["--measures", "intensity", "--phase", "decode", "--op-set", "decoder(head=True, kv_heads=G)"]
    text = run("export", "latex-derivation", *options, "--fragment").stdout
    assert r"\frac{\mathrm{work}}{\mathrm{traffic}}" in text


SAID = {
    "attn": "attention", "mlp": "MLP", "moe": "experts", "ssm": "state space", "embed": "embeddings",
    "head": "head, not tied",
}  # fmt: skip


@pytest.mark.parametrize("model", ["mixtral-8x7b", "mamba2-130m"])
def test_every_part_that_has_parameters_has_a_row(model: str) -> None:
    setup = Setup.of(model=model, also=SYMBOLS)
    sections = sheet_context(math_of(load("text"), None), setup, "train")["sections"]
    labels = {row["label"] for one in sections if one["title"] == "Parameters" for row in one["rows"]}
    parts = {part.name for part in derived(setup, ["params"]).parts("params")} - {"norm"}
    assert {SAID[part] for part in parts} <= labels


def test_of_a_form_of_many_terms_none_is_put_in_front() -> None:
    shown = run("cheatsheet", "--model", "llama-3-8b", "--phase", "train").stdout
    assert "18BSLDF(1 + " in shown
    assert "BSLD(1 + " not in shown  # its activations have nine terms
    assert "72BSLD²(1 + S/(6D))" in decoder("text")
