"""Passes: one order, once each, nothing happens where there is nothing to do, the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from recipes import graph, train

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.assumption import Choice
from costgraph.algebra.parser import parse
from costgraph.conventions import NOTES
from costgraph.errors import UserError
from costgraph.passes import IN_WORDS, ORDER, PASSES
from costgraph.passes.prefill import Prefill

FLASH, BACK, PRE, DEC = cg.flash_attention(), cg.backward(), Prefill(), cg.decode()
SEL, FULL, TP = cg.recompute("selective"), cg.recompute("full"), cg.tensor_parallel("T")


def test_the_order_is_written_out() -> None:
    assert IN_WORDS == (
        "lora < flash_attention < autocast < backward | prefill | decode < recompute < widths < mesh | tensor_parallel"
    )
    assert list(PASSES) == [name for side_by_side in ORDER for name in side_by_side if name in PASSES]


@pytest.mark.parametrize(
    "passes",
    [
        (),
        (FLASH,),
        (BACK,),
        (TP,),
        (FLASH, BACK),
        (FLASH, PRE),
        (FLASH, DEC),
        (BACK, SEL),
        (BACK, TP),
        (DEC, TP),
        (FLASH, BACK, FULL, TP),
    ],
    ids=lambda steps: " + ".join(map(str, steps)) or "none",
)
def test_passes_in_order_are_applied(passes: tuple[Any, ...]) -> None:
    assert cg.decoder().apply(*passes).passes == tuple(map(str, passes))


LATE = [(BACK, FLASH), (PRE, FLASH), (DEC, FLASH), (TP, FLASH), (TP, BACK), (TP, PRE), (TP, DEC)]


@pytest.mark.parametrize(("first", "second"), LATE, ids=str)
def test_passes_that_are_named_in_another_order_are_sorted(first: Any, second: Any) -> None:
    sorted_graph, named = cg.decoder().apply(second, first), cg.decoder().apply(first, second)
    assert named.passes == (str(second), str(first))
    assert (named.ops, named.tensors) == (sorted_graph.ops, sorted_graph.tensors)


def test_every_order_of_four_passes_is_the_same() -> None:
    found = {cg.decoder().apply(*steps).passes for steps in permutations([FLASH, BACK, FULL, TP])}
    assert found == {tuple(map(str, (FLASH, BACK, FULL, TP)))}


def test_a_rewrite_without_a_place_stays_where_it_was_named() -> None:
    seen: list[tuple[str, ...]] = []

    def look(graph: cg.Graph) -> cg.Graph:
        seen.append(graph.passes)
        return graph

    cg.decoder().apply(TP, look, FLASH, BACK)
    assert seen == [("flash_attention",)]


@pytest.mark.parametrize(("first", "second"), LATE, ids=str)
def test_a_pass_that_comes_too_late_for_a_graph_names_the_order(first: Any, second: Any) -> None:
    graph = cg.decoder().apply(first)
    with pytest.raises(UserError) as caught:
        graph.apply(second)
    assert str(caught.value) == f"{second.name} comes before {first.name}; the order is {IN_WORDS}"


@pytest.mark.parametrize("late", [FLASH, BACK, PRE, DEC], ids=str)
def test_nothing_but_tensor_parallel_follows_recompute(late: Any) -> None:
    graph = cg.decoder().apply(BACK, SEL)
    with pytest.raises(UserError, match=f"{late.name} .*the order") as caught:
        graph.apply(late)
    assert IN_WORDS in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a in (BACK, PRE, DEC) for b in (BACK, PRE, DEC) if a is not b], ids=str
)
def test_phases_exclude_each_other(first: Any, second: Any) -> None:
    with pytest.raises(UserError) as caught:
        cg.decoder().apply(first, second)
    assert str(caught.value) == f"{second.name} and {first.name} exclude each other; the order is {IN_WORDS}"


@pytest.mark.parametrize(
    "passes",
    [(FLASH, FLASH), (BACK, BACK), (PRE, PRE), (DEC, DEC), (BACK, SEL, SEL), (BACK, SEL, FULL), (TP, TP)],
    ids=lambda steps: str(steps[-1]),
)
def test_a_pass_runs_once(passes: tuple[Any, ...]) -> None:
    with pytest.raises(UserError) as caught:
        cg.decoder().apply(*passes)
    assert str(caught.value) == f"{passes[-1].name} is applied already; each pass runs once, in the order {IN_WORDS}"


@pytest.mark.parametrize(
    "before", [(), (FLASH,), (DEC,), (PRE,)], ids=lambda steps: str(steps[-1]) if steps else "none"
)
def test_recompute_needs_a_backward(before: tuple[Any, ...]) -> None:
    with pytest.raises(UserError) as caught:
        cg.decoder().apply(*before, FULL)
    assert str(caught.value) == f"recompute needs backward before it; the order is {IN_WORDS}"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (cg.flash_attention(), "flash_attention"),
        (cg.backward(), "backward"),
        (cg.decode(), "decode"),
        (cg.decode("S + 1"), "decode(S + 1)"),
        (cg.decode(context=9), "decode(9)"),
        (cg.recompute(), "recompute"),
        (cg.recompute("full"), "recompute(full)"),
        (cg.tensor_parallel(), "tensor_parallel"),
        (cg.tensor_parallel(8), "tensor_parallel(8)"),
        (cg.tensor_parallel(sequence=True), "tensor_parallel(sequence=True)"),
        (
            cg.tensor_parallel(2, sequence=True, keep_gathered=True),
            "tensor_parallel(2, sequence=True, keep_gathered=True)",
        ),
    ],
    ids=str,
)
def test_passes_print_as_one_would_type_them(step: Any, text: str) -> None:
    assert str(step) == text
    assert step == replace(step)


def test_a_pass_without_parameters_may_be_given_as_its_class() -> None:
    assert cg.decoder().apply(cg.backward).passes == ("backward",)


def test_a_graph_tells_how_it_was_made() -> None:
    g = cg.decoder(head=True, kv_heads=2).apply(cg.backward, cg.tensor_parallel(2))
    assert repr(g).startswith("<Graph decoder(head=True, kv_heads=2) + backward + tensor_parallel(2): ")


# --- where nothing happens --------------------------------------------------------------------------------------------


def linear() -> cg.Builder:
    b = cg.Builder("linear", {"b": "B", "d": "D"})
    b.einsum("linear.y", "bd,d->b", b.input("x", "bd"), b.parameter("w", "d"))
    return b


@pytest.mark.parametrize("step", [FLASH, SEL, FULL], ids=str)
def test_a_model_without_the_segment_is_refused(step: Any) -> None:
    before = () if step is FLASH else (BACK,)
    with pytest.raises(UserError, match="linear has no segment"):
        linear().build().apply(*before, step)


def test_one_device_splits_nothing() -> None:
    g = graph("train").apply(cg.tensor_parallel(1))
    for measure in (m.params, m.flops, m.activations, m.traffic, m.communication):
        assert measure(g).same_as(measure(graph("train")))


def test_a_model_without_splittable_dims_is_left_alone() -> None:
    g = linear().build()
    split = g.apply(cg.tensor_parallel("T"))
    assert split.ops == g.ops
    assert split.tensors == g.tensors


def test_prefill_on_a_model_without_dropout_and_loss_only_marks_the_cache() -> None:
    g = cg.decoder(dropout=False)
    assert [op.name for op in g.apply(Prefill).ops] == [op.name for op in g.ops]
    assert m.flops(g.apply(Prefill)).same_as(m.flops(g))


@pytest.mark.parametrize("phase", [Prefill, cg.decode])
@pytest.mark.parametrize("fused", [(), (cg.flash_attention,)], ids=["plain", "flash"])
def test_inference_drops_nothing_and_has_no_loss(phase: Any, fused: Any) -> None:
    g = cg.decoder(head=True).apply(*fused, phase)
    kinds = {step.kind for op in g.ops for step in (op, *op.body)}
    assert not kinds & {"dropout", "cross_entropy", "logsumexp"}
    assert "head.logits" in g.by_name
    assert [str(a) for a in g.assumptions if isinstance(a, Choice)] == ["dropout off"]


def test_flash_attention_replaces_the_core_by_one_op() -> None:
    g = graph("flash")
    assert [step.kind for step in g.op("attn.flash").body][:2] == ["einsum", "scale"]
    assert not {"attn.scores", "attn.softmax", "attn.values"} & set(g.by_name)
    assert g.op("attn.flash").outputs[0] == "attn.values"


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("S", "4*B*D*L*(S + (2 + E)*D)"),
        ("S + 1", "4*B*D*L*(S + 1 + (2 + E)*D)"),
        (1, "4*B*D*L*(1 + (2 + E)*D)"),
        ("2*K", "4*B*D*L*(2*K + (2 + E)*D)"),
    ],
)
def test_decode_attends_to_the_context(context: Any, expected: str) -> None:
    assert m.flops(cg.decoder().apply(cg.decode(context))).same_as(expected)


@pytest.mark.parametrize("context", [0, -1, "1/2", "1 - 1"])
def test_decode_needs_at_least_its_own_position(context: Any) -> None:
    with pytest.raises(UserError, match="must be a positive integer"):
        cg.decoder().apply(cg.decode(context))


@pytest.mark.parametrize("degree", [0, -2, "1/2", 1.5, "T + X", "x"])
def test_a_degree_is_a_whole_number_of_devices(degree: Any) -> None:
    with pytest.raises(UserError):
        train(cg.tensor_parallel(degree))


def test_an_unknown_segment_lists_the_choices() -> None:
    with pytest.raises(UserError, match="choose from selective, full"):
        train(cg.recompute("none"))  # type: ignore[arg-type]


def test_devices_divide_what_they_split() -> None:
    assert {str(a) for a in graph("tp").assumptions} == {"A | D", "T | A", "T | D*E", "dropout on"}
    assert "T | S" in map(str, graph("sp").assumptions)
    assert "T | V" in map(str, graph("tp, head, biases").assumptions)
    assert {"G | A", "T | G"} <= {str(a) for a in graph("tp, grouped").assumptions}
    assert {"G | A", "G | T", "T | A"} <= {str(a) for a in graph("tp, grouped, copies").assumptions}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"T": 3, "A": 4}, r"T \| A does not hold: 3 devices do not divide 4 heads; 2 or 4 would"),
        ({"A": 3, "D": 8}, r"A \| D does not hold: 3 does not divide 8"),
        ({"T": 3, "D": 8, "E": 2}, r"T \| D\*E does not hold: 3 devices do not divide 16 columns of the MLP"),
        ({"T": 2, "S": 3}, r"T \| S does not hold: 2 does not divide 3"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(sizes: dict[str, int], message: str) -> None:
    for refused in (m.activations(graph("sp")).limit, graph("sp").substitute):
        with pytest.raises(UserError, match=message):
            refused(**sizes)


def test_assumptions_that_hold_are_settled() -> None:
    form = m.flops(graph("tp")).limit(T=2, A=4, D=8, E=4)
    assert [str(a) for a in form.assumptions] == ["dropout on"]


# --- determinism ------------------------------------------------------------------------------------------------------

PRINT_EVERYTHING = """
import costgraph as cg
from recipes import EVERYWHERE
sequence_parallel = cg.tensor_parallel("T", sequence=True)
for passes in ((cg.backward, cg.recompute("full"), sequence_parallel), (cg.flash_attention, cg.backward)):
    g = cg.decoder(head=True, biases=True, kv_heads="G").apply(*passes)
    print(*g.ops, *g.tensors.items(), *g.assumptions, *g.nx.edges(keys=True), sep="\\n")
    for name, measure in EVERYWHERE.items():
        form = measure(g)
        print(name, form, form.remainder, form.latex(), *form.terms, sep="\\n")
