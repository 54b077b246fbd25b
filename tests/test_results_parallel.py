"""What one of T devices holds, computes and sends: tensor and sequence parallelism, fewer key/value heads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recipes import by_op, by_place, graph, train

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.passes.prefill import Prefill

Form = Callable[[], ClosedForm]


def row(title: str, form: Form, expected: str) -> object:
    return pytest.param(form, expected, id=title)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("2.12 parameters", lambda: cg.params(graph("tp")), "(4 + 2*E)*L*D**2/T"),
        row("norms are whole", lambda: cg.params(graph("tp"), EXACT), "(4 + 2*E)*L*D**2/T + 4*L*D"),
        row("states", lambda: cg.states(graph("tp")), "18*(4 + 2*E)*L*D**2/T"),
        row(
            "2.14'",
            lambda: cg.activations(graph("tp")),
            "2*B*D*L*S*(p*(2 + (E + 2)/T) + 1) + A*B*L*S**2*(2*p + 1)/T",
        ),
        row("2.14' for many devices", lambda: cg.activations(graph("tp")).limit(T="oo"), "2*B*D*L*S*(2*p + 1)"),
        row(
            "2.14' on one device is 2.7",
            lambda: cg.activations(graph("tp")).limit(T=1),
            "2*B*D*L*S*(p*(E + 4) + 1) + A*B*L*S**2*(2*p + 1)",
        ),
        row(
            "statistics are whole", lambda: cg.activations(graph("tp"), EXACT) - cg.activations(graph("tp")), "16*B*L*S"
        ),
        row("FLOPs", lambda: cg.flops(graph("tp")), "12*B*D*L*S*(S + (2 + E)*D)/T"),
        row("FLOPs, forward", lambda: cg.flops(graph("tp"), part="forward"), "4*B*D*L*S*(S + (2 + E)*D)/T"),
        row("FLOPs, backward", lambda: cg.flops(graph("tp"), part="backward"), "8*B*D*L*S*(S + (2 + E)*D)/T"),
        row("bytes sent", lambda: cg.communication(graph("tp")), "8*p*B*D*L*S*(T - 1)/T"),
        row("bytes sent by many devices", lambda: cg.communication(graph("tp")).limit(T="oo"), "8*p*B*D*L*S"),
        row("one device sends nothing", lambda: cg.communication(graph("tp")).limit(T=1), "0"),
        row("no pass, nothing sent", lambda: cg.communication(graph("train")), "0"),
        row(
            "a replayed block sends its two again",
            lambda: cg.communication(graph("tp, full")),
            "12*p*B*D*L*S*(T - 1)/T",
        ),
        row(
            "a replayed core sends nothing",
            lambda: cg.communication(train(cg.recompute("selective"), cg.tensor_parallel)),
            "8*p*B*D*L*S*(T - 1)/T",
        ),
        row("full recomputation keeps inputs whole", lambda: cg.activations(graph("tp, full")), "p*B*D*L*S"),
        row(
            "prefill has the forward's two",
            lambda: cg.communication(cg.decoder().apply(Prefill, cg.tensor_parallel)),
            "4*p*B*D*L*S*(T - 1)/T",
        ),
        row(
            "decode has them for one position",
            lambda: cg.communication(cg.decoder().apply(cg.decode, cg.tensor_parallel)),
            "4*p*B*D*L*(T - 1)/T",
        ),
    ],
)
def test_tensor_parallel(form: Form, expected: str) -> None:
    assert form().same_as(expected)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param("attn", "B*L*S*((p + 4*p/T + 1)*D + ((2*p + 1)/T)*A*S)", id="2.13 attention"),
        pytest.param("mlp", "(2*E*p/T + p + 1)*B*D*L*S", id="2.13 MLP"),
        pytest.param("norm", "2*p*B*D*L*S", id="LayerNorm"),
    ],
)
def test_tensor_parallel_activations_by_place(place: str, expected: str) -> None:
    assert by_place(cg.activations(graph("tp")))[place] == parse(expected).numerator


@pytest.mark.parametrize(
    ("name", "phase", "kind", "count"),
    [
        ("tp", "forward", "all_reduce", 2),
        ("tp", "backward", "all_reduce", 2),
        ("tp", "forward", "all_gather", 0),
        ("tp, full", "recompute", "all_reduce", 2),
        ("tp, flash, selective", "recompute", "all_reduce", 0),
        ("sp", "forward", "all_gather", 2),
        ("sp", "forward", "reduce_scatter", 2),
        ("sp", "backward", "all_gather", 4),
        ("sp", "backward", "reduce_scatter", 2),
        ("sp, kept", "backward", "all_gather", 2),
        ("sp, kept", "backward", "reduce_scatter", 2),
    ],
)
def test_collectives_of_the_residual_stream(name: str, phase: str, kind: str, count: int) -> None:
    """Two all-reduces forward and two backward; under sequence parallelism their two halves, and gathers again."""
    steps = [op for op in graph(name).phase(phase) if op.kind == kind]
    assert sum(not graph(name).tensors[op.inputs[0]].role.startswith("norm") for op in steps) == count


def test_each_all_reduce_stands_after_a_row_split_matrix_or_before_a_column_split_one() -> None:
    assert set(by_op(cg.communication(graph("tp")))) == {
        "attn.out.all_reduce",
        "mlp.down.all_reduce",
        "mlp.up.grad_norm.mlp.all_reduce",
        "norm.attn.grad_sum.all_reduce",
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row(
            "every saved byte over T",
            lambda: cg.activations(graph("sp")),
            "(2*B*D*L*S*(p*(E + 4) + 1) + A*B*L*S**2*(2*p + 1))/T",
        ),
        row("statistics too", lambda: cg.activations(graph("sp"), EXACT) - cg.activations(graph("sp")), "16*B*L*S/T"),
        row("gathered again: bytes sent", lambda: cg.communication(graph("sp")), "10*p*B*D*L*S*(T - 1)/T"),
        row("kept: bytes sent", lambda: cg.communication(graph("sp, kept")), "8*p*B*D*L*S*(T - 1)/T"),
        row(
            "kept: more memory",
            lambda: cg.activations(graph("sp, kept")) - cg.activations(graph("sp")),
            "2*p*B*D*L*S*(1 - 1/T)",
        ),
        row(
            "kept: in all",
            lambda: cg.activations(graph("sp, kept")),
            "2*B*D*L*S*(p*(1 + (E + 3)/T) + 1/T) + A*B*L*S**2*(2*p + 1)/T",
        ),
        row("FLOPs", lambda: cg.flops(graph("sp")), "12*B*D*L*S*(S + (2 + E)*D)/T"),
        row("parameters", lambda: cg.params(graph("sp"), EXACT), "(4 + 2*E)*L*D**2/T + 4*L*D"),
        row(
            "gradients of norms, neglected",
            lambda: cg.communication(graph("sp"), EXACT) - cg.communication(graph("sp")),
            "8*p*L*D*(T - 1)/T",
        ),
        row(
            "gradients of norms and of the biases after a reduce-scatter, neglected",
            lambda: (lambda g: cg.communication(g, EXACT) - cg.communication(g))(
                train(cg.tensor_parallel(sequence=True), biases=True)
            ),
            "12*p*L*D*(T - 1)/T",
        ),
        row("full recomputation", lambda: cg.activations(graph("sp, full")), "p*B*D*L*S/T"),
        row(
            "full recomputation runs the forward's four again",
            lambda: cg.communication(graph("sp, full")),
            "14*p*B*D*L*S*(T - 1)/T",
        ),
    ],
)
def test_sequence_parallel(form: Form, expected: str) -> None:
    assert form().same_as(expected)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("parameters", lambda: cg.params(graph("train, grouped")), "(2 + 2*G/A + 2*E)*L*D**2"),
        row("every head its own", lambda: cg.params(graph("train, grouped")).limit(G="A"), "(4 + 2*E)*L*D**2"),
        row("multi-query", lambda: cg.params(graph("train, multi-query")), "(2 + 2/A + 2*E)*L*D**2"),
        row(
            "forward FLOPs",
            lambda: cg.flops(graph("train, grouped"), part="forward"),
            "4*B*D*L*S*(S + (1 + G/A + E)*D)",
        ),
        row(
            "backward FLOPs",
            lambda: cg.flops(graph("train, grouped"), part="backward"),
            "8*B*D*L*S*(S + (1 + G/A + E)*D)",
        ),
        row("cache", lambda: cg.cache(cg.decoder(kv_heads="G").apply(cg.decode)), "2*p*B*S*D*L*G/A"),
        row("cache of multi-query", lambda: cg.cache(cg.decoder(kv_heads=1).apply(cg.decode)), "2*p*B*S*D*L/A"),
        row("cache on T devices", lambda: cg.cache(graph("tp, decode, grouped")), "2*p*B*S*D*L*G/(A*T)"),
        row("parameters on T devices", lambda: cg.params(graph("tp, grouped")), "(2 + 2*G/A + 2*E)*L*D**2/T"),
        row("bytes sent", lambda: cg.communication(graph("tp, grouped")), "8*p*B*D*L*S*(T - 1)/T"),
        row(
            "copies: one head a device",
            lambda: cg.params(graph("tp, grouped, copies")),
            "(2 + 2*E)*L*D**2/T + 2*L*D**2/A",
        ),
        row(
            "copies: FLOPs of the copies count",
            lambda: cg.flops(graph("tp, grouped, copies"), part="forward"),
            "4*B*D*L*S*(S + (1 + E)*D)/T + 4*B*L*S*D**2/A",
        ),
        row(
            "copies: cache",
            lambda: cg.cache(cg.decoder(kv_heads="G").apply(cg.decode, cg.tensor_parallel(replicate_kv=True))),
            "2*p*B*S*D*L/A",
        ),
        row(
            "copies: their gradients are added up",
            lambda: cg.communication(graph("tp, grouped, copies")),
            "8*p*B*D*L*S*(T - 1)/T + 4*p*L*D**2*(T - G)/(A*T)",
        ),
    ],
)
def test_fewer_key_value_heads(form: Form, expected: str) -> None:
    assert form().same_as(expected)


@pytest.mark.parametrize("op", ["attn.scores", "attn.values"])
def test_scores_do_not_depend_on_key_value_heads(op: str) -> None:
    assert by_op(cg.flops(graph("train, grouped")))[op] == parse("2*B*D*L*S**2").numerator


def test_more_devices_than_key_value_heads_are_refused() -> None:
    for refused in (
        lambda: train(cg.tensor_parallel(8), kv_heads=4),
        lambda: train(cg.tensor_parallel(), kv_heads=1),
        lambda: cg.params(graph("tp, grouped")).limit(T=8, G=4),
        lambda: graph("tp, grouped").substitute(T=8, G=4),
    ):
        with pytest.raises(UserError, match="replicate_kv=True"):
            refused()


def test_key_value_heads_divide_heads() -> None:
    with pytest.raises(UserError, match="3 does not divide 8"):
        cg.params(graph("train, grouped")).limit(G=3, A=8)


def test_copies_need_fewer_key_value_heads() -> None:
    with pytest.raises(UserError, match="kv_heads"):
        train(cg.tensor_parallel(replicate_kv=True))


def test_a_graph_without_a_sequence_has_none_to_split() -> None:
    with pytest.raises(UserError, match="no sequence to split"):
        cg.derive("communication", op_set="matmul", phase="forward", passes=["tensor_parallel(T, sequence=True)"])
