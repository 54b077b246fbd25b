"""Sums that formulas of a sheet share: named once, worth what they were, and only where formulas are too long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toolchains
from documents import decoder

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.exporting.documents.mathematics import split_mathml
from costgraph.exporting.documents.sheet import sheet
from costgraph.exporting.documents.sums import SAVED, Names, Sum, shared
from costgraph.exporting.targets import load
from costgraph.setup import Setup

WIDTHS = {"D", "A", "G", "H", "F"}


def several(text: str, times: int = SAVED) -> list[Quotient]:
    """A formula, so many times that whatever it repeats is worth a name."""
    return [parse(text)] * times


def expanded(value: Quotient, sums: tuple[Sum, ...]) -> Quotient:
    """A value in the symbols of the model again."""
    return value.substitute({one.name: one.value for one in sums})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2*B*S*(L*(A*H*D + 2*G*H*D + D*F) + D)", "2*B*S*(L*w_a + D)"),  # beside a factor, whatever it is
        ("L*(A*H + 2*G*H + F) + 3*T*(D + 2*A*H + 4*G*H + 2*F)", "(L + 6*T)*w_a + 3*T*D"),  # in the same proportion
        ("(A*H + 2*G*H + F)*L/T - (A*H + 2*G*H + F)", "w_a*(L/T - 1)"),
        ("L*(A*H + G*H) + S*(A*H + G*H)", "L*(A*H + G*H) + S*(A*H + G*H)"),  # two terms are read as they are
        ("L*(A*H + G*H + F) + S*(A*H + 2*G*H + F)", "w_a*L + S*w_b"),  # in another proportion they are two
    ],
)
def test_a_sum_has_its_name_wherever_all_of_it_stands(text: str, written: str) -> None:
    sums = shared(several(text), WIDTHS)
    found = Names(sums)(parse(text))
    names = {one.name for one in sums}
    spare = {"w_a": "N_r", "w_b": "N_s"}  # symbols that may be typed
    plain = re.sub("w_[ab]", lambda name: spare[name[0]], written)
    assert found == parse(plain).substitute({spare[name]: Polynomial.symbol(name) for name in names})
    assert names == {name for name in ("w_a", "w_b") if name in written}
    assert expanded(found, sums) == parse(text)


def test_a_sum_may_have_another_one_in_it() -> None:
    values = several("L*(A*H + 2*G*H + F)") + several("L*(A*H + 2*G*H + F + D*F + D**2)")
    first, second = shared(values, WIDTHS)
    assert "w_a" in second.defined.symbols
    assert second.value == first.value + parse("D*F + D**2").numerator


def test_what_saves_little_has_no_name() -> None:
    assert shared(several("L*(A*H + 2*G*H + F)", 3), WIDTHS) == ()


@pytest.mark.parametrize("measure", ["params", "flops", "activations", "traffic", "communication.T"])
def test_forms_of_a_model_are_worth_what_they_were(measure: str) -> None:
    form = cg.derive(measure, model="deepseek-v2-lite", mesh="tensor(T)").forms[measure].value
    sums = shared([form] * 9, {"D", "A", "F", "R_kv", "H_n", "H_r", "H_v", "N_r", "K_r", "N_s", "F_e"})
    found = Names(sums)(form)
    assert sums
    assert len(found.numerator) < len(form.numerator)
    assert expanded(found, sums) == form


def test_a_sheet_of_short_formulas_names_none() -> None:
    assert "SUMS" not in decoder("text")


def test_a_formula_of_a_page_may_end_its_line_at_signs_that_stand_in_nothing_else() -> None:
    text = "<mi>A</mi><mo>+</mo><mfrac><mrow><mi>B</mi><mo>+</mo></mrow></mfrac><mo>−</mo><mi>C</mi>"
    first, second, third = split_mathml(text)
    assert first == "<mi>A</mi>"
    assert second == '<mo form="infix">+</mo><mfrac><mrow><mi>B</mi><mo>+</mo></mrow></mfrac>'
    assert third == '<mo form="infix">−</mo><mi>C</mi>'


@pytest.mark.slow  # a sheet of a large model, set by TeX
@pytest.mark.needs_tool("pdflatex")
def test_a_sheet_of_the_longest_formulas_is_read_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(sheet(load("latex"), Setup.of(model="deepseek-v3"), None), encoding="utf-8")
    toolchains.call("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex", cwd=tmp_path)
    log = (tmp_path / "a.log").read_text(encoding="utf-8", errors="replace")
    assert re.findall(r"^Overfull.*", log, re.MULTILINE) == []
    assert "(4 pages" in log
