"""The rows of a sheet about a whole step say what the measures say, at the sizes that stand on the sheet."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from costgraph.algebra.symbols import Rational
from costgraph.derivation import derive
from costgraph.exporting.documents.amounts import readable
from costgraph.exporting.documents.markup import MATHS
from costgraph.exporting.documents.reference import reference
from costgraph.exporting.documents.sheet import sheet, sheet_context
from costgraph.exporting.targets import load
from costgraph.largest import Largest
from costgraph.setup import Setup

ROWS = (
    ("training step", "step_time", "train", "s"),
    ("MFU, at most", "mfu", "train", "share of the peak"),
    ("cost", "cost", "train", "USD per million tokens"),
    ("peak", "peak", "train", "byte"),
    ("first token", "ttft", "prefill", "s"),
    ("next token", "tpot", "decode", "s"),
    ("cost", "cost", "decode", "USD per million tokens"),
)
SETUPS = (
    {"op_set": "decoder"},
    {"op_set": "decoder(head=True)", "mesh": "data(N_d, zero=3), tensor(T)", "limit": "B=256,V=50304"},
    {"op_set": "decoder", "mesh": "pipeline(P), microbatches(M)", "limit": "B=256"},
    {"model": "gemma-3-1b"},  # a window that the sequence is longer than
    {"model": "mixtral-8x7b"},
    {"model": "mamba2-2.7b"},
)


@pytest.mark.parametrize("asked", SETUPS, ids=str)
def test_a_whole_step_on_the_sheet_is_worth_what_its_measures_are_at_the_sizes_of_the_sheet(
    asked: dict[str, str],
) -> None:
    setup = Setup.of(**asked)  # type: ignore[arg-type]
    sizes = reference(setup)
    context = sheet_context(MATHS["text"], setup)
    rows = next(part["rows"] for part in context["sections"] if part["title"] == "A whole step")
    assert [row["label"].split(" at the sizes")[0] for row in rows] == [label for label, *_ in ROWS]
    for row, (_, measure, phase, unit) in zip(rows, ROWS, strict=True):
        assert row["unit"] == unit
        assert row["worked"] == readable(value_of(measure, phase, asked, sizes), unit)


def value_of(measure: str, phase: str, asked: dict[str, str], sizes: dict[str, Rational]) -> Fraction:
    """A measure with all sizes put in that it reads and that the model leaves open."""
    open_form = derive(measure, phase=phase, **asked)  # type: ignore[arg-type]
    read = {name for form in open_form.forms.values() for name in form.symbols}
    form = open_form.forms[measure]
    read |= {name for one in (form.candidates if isinstance(form, Largest) else ()) for name in one.symbols}
    made = {one.name for one in open_form.graph.definitions} | {f"max_{name}" for name in ("step_time", "peak", "cost")}
    limit = {name: sizes[name] for name in {*read, "B", "V"} - made if name in sizes}
    number = derive(measure, phase=phase, **{**asked, "limit": limit}).limited[measure].number  # type: ignore[arg-type]
    assert number is not None
    return Fraction(number)


def test_what_is_made_of_other_sizes_has_none_of_its_own() -> None:
    text = sheet(load("text"), Setup.of(model="gemma-3-1b"), None)
    assert re.search(r"S_w +positions inside the window, min\(S, W\)", text)
    cache = derive("cache", model="gemma-3-1b", phase="decode", limit="B=1,S=2048,p=2").limited["cache"].number
    assert cache is not None
    assert f"({readable(cache, 'byte')})" in text  # 22 layers keep 512 positions, 4 keep all


def test_a_sheet_of_one_phase_has_its_step_alone() -> None:
    context = sheet_context(MATHS["text"], Setup.of(op_set="decoder", phase="decode"), "decode")
    rows = next(part["rows"] for part in context["sections"] if part["title"] == "A whole step")
    assert [row["label"] for row in rows] == ["next token", "cost"]


def test_what_follows_from_the_time_of_a_step_is_written_in_terms_of_it() -> None:
    text = sheet(load("text"), Setup.of(op_set="decoder"), None)
    assert "1000000 price t_step/(BS)" in text
    assert "6BSLD(2D(E + 2) + S + 1)/(λ_flops t_step)" in text
