"""Every known model, with small sizes, computes on a mesh what it does on one device; kernels are there for all ops."""

from __future__ import annotations

from typing import Any

import pytest
from devices import CHANGES
from kernels import KERNELS
from placement_judge import Judge, numbers
from test_kernels import derivative, results
from tiny_models import architectures, sizes, variants

import costgraph as cg
from costgraph.graph.builder import Purpose
from costgraph.graph.rules import RULES
from costgraph.mesh import Mesh
from costgraph.models.architecture import Architecture
from costgraph.passes.prefill import Prefill
from costgraph.passes.update import Update

STEP = 1e-6
FUSED = {"flash_attention"}  # runs the ops in its body
BOTH = "data(N_d, zero=3), tensor(T, sequence=True)"
ONE_KEY = "data(N_d, zero=1), tensor(T, replicate_kv=True)"  # where one key/value head is all there is
PHASES: dict[Purpose, tuple[Any, ...]] = {
    "train": (cg.backward, Update), "prefill": (Prefill,), "decode": (cg.decode,),
}  # fmt: skip


def test_there_is_a_kernel_for_every_kind_of_op_and_its_gradient() -> None:
    kinds = {*RULES} - FUSED
    kinds |= {f"{kind}_grad" for kind in kinds if RULES[kind].gradient == "chain"}
    assert kinds <= {*KERNELS, *CHANGES}


def phases(made: Architecture) -> list[Purpose]:
    """Those that a model has."""
    return [*PHASES] if made.generates else ["train"]


def differences(made: Architecture, phase: Purpose, mesh: str) -> list[str]:
    """What differs; where one key is all there is, its projection is no part of a product that is split."""
    made = made.unfused() if one_key(made) else made
    one = made.build(phase).apply(*PHASES[phase])
    placed = one.apply(cg.place(Mesh(mesh)))
    small = sizes(one)
    return Judge(numbers(one, small), numbers(placed, small)).differences


def one_key(made: Architecture) -> bool:
    return any(getattr(kind.block.attention, "kv_heads", "") == 1 for kind in made.layers)


@pytest.mark.slow
@pytest.mark.parametrize("name", architectures())
def test_a_known_model_trains_on_a_mesh_as_on_one_device(name: str) -> None:
    made = variants(name)[0]
    assert differences(made, "train", ONE_KEY if one_key(made) else BOTH) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", architectures())
def test_every_variant_of_a_known_model_computes_on_a_mesh_what_one_device_does(name: str) -> None:
    for made in variants(name):
        for phase in phases(made):
            mesh = ONE_KEY if one_key(made) else "data(N_d), tensor(T)"
            assert differences(made, phase, mesh) == [], (made.name, phase)


@pytest.mark.slow
@pytest.mark.parametrize("name", architectures())
def test_the_gradients_of_a_known_model_are_derivatives(name: str) -> None:
    for made in variants(name):
        one = made.build().apply(cg.backward)
        graph = numbers(one, sizes(one))
        slope = (results(graph, STEP) - results(graph, -STEP)) / (2 * STEP)
        assert derivative(graph) == pytest.approx(slope, rel=1e-5, abs=1e-6), made.name
