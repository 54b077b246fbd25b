"""Placed models that are no op set, some of them drawn by chance, compute what one device does."""

from __future__ import annotations

import random
from itertools import chain
from typing import Any

import odd_models
import pytest
import random_models
from hypothesis import given, note, settings
from hypothesis import strategies as st
from placement_judge import Judge, collectives, numbers

import costgraph as cg
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.passes.update import Update

MESHES = [
    "tensor(T)",
    "tensor(T, sequence=True)",
    "tensor(T, sequence=True, keep_gathered=True)",
    "data(N_d, zero=3)",
    "data(N_d, zero=3), tensor(T, sequence=True)",
    "tensor(T, sequence=True), data(N_d, zero=1)",
    "data(N_h, zero=1), data(N_d, zero=2), tensor(T)",
    "data(N_h, zero=3), data(N_d), tensor(T, sequence=True)",
]


def judge(model: Graph, mesh: str, *passes: Any, seed: int = 0, **sizes: int) -> Judge:
    one = model.apply(*passes)
    placed = one.apply(cg.place(Mesh(mesh)))
    sizes = odd_models.SIZES | sizes
    for measure in (cg.flops, cg.traffic, cg.communication):  # costs of what is computed can be told
        measure(placed)
    return Judge(numbers(one, sizes), numbers(placed, sizes), seed)


TRAIN = (cg.backward, Update)


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("part", odd_models.PLAIN, ids=lambda part: part.__name__)
def test_an_odd_model_computes_what_one_device_does(part: odd_models.Part, mesh: str) -> None:
    assert judge(odd_models.built(part), mesh, *TRAIN).differences == []


@pytest.mark.parametrize("mesh", MESHES[1:5:3])
@pytest.mark.parametrize("passes", [TRAIN, (cg.flash_attention, cg.backward, cg.recompute, Update)], ids=len)
@pytest.mark.parametrize("name", odd_models.CORES)
def test_a_core_computes_what_one_device_does_fused_and_not(name: str, passes: Any, mesh: str) -> None:
    assert judge(odd_models.core_model(name), mesh, *passes).differences == []


@pytest.mark.parametrize("mesh", MESHES)
def test_two_kinds_of_layers_compute_what_one_device_does(mesh: str) -> None:
    passes = cg.flash_attention, cg.backward, cg.recompute("full"), Update
    assert judge(odd_models.two_kinds_of_layers(), mesh, *passes).differences == []


@pytest.mark.parametrize("mesh", MESHES)
def test_a_dim_that_is_made_of_a_split_one_is_split_with_it(mesh: str) -> None:
    assert judge(odd_models.slots(), mesh, *TRAIN).differences == []


def test_all_to_all_is_missed_once_taken_out() -> None:
    """A norm over a dim that is split works on parts of the sequence; what follows splits the dim again."""
    found = judge(odd_models.built(odd_models.norm_over_a_split_dim), "tensor(T, sequence=True)", *TRAIN)
    moving = [op for op in collectives(found.machine.graph) if op.kind == "all_to_all"]
    assert {op.phase for op in moving} == {"forward", "backward"}
    assert [op.name for op in moving if not found.misses(op)] == []


# --- what that costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "mesh", "passes", "measure", "cost"),
    [
        (odd_models.low_rank_pair, "tensor", (), cg.communication, "2*B*S*D*p*(T-1)/T"),
        (odd_models.projection_before_a_split, "tensor(T, sequence=True)", (cg.backward,), cg.communication,
         "D*p*(B*S*(3*E+1)+2*D*E)*(T-1)/T"),
        (odd_models.two_split_dims, "tensor", (), cg.flops, "2*B*S*A*E*D*(D+1)/T"),
        (odd_models.table_of_positions, "tensor(T, sequence=True)", (), cg.communication, "B*S*D*p*(T-1)/T"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_an_odd_model_costs_what_moves(part: odd_models.Part, mesh: str, passes: Any, measure: Any, cost: str) -> None:
    assert measure(odd_models.built(part).apply(*passes, cg.place(Mesh(mesh)))).same_as(cost)


# --- by chance --------------------------------------------------------------------------------------------------------


def check(seed: int, steps: int) -> None:
    """A random model on a random mesh, and one of its collectives by chance."""
    rng = random.Random(seed)
    model = random_models.Writer(seed).build(steps)
    cores = any(op.within("attention_core") for op in model.ops)
    mesh, degree = rng.choice(MESHES), rng.choice([2, 4])
    if "kv_head" in model.sizes and degree == 4:
        mesh = mesh.replace("tensor(T", "tensor(T, replicate_kv=True")
    passes: list[Any] = [cg.flash_attention] if cores and rng.random() < 0.5 else []
    if rng.random() < 0.8:
        passes += [cg.backward, *([cg.recompute] if cores and rng.random() < 0.5 else []), Update]
    note(f"{mesh}; T={degree}; {', '.join(step.__name__ for step in passes)}")
    try:
        found = judge(model, mesh, *passes, seed=seed, T=degree)
    except UserError as error:
        assert "to split in this graph" in str(error)  # noqa: PT017
        return
    assert found.differences == []
    if moving := collectives(found.machine.graph):
        chosen = rng.sample(moving, min(3, len(moving)))
        # What an activation cuts off is not missed: other numbers are tried. Nor is a sum of rows of a table of which a
        # device then reads its own alone: other collectives are tried.
        again = (judge(model, mesh, *passes, seed=seed + i, T=degree) for i in range(1, 4))
        assert any(one.misses(op) for one in chain([found], again) for op in chosen), [op.name for op in chosen]


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10))
def test_random_models_on_random_meshes_compute_what_one_device_does(seed: int, steps: int) -> None:
    check(seed, steps)


@pytest.mark.slow
@settings(max_examples=600)
@given(st.integers(0, 2**32 - 1), st.integers(1, 16))
def test_many_random_models_on_random_meshes_compute_what_one_device_does(seed: int, steps: int) -> None:
    check(seed, steps)
