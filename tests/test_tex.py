"""Formulas as LaTeX has them in papers: each command is read, passed over, or refused by name with what to write."""

from __future__ import annotations

import re

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st
from test_random_forms import polynomials

from costgraph.algebra.parser import parse
from costgraph.algebra.printers import latex
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.tex_commands import AROUND, NOT_READ, PASSED_OVER, SECOND, SPACES, UPRIGHT
from costgraph.errors import UserError

READ = [
    # what says nothing of the formula
    (r"12 L D^2 \tag{3}", "12*L*D**2"),
    (r"12 L D^2 \tag*{(3)} \label{eq:params}", "12*L*D**2"),
    (r"\begin{align} 12 L D^2 \label{a} \nonumber \end{align}", "12*L*D**2"),
    (r"12\hspace{1em}L\vspace*{2pt}D^2\footnote{Without biases.}", "12*L*D**2"),
    (r"{\color{red} 12} \textcolor{blue}{L D^2}", "12*L*D**2"),
    ("12 L~D^2", "12*L*D**2"),
    ("B~S", "B*S"),
    ("12\u202fL\u00a0D²", "12*L*D**2"),
    # the end of a sentence
    ("12 L D^2.", "12*L*D**2"),
    (r"$12 L D^2$,", "12*L*D**2"),
    (r"\[ 12 L D^2 \,. \]", "12*L*D**2"),
    ("12*L*D**2;", "12*L*D**2"),
    ("12 L D^2\\ \\ ", "12*L*D**2"),
    (r"12 L D^2 \ . ", "12*L*D**2"),
    # what only dresses a formula
    (r"\boxed{12 L D^2}", "12*L*D**2"),
    (r"\underbrace{4 L D^2}_{\text{attention}} + \overbrace{8 L D^2}^{\text{MLP}}", "12*L*D**2"),
    (r"\underset{x}{B} S", "B*S"),
    # faces of letters
    (r"12\,\textbf{L}\,\boldsymbol{D}^2", "12*L*D**2"),
    (r"12 \bm L \mathbf D^2", "12*L*D**2"),
    (r"\mathbf{12 L D^2}", "12*L*D**2"),
    (r"12 n_{\rm layers} d_{\bf model}^2", "12*L*D**2"),
    (r"\boldsymbol\lambda_{\mathrm{mem}} t", "lambda_mem*t"),
    ("12\U0001d43f\U0001d437²", "12*L*D**2"),  # italic
    ("\U0001d7cf\U0001d7d0\U0001d473\U0001d5d7²", "12*L*D**2"),  # bold, bold italic, bold without serifs
    # brackets and functions
    (r"12 \bigl( D + 1 \bigr) \Bigg[ S \Bigg]", "12*(D + 1)*S"),
    (r"\left\lceil \tfrac{7}{2} \right\rceil B", "4*B"),
    (r"\max\{3, 2\} B", "3*B"),
    (r"\max\left(3, 2\right) B", "3*B"),
    (r"\operatorname*{max}\bigl(3, 2\bigr) B", "3*B"),
    (r"\sqrt{4 B^2}", "2*B"),
    (r"1 \!-\! \dfrac{1}{T}", "1 - 1/T"),
    # environments
    (r"\begin{alignedat}{2} & 4 L D^2 \\ & + 8 L D^2 \end{alignedat}", "12*L*D**2"),
    (r"\begin{aligned}[t] 12 L D^2 \end{aligned}", "12*L*D**2"),
    (r"\begin{eqnarray*} 12 L D^2 \end{eqnarray*}.", "12*L*D**2"),
    (r"\begin{equation}\label{eq:a} 12 L D^2 \end{equation}", "12*L*D**2"),
]


@pytest.mark.parametrize(("typed", "meant"), READ)
def test_a_formula_of_a_paper_means_what_it_says(typed: str, meant: str) -> None:
    from costgraph.algebra.defined import DefinedReader
    from costgraph.algebra.syntax import read

    assert DefinedReader(read(typed)).value() == parse(meant)


