"""Blocks on a mesh: which collectives follow, as Megatron has them, and what a device holds."""

from __future__ import annotations

from collections import Counter

import pytest
from architectures import MODELS

import costgraph as cg
from costgraph.conventions import EXACT
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.models.architecture import Architecture
from costgraph.passes import Place


def placed(architecture: Architecture, mesh: str) -> Graph:
    return architecture.build().apply(cg.backward, Place(Mesh(mesh)))


def sent(graph: Graph, path: str = "", dims: int = 3) -> dict[str, int]:
    """Collectives of activations with that many dims or more inside the layers, by kind, phase and place."""
    found = Counter(
        f"{op.kind} {op.phase} {op.label.partition('/')[2] or op.label}"
        for op in graph.ops
        if op.cuts and op.loop.times != 1 and op.name.startswith(path)
        if graph.tensors[op.inputs[0]].role == "activation" and len(graph.tensors[op.inputs[0]].dims) >= dims
    )
    return dict(found)


TWO_EACH_WAY = {
    "all_reduce forward attn.residual": 1, "all_reduce forward mlp.residual": 1,
    "all_reduce backward norm.attn": 1, "all_reduce backward norm.mlp": 1,
}  # fmt: skip
IN_PARTS = {
    "all_gather forward attn.q": 1, "reduce_scatter forward attn.residual": 1,
    "all_gather forward mlp.gate": 1, "reduce_scatter forward mlp.residual": 1,
    "all_gather backward mlp.down": 1, "all_gather backward mlp.up": 1, "reduce_scatter backward norm.mlp": 1,
    "all_gather backward attn.out": 1, "all_gather backward attn.v": 1, "reduce_scatter backward norm.attn": 1,
}  # fmt: skip
SHARES = {"all_reduce backward moe.top_k": 1}  # the gradient of how much each chosen expert counts: B*S*K_r
LATENTS = {"all_reduce backward attn.kv_norm": 1, "all_reduce backward attn.k_rotary": 1}  # of what all devices have


def experts(collectives: dict[str, int]) -> dict[str, int]:
    """The same of a layer with experts in place of an MLP."""
    return {name.replace("mlp", "moe"): number for name, number in collectives.items()}


@pytest.mark.parametrize(
    ("model", "path", "expected"),
    [
        ("llama-3.1-8b", "", TWO_EACH_WAY),
        ("mistral-7b", "", TWO_EACH_WAY),
        ("qwen3-8b", "", TWO_EACH_WAY),
        ("falcon-7b", "", {"all_reduce forward mlp.residual": 1, "all_reduce backward norm.attn": 1}),
        ("mixtral-8x7b", "", experts(TWO_EACH_WAY) | SHARES),
        ("deepseek-v2-lite", "dense/", TWO_EACH_WAY | LATENTS),
        ("deepseek-v2-lite", "moe/", experts(TWO_EACH_WAY) | SHARES | LATENTS),
        ("mamba2-130m", "", {"all_reduce forward ssm.residual": 1, "all_reduce backward norm.ssm": 1}),
    ],
)
def test_tensor_parallel_blocks_send_what_megatron_sends(model: str, path: str, expected: dict[str, int]) -> None:
    found = sent(placed(MODELS[model].architecture, "tensor(T)"), path)
    if path != "moe/":  # what leads into the first layers belongs to the embedding
        found.pop("all_reduce forward blocks.enter", None)
    assert found == expected


@pytest.mark.parametrize("model", ["llama-3.1-8b", "llama-2-7b"])
def test_sequence_parallel_blocks_gather_and_scatter(model: str) -> None:
    found = sent(placed(MODELS[model].architecture, "tensor(T, sequence=True)"))
    found.pop("reduce_scatter forward blocks.enter", None)
    assert found == IN_PARTS