"""


@pytest.mark.slow
def test_the_same_bytes_whatever_the_hash_seed() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", PRINT_EVERYTHING],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1
    assert b"activations" in runs.pop()


@pytest.mark.parametrize(("kind", "extra"), [("softmax", {}), ("layer_norm", {})])
def test_an_op_that_works_along_a_split_dim_gathers_it(kind: str, extra: dict[str, Any]) -> None:
    b = cg.Builder("split", {"b": "B", "f": "E*D"})
    b.op("it", kind, b.input("x", "bf"), letters="bf", extra=extra)
    graph = b.build().apply(cg.tensor_parallel("T"))
    assert [op.kind for op in graph.ops] == ["all_gather", kind]
    assert m.communication(graph).same_as("B*D*E*p*(T - 1)/T")


def test_everything_in_a_core_is_fused_and_nothing_is_lost() -> None:
    b = cg.Builder("core", {"b": "B", "s": "S", "t": "S", "h": "D"})
    q, k = b.input("q", "bsh"), b.input("k", "bth")
    with b.segment("attention_core"):
        w = b.op("softmax", "softmax", b.einsum("scores", "bsh,bth->bst", q, k))
        u = b.op("scale", "scale", b.einsum("values", "bst,bth->bsh", w, k))
    b.op("act", "gelu", u)
    graph = b.build().apply(cg.flash_attention)
    assert [op.name for op in graph.ops] == ["scores.flash", "act"]
    assert [step.name for step in graph.ops[0].body] == ["scores", "softmax", "values", "scale"]
    assert {t.name for t in graph.inputs} == {"q", "k"}


def test_a_core_whose_inside_is_read_elsewhere_is_not_fused() -> None:
    b = cg.Builder("core", {"b": "B", "s": "S", "t": "S", "h": "D"})
    q, k = b.input("q", "bsh"), b.input("k", "bth")
    with b.segment("attention_core"):
        w = b.einsum("scores", "bsh,bth->bst", q, k)
        b.einsum("values", "bst,bth->bsh", w, k)
    b.op("look", "gelu", w)
    with pytest.raises(UserError, match="scores is read outside"):
        b.build().apply(cg.flash_attention)


def test_rates_of_single_ops_hold_in_what_flash_attention_runs_again() -> None:
    only_softmax = NOTES.with_elementwise({"softmax": 5, "attn.dropout": 0, "dropout": 1})
    forward = m.flops(cg.decoder().apply(cg.flash_attention), only_softmax)
    train = m.flops(cg.decoder().apply(cg.flash_attention, cg.backward), only_softmax)
    matmuls = m.flops(cg.decoder().apply(cg.flash_attention, cg.backward), phase="backward")
    assert train.value == forward.value + matmuls.value + parse("5*A*B*L*S**2")
