"""One op at a time: what its backward keeps, what it costs, what it moves."""

import re

import pytest

import costgraph as cg
from costgraph import measures as m
from costgraph.conventions import NOTES
from costgraph.errors import UserError
from costgraph.graph.rules import RULES, rule

KEEPS = [  # kind, bytes that the backward of one op on a (B, D) tensor keeps
    ("gelu", "B*D*p"),
    ("silu", "B*D*p"),
    ("relu", "B*D*p"),
    ("softmax", "B*D*p"),
    ("scale", "0"),
    ("causal_mask", "0"),
]


def single(kind: str) -> cg.Graph:
    """A model of one op."""
    b = cg.Builder(kind, {"b": "B", "d": "D"})
    b.op("it", kind, b.input("x", "bd"))
    return b.build()


@pytest.mark.parametrize(("kind", "kept"), KEEPS)
def test_an_elementwise_op_keeps_what_its_derivative_needs(kind: str, kept: str) -> None:
    assert m.activations(single(kind).apply(cg.backward)).same_as(kept)


def test_relu_keeps_its_result_and_gelu_its_input() -> None:
    sources = {kind: m.activations(single(kind).apply(cg.backward)).terms[0].source for kind in ("relu", "gelu")}
    assert sources == {"relu": "it", "gelu": "x"}


def test_dropout_keeps_one_byte_per_element() -> None:
    b = cg.Builder("drop", {"b": "B", "d": "D"})
    b.op("it", "dropout", b.input("x", "bd"), extra={"mask": ("bd", "mask", 1)})
    assert m.activations(b.build().apply(cg.backward)).same_as("B*D")


@pytest.mark.parametrize(("kind", "_kept"), KEEPS)
def test_an_elementwise_op_reads_and_writes_once_and_costs_nothing_by_default(kind: str, _kept: str) -> None:
    graph = single(kind)
    assert m.traffic(graph).same_as("2*B*D*p")
    assert m.flops(graph).same_as("0")
    assert m.flops(graph, NOTES.with_elementwise({kind: 5})).same_as("5*B*D")


def test_a_rate_for_one_op_goes_before_the_rate_of_its_kind() -> None:
    assert m.flops(single("gelu"), NOTES.with_elementwise({"gelu": 5, "it": 7})).same_as("7*B*D")


def test_views_are_free_and_count_as_what_they_look_at() -> None:
    b = cg.Builder("view", {"b": "B", "s": "S", "t": "S", "d": "D"})
    y = b.op("look", "context", b.input("x", "bsd"), letters="btd")
    b.einsum("square", "bsd,btd->bst", "x", y)
    graph = b.build().apply(cg.backward)
    assert m.activations(graph).same_as("p*B*S*D")
    assert not [term for term in m.traffic(graph).terms if term.op == "look"]


def test_a_table_lookup_moves_rows_and_not_the_table() -> None:
    lookup = cg.decoder(head=True).only("embed.tokens")
    assert m.traffic(lookup).same_as("8*B*S + 2*p*B*S*D")


def test_a_gradient_kind_follows_from_the_kind_it_differentiates() -> None:
    assert rule("gelu_grad").gradient == "none"


def test_an_unknown_kind_lists_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean gelu"):
        rule("gellu")


def test_every_row_reads_inputs_or_outputs() -> None:
    assert all(re.fullmatch(r"(x|y)[0-9](@[0-9]+)?|x\*", key) for row in RULES.values() for key in row.reads)
