"""Forms in which a symbol stands for a minimum or what is rounded: programs compute it, documents say what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from windowed import windowed

import costgraph as cg
from costgraph import measures as m
from costgraph.derivation import derive
from costgraph.exporting import export
from costgraph.exporting.documents.appendix import appendix
from costgraph.exporting.exchange.reading import read_forms, stored
from costgraph.exporting.forms import collect
from costgraph.exporting.targets import load
from costgraph.op_sets import OP_SETS

SIZES = {"B": 2, "S": 100, "D": 8, "A": 4, "W": 64, "k": 30}
EXACTLY = 2 * 2 * 8 * (2 * 100 * 64 + 4 * 4)


@pytest.fixture(autouse=True)
def _op_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OP_SETS, "windowed", windowed)


def test_a_form_for_a_program_has_no_defined_symbols() -> None:
    (form,) = collect(m.flops(windowed()))
    assert form.symbols == ["B", "S", "D", "A", "W", "k"]
    assert form.at({name: Fraction(size) for name, size in SIZES.items()}) == EXACTLY


def test_exact_python_computes_it() -> None:
    space: dict[str, Any] = {}
    text = text_of(m.flops(windowed()), "python")
    exec(text, space)
    assert space["flops"](**SIZES) == EXACTLY
    assert "S_w = min(S, W), where N_q = ceil(S/k)" in text


def test_numpy_computes_it_elementwise(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    space: dict[str, Any] = {}
    exec(export(m.flops(windowed()), "numpy"), space)
    lengths = numpy.array([10, 64, 100])
    found = space["flops"](**{**SIZES, "S": lengths})
    assert found.tolist() == [2 * 2 * 8 * (2 * s * min(s, 64) + 4 * -(-s // 30)) for s in (10, 64, 100)]


def text_of(forms: Any, target: str) -> str:
    text = export(forms, target)
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("target", ["c", "javascript", "typescript", "rust", "sql"])
def test_programs_compute_minimum_and_rounding(target: str) -> None:
    code = text_of(m.flops(windowed()), target)
    assert "ceil" in code
    assert "min" in code or "least" in code


@pytest.mark.parametrize("regime", [None, "S <= W", "A << S"])
def test_json_brings_it_back_whole(regime: str | None) -> None:
    derivation = cg.derive("flops", op_set="windowed", phase="forward", when=regime)
    document = text_of(derivation, "json")
    (form,) = stored(document)
    assert form.closed is not None
    assert form.closed.definitions == m.flops(windowed()).definitions
    assert form.definitions == collect(derivation)[0].definitions
    assert json.loads(export(form.closed, "json"))["forms"][0]["terms"] == json.loads(document)["forms"][0]["terms"]


READER = "import pathlib; from costgraph.exporting.exchange.reading import read_forms"


def test_json_brings_a_symbol_of_the_models_own_along(tmp_path: Path) -> None:
    file = tmp_path / "forms.json"
    file.write_text(text_of(m.flops(windowed()), "json"))
    code = f"{READER}; print(read_forms(pathlib.Path({str(file)!r}).read_text())['flops'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(m.flops(windowed()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbol": "Z"}, "unknown symbol 'Z'"),
        ({"function": "mean"}, "unknown function 'mean'"),
        ({"arguments": []}, "min takes two sizes or more"),
        ({"arguments": "S"}, "must be a list"),
        ({"function": "ceil"}, "ceil takes one size"),
    ],
)
def test_a_document_with_a_wrong_definition_is_refused(change: dict[str, Any], message: str) -> None:
    document = json.loads(export(m.flops(windowed()), "json"))
    document["forms"][0]["definitions"][0] |= change
    with pytest.raises(cg.UserError, match=message):
        read_forms(json.dumps(document))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("latex-derivation", r"S_{w} = \min\left(S, W\right)"),
        ("latex-derivation", r"N_{q} = \lceil \frac{S}{k} \rceil"),
    ],
)
def test_a_derivation_says_what_it_is(target: str, said: str) -> None:
    text = appendix(load(target), derive("flops", op_set="windowed", phase="forward"), "auto", None, False)
    assert said in " ".join(text.split())


@pytest.mark.parametrize(
    ("when", "said"),
    [("W <= S", r"W \le S"), ("B*S << D", r"B S \ll D"), ("D >> S", r"S \ll D"), ("S << D", r"S \ll D")],
)
def test_a_derivation_says_where_its_leading_terms_hold(when: str, said: str) -> None:
    derivation = derive("flops", op_set="windowed", phase="forward", when=when)
    assert said in appendix(load("latex-derivation"), derivation, "auto", None, False)
