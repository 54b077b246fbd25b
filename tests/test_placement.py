"""Placed op sets run with numbers on simulated devices, and compute what one device does.

Outputs, gradients, updated parameters and the optimizer's state are compared, and with them every tensor on the way. A
collective that is taken out is missed.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from placement_judge import by_kind, check_by_chance, collectives
from placements import Case, some_case

WHOLE = "decoder(head=True, biases=True, kv_heads=G)"
CASES = [
    Case("decoder", "forward"),
    Case("decoder", "train", "tensor(4)"),
    Case("decoder(head=True, tied=False)", "train", "tensor(T, sequence=True)", flash=True),
    Case(WHOLE, "train", "tensor(T, sequence=True, keep_gathered=True)"),
    Case(WHOLE, "train, selective", "tensor(4, replicate_kv=True)"),
    Case(WHOLE, "train, full", "tensor(4, sequence=True, replicate_kv=True)", flash=True),
    Case("decoder(head=True, kv_heads=G)", "train", "tensor(4, replicate_kv=True)", sizes={"G": 1}),
    Case("decoder(head=True, positions=False)", "prefill", "tensor(T, sequence=True)"),
    Case(WHOLE, "prefill", "data, tensor", flash=True),
    Case(WHOLE, "decode", "data(N_d, zero=3), tensor(4, replicate_kv=True)"),
    Case(WHOLE, "decode(new=2)", "tensor(T, sequence=True)", flash=True),
    Case("encoder", "train", "tensor"),
    Case("encoder", "train, full", "data(N_d, zero=3), tensor(T, sequence=True)", flash=True),
    Case("encoder", "prefill", "tensor(T, sequence=True), data"),
    Case("attention", "train, no update", "tensor(T, sequence=True)"),
    Case("attention", "train, no update", "tensor(T, sequence=True)", flash=True),
    Case("matmul", "train", "tensor"),
    Case("elementwise(kind=residual)", "train, no update", "data, tensor(T, sequence=True)"),
    Case(WHOLE, "train", "data"),
    Case(WHOLE, "train, factored", "data"),
    Case(WHOLE, "train", "data(N_d, zero=1)", sizes={"N_d": 3, "B": 3}),
    Case(WHOLE, "train, fp32", "data(N_d, zero=2), tensor"),
    Case(WHOLE, "train, full", "tensor(T, sequence=True), data(N_d, zero=3)", flash=True),
    Case(WHOLE, "train, selective", "data(N_h), data(N_d, zero=3), tensor"),
    Case(WHOLE, "train", "data(N_h, zero=1), data(N_d, zero=3)"),
    Case(WHOLE, "train", "data(3, zero=3), data(2, zero=2)", sizes={"B": 6}),
    Case(WHOLE, "train", "data(N_d, zero=3), tensor(T, sequence=True)", sizes={"N_d": 1, "T": 1}),
    Case(WHOLE, "train, adapters", "data(N_d, zero=2), tensor"),
    Case(WHOLE, "train, adapters, full", "data(N_d, zero=3), tensor(T, sequence=True)", flash=True),
    Case(WHOLE, "train, adapter, selective", "tensor(T, sequence=True, keep_gathered=True)"),
    Case(WHOLE, "decode, adapters", "data, tensor"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_devices_compute_what_one_does(case: Case) -> None:
    assert case.judge().differences == []


# What is taken out, one after the other: each kind of collective over each axis that has it.
TAKEN_OUT = [
    (Case(WHOLE, "train", "tensor"), {"all_reduce T"}),
    (Case(WHOLE, "train", "tensor(T, sequence=True)"), {"all_reduce T", "all_gather T", "reduce_scatter T"}),
    (Case(WHOLE, "train", "data"), {"all_reduce N_d"}),
    (Case(WHOLE, "train", "data(N_d, zero=1)"), {"all_reduce N_d", "reduce_scatter N_d", "all_gather N_d"}),
    (Case(WHOLE, "train", "data(N_h), data(N_d, zero=3)"), {
        "all_reduce N_h-N_d", "all_reduce N_h", "reduce_scatter N_d", "all_gather N_d",
    }),
    (Case(WHOLE, "train, adapters", "data(N_d, zero=3), tensor(T, sequence=True)"), {
        "all_reduce T", "all_gather T", "all_reduce N_d-T", "reduce_scatter T", "reduce_scatter N_d", "all_gather N_d",
    }),
    (Case(WHOLE, "train", "data, tensor(4, sequence=True, replicate_kv=True)"), {
        "all_reduce N_d", "all_reduce N_d-T", "all_reduce T", "all_gather T", "reduce_scatter T",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("case", "kinds"), TAKEN_OUT, ids=[str(case) for case, _ in TAKEN_OUT])
def test_each_kind_of_collective_over_each_axis_is_missed_once_taken_out(case: Case, kinds: set[str]) -> None:
    judge = case.judge()
    found = by_kind(judge)
    assert set(found) == kinds
    assert [op.name for op in found.values() if not judge.misses(op)] == []


@pytest.mark.parametrize("case", [case for case, _ in TAKEN_OUT], ids=str)
@pytest.mark.slow
def test_every_collective_is_missed_once_taken_out(case: Case) -> None:
    judge = case.judge()
    assert [op.name for op in collectives(judge.machine.graph) if not judge.misses(op)] == []


def check(seed: int) -> None:
    """A case by chance, and one of its collectives by chance."""
    rng = random.Random(seed)
    case = some_case(rng)
    note(str(case))
    judge = case.judge(seed)
    check_by_chance(judge, rng)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_random_op_sets_on_random_meshes_compute_what_one_device_does(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.integers(0, 2**32 - 1))
def test_many_random_op_sets_on_random_meshes_compute_what_one_device_does(seed: int) -> None:
    check(seed)
