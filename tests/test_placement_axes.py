"""Every axis of a mesh, alone and mixed with others: devices compute what one does, and what is taken out is missed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from placement_judge import Judge, by_kind, check_by_chance, collectives, numbers
from placements import FACTORED, PHASES, Case
from tiny_models import sizes, variants

import costgraph as cg
from costgraph.algebra.assumption import Choice
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.passes.prefill import Prefill
from costgraph.passes.update import Update

WHOLE = "decoder(head=True, kv_heads=G)"
CASES = [
    Case(WHOLE, "train", "context(C)"),
    Case(WHOLE, "train, full", "context(C, how='ring'), tensor(T, sequence=True)", flash=True),
    Case(WHOLE, "train, selective", "data(N_d, zero=1), context(C, how='heads')", flash=True),
    Case(WHOLE, "train", "data(N_d, zero=2), context(C, how='ring'), tensor(T, sequence=True), microbatches(M)"),
    Case(WHOLE, "train", "data(N_h), data(N_d, zero=3), context(C)"),
    Case(WHOLE, "train", "tensor(T, sequence=True), microbatches(M), context(C, how='heads')", sizes={"G": 4}),
    Case(WHOLE, "train", "context(4, how='ring', heads=2)"),
    Case(WHOLE, "train, selective", "data(N_d, zero=3), context(4, heads=2)", flash=True),
    Case(
        WHOLE,
        "train",
        "context(4, how='ring', heads=2), tensor(T, sequence=True), microbatches(M)",
        flash=True,
        sizes={"G": 4, "S": 8, "K": 8},
    ),
    Case(WHOLE, "prefill", "context(4, how='ring', heads=2)", flash=True),
    Case(WHOLE, "decode", "context(4, heads=2)"),
    Case(WHOLE, "prefill", "context(C), tensor(T)"),
    Case(WHOLE, "prefill", "context(C, how='heads')", flash=True),
    Case(WHOLE, "decode", "context(C), tensor(T)"),
    Case(WHOLE, "decode", "data(N_d), context(C)", flash=True),
    Case(WHOLE, "decode", "context(C, how='heads'), microbatches(M)", flash=True),
    Case(WHOLE, "decode(new=2)", "context(C, how='ring')", flash=True),
    Case(WHOLE, "train", "data(N_d, zero=3), microbatches(M)"),
    Case(WHOLE, "train", "microbatches(M)"),
    Case("encoder", "train, full", "data(N_d, zero=3), context(C), microbatches(M)"),
    Case(WHOLE, "train", "width(Y)"),
    Case(WHOLE, "train, selective", "data(N_d, zero=3), width(Y), tensor(T, sequence=True)"),
    Case(WHOLE, "train, adapters", "width(Y), microbatches(M)", flash=True),
    Case(WHOLE, "prefill", "context(C, how='heads'), width(Y)"),
    Case(WHOLE, "decode", "width(Y), tensor(T)"),
    Case("encoder", "train", "width(Y), tensor(T)"),
    Case("attention", "train, no update", "context(C)", flash=True),
]
WITH_EXPERTS = ["deepseek-r1", "gpt-oss-120b", "mixtral-8x22b", "qwen1.5-moe-a2.7b"]
MESHES = [
    "experts(X)",
    "experts(X, tensor=False), tensor(2, sequence=True)",
    "data(2, zero=1), experts(X), tensor(2)",
    "data(2, zero=3), context(2), experts(X), tensor(2, sequence=True)",
    "context(2, how='heads'), experts(X)",
    "data(2, zero=2), experts(X), microbatches(2)",
    "experts(X), width(2), tensor(2)",
]
STEPS: dict[str, Any] = {"train": (cg.backward, Update), "prefill": (Prefill,), "decode": (cg.decode,)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_devices_compute_what_one_does(case: Case) -> None:
    assert case.judge().differences == []


@cache
def model(name: str, phase: Any) -> Graph:
    return variants(name)[0].build(phase).apply(*STEPS[phase])


def expert_judge(name: str, phase: str, mesh: str, seed: int = 0) -> Judge:
    one = model(name, phase)
    small = {**sizes(one), "B": 16 if phase == "decode" else 8, "S": 8, "X": 2}
    return Judge(numbers(one, small), numbers(one.apply(cg.place(Mesh(mesh))), small), seed)


@pytest.mark.slow
@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("name", WITH_EXPERTS)
def test_experts_on_several_devices_train_as_on_one(name: str, mesh: str) -> None:
    assert expert_judge(name, "train", mesh).differences == []


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("mesh", ["experts(X)", "context(2), experts(X), tensor(2)", "data(2), experts(X)"])
@pytest.mark.parametrize("name", WITH_EXPERTS[:2])
def test_experts_on_several_devices_serve_as_on_one(name: str, phase: str, mesh: str) -> None:
    assert expert_judge(name, phase, mesh).differences == []


# What is taken out, one after the other: each kind of change over each axis that has it.
TAKEN_OUT = [
    (Case(WHOLE, "train", "context(C)"), {"all_gather C", "reduce_scatter C", "all_reduce C"}),
    (Case(WHOLE, "train", "context(C, how='ring')"), {"ring_gather C", "ring_reduce C", "all_reduce C"}),
    (Case(WHOLE, "train", "context(C, how='heads')"), {"all_to_all C", "all_reduce C"}),
    (Case(WHOLE, "decode", "context(C)"), {"all_reduce C"}),
    (Case(WHOLE, "train", "data(N_d, zero=2), context(C)"), {
        "all_gather C", "reduce_scatter C", "all_reduce N_d-C", "reduce_scatter N_d-C", "all_gather N_d-C",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("case", "kinds"), TAKEN_OUT, ids=[str(case) for case, _ in TAKEN_OUT])
def test_each_kind_of_collective_is_missed_once_taken_out(case: Case, kinds: set[str]) -> None:
    judge = case.judge()
    found = by_kind(judge)
    assert set(found) == kinds
    assert [op.name for op in found.values() if not judge.misses(op)] == []


def test_each_collective_of_experts_is_missed_once_taken_out() -> None:
    judge = expert_judge("mixtral-8x22b", "train", "experts(X)")
    moving = collectives(judge.machine.graph)
    assert {op.kind for op in moving} == {"all_to_all", "all_reduce"}
    assert [op.name for op in moving if not judge.misses(op)] == []


# --- by chance --------------------------------------------------------------------------------------------------------


def some_mesh(rng: random.Random, phase: str, experts: bool) -> str:
    """Axes by chance, in any order."""
    serving = phase in ("prefill", "decode", "decode(new=2)", "forward")
    sequence = rng.random() < 0.5 and "decode" not in phase
    some = [
        rng.choice(
            ["", f"data(2, zero={rng.choice([0, 1, 2, 3])})", f"data(N_h), data(2, zero={rng.choice([0, 1, 3])})"]
        ),
        rng.choice(["", f"context(2, how='{rng.choice(['gather', 'ring', 'heads'])}')"]),
        rng.choice(["", f"tensor(2, sequence={sequence})"]),
        rng.choice(["", "microbatches(2)"]),
    ]
    if experts:
        some.append(f"experts(2, tensor={not (sequence and some[2] and rng.random() < 0.5)})")
    if serving:
        some[0] = some[0].replace("data(N_h), ", "")
    chosen = [axis for axis in some if axis] or ["microbatches(2)"]
    rng.shuffle(chosen)
    return ", ".join(chosen)


def check(seed: int) -> None:
    """A model on a mesh by chance, and one of its collectives by chance."""
    rng = random.Random(seed)
    if rng.random() < 0.4:
        phase = rng.choice(["train", "train", "prefill", "decode"])
        name, mesh = rng.choice(WITH_EXPERTS), some_mesh(rng, phase, experts=True).replace("N_h", "1")
        if "tensor(2, seq" in mesh:  # there are two key/value heads
            mesh = mesh.replace("heads", "gather")
        note(f"{name}; {phase}; {mesh}")
        judge = expert_judge(name, phase, mesh, seed)
    else:
        phase = rng.choice([phase for phase in PHASES if phase not in ("forward", FACTORED)])
        groups = rng.choice(["", "kv_heads=G, "])
        case = Case(
            f"decoder({groups}head=True)", phase, some_mesh(rng, phase, experts=False), rng.random() < 0.4,
            {"G": 4, "B": 8, "S": 8, "K": 8, "N_h": 2},
        )  # fmt: skip
        note(str(case))
        judge = case.judge(seed)
    check_by_chance(judge, rng)


@pytest.mark.slow
@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_models_on_random_meshes_compute_what_one_device_does(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_many_models_on_random_meshes_compute_what_one_device_does(seed: int) -> None:
    check(seed)


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mesh", "graph", "message"),
    [
        ("experts(X)", cg.decoder(), "there are no experts in this graph to split"),
        ("context(C)", cg.op_sets.matmul(), "there is no attention in this graph"),
        ("width(Y)", cg.op_sets.matmul(), "there is no hidden width to split in this graph"),
        ("width(3)", cg.decoder().substitute(D=8), "3 does not divide 8"),
        ("context(3)", cg.decoder().substitute(S=8), "3 does not divide 8 [a-z]+; 2 or 4 would"),
        ("context(4)", cg.decoder().substitute(S=4), "8 does not divide 4"),
        (
            "context(4, how='heads')",
            cg.decoder(kv_heads=2),
            "4 devices do not divide 2 key/value heads; 2 would; over fewer key/value heads",
        ),
        ("microbatches(3)", cg.decoder().substitute(B=8), "3 does not divide 8 [a-z]+; 2 or 4 would"),
        ("context(C), context(2)", cg.decoder(), "context stands 2 times"),
        ("context(C, how='heads', heads=2)", cg.decoder(), "heads=2 is for 'ring' and 'gather'"),
        ("context(6, how='ring', heads=4)", cg.decoder(), "4 does not divide 6; those that split heads are some"),
        ("context(C, how='ring', heads=D)", cg.decoder(), "heads is how many devices split them, a number or C_h"),
        (
            "context(8, how='ring', heads=4)",
            cg.decoder(kv_heads=2),
            "4 devices do not divide 2 key/value heads; 2 would; over fewer key/value heads",
        ),
        ("context(C, how='rings')", cg.decoder(), "unknown how of context 'rings'"),
        ("experts(X, tensor=False), tensor(T)", cg.decoder(), "give it sequence=True"),
    ],
)
def test_an_axis_that_does_not_fit_is_refused_in_words(mesh: str, graph: Graph, message: str) -> None:
    with pytest.raises(UserError, match=message):
        graph.apply(cg.place(Mesh(mesh)))


@pytest.mark.parametrize("mesh", ["experts(X)", "data(2), experts(4)"])
def test_a_worst_load_is_not_that_of_several_devices(mesh: str) -> None:
    graph = cg.derive("flops", model="mixtral-8x7b").graph
    worst = replace(graph, assumptions=(*graph.assumptions, Choice("load of experts", "worst")))
    with pytest.raises(UserError, match="load='mean'"):
        worst.apply(cg.place(Mesh(mesh)))


# --- what that costs --------------------------------------------------------------------------------------------------

TRAIN = cg.decoder(dropout=False).apply(cg.flash_attention, cg.backward, Update)


def placed(mesh: str, graph: Graph = TRAIN) -> Graph:
    return graph.apply(cg.place(Mesh(mesh)))


@pytest.mark.parametrize(
    ("mesh", "axes", "sent"),
    [
        ("context(C, how='heads')", "C", "8*L*B*S*D*p/C*(C-1)/C + 2*(4+2*E)*L*D**2*p*(C-1)/C"),  # 4 + 4 of BSDp/C
        ("context(C)", "C", "6*L*B*S*D*p*(C-1)/C + 2*(4+2*E)*L*D**2*p*(C-1)/C"),  # keys and values: there, again, back
        ("context(C, how='ring')", "C", "6*L*B*S*D*p*(C-1)/C + 2*(4+2*E)*L*D**2*p*(C-1)/C"),
        (
            "context(C, how='ring', heads=C_h)",
            "C",  # in rings of C/C_h what is left of keys and values
            "8*L*B*S*D*p/C*(C_h-1)/C_h + 6*L*B*S*D*p/C_h*(C/C_h-1)/(C/C_h) + 2*(4+2*E)*L*D**2*p*(C-1)/C",
        ),
        ("data(N_d), context(C)", "N_d-C", "2*(4+2*E)*L*D**2*p*(N_d*C-1)/(N_d*C)"),
        ("data(N_d, zero=3), context(C)", "N_d-C", "3*(4+2*E)*L*D**2*p*(N_d*C-1)/(N_d*C)"),
        ("data(N_d, zero=3), microbatches(M)", "N_d", "3*M*(4+2*E)*L*D**2*p*(N_d-1)/N_d"),
        ("data(N_d, zero=2), microbatches(M)", "N_d", "(M+1)*(4+2*E)*L*D**2*p*(N_d-1)/N_d"),
        ("data(N_d, zero=1), microbatches(M)", "N_d", "2*(4+2*E)*L*D**2*p*(N_d-1)/N_d"),
        ("data(N_h), data(N_d, zero=3), context(C)", "N_h", "2*(4+2*E)*L*D**2*p/(N_d*C)*(N_h-1)/N_h"),
    ],
)
def test_an_axis_sends_what_the_literature_says(mesh: str, axes: str, sent: str) -> None:
    assert cg.communication(placed(mesh), axes=axes).same_as(sent)


def test_heads_within_a_ring_are_neither_where_one_of_them_has_all_devices() -> None:
    """A context axis of which all devices split heads, or one does."""
    for heads, how in ((4, "heads"), (1, "ring")):
        inside, alone = (placed(f"context(4, {of})") for of in (f"how='ring', heads={heads}", f"how={how!r}"))
        assert cg.communication(inside).same_as(cg.communication(alone))
        assert cg.activations(inside).same_as(cg.activations(alone))


def test_both_sides_of_matrices_split_send_what_pope_2022_says_of_an_mlp() -> None:
    """2BD/Y into and out of the layer, 2BF/T of what is between its matrices, but for what stays on a device."""
    mlp = cg.derive("communication", op_set="decoder", phase="forward", mesh="width(Y), tensor(T)", ops=["mlp.*"])
    inside, between = "2*B*S*L*D*p/Y*(T - 1)/T", "2*B*S*L*E*D*p/T*(Y - 1)/Y"
    assert mlp.forms["communication"].same_as(f"{inside} + {between}")


@pytest.mark.parametrize("phase", [(cg.backward,), (cg.decode,)])
def test_no_sum_over_the_width_enters_attention(phase: tuple[Any, ...]) -> None:
    """Scores, which are as long as the sequence squared, are never what is added up."""
    graph = cg.decoder().apply(*phase, cg.place(Mesh("width(Y)")))
    sent = [graph.tensors[op.inputs[0]] for op in graph.ops if op.cuts]
    assert sent
    assert not any(tensor.dim("head") and tensor.dim("context") for tensor in sent)


@pytest.mark.slow
@pytest.mark.parametrize("mesh", ["data(N_d, zero=1), context(C), tensor(T, sequence=True), microbatches(M)"])
def test_the_order_of_axes_changes_no_volume(mesh: str) -> None:
    axes = str(Mesh(mesh)).split("), ")
    axes = [axis if axis.endswith(")") or "(" not in axis else f"{axis})" for axis in axes]
    usual = placed(mesh)
    for order in permutations(axes):
        other = placed(", ".join(order))
        for measure in (cg.communication, cg.flops, cg.states, cg.activations, cg.traffic):
            assert measure(other).same_as(measure(usual)), order


@pytest.mark.parametrize("measure", [cg.params, cg.states, cg.flops, cg.activations, cg.traffic, cg.communication])
def test_degrees_of_one_give_the_forms_of_one_device(measure: Callable[[Graph], ClosedForm]) -> None:
    graph = placed("data(N_d, zero=3), context(C, how='ring'), tensor(T, sequence=True), microbatches(M)")
    assert measure(graph).limit(N_d=1, C=1, T=1, M=1).same_as(measure(TRAIN))
    assert measure(placed("pipeline(1), data(1), context(1), tensor(1), microbatches(1)")).same_as(measure(TRAIN))


def test_experts_are_cut_over_the_devices_that_have_the_same_ones() -> None:
    found = cg.derive(
        "states", model="mixtral-8x7b", mesh="data(N_d, zero=3), experts(X)", symbolic="L,D,F_e,N_r,A,G,H,V"
    )
    experts = [term for term in found.forms["states"].terms if "moe.up" in term.op and term.part == "weights"]
    dense = [term for term in found.forms["states"].terms if "attn.q" in term.op and term.part == "weights"]
    assert {str(term.amount) for term in experts} == {"2*L*D*N_r*F_e/(N_d*X)"}
    assert {str(term.amount) for term in dense} == {"2*L*D*A*H/(N_d*X)"}


def test_contiguous_positions_make_the_last_device_work_most() -> None:
    at = {"B": 1, "L": 1, "D": 4, "A": 1, "E": 1, "S": 12, "C": 3}
    for how, rows in (("contiguous", range(9, 13)), ("zigzag", None)):
        mesh = f"context(C, order={how!r})"
        attention = cg.derive("flops(attention_core)", op_set="decoder", mesh=mesh, convention="exact(causal=triangle)")
        pairs = sum(rows) if rows else Fraction(sum(range(1, 13)), 3)
        (form,) = attention.forms.values()
        assert form.limit(**{**at, "S": 12}).number == 12 * 4 * pairs


def test_what_windows_show_is_summed_as_gradients_of_positions() -> None:
    graph = cg.decoder(window="W", dropout=False).apply(cg.flash_attention, cg.backward)
    weights = "2*(4+2*E)*L*D**2*p*(C-1)/C"
    assert cg.communication(placed("context(C)", graph), axes="C").same_as(f"4*L*B*S*D*p*(C-1)/C + {weights}")


def test_heads_that_are_copied_are_not_split_further() -> None:
    graph = cg.decoder(kv_heads=2)
    with pytest.raises(UserError, match="cannot be split further"):
        placed("context(2, how='heads'), tensor(4, replicate_kv=True)", graph)


@pytest.mark.parametrize("axis", ["context(C, how='heads')", "data(N_d, zero=3)", "tensor(T, sequence=True)"])
@pytest.mark.parametrize("measure", ["activations", "peak", "communication", "traffic"])
def test_an_axis_that_is_bound_to_one_device_is_none(axis: str, measure: str) -> None:
    sizes = "B=2,S=8,L=2,D=8,A=2,E=4,p=2"
    one = (
        cg.derive(measure, op_set="decoder", attention="flash", limit=sizes).limited[measure].number
        if (measure != "communication")
        else 0
    )
    symbol = next(iter(Mesh(axis).named))
    assert (
        cg.derive(measure, op_set="decoder", attention="flash", mesh=axis, limit=f"{sizes},{symbol}=1")
        .limited[measure]
        .number
        == one
    )


def test_weights_of_experts_are_read_where_they_are() -> None:
    found = cg.derive("peak", model="mixtral-8x7b", attention="flash", limit="B=64,S=4096").limited["peak"]
    assert not [term for term in found.terms if term.part == "gathered"]


def test_devices_need_no_less_than_one_that_works_on_as_much() -> None:
    sizes = {"B": 8, "S": 64, "p": 2}
    alone = cg.derive("peak", model="gpt2", attention="flash", limit={**sizes, "B": 1}).limited["peak"].number
    many = cg.derive("peak", model="gpt2", attention="flash", limit=sizes, mesh="data(8)").limited["peak"].number
    assert alone is not None
    assert many is not None
    assert many >= alone