def test_experts_of_sequence_parallel_blocks_see_gathered_tokens_and_scatter_what_they_give() -> None:
    found = sent(placed(MODELS["mixtral-8x7b"].architecture, "tensor(T, sequence=True)"))
    of_experts = {name: number for name, number in found.items() if "moe" in name}
    assert of_experts == {
        "all_gather forward moe.dispatch": 1,  # tokens, before they are copied to slots
        "all_gather forward moe.shares": 1,
        "reduce_scatter forward moe.residual": 1,
        "all_gather backward moe.combine": 1,
        "reduce_scatter backward moe.top_k": 1,
        "reduce_scatter backward norm.moe": 1,
    }


def test_experts_with_biases_send_what_experts_without_send() -> None:
    """The bias of a slot is added by one device, so that sums over devices are of tokens, not of their slots."""
    biased = sent(placed(MODELS["gpt-oss-20b"].architecture, "tensor(T)"), "local/moe.")
    assert biased == sent(placed(MODELS["mixtral-8x7b"].architecture, "tensor(T)"), "moe.")
    graph = MODELS["gpt-oss-20b"].architecture.build().apply(cg.decode, Place(Mesh("tensor(T)")))
    moved = {term.op: str(term.amount) for term in cg.communication(graph, EXACT).terms}
    assert moved["local/moe.combine.all_reduce"] == "2*B*D*p*L_local - 2*B*D*p*L_local/T"


def test_the_width_of_experts_is_split_and_latents_are_whole() -> None:
    graph = placed(MODELS["deepseek-v2-lite"].architecture, "data(N_d), tensor(T)")
    held = {name: str(tensor.numel) for name, tensor in graph.tensors.items() if name.startswith("moe/")}
    assert held["moe/moe.up.weight"] == "D*N_r*F_e/T"
    assert held["moe/moe.shared.up.weight"] == "D*N_s*F_e/T"
    assert held["moe/attn.kv_latent"] == "B*S*R_kv/N_d"
    assert held["moe/attn.k_nope.weight"] == "A*R_kv*H_n/T"
    assert held["moe/moe.router.weight"] == "D*N_r"


def test_slots_follow_the_batch_that_is_split() -> None:
    whole = MODELS["mixtral-8x7b"].architecture.build().apply(cg.backward)
    for mesh, devices in (("data(N_d)", "N_d"), ("data(N_d, zero=3), tensor(T)", "N_d*T")):
        graph = whole.apply(Place(Mesh(mesh)))
        experts = [
            op.name for op in whole.ops if op.kind == "einsum" and op.place == "moe" and "router" not in op.source
        ]
        split, alone = cg.flops(graph.only(*experts), EXACT), cg.flops(whole.only(*experts), EXACT)
        assert split.same_as(f"({alone.value})/({devices})")
    gradients = cg.communication(whole.apply(Place(Mesh("data(N_d)"))), EXACT, axes="N_d")
    parameters = cg.params(whole, EXACT)
    assert gradients.same_as(f"2*p*(N_d - 1)/N_d*({parameters.value} + 1)")  # and the loss


def test_the_tokens_of_a_device_reach_its_experts() -> None:
    graph = MODELS["mixtral-8x7b"].architecture.build().apply(cg.decode)
    assert [str(one) for one in graph.definitions] == ["N_hit = min(N_r, B*K_r)"]
    placed = graph.apply(Place(Mesh("data(N_d), tensor(T)")))
    assert [str(one) for one in placed.definitions] == ["N_hit = min(N_r, B*K_r/N_d)"]
    read = {term.source: str(term.amount) for term in cg.traffic(placed, EXACT).terms if term.source.endswith("_hit")}
    assert read["moe.up_hit"] == "L*D*N_hit*F_e*p/T"


def test_a_state_space_is_split_by_groups() -> None:
    graph = MODELS["mamba2-130m"].architecture.build().substitute(G_s=1)
    with pytest.raises(
        cg.UserError, match="dim ssm_group has size 1 and cannot be split over T devices; a state space"
    ):
        graph.apply(Place(Mesh("tensor(T)")))
