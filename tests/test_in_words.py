"""Formulas in sentences are written as those beside them are, in every format; what was typed stays as it was."""

import re
from pathlib import Path

import pytest

from costgraph.algebra.parser import parse
from costgraph.algebra.printers import LATEX, PYTHON, UNICODE
from costgraph.reports.html import words as in_html
from costgraph.reports.in_words import Typed
from costgraph.reports.latex import words as in_latex
from costgraph.reports.markdown import words as in_markdown
from costgraph.reports.nodes import said

GOLDEN = Path(__file__).parent / "golden" / "reports"
SENTENCES = {
    "12*B*L is dropped": "12BL is dropped",
    "left out: attn (24*B*S*L*D**2)": "left out: attn (24BSLD²)",
    "12*B*S*D*L*(S + 6*D), which should be 6*N_params*B*S": "12BSDL(S + 6D), which should be 6 N_params BS",
    "T | 4*D, T | A": "T | 4D, T | A",
    "-2*B*S is subtracted": "-2BS is subtracted",
    "(5*A*S + 34*D)*L": "(5AS + 34D)L",
    "left out (2*L) and ((B + S)*D)": "left out (2L) and ((B + S)D)",
    "2*3*L of them": "2·3L of them",
    "B*S/T*2": "BS/T·2",  # BS/2T would be another number
    "at ceil(B*S/10)*D": "at ⌈BS/10⌉·D",
    "2*max(S*D, L)": "2 max(SD, L)",
    "A*H = D": "AH = D",
}
KEPT = (
    "write --mesh 'tensor(2*G)'", "as in `6*N_params*B*S`", "--limit S=4*B", "tensor(2*G) of them", "attn.*, mlp.*",
    "6 * tokens * parameters", "2*hidden*D", "h*l", "2**10 bytes", "docs/B*S.md", "*, **",
)  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_formula_in_a_sentence_is_written_as_on_paper(sentence: str) -> None:
    assert said(sentence, UNICODE) == SENTENCES[sentence]
    assert said(sentence, PYTHON) == sentence


@pytest.mark.parametrize("sentence", KEPT)
def test_what_is_quoted_or_no_formula_of_symbols_stays(sentence: str) -> None:
    assert said(sentence, UNICODE) == sentence
    assert said(Typed("12*B*L"), UNICODE) == "12*B*L"


def test_no_value_changes_by_being_written_otherwise() -> None:
    for formula in ("B*S/T*2", "12*B*S*L*D*(S + 6*D)/(T*N_d)", "2*(B - S)*-3*L", "B/(2*S)/T", "(B*S)**3*p_kv"):
        assert parse(said(formula, UNICODE)) == parse(formula)


def test_every_format_sets_it_as_a_formula() -> None:
    sentence = "left out: 2*L*D**2 & more"
    assert in_latex(sentence) == r"left out: $2 L D^{2}$ \& more"
    assert in_markdown(sentence) == r"left out: $2 L D^{2}$ & more"
    assert in_html(sentence) == "left out: <i>2LD²</i> &amp; more"
    assert said(sentence, LATEX) == r"left out: 2 L D^{2} & more"


PROGRAM = re.compile(r"[\w)]\*\*?(?=[A-Z(\d])")
AUTHORS = re.compile(r"^ *(printed|right)\b")  # rows of what stands in a source


def test_answers_have_one_writing() -> None:
    """On every reviewed page, but for what a source printed, formulas are as on paper."""
    for file in sorted(GOLDEN.glob("*.txt")):
        if file.name.startswith("formulas-list"):  # all of it is printed
            continue
        author = False
        for line in file.read_text().splitlines():
            author = bool(AUTHORS.match(line)) or (author and line.startswith("  "))
            assert author or not PROGRAM.search(line), f"{file.name}: {line}"
