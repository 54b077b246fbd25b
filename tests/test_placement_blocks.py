"""Blocks on meshes compute what they do on one device, collectives are missed, and gradients are derivatives."""

from __future__ import annotations

from typing import Any

import pytest
from placement_judge import Judge, collectives, numbers
from test_kernels import derivative, results

import costgraph as cg
from costgraph.blocks import Attention, Block, Embedding, Experts, Gated, Head, LatentAttention, Layers, Mamba2, Norm
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.models.architecture import Architecture
from costgraph.passes.update import Update

STEP = 1e-6  # a scan bends more than other blocks do
SIZES = {
    "B": 4, "S": 4, "D": 8, "A": 4, "G": 2, "H": 4, "F": 4, "V": 8, "L": 1, "T": 2, "N_d": 2, "N_r": 4, "K_r": 2,
    "F_e": 4, "N_s": 1, "R_q": 3, "R_kv": 3, "H_n": 2, "H_r": 2, "H_v": 2, "A_s": 4, "H_s": 2, "D_s": 2, "G_s": 2,
    "K_s": 2, "Q_s": 2, "W": 8,
}  # fmt: skip
MESHES = [
    "tensor(T)", "tensor(T, sequence=True)", "data(N_d, zero=3)", "data(N_d, zero=1), tensor(T, sequence=True)",
    "width(2), tensor(T)",
]  # fmt: skip
ROTARY = Attention(positions="rotary")
BLOCKS = {
    "llama": Block(ROTARY, Gated()),
    "normed": Block(Attention(qk_norm=Norm(), softcap=True, sinks=True), Gated(act="gelu"), residual="sandwich"),
    "normed over heads": Block(Attention(qk_norm=Norm(), qk_norm_over="heads"), Gated(), residual="outer"),
    "parallel": Block(Attention(fused=True, kv_heads="A"), Gated(), residual="parallel"),
    "repeated": Block(Attention(repeat_kv="after_cache"), Gated(), residual="parallel_two"),
    "experts": Block(ROTARY, Experts()),
    "shared experts": Block(ROTARY, Experts(shared="N_s", shared_gate=True, biases=True, router_bias=True)),
    "latent": Block(LatentAttention(q_rank="R_q"), Gated()),
    "mamba": Block(Mamba2(), None),
}


def model(name: str) -> Graph:
    return Architecture((Layers("L", BLOCKS[name]),), Embedding(), Norm(), Head(tied=False)).build()


def judge(name: str, mesh: str, *passes: Any) -> Judge:
    one = model(name).apply(*passes)
    return Judge(numbers(one, SIZES), numbers(one.apply(cg.place(Mesh(mesh))), SIZES))


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_computes_what_one_device_does(name: str, mesh: str) -> None:
    assert judge(name, mesh, cg.backward, Update).differences == []


@pytest.mark.slow
@pytest.mark.parametrize("mesh", MESHES[1:])
@pytest.mark.parametrize("name", ["experts", "shared experts", "latent", "mamba"])
def test_every_collective_of_a_block_is_missed(name: str, mesh: str) -> None:
    found = judge(name, mesh, cg.backward)
    ids = [op for op in collectives(found.machine.graph) if "index" not in op.inputs[0]]
    assert [op.name for op in ids if not found.misses(op)] == []


@pytest.mark.parametrize("name", BLOCKS)
def test_the_gradients_of_a_block_are_derivatives(name: str) -> None:
    graph = numbers(model(name).apply(cg.backward), SIZES)
    slope = (results(graph, STEP) - results(graph, -STEP)) / (2 * STEP)
    assert derivative(graph) == pytest.approx(slope, rel=1e-5, abs=1e-6)