REFUSED = [
    (r"\sum_{i=1}^{L} 12 D^2", r"column 1 .*\\sum is not read: write out what is added up"),
    (r"12 L D^2 + \ldots", r"column 12 .*\\ldots is not read: write out all terms"),
    (r"{12 L D^2} \over {2}", r"\\over is not read: write \\frac"),
    (r"\hat{L} D", "another letter"),
    (r"\mathcal{L} D", "another letter"),
    (r"\mathcal{O}(L D)", "an order of growth is no formula"),
    (r"12 L \approx D", "write one of its sides"),
    (r"\begin{cases} B \\ S \end{cases}", "environment 'cases' is not read: write the one formula that is meant"),
    (r"\begin{equation} S", "environment 'equation' is not read: write the formula without it"),
    (r"12 L \text{(for all layers)}", r"\\text has words in it and not a size; leave it out"),
    (r"\dmodel L", r"unknown TeX command '\\dmodel': write what it stands for"),
    (r"2 \cdt B", r"unknown TeX command '\\cdt': did you mean \\cdot\?"),
    (r"\farc{1}{2}", r"did you mean \\frac\?"),
    (r"12 L D^2 \quad (3)", "has two readings: a factor, .3, and the number of an equation"),
    ("12 L D² (3)", "has two readings: a factor, .3, and the number of an equation"),
    ("~12LD²", "a formula is exact; write it without ~"),
    ("|B| S", "bars are not read"),
    (r"\lvert B \rvert S", "leave the bars out"),
    ("12LD² % of all", "% is not read; write /100 for percent, or leave a comment out"),
    ("B ≈ S", "a formula is one side"),
    (r"\textbf{", "a brace { is not closed"),
    (r"12 \text", "a group in braces is missing"),
    ("\\", "a command is missing"),
]


@pytest.mark.parametrize(("typed", "message"), REFUSED)
def test_what_is_not_read_is_refused_by_name_with_what_to_write(typed: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(typed)


FORMS = st.builds(Quotient, polynomials(size=3), polynomials(size=2).filter(bool))
NOTHING = st.sampled_from(
    [r"\,", r"\ ", "~", r"\quad ", r"\displaystyle ", r"\label{eq:a}", r"\tag{3}", r"\nonumber ", r"\hspace{1em}"]
)
AROUND_ALL = st.sampled_from(
    [
        ("", ""), ("$", "$."), ("$$", "$$"), (r"\[", r",\]"), (r"\begin{equation} ", r"\end{equation}"),
        (r"\begin{align*} & ", r" \nonumber \end{align*}"), (r"\begin{alignedat}{2} & ", r" \end{alignedat}"),
        (r"\boxed{", "}"), (r"\underbrace{", r"}_{\text{all of it}}"), (r"\textcolor{red}{", "}"),
    ]
)  # fmt: skip


@given(FORMS, st.lists(NOTHING, max_size=3), AROUND_ALL)
def test_what_says_nothing_changes_no_formula(form: Quotient, said: list[str], around: tuple[str, str]) -> None:
    before, after = around
    assert parse(rf"{before}\,{''.join(said)}{latex(form)}{''.join(said)}{after}") == form


@given(FORMS)
def test_letters_in_another_face_are_the_same_letters(form: Quotient) -> None:
    bold = re.sub(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", lambda letter: rf"\boldsymbol{{{letter[0]}}}", latex(form))
    assert parse(bold) == form


@given(st.integers(1000, 10**15), st.integers(1000, 10**9), st.sampled_from([",", "{,}", r"\,", "\u2009"]))
def test_digits_in_groups_are_one_number(one: int, other: int, sign: str) -> None:
    first, second = (f"{number:,}".replace(",", sign) for number in (one, other))
    assert parse(rf"{first} \cdot B + \frac{{{second}}}{{D}}") == parse(f"{one}*B + {other}/D")


def test_no_command_is_in_two_tables() -> None:
    names = [*NOT_READ, *PASSED_OVER, *AROUND, *SECOND, *UPRIGHT, *SPACES]
    assert len(names) == len({*names})


@pytest.mark.parametrize("name", [*PASSED_OVER])
def test_what_is_passed_over_takes_its_group_along(name: str) -> None:
    assert parse(rf"B \{name}{{S}} D") == parse("B*D")


@pytest.mark.parametrize(
    "formula",
    [
        r"C = 6 B S",
        r"C &= 6 B S",
        r"C \approx 6 B S",
        "C ≈ 6BS",
        r"C := 6 B S",
        r"M(S) = 6 B S",
        r"C = 6 N T = 6 B S",
    ],
)
def test_of_an_equation_one_side_is_checked(formula: str) -> None:
    said = costgraph("check", "--formula", formula, "--measure", "flops").stderr
    assert "is an equation; check one side: '6" in said
