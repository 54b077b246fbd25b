"""Models with adapters on meshes: devices compute what one does, miss collectives, and cut adapters as they lie."""

from __future__ import annotations

from typing import Any

import pytest
from placement_judge import Judge, collectives, numbers
from test_kernels import derivative, results
from test_placement_blocks import BLOCKS, MESHES, SIZES, model

import costgraph as cg
from costgraph.algebra.polynomial import total
from costgraph.blocks import Embedding, Head, Layers, Norm
from costgraph.conventions import EXACT
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.models.architecture import Architecture
from costgraph.passes.lora import Lora
from costgraph.passes.update import Update
from costgraph.timing.costs import costs

R = 2  # the rank of the adapters
TARGETS = dict.fromkeys(BLOCKS, "all")
STEP = 1e-6


def adapted(name: str, targets: str, *passes: Any, **options: Any) -> Graph:
    return model(name).apply(Lora(R, targets=targets, **options), *passes)


def judge(graph: Graph, mesh: str, **sizes: int) -> Judge:
    return Judge(numbers(graph, SIZES | sizes), numbers(graph.apply(cg.place(Mesh(mesh))), SIZES | sizes))


@pytest.mark.slow
@pytest.mark.parametrize("mesh", [*MESHES, "data(N_d, zero=2), tensor(T)"])
@pytest.mark.parametrize("name", BLOCKS)
def test_devices_compute_what_one_does(name: str, mesh: str) -> None:
    assert judge(adapted(name, "all", cg.backward, Update), mesh).differences == []


WAYS: dict[str, tuple[Any, ...]] = {
    "flash, full": (cg.flash_attention, cg.backward, cg.recompute("full"), Update),
    "selective": (cg.backward, cg.recompute, Update),
    "groups": (cg.backward, cg.recompute(every=1, segment="full"), Update),
}


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("targets", ["attn.v", "attn.out+mlp.down", "head"])
@pytest.mark.parametrize("way", WAYS)
def test_devices_compute_what_one_does_whatever_has_an_adapter(way: str, targets: str, mesh: str) -> None:
    assert judge(adapted("llama", targets, *WAYS[way]), mesh, L=2).differences == []


@pytest.mark.slow
@pytest.mark.parametrize("mesh", [MESHES[1], MESHES[3]])
def test_every_collective_is_missed(mesh: str) -> None:
    found = judge(adapted("llama", "attn+mlp", cg.backward), mesh)
    assert [op.name for op in collectives(found.machine.graph) if not found.misses(op)] == []


@pytest.mark.parametrize("name", BLOCKS)
def test_the_gradients_of_adapters_are_derivatives(name: str) -> None:
    graph = numbers(adapted(name, "all", cg.backward), SIZES)
    slope = (results(graph, STEP) - results(graph, -STEP)) / (2 * STEP)
    assert derivative(graph) == pytest.approx(slope, rel=1e-5, abs=1e-6)


CUTS = [  # matrix, what of its adapter is cut over T: columns make B cut, rows make A cut
    ("attn.q", "lora_b"), ("attn.k", "lora_b"), ("attn.out", "lora_a"),
    ("mlp.gate", "lora_b"), ("mlp.up", "lora_b"), ("mlp.down", "lora_a"),
]  # fmt: skip


@pytest.mark.parametrize(("matrix", "cut"), CUTS)
def test_of_an_adapter_that_half_is_cut_on_whose_side_the_matrix_is(matrix: str, cut: str) -> None:
    graph = adapted("llama", "all", cg.backward).apply(cg.place(Mesh("tensor(T)")))
    halves = {half: graph.tensors[f"{matrix}.{half}.weight"] for half in ("lora_a", "lora_b")}
    assert [half for half, tensor in halves.items() if any(dim.cuts for dim in tensor.dims)] == [cut]


# --- the first of several layers --------------------------------------------------------------------------------------

ALONE: dict[str, tuple[Any, ...]] = {"": (), "flash, full": (cg.flash_attention, cg.recompute("full"))}
SENT = [
    "data(N_d, zero=3)",
    "tensor(T, sequence=True)",
    "data(N_d, zero=3), tensor(T, sequence=True, keep_gathered=True)",
]


@pytest.mark.slow
@pytest.mark.parametrize("mesh", SENT)
@pytest.mark.parametrize("extra", ALONE)
@pytest.mark.parametrize(("name", "targets"), [
    ("llama", "attn.out"), ("llama", "attn.v+head"), ("parallel", "mlp.down"), ("latent", "attn.out"),
])  # fmt: skip
def test_a_stack_sends_what_its_layers_do_one_by_one(name: str, targets: str, extra: str, mesh: str) -> None:
    """What only gradients read that the first layer does not need is not sent there, nor is time taken for it."""
    passes = (Lora(R, targets=targets), *ALONE[extra], cg.backward, Update, cg.place(Mesh(mesh)))
    loop = stack(Layers("L", BLOCKS[name])).apply(*passes).substitute(L=3)
    one_by_one = stack(*(Layers(1, BLOCKS[name], kind) for kind in "abc")).apply(*passes)
    assert cg.communication(loop, EXACT).value == cg.communication(one_by_one, EXACT).value
    assert total(one.sent for one in costs(loop, EXACT)) == total(one.sent for one in costs(one_by_one, EXACT))


def stack(*layers: Layers) -> Graph:
    return Architecture(layers, Embedding(), Norm(), Head(tied=False)).build()
