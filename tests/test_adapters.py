"""Adapters: what trains, what is frozen, and what the backward pass then does without."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tiny_models import architectures, variants

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.parser import parse
from costgraph.blocks import Attention, Block, Embedding, Gated, Head, Layers, Mlp, Norm
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.models.architecture import Architecture
from costgraph.passes.autocast import Autocast
from costgraph.passes.lora import Lora
from costgraph.passes.update import Update

BLOCKS = {
    "pre": Block(Attention(positions="rotary"), Gated(), Norm()),
    "dropout, biases": Block(
        Attention(kv_heads="A", dropout=True, biases=("q", "k", "v", "out")), Mlp("F", biases=True), Norm("layer"),
        dropout=True,
    ),
    "parallel": Block(Attention(positions="rotary"), Gated(), Norm("layer"), residual="parallel"),
    "post": Block(Attention(), Gated(), Norm("layer"), residual="post"),
}  # fmt: skip
TARGETS = ["attn", "attn.q", "attn.v", "attn.out", "mlp", "mlp.down", "all", "head", "attn.v+head"]
STEPS: dict[str, tuple[Any, ...]] = {
    "": (),
    "flash": (cg.flash_attention,),
    "selective": (cg.recompute("selective"),),
    "full": (cg.recompute("full"),),
}
MEASURES = (m.params, m.states, m.flops, m.traffic, m.activations)


def stacked(block: Block, *layers: Layers) -> Graph:
    """Layers with all that stands around them."""
    return Architecture(layers or (Layers("L", block),), Embedding(), Norm(), Head()).build()


# --- the first layer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_layers_in_a_loop_cost_what_they_cost_one_after_the_other(block: Block, steps: tuple[Any, ...]) -> None:
    apart = [Layers(1, block, kind) for kind in ("first", "second", "third")]
    for targets in TARGETS:
        passes = (Lora(2, targets=targets), cg.backward, *steps)
        looped = stacked(block).apply(*passes)
        looped = looped.substitute(L=3) if "L" in looped.symbols else looped
        unrolled = stacked(block, *apart).apply(*passes)
        for measure in MEASURES:
            assert measure(looped, EXACT).value == measure(unrolled, EXACT).value, (targets, measure)


def test_one_layer_is_the_first() -> None:
    graph = stacked(BLOCKS["pre"]).apply(Lora("R_a", targets="mlp"), cg.backward)
    assert m.flops(graph.substitute(L=1), phase="backward").value == m.flops(graph, phase="backward").limit(L=1).value
    assert not [term for term in m.activations(graph).limit(L=1).terms if term.place == "attn"]


def test_where_activations_come_from_outside_every_layer_passes_a_gradient_on() -> None:
    graph = cg.decoder().apply(Lora("R_a", targets="mlp"), cg.backward)
    assert {op.loop.rounds for op in graph.ops} == {""}


def test_what_the_first_layer_lacks_is_a_part_of_its_own() -> None:
    found = cg.derive("activations", model="llama-3-8b", passes="lora(R_a, targets=mlp)").parts("activations")
    assert [(str(part.times), part.name) for part in found if part.name.startswith("attn")] == [
        ("L - 1", "attn, later layers")
    ]


# --- what trains ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", architectures())
def test_every_architecture_takes_adapters(name: str) -> None:
    for made in variants(name):
        plain = made.build()
        graph = plain.apply(Lora(2, targets="all"), cg.backward, Update)
        trained = {t.name for t in graph.inputs if t.trains}
        assert trained == {t.name for t in graph.inputs if t.is_parameter and ".lora_" in t.name}
        assert trained == {*graph.gradients}
        assert (
            m.params(graph, EXACT).value - m.params(plain, EXACT).value == m.params(only(graph, trained), EXACT).value
        )


def only(graph: Graph, names: set[str]) -> Graph:
    """What reads these tensors."""
    return graph.only(*(op.name for op in graph.phase("forward") if names.intersection(op.inputs)))


def test_an_adapter_has_the_rows_and_columns_of_its_matrix() -> None:
    for targets, rows_and_columns in {
        "attn.q": "D + D", "attn.out": "D + D", "mlp.up": "D + E*D", "mlp.down": "E*D + D", "head": "D + V",
    }.items():  # fmt: skip
        plain = cg.decoder(head=True)
        graph = plain.apply(Lora(targets=targets))
        elements = f"{'' if targets == 'head' else 'L*'}R_a*({rows_and_columns})"
        assert m.params(graph).value - m.params(plain).value == parse(elements)
        assert m.flops(graph).value - m.flops(plain).value == parse(f"2*B*S*{elements}")


def test_what_is_frozen_has_weights_and_nothing_else() -> None:
    graph = cg.decoder().apply(Lora(targets="attn"), cg.backward)
    assert m.states(graph, precision="mixed_adam_bf16").same_as("2*L*D**2*(2*E + 4) + 16*8*L*D*R_a")


def test_frozen_weights_may_have_a_width_of_their_own_which_adapters_do_not_get() -> None:
    asked = cg.derive("states", op_set="decoder", passes="lora(targets=attn)", weights="int4")
    assert asked.forms["states"].same_as("1/2*L*D**2*(2*E + 4) + 18*8*L*D*R_a")


def test_nothing_is_kept_for_the_gradient_of_a_frozen_matrix() -> None:
    saved = {term.source for term in m.activations(cg.decoder().apply(Lora(targets="attn.q"), cg.backward)).terms}
    assert {"norm.attn", "attn.q.lora_a"} < saved  # what the adapter reads
    assert saved.isdisjoint({"norm.mlp", "mlp.act"})  # what only frozen matrices read


def test_with_dropout_an_adapter_keeps_what_is_left_and_the_mask() -> None:
    graph = cg.decoder(dropout=False).apply(Lora(targets="attn.q", dropout=True), cg.backward)
    saved = {term.source: str(term.amount) for term in m.activations(graph).terms}
    assert saved["attn.q.lora_dropout"] == "B*S*L*D*p"
    assert saved["attn.q.lora_dropout.mask"] == "B*S*L*D"


def test_only_adapters_are_updated_and_their_gradients_sent() -> None:
    graph = cg.decoder(head=True).apply(Lora(targets="attn.v"), cg.backward, Update, cg.place(cg.Mesh("data(N_d)")))
    assert {op.name for op in graph.ops if op.phase == "update"} == {
        "attn.v.lora_a.weight.update", "attn.v.lora_b.weight.update",
    }  # fmt: skip
    reduced = [term for term in m.communication(graph).terms if "loss" not in term.op]
    assert {term.op.partition(".grad")[0] for term in reduced} == {"attn.v.lora_a", "attn.v.lora_b"}


def test_parts_of_what_trains_may_be_asked_for() -> None:
    asked = cg.derive("params(trainable)", "params(adapter)", "params", op_set="decoder", passes="lora(targets=mlp)")
    assert asked.forms["params(trainable)"].same_as("2*L*D*R_a*(E + 1)")
    assert asked.forms["params(adapter)"].value == asked.forms["params(trainable)"].value
    whole = cg.derive("params(trainable)", "params", op_set="decoder")
    assert whole.forms["params(trainable)"].value == whole.forms["params"].value


def test_layers_of_a_kind_without_adapters_pass_gradients_on_if_they_stand_behind() -> None:
    ahead = cg.derive("flops.backward(dense)", model="deepseek-v3", passes="lora(2, targets=moe.attn)")
    assert not ahead.forms["flops.backward(dense)"].terms
    assert "layers in the order dense, moe" in map(str, ahead.forms["flops.backward(dense)"].assumptions)
    behind = cg.derive("flops.backward(moe.block)", model="deepseek-v3", passes="lora(2, targets=dense.attn)")
    assert behind.forms["flops.backward(moe.block)"].terms


def test_adapters_work_under_autocast() -> None:
    graph = cg.decoder(head=True).apply(Lora(targets="attn"), Autocast, cg.backward)
    assert {graph.tensors[name].itemsize.number for name in graph.gradients} == {4}
    assert m.flops(graph).value == m.flops(cg.decoder(head=True).apply(Lora(targets="attn"), cg.backward)).value


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED = [
    ("lora(8, targets=atn)", "unknown part of the model 'atn': did you mean attn"),
    ("lora(8, targets=norm)", "norm has no matrix to adapt; parts with one are attn, mlp"),
    ("lora(8, targets=attn.softmax)", "parts with one are attn.q, attn.k, attn.v, attn.out$"),
    ("lora(0)", "R_a"),
    ("lora(8, target=attn)", "did you mean targets"),
    ("lora(8, dropout=1)", "dropout=1 must be True or False"),
]


@pytest.mark.parametrize(("step", "says"), REFUSED)
def test_what_cannot_be_adapted_is_refused(step: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        cg.derive("params", op_set="decoder", passes=step)


def test_a_rank_without_an_adapter_is_refused_with_the_remedy() -> None:
    with pytest.raises(UserError, match=r"passes=\['lora\(R_a\)'\] brings it along"):
        cg.derive("params", op_set="decoder", limit="R_a=8")


def test_a_matrix_that_is_folded_into_another_takes_no_adapter() -> None:
    with pytest.raises(UserError, match="no adapter stands beside it"):
        cg.derive("flops", model="deepseek-v2-lite", phase="decode", passes="lora(8)")


def test_targets_add_up_in_any_order_and_way() -> None:
    def count(targets: str) -> Any:
        return m.params(cg.decoder().apply(Lora(targets=targets))).value

    for one, other in product(["attn+mlp", "mlp + attn", "all", "attn.q+attn.k+attn.v+attn.out+mlp"], repeat=2):
        assert count(one) == count(other)


# --- stages of a pipeline ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", [["lora(targets=mlp)"], ["lora(targets=attn)", "recompute(full, every=2)"]], ids=str)
def test_stages_of_a_pipeline_add_up_to_the_whole(passes: list[str]) -> None:
    def derived(measure: str, mesh: str = "") -> Any:
        asked = cg.derive(measure, op_set="decoder(head=True)", passes=passes, mesh=mesh, convention=EXACT)
        return asked.forms[measure].value

    for measure in ("flops.forward", "flops.backward", "flops.recompute"):
        first, middle, last = (derived(measure, f"pipeline(P, stage={at})") for at in ("first", "middle", "last"))
        assert first + middle * parse("P - 2") + last == derived(measure)


def test_stages_send_gradients_back_though_nothing_before_the_layers_trains() -> None:
    def sent(passes: tuple[str, ...], stage: str) -> Any:
        mesh = f"pipeline(P, stage={stage})"
        asked = cg.derive("communication.P", op_set="decoder(head=True, tied=False)", passes=passes, mesh=mesh)
        return asked.forms["communication.P"].value

    for stage in ("first", "middle", "last"):
        assert sent(("lora(targets=mlp)",), stage) == sent((), stage)
    assert sent(("lora(targets=head)",), "last") == parse("0")


def test_groups_of_replayed_blocks_fit_into_stages() -> None:
    with pytest.raises(UserError, match=r"layers: as many as L/8 = 3/2"):
        cg.derive("flops", op_set="decoder", passes="recompute(every=4)", mesh="pipeline(2)", limit="L=12")


# --- what is alive ----------------------------------------------------------------------------------------------------


def test_at_the_loss_what_is_kept_for_the_backward_is_alive_once_for_each_layer_that_keeps_it() -> None:
    asked: Any = {"model": "llama-3-8b", "passes": "lora(8, targets=mlp)", "limit": "B=1,S=2048"}
    found = cg.derive("peak", "activations", **asked).limited
    saved = sum(int(term.amount.number or 0) for term in found["peak"].terms if term.part == "saved")
    assert saved == found["activations"].value.number


@pytest.mark.parametrize(
    ("options", "kept"),
    [("", "S*B*D*(14 + 8*R_a/D)"), (", dropout=True", "S*B*D*(21 + 8*R_a/D)")],
)
def test_adapters_of_all_matrices_of_starcoder(options: str, kept: str) -> None:
    """Four of them; a draft of a blog prints sbh(18 + 2/a + 6r/h), see `formulas show hf-copilot-lora-activations`."""
    found = cg.derive(
        "activations(adapter)", model="starcoder", passes=f"lora(R_a, targets=all{options})",
        symbolic="D,A,S,B,L,H,F", limit="p=2",
    )  # fmt: skip
    of_a_layer = found.limited["activations(adapter)"].limit(F="4*D", H="D/A")
    grown = of_a_layer.limit(L=3).value.numerator - of_a_layer.limit(L=2).value.numerator
    assert grown == parse(kept).numerator
