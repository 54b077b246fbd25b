"""What one command prints, another one reads: forms of every measure in `check`, answers of `solve` in `solve`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy

import costgraph as cg
from costgraph.algebra.printers import UNICODE, unicode
from costgraph.algebra.symbols import SYMBOLS
from costgraph.largest import Largest, formula
from costgraph.solving.solution import solve

ASKED: list[tuple[str, dict[str, Any]]] = [
    ("params", {}),
    ("states", {"mesh": "data(N_d, zero=3)"}),
    ("flops", {"model": "gemma-2-2b", "symbolic": "W"}),
    ("flops.backward", {}),
    ("activations", {"mesh": "tensor(T, sequence=True)"}),
    ("cache", {"phase": "decode"}),
    ("peak", {"limit": "E=4,L=1,p=2,A=1"}),
    ("peak", {"phase": "prefill"}),
    ("peak", {"phase": "decode", "model": "gemma-2-2b", "symbolic": "W"}),
    ("traffic", {"phase": "decode"}),
    ("communication", {"mesh": "tensor(T), data(N_d)"}),
    ("intensity", {}),
    ("bubble", {"mesh": "pipeline(P), microbatches(M)"}),
    ("step_time", {"mesh": "tensor(T)"}),
    ("ttft", {"phase": "prefill"}),
    ("tpot", {"phase": "decode"}),
    ("mfu", {}),
    ("cost", {}),
]


def name_of(value: object) -> str:
    return " ".join(f"{key}={one}" for key, one in value.items()) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("measure", "of"), ASKED, ids=name_of)
def test_a_form_is_checked_as_it_is_printed(measure: str, of: dict[str, Any]) -> None:
    form = cg.derive(measure, **of)[measure]
    expression = sympy.Max(*(one.expr for one in form.candidates)) if isinstance(form, Largest) else form.expr
    texts = {
        "text": form.text(),
        "expanded": form.text("expanded"),
        "json": formula(form),
        "unicode": form.written("auto", UNICODE) if isinstance(form, Largest) else unicode(form.value),
        "latex": form.latex(),
        "sympy": str(expression),
        "latex of sympy": sympy.latex(
            expression, symbol_names={one: SYMBOLS[str(one)].tex for one in expression.free_symbols}
        ),
        "its symbol": str(form.value),
    }
    assert {how: cg.check(text, measure, **of).agrees for how, text in texts.items()} == dict.fromkeys(texts, True)


QUESTIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("activations <= hbm", "S", {}, "B=1,L=2,A=2,D=8,E=4,p=2,hbm=1e6"),
    ("activations <= hbm", "D", {}, "B=1,L=2,A=2,S=8,E=4,p=2,hbm=1e6"),
    ("states <= hbm", "L", {}, "D=8,E=4,hbm=1e6"),
    ("cache <= hbm", "S", {"phase": "decode"}, "B=1,L=2,D=8,p=2,hbm=1e6"),
    ("35*L*(E + 2) == S**2", "S", {}, "L=3,E=4"),
    ("S**3 == B**4*D", "S", {}, "B=2,D=5"),
    ("S**4*B == 2*D*L**5", "S", {}, "B=2,D=5,L=3"),
    ("S**2 + 2*S*B == 7*D*L", "S", {}, "B=2,D=5,L=3"),
    ("S <= min(B, √(D))*V", "S", {}, "B=2,D=5,V=3"),
    ("S <= ⌈D/3⌉*V", "S", {}, "D=5,V=3"),
    ("S*max(D/2, E)**2 <= V", "S", {}, "D=5,V=300,E=4"),
]


@pytest.mark.parametrize(("question", "unknown", "of", "sizes"), QUESTIONS, ids=name_of)
def test_an_answer_is_a_question(question: str, unknown: str, of: dict[str, Any], sizes: str) -> None:
    expected = at_numbers(question, unknown, of, sizes)
    asked = solve(question, unknown, **of)
    definitions = {one.name: one.written(UNICODE).partition(" = ")[2] for one in asked.definitions}
    for root in (end for one in asked.solutions for end in (one.case.low, one.case.high) if end is not None):
        for text in (root.text(), root.unicode(), root.latex()):
            again = at_numbers(f"{unknown} == {text}", unknown, {"let": definitions, **of}, sizes)
            assert abs(again - expected) < Fraction(expected) / 10**30
    for condition in (
        one for case in (*asked.formulas, *(one.case for one in asked.solutions)) for one in case.conditions
    ):
        above = unicode(condition.form)
        assert solve(f"{above} >= 0", condition.form.symbols[0], let=definitions, **of).solutions


def at_numbers(question: str, unknown: str, of: dict[str, Any], sizes: str) -> Fraction:
    """Where the only end lies that is not 0."""
    (found,) = solve(question, unknown, limit=sizes, **of).solutions
    end = found.case.high or found.case.low
    assert end is not None
    return Fraction(end.number or 0)
