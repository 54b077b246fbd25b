"""Whatever is printed reads back the same: forms of all measures, maxima, regimes, roots; as text, Unicode, LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.definition import define
from costgraph.algebra.parser import parse
from costgraph.algebra.printers import LATEX, PYTHON, UNICODE, latex, python, unicode
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime
from costgraph.algebra.roots import Root
from costgraph.algebra.symbols import SYMBOLS
from costgraph.closed_form import ClosedForm
from costgraph.largest import Largest
from costgraph.solving.solution import solve

MODELS = ("gpt2", "llama-3-8b", "gemma-2-2b", "mixtral-8x7b", "deepseek-v2", "mamba2-2.7b", "bert-large")
MEASURES = {
    "train": (
        "params", "states", "flops", "flops.forward", "flops.backward", "activations", "peak", "traffic",
        "traffic.update", "intensity", "communication", "step_time", "mfu",
    ),
    "prefill": ("flops", "cache", "peak", "traffic", "communication", "ttft"),
    "decode": ("flops", "cache", "peak", "traffic", "communication", "tpot"),
}  # fmt: skip
SYMBOLIC = {"gpt2": "L,D,A,p", "mixtral-8x7b": "L,N_r,K_r,p", "mamba2-2.7b": "L,D,p"}  # of others those of the table
MESHES = ("", "tensor(T)", "data(N_d, zero=3), pipeline(P)")


def printed(form: ClosedForm) -> Iterator[str]:
    """A form in every notation."""
    yield from (form.text(), form.latex(), form._repr_latex_().partition(" = ")[2].rpartition(r"\ \text")[0])
    yield form.written("auto", UNICODE) if isinstance(form, Largest) else unicode(form.value)
    yield form.text("expanded")


def derived(model: str, phase: str, mesh: str) -> Iterator[ClosedForm]:
    """Forms of a model, those that it has."""
    for measure in MEASURES[phase]:
        symbolic = SYMBOLIC.get(model, "L,D,p")
        try:
            found = cg.derive(measure, model=model, phase=phase, mesh=mesh, symbolic=symbolic)
        except cg.UserError:  # an encoder keeps no cache; one kind of layers is not spread so
            continue
        yield found[measure]
        yield from (found.forms[measure],) if mesh == "tensor(T)" else ()


@pytest.mark.parametrize(
    ("model", "phase", "mesh"), [one for one in product(MODELS, MEASURES, MESHES) if one[2] != MESHES[2]]
    + [("llama-3-8b", "train", MESHES[2])],
)  # fmt: skip
def test_every_form_reads_back(model: str, phase: str, mesh: str) -> None:
    forms = list(derived(model, phase, mesh))
    assert forms or model == "bert-large"
    for form in forms:
        for text in printed(form):
            assert form.same_as(text), (form.name, text)
        assert not form.same_as(f"{python(form.value)} + 1")
        for definition in form.definitions:
            name, _, value = str(definition).partition(" = ")
            if len(value) < 10_000:
                assert define(name, value) == definition
        if not isinstance(form, Largest):
            for write in (python, unicode, latex):
                assert form.remainder == parse(write(form.remainder))


@pytest.mark.parametrize("when", ["S << D", "D << S", "S >> L*D"])
def test_every_regime_reads_back(when: str) -> None:
    for name in ("flops", "activations", "traffic", "intensity", "states", "params"):
        regime: Regime = cg.derive(name)[name].when(when)
        said = regime._repr_latex_().partition(" = ")[2].rpartition(r"\ \text")[0]
        assert parse(said) == parse(str(regime)) == regime.leading
        for write in (python, unicode, latex):
            assert parse(write(regime.leading)) == regime.leading
            assert parse(write(regime.neglected)) == regime.neglected


QUESTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("states + activations <= hbm", "S", {}),
    ("states + activations <= hbm", "S", {"limit": "E=4,p=2"}),
    ("states + activations <= hbm", "S", {"limit": "B=1,L=2,A=2,D=8,E=4,p=2,hbm=1e6"}),
    ("states + activations <= hbm", "B", {"mesh": "tensor(T)"}),
    ("activations <= hbm", "D", {}),
    ("flops(attn) == flops(mlp)", "D", {}),
    ("peak <= hbm", "B", {"limit": "L=2,E=4"}),
    ("cache <= hbm", "S", {"phase": "decode"}),
    ("35*L*(E+2) == S**2", "S", {}),
    ("S**2*B == D", "S", {}),
    ("2*S**2 == 9*B", "S", {}),
    ("S**2 == 9*B**2", "S", {}),
    ("S*S + D <= B*S", "S", {}),
    ("B*S**3 == D", "S", {}),
    ("S**3 == B**4*D", "S", {}),
    ("S**4*B == 2*D*L**5", "S", {}),
    ("S**3 == 16", "S", {}),
    ("S**3 + S == 16", "S", {}),
    ("S**2 + 2*S*B == 7*D*L", "S", {}),
    ("4*S**2 <= 7*D*L/V", "S", {}),
]


@pytest.mark.parametrize(("question", "unknown", "of"), QUESTIONS)
def test_every_root_reads_back(question: str, unknown: str, of: Any) -> None:
    answer = solve(question, unknown, **of)
    cases = [*answer.formulas, *(solution.case for solution in answer.solutions)]
    roots = [root for case in cases for root in (case.low, case.high) if root is not None]
    assert roots
    for root in roots:
        for text in (root.text(), root.unicode(), root.latex()):
            assert root.same_as(text), text
            assert root.rounded or not root.same_as(f"{text} + 1")
            assert root.rounded or not root.same_as(f"2*({text})")
    for condition in (one for case in cases for one in case.conditions):
        for write in (python, unicode, latex):
            assert parse(write(condition.form)) == Quotient(condition.form)


def test_a_root_is_no_other_one() -> None:
    (case,) = solve("S**2 == 35*L*(E + 2)", "S").formulas or [solve("S**2 == 35*L*(E + 2)", "S").solutions[0].case]
    root = case.high
    assert isinstance(root, Root)
    assert root.unicode() == "√(35L(E + 2))"
    for same in ("√(35L(E+2))", r"\sqrt{35 L (E + 2)}", "(35*L*(E + 2))**(1/2)", "√(140L(E+2))/2", "√(35LD²(E+2))/D"):
        assert root.same_as(same), same
    for other in ("√(36L(E+2))", "2√(35L(E+2))", "√(35L(E+2)) + 1", "(35*L*(E + 2))**(1/3)", "35*L*(E + 2)"):
        assert not root.same_as(other), other


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("max(B*S, 2*B*S)", "2*B*S"),
        ("max(2, 3)*B", "3*B"),
        ("√(4B²)S", "2*B*S"),
        (r"\sqrt[3]{8 B^3}", "2*B"),
        ("(B**4)**(1/2)", "B**2"),
        ("⌈7/2⌉B", "4*B"),
        ("⌊7/2⌋B", "3*B"),
        ("ceil(B*S)", "B*S"),
        ("√(9/4)", "3/2"),
    ],
)
def test_functions_that_are_decided_are_sizes(text: str, same: str) -> None:
    form = cg.params(cg.decoder()) / cg.params(cg.decoder())
    assert (form * 1).same_as(f"({text})/({same})")


def test_a_maximum_reads_back_in_any_order_and_is_no_other() -> None:
    peak = cg.derive("peak", limit="E=4,p=2,L=2")["peak"]
    assert isinstance(peak, Largest)
    sides = [one.text() for one in peak.candidates]
    assert peak.same_as(f"max({', '.join(reversed(sides))})")
    assert peak.same_as(f"max({', '.join([*sides, sides[0], 'B*S*D'])})")  # what is never the largest
    assert peak.same_as(rf"$$\max\left({', '.join(sides)}\right)$$")
    assert not peak.same_as(f"max({', '.join(sides[1:])})")
    assert not peak.same_as(sides[0])
    with pytest.raises(cg.UserError, match="unknown symbol"):
        peak.same_as("max(Z, B)")


@pytest.mark.parametrize("style", [PYTHON, UNICODE, LATEX], ids=["text", "unicode", "latex"])
def test_every_definition_reads_back(style: Any) -> None:
    window = cg.derive("flops", model="gemma-2-2b", symbolic="W")["flops"].definitions[0]
    name, _, value = window.written(style).partition(" = ")
    tex = {symbol.tex: key for key, symbol in SYMBOLS.items()}
    assert define(tex.get(name, name), value) == window
