"""Autocast: which tensors are narrow, which copies are made, and what it does not go with."""

from __future__ import annotations

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.parser import parse
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.passes.autocast import Autocast

NARROW, WIDE = "p", "4"


def widths(graph: Graph) -> dict[str, str]:
    """Bytes per element by tensor."""
    return {name: str(tensor.itemsize) for name, tensor in graph.tensors.items()}


CAST = cg.decoder(head=True).apply(Autocast)
WIDTHS = {
    "attn.q.weight": WIDE,
    "attn.q.weight.cast": NARROW,
    "blocks.enter": WIDE,  # the residual stream
    "norm.attn": WIDE,
    "attn.q.cast_norm.attn": NARROW,
    "attn.k.cast_norm.attn": NARROW,
    "attn.scores": NARROW,
    "attn.softmax": WIDE,
    "attn.values.cast_attn.dropout": NARROW,
    "attn.dropout.mask": "1",
    "mlp.act": NARROW,
    "mlp.residual": WIDE,
    "head.logits": NARROW,
    "loss.cross_entropy.log_probs": WIDE,
}


@pytest.mark.parametrize("name", WIDTHS)
def test_products_are_narrow_and_the_stream_is_wide(name: str) -> None:
    assert widths(CAST)[name] == WIDTHS[name]


def test_a_copy_of_a_parameter_is_made_once_and_of_logits_one_that_is_wide() -> None:
    made = [op for op in CAST.ops if op.kind in ("narrow", "widen")]
    assert [op.name for op in made if op.inputs[0] == "embed.tokens.table"] == ["embed.tokens.table.cast"]
    assert [op.kind for op in made if op.inputs[0] == "head.logits"] == ["widen"]


def test_gradients_are_as_wide_as_what_they_are_of() -> None:
    trained = CAST.apply(cg.backward)
    found = widths(trained)
    assert {found[gradient] for gradient in trained.gradients.values()} == {WIDE}
    (product,) = [op for op in trained.ops if "attn.q.weight.cast.grad" in op.outputs]
    assert found[product.inputs[0]] == NARROW


def test_forms() -> None:
    """A softmax in fp32, its narrow copy, a mask of a byte; FLOPs are what they were."""
    trained = cg.decoder().apply(Autocast, cg.backward)
    assert m.activations(trained).value == parse("B*S*L*(S*A*(p + 5) + 2*D*(p*(E + 4) + 5))")
    assert m.flops(trained).value == m.flops(cg.decoder().apply(cg.backward)).value


def test_recomputing_all_keeps_the_stream_alone() -> None:
    graph = cg.decoder().apply(cg.flash_attention, Autocast, cg.backward, cg.recompute("full"))
    assert str(m.activations(graph).value) == "4*B*S*L*D"


def test_parameters_are_those_of_the_model() -> None:
    assert m.params(CAST, EXACT).value == m.params(cg.decoder(head=True), EXACT).value


REFUSED = {
    "derive activations --pass autocast": "autocast keeps weights in 4 bytes, and precision mixed_adam in 2",
    "derive activations --pass autocast --precision fp32_adam --weights bf16": "leave --weights 2 out",
    "derive activations --pass autocast --precision fp32_adam --mesh tensor(T)": "autocast on a mesh is not modelled",
}


@pytest.mark.parametrize("command", REFUSED)
def test_what_it_does_not_go_with_is_refused_in_words(command: str) -> None:
    run = costgraph(*command.split())
    assert run.returncode == 2
    assert REFUSED[command] in run.stderr


def test_it_comes_before_the_backward() -> None:
    with pytest.raises(UserError, match="autocast comes before backward"):
        cg.decoder().apply(cg.backward).apply(Autocast)
