"""What training on one device costs: every published result as a row (graph, measure, formula).

Equation numbers are those of "Decoder-Only Transformers"; a prime marks the corrected form of a misprint.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recipes import EVERYWHERE, RECIPES, SUMS, by_op, by_place, graph, train

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.parser import parse
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT, NOTES, Elementwise
from costgraph.conventions.known import CONVENTIONS
from costgraph.largest import Largest

notes, exact = CONVENTIONS["notes"], CONVENTIONS["exact"]
Form = Callable[[], ClosedForm]


def row(title: str, form: Form, expected: str) -> object:
    return pytest.param(form, expected, id=title)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("2.2 the blocks", lambda: m.params(cg.decoder()), "(4 + 2*E)*L*D**2"),
        row("2.2 at E=4", lambda: m.params(cg.decoder()).limit(E=4), "12*L*D**2"),
        row("embeddings", lambda: m.params(cg.decoder(head=True)) - m.params(cg.decoder()), "V*D + K*D"),
        row("an untied head", lambda: m.params(cg.decoder(head=True, tied=False)), "(4 + 2*E)*L*D**2 + 2*V*D + K*D"),
        row("norms of the blocks", lambda: m.params(cg.decoder(), EXACT), "(4 + 2*E)*L*D**2 + 4*L*D"),
        row(
            "norms with the head",
            lambda: m.params(cg.decoder(head=True), EXACT) - m.params(cg.decoder(head=True)),
            "4*L*D + 2*D",
        ),
        row("biases, neglected", lambda: m.params(cg.decoder(biases=True)), "(4 + 2*E)*L*D**2"),
        row(
            "biases, counted",
            lambda: m.params(cg.decoder(biases=True), EXACT) - m.params(cg.decoder(), EXACT),
            "(5 + E)*L*D",
        ),
        row(
            "every parameter of the module",
            lambda: m.params(cg.decoder(head=True, biases=True), EXACT),
            "V*D + K*D + L*((4 + 2*E)*D**2 + (9 + E)*D) + 2*D",
        ),
        row("a training step has the same", lambda: m.params(graph("train")), "(4 + 2*E)*L*D**2"),
    ],
)
def test_parameters(form: Form, expected: str) -> None:
    assert form().same_as(expected)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("2.7", lambda: m.activations(graph("train")), "2*B*D*L*S*(p*(E + 4) + 1) + A*B*L*S**2*(2*p + 1)"),
        row("2.8' at E=4, p=2", lambda: m.activations(graph("train")).limit(E=4, p=2), "B*L*S*(34*D + 5*A*S)"),
        row("2.8' at E=4, p=4", lambda: m.activations(graph("train")).limit(E=4, p=4), "B*L*S*(66*D + 9*A*S)"),
        row("dropout off", lambda: m.activations(graph("train, no dropout")), "B*L*S*p*(A*S + 2*D*(E + 4))"),
        row(
            "the head adds the final norm's input, its own and the loss",
            lambda: m.activations(graph("train, head")) - m.activations(graph("train")),
            "2*p*B*S*D + p*B*S*V",
        ),
        row("biases keep nothing", lambda: m.activations(graph("train, biases")) - m.activations(graph("train")), "0"),
        row("nothing is kept without a backward", lambda: m.activations(graph("forward")), "0"),
        row(
            "statistics of two norms a block",
            lambda: m.activations(graph("train"), EXACT) - m.activations(graph("train")),
            "16*B*L*S",
        ),
        row(
            "flash keeps q, k, v, the result and 4 bytes per row and head",
            lambda: m.activations(graph("flash")),
            "2*B*D*L*S*(p*(E + 4) + 1) + 4*A*B*L*S",
        ),
        row("selective at E=4, p=2", lambda: m.activations(graph("selective")).limit(E=4, p=2), "34*B*D*L*S"),
        row("selective", lambda: m.activations(graph("selective")), "2*B*D*L*S*(p*(E + 4) + 1)"),
        row("full keeps the blocks' inputs", lambda: m.activations(graph("full")), "p*B*D*L*S"),
        row("full keeps no statistics", lambda: m.activations(graph("full"), EXACT), "p*B*D*L*S"),
        row(
            "fewer key/value heads",
            lambda: m.activations(graph("train")) - m.activations(graph("train, grouped")),
            "2*p*B*D*L*S*(1 - G/A)",
        ),
    ],
)
def test_activations(form: Form, expected: str) -> None:
    assert form().same_as(expected)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param("attn", "B*L*S*((5*p + 1)*D + (2*p + 1)*A*S)", id="2.5 attention"),
        pytest.param("mlp", "(2*E*p + p + 1)*B*D*L*S", id="2.6 MLP"),
        pytest.param("norm", "2*p*B*D*L*S", id="LayerNorm"),
    ],
)
def test_activations_by_place(place: str, expected: str) -> None:
    assert by_place(m.activations(graph("train")))[place] == parse(expected).numerator


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("norm.attn", "p*B*D*L*S"),
        ("attn.q", "p*B*D*L*S"),
        ("attn.k", "p*B*D*L*S"),
        ("attn.v", "p*B*D*L*S"),
        ("attn.softmax", "p*A*B*L*S**2"),
        ("attn.dropout.mask", "A*B*L*S**2"),
        ("attn.dropout", "p*A*B*L*S**2"),
        ("attn.values", "p*B*D*L*S"),
        ("attn.out_dropout.mask", "B*D*L*S"),
        ("mlp.up", "p*E*B*D*L*S"),
        ("mlp.act", "p*E*B*D*L*S"),
        ("mlp.dropout.mask", "B*D*L*S"),
    ],
)
def test_each_saved_tensor_is_kept_once(source: str, expected: str) -> None:
    (term,) = [term for term in m.activations(graph("train")).terms if term.source == source]
    assert term.amount == parse(expected).numerator


@pytest.mark.parametrize(
    ("precision", "part", "expected"),
    [
        pytest.param("mixed_adam", "weights", "2*(4 + 2*E)*L*D**2", id="2.3 mixed, weights 2N"),
        pytest.param("mixed_adam", "gradients", "4*(4 + 2*E)*L*D**2", id="2.4 mixed, gradients 4N"),
        pytest.param("mixed_adam", "optimizer", "12*(4 + 2*E)*L*D**2", id="2.3 mixed, optimizer 12N"),
        pytest.param("fp32_adam", "weights", "4*(4 + 2*E)*L*D**2", id="2.1 fp32, weights 4N"),
        pytest.param("fp32_adam", "gradients", "4*(4 + 2*E)*L*D**2", id="2.4 fp32, gradients 4N"),
        pytest.param("fp32_adam", "optimizer", "8*(4 + 2*E)*L*D**2", id="2.1 fp32, optimizer 8N"),
    ],
)
def test_model_states(precision: str, part: str, expected: str) -> None:
    form = m.states(graph("train"), precision=precision)
    parts = [term.amount for term in form.terms if term.source.endswith(f", {part}")]
    assert sum(parts[1:], parts[0]) == parse(expected).numerator


def test_model_states_are_18_or_16_bytes_a_parameter() -> None:
    assert m.states(graph("train")).same_as("18*(4 + 2*E)*L*D**2")
    assert m.states(graph("train"), precision="fp32_adam").same_as("16*(4 + 2*E)*L*D**2")


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("attn.q", "2*B*L*S*D**2"),
        ("attn.k", "2*B*L*S*D**2"),
        ("attn.v", "2*B*L*S*D**2"),
        ("attn.scores", "2*B*D*L*S**2"),
        ("attn.values", "2*B*D*L*S**2"),
        ("attn.out", "2*B*L*S*D**2"),
        ("mlp.up", "2*E*B*L*S*D**2"),
        ("mlp.down", "2*E*B*L*S*D**2"),
    ],
)
def test_forward_flops_of_every_contraction(op: str, expected: str) -> None:
    terms = by_op(m.flops(graph("forward")))
    assert terms[op] == parse(expected).numerator
    assert len(terms) == 8


FORWARD = "4*B*D*L*S*(S + (2 + E)*D)"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("forward", lambda: m.flops(graph("forward")), FORWARD),
        row("forward, as a part of training", lambda: m.flops(graph("train"), phase="forward"), FORWARD),
        row("backward is twice the forward", lambda: m.flops(graph("train"), phase="backward"), f"2*{FORWARD}"),
        row("3.2 a training step", lambda: m.flops(graph("train")), "12*B*D*L*S*(S + (2 + E)*D)"),
        row("nothing is replayed", lambda: m.flops(graph("train"), phase="recompute"), "0"),
        row("flash runs the scores again", lambda: m.flops(graph("flash")) - m.flops(graph("train")), "2*B*D*L*S**2"),
        row("flash, forward", lambda: m.flops(graph("flash"), phase="forward"), FORWARD),
        row("the head, forward", lambda: m.flops(cg.decoder(head=True)) - m.flops(cg.decoder()), "2*B*S*D*V"),
        row("the head, training", lambda: m.flops(graph("train, head")) - m.flops(graph("train")), "6*B*S*D*V"),
        row("selective replays", lambda: m.flops(graph("selective"), phase="recompute"), "4*B*D*L*S**2"),
        row("full replays one forward", lambda: m.flops(graph("full"), phase="recompute"), FORWARD),
        row("full in all", lambda: m.flops(graph("full")), "16*B*D*L*S*(S + (2 + E)*D)"),
        row("full leaves the backward alone", lambda: m.flops(graph("full"), phase="backward"), f"2*{FORWARD}"),
        row(
            "softmax 3 per score",
            lambda: m.flops(cg.decoder(), notes("softmax3")) - m.flops(cg.decoder()),
            "3*A*B*L*S**2",
        ),
        row(
            "Table A.1: 6 per score, 7 per norm element, 1 per bias, dropout and residual element",
            lambda: m.flops(cg.decoder(biases=True), notes("table_a1")) - m.flops(cg.decoder()),
            "L*(6*A*B*S**2 + 14*B*S*D + (3 + 1 + E + 1)*B*S*D + 2*B*S*D + 2*B*S*D)",
        ),
        row(
            "Table A.1 without dropout and biases",
            lambda: m.flops(cg.decoder(dropout=False), notes("table_a1")) - m.flops(cg.decoder()),
            "L*(6*A*B*S**2 + 14*B*S*D + 2*B*S*D)",
        ),
        row(
            "a replay runs its softmax again",
            lambda: m.flops(graph("full"), notes("softmax3"), "recompute"),
            f"{FORWARD} + 3*A*B*L*S**2",
        ),
    ],
)
def test_flops(form: Form, expected: str) -> None:
    assert form().same_as(expected)


def test_flops_in_parameters() -> None:
    """3.3: 6 FLOPs per token and parameter, as long as the sequence is short against the width."""
    step, size = m.flops(graph("train")), m.params(graph("train"))
    regime = step.when("S << D")
    assert regime.leading == parse("12*B*D**2*L*S*(2 + E)")
    assert regime.neglected == parse("S/((2 + E)*D)")
    assert regime.leading / size.value == parse("6*B*S")
    assert step.per(size) == parse("6*B*S*(1 + S/((2 + E)*D))")


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        pytest.param("attn.out", "2*B*S*D/(p*(2*B*S + D))", id="D.1' projection"),
        pytest.param("mlp.up", "2*B*S*D*E/(p*(B*S*(1 + E) + D*E))", id="MLP"),
        pytest.param("attn.scores", "2*D*S/(p*(2*D + A*S))", id="scores"),
    ],
)
def test_intensity_of_a_contraction(op: str, expected: str) -> None:
    form = m.intensity(cg.decoder().only(op))
    assert form.same_as(expected)
    assert form.over, "a quotient shows both of its sums"


def test_traffic_of_a_projection_is_operands_and_result_once() -> None:
    assert m.traffic(cg.decoder().only("attn.out")).same_as("p*(2*B*S*D + D**2)*L")


@pytest.mark.parametrize("view", ["blocks.enter", "blocks.exit", "attn.k_context"])
def test_views_move_nothing(view: str) -> None:
    assert m.traffic(cg.decoder().only(view)).same_as("0")


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("elementwise", ["none", "table_a1"])
def test_form_plus_remainder_is_the_exact_form(name: str, elementwise: Elementwise) -> None:
    for measure, count in EVERYWHERE.items():
        form, everything = count(graph(name), notes(elementwise)), count(graph(name), exact(elementwise))
        if isinstance(form, Largest) and isinstance(everything, Largest):  # each has a symbol of its own
            sizes = dict.fromkeys({*form.symbols, *everything.symbols} - {*form.own, *everything.own}, 8)
            form, everything = form.limit(**sizes), everything.limit(**sizes)
        assert form.value + form.remainder == everything.value, measure
        assert everything.remainder.number == 0, measure


@pytest.mark.parametrize("measure", SUMS)
def test_conventions_travel_with_the_result(measure: str) -> None:
    assert EVERYWHERE[measure](graph("train")).convention == NOTES
    assert "dropout on" in map(str, EVERYWHERE[measure](graph("train")).assumptions)
    assert "dropout off" in map(str, EVERYWHERE[measure](train(dropout=False)).assumptions)
