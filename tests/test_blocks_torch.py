"""Blocks cost what PyTorch counts on small code that does the same: FLOPs of its products, and what autograd keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

import costgraph as cg
from costgraph.blocks import Attention, Experts, Gated, LatentAttention, Mamba2, Mlp, Norm
from costgraph.conventions import EXACT
from costgraph.graph.builder import Builder, Purpose
from costgraph.graph.op import Phase
from costgraph.passes.decode import Decode
from costgraph.passes.prefill import inference

pytestmark = pytest.mark.needs_library("torch")

PHASES: tuple[Phase, ...] = ("forward", "backward")
SIZES = {
    "B": 2, "S": 12, "D": 16, "A": 4, "G": 2, "H": 6, "W": 5, "F": 20, "N_r": 6, "K_r": 2, "F_e": 10, "R_q": 7,
    "R_kv": 5, "H_n": 6, "H_r": 4, "H_v": 3, "A_s": 4, "H_s": 6, "D_s": 5, "G_s": 2, "K_s": 3, "Q_s": 4, "p": 4,
}  # fmt: skip
DIMS = {"batch": "B", "query": "S", "context": "S", "model": "D"}


def alone(block: Any, phase: Purpose = "train") -> cg.Graph:
    """A graph of one block."""
    b = Builder("alone", DIMS, phase=phase)
    block.write(b, "it", b.input("x", "batch query model"))
    return b.build()


def bound(form: Any) -> int:
    """The value of a form at the sizes of these tests."""
    value = form.limit(**{n: v for n, v in SIZES.items() if n in form.symbols}).value.number
    assert value is not None
    return int(value)


def weights(graph: cg.Graph) -> dict[str, Any]:
    """Random parameters as wide as those of the graph, by name."""
    import torch

    torch.manual_seed(0)
    graph = graph.substitute(**{n: v for n, v in SIZES.items() if n in graph.symbols})
    return {
        t.name.removeprefix("it."): torch.randn([int(d.size.number or 0) for d in t.dims], requires_grad=True)
        for t in graph.inputs
        if t.is_parameter
    }


def counted(run: Callable[[Any, Mapping[str, Any]], Any], w: Mapping[str, Any]) -> tuple[int, int, int]:
    """FLOPs forward, FLOPs forward and backward, and bytes of floats that autograd keeps beside parameters."""
    import torch
    from torch.autograd.graph import saved_tensors_hooks
    from torch.utils.flop_counter import FlopCounterMode

    kept: dict[int, int] = {}
    own = {t.untyped_storage().data_ptr() for t in w.values()}

    def keep(t: Any) -> Any:
        storage = t.untyped_storage()
        if t.is_floating_point() and storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return t

    x = torch.randn(SIZES["B"], SIZES["S"], SIZES["D"], requires_grad=True) * 1
    with FlopCounterMode(display=False) as forward, saved_tensors_hooks(keep, lambda t: t):
        y = run(x, w)
    with FlopCounterMode(display=False) as backward:
        y.sum().backward()
    return forward.get_total_flops(), forward.get_total_flops() + backward.get_total_flops(), sum(kept.values())


# --- the same in PyTorch ----------------------------------------------------------------------------------------------


def project(x: Any, weight: Any, bias: Any = None) -> Any:
    """`x` times a matrix whose columns have a shape of their own."""
    import torch.nn.functional as F

    y = F.linear(x, weight.reshape(weight.shape[0], -1).T, None if bias is None else bias.reshape(-1))
    return y.reshape(*x.shape[:-1], *weight.shape[1:])


def attention(x: Any, w: Mapping[str, Any]) -> Any:
    """Grouped attention with norms of queries and keys, biases, soft-capping, and sinks, if there are any."""
    import torch
    import torch.nn.functional as F

    B, S, G, A, H = x.shape[0], x.shape[1], SIZES["G"], SIZES["A"], SIZES["H"]
    q, k, v = (project(x, w[f"{one}.weight"], w[f"{one}.bias"]) for one in "qkv")
    q, k = F.layer_norm(q, (H,), w["q_norm.scale"]), F.layer_norm(k, (H,), w["k_norm.scale"])
    q = q.permute(0, 2, 3, 1, 4).reshape(B * G, A // G * S, H)
    k, v = (one.permute(0, 2, 1, 3).reshape(B * G, S, H) for one in (k, v))
    scores = torch.tanh((q @ k.transpose(1, 2)).view(B, A, S, S) * H**-0.5)
    scores = scores.masked_fill(torch.ones(S, S).triu(1).bool(), float("-inf"))
    if "sinks" in w:
        scores = torch.cat([scores, w["sinks"].reshape(1, A, 1, 1).expand(B, A, S, 1)], -1)
    p = torch.softmax(scores, -1)[..., :S].reshape(B * G, A // G * S, S)
    u = (p @ v).view(B, G, A // G, S, H).permute(0, 3, 1, 2, 4).reshape(B, S, A * H)
    return project(u, w["out.weight"].reshape(A * H, -1), w["out.bias"])


def windowed(x: Any, w: Mapping[str, Any]) -> Any:
    """Grouped attention to W positions, which are gathered for every query."""
    import torch
    import torch.nn.functional as F

    q, k, v = (project(x, w[f"{one}.weight"]) for one in "qkv")
    near = [F.pad(one, (0, 0, 0, 0, SIZES["W"] - 1, 0)).unfold(1, SIZES["W"], 1) for one in (k, v)]  # b s g h w
    p = torch.softmax(torch.einsum("bsgrh,bsghw->bsgrw", q, near[0]), -1)
    u = torch.einsum("bsgrw,bsghw->bsgrh", p, near[1])
    return project(u.reshape(*u.shape[:2], -1), w["out.weight"].reshape(-1, SIZES["D"]))


def mlp(x: Any, w: Mapping[str, Any]) -> Any:
    import torch.nn.functional as F

    y = F.gelu(project(x, w["up.weight"], w["up.bias"]))
    return project(y, w["down.weight"], w["down.bias"])


def gated(x: Any, w: Mapping[str, Any]) -> Any:
    import torch.nn.functional as F

    return project(F.silu(project(x, w["gate.weight"])) * project(x, w["up.weight"]), w["down.weight"])


def gated_at_once(x: Any, w: Mapping[str, Any]) -> Any:
    import torch.nn.functional as F

    gate, up = project(x, w["gate_up.weight"]).unbind(2)
    return project(F.silu(gate) * up, w["down.weight"])


def experts(x: Any, w: Mapping[str, Any]) -> Any:
    """Experts on slots; every expert gets as many tokens, whatever the router says."""
    import torch
    import torch.nn.functional as F

    N, K, D = SIZES["N_r"], SIZES["K_r"], SIZES["D"]
    probabilities = torch.softmax(project(x, w["router.weight"]), -1)
    share, _ = torch.topk(probabilities, K, dim=-1)
    slots = torch.arange(x.shape[0] * x.shape[1] * K).view(-1, N).T  # an expert's slots, among tokens and choices
    rows = x.reshape(-1, D)[slots // K]
    y = F.silu(torch.bmm(rows, w["gate.weight"])) * torch.bmm(rows, w["up.weight"])
    y = torch.bmm(y, w["down.weight"]) * share.reshape(-1)[slots].unsqueeze(-1)
    return y.reshape(-1, D)[slots.reshape(-1).argsort()].view(*x.shape[:2], K, D).sum(2)


def latent(x: Any, w: Mapping[str, Any]) -> Any:
    """Latent attention, expanded."""
    import torch
    import torch.nn.functional as F

    c = F.layer_norm(project(x, w["q_latent.weight"]), (SIZES["R_q"],), w["q_norm.scale"])
    q = torch.cat([project(c, w["q_nope.weight"]), project(c, w["q_rope.weight"])], -1)
    c = F.layer_norm(project(x, w["kv_latent.weight"]), (SIZES["R_kv"],), w["kv_norm.scale"])
    turned = project(x, w["k_rope.weight"]).unsqueeze(2).expand(-1, -1, SIZES["A"], -1)
    k = torch.cat([project(c, w["k_nope.weight"]), turned], -1)
    p = torch.softmax(torch.einsum("bsah,btah->bast", q, k), -1)
    u = torch.einsum("bast,btah->bsah", p, project(c, w["v.weight"]))
    return project(u.reshape(*u.shape[:2], -1), w["out.weight"].reshape(-1, SIZES["D"]))


def mamba(x: Any, w: Mapping[str, Any]) -> Any:
    """Mamba-2 in chunks, without the convolutions, whose gradient PyTorch's counter gets wrong."""
    import torch
    import torch.nn.functional as F

    B, S, Q = x.shape[0], x.shape[1], SIZES["Q_s"]
    gate = project(x, w["gate.weight"])
    values, into, out_of = (F.silu(project(x, w[f"{one}.weight"])) for one in "xbc")
    dt = F.softplus(project(x, w["dt.weight"]) + w["dt.bias"])
    v, b, c, d = (one.reshape(B, S // Q, Q, *one.shape[2:]) for one in (values, into, out_of, dt))
    v, fading = v * d.unsqueeze(-1), torch.cumsum(d * -w["a"].exp(), 2)
    within = torch.exp(fading.unsqueeze(3) - fading.unsqueeze(2)) * torch.ones(Q, Q).tril().view(Q, Q, 1, 1)
    scores = torch.einsum("bzqgn,bzkgn->bzqkg", c, b).unsqueeze(-1) * within
    inside = torch.einsum("bzqkgr,bzkgrp->bzqgrp", scores, v)
    states = torch.einsum("bzkgrp,bzkgn->bzgrpn", v * torch.exp(fading[:, :, -1:] - fading).unsqueeze(-1), b)
    state, before = torch.zeros_like(states[:, 0]), []
    for z in range(S // Q):
        before.append(state)
        state = state * torch.exp(fading[:, z, -1])[..., None, None] + states[:, z]
    outside = torch.einsum("bzqgn,bzgrpn->bzqgrp", c, torch.stack(before, 1)) * torch.exp(fading).unsqueeze(-1)
    y = (inside + outside).reshape(values.shape) + values * w["d"].unsqueeze(-1)
    y = (y * F.silu(gate)).reshape(B, S, -1)
    y = (
        F.layer_norm(y.view(*gate.shape[:3], -1), (y.shape[-1] // SIZES["G_s"],))
        * w["norm.scale"].reshape(SIZES["G_s"], -1)
    ).reshape(B, S, -1)
    return project(y, w["out.weight"].reshape(-1, SIZES["D"]))


ONE = Norm("layer_scale")
CASES = {
    "attention": (Attention(biases=("q", "k", "v", "out"), qk_norm=ONE, softcap=True), attention),
    "sinks": (Attention(biases=("q", "k", "v", "out"), qk_norm=ONE, softcap=True, sinks=True), attention),
    "windowed": (Attention(window="W", scale=False), windowed),
    "mlp": (Mlp(biases=True), mlp),
    "gated": (Gated(), gated),
    "gated at once": (Gated(fused=True), gated_at_once),
    "experts": (Experts(), experts),
    "latent attention": (LatentAttention(q_rank="R_q", norm=ONE), latent),
    "mamba": (Mamba2(norm=ONE, conv_bias=False), mamba),
}  # fmt: skip
# what these keep is a matter of how tensors are laid out for a product, or of kernels that keep less
FLOPS_ALONE = ("sinks", "windowed", "latent attention", "mamba")


@pytest.mark.parametrize("name", CASES)
def test_a_block_costs_what_pytorch_counts(name: str) -> None:
    block, run = CASES[name]
    graph = alone(block)
    forward, both, kept = counted(run, weights(graph))
    convolutions = [op.name for op in graph.ops if op.kind == "conv"]
    trained, grads = graph.apply(cg.backward), [f"{name}.grad" for name in convolutions]
    convolved = [bound(cg.flops(trained.only(*names), EXACT)) if names else 0 for names in (convolutions, grads)]
    derived = [bound(cg.flops(trained, EXACT, part=phase)) for phase in PHASES]
    assert derived[0] - convolved[0] == forward
    assert sum(derived) - sum(convolved) == both
    if name not in FLOPS_ALONE:
        form = cg.activations(trained, EXACT)
        floats = replace(form, terms=tuple(term for term in form.terms if term.role != "mask"))
        assert bound(floats) == kept


# --- absorbed is expanded ---------------------------------------------------------------------------------------------


def computed(graph: cg.Graph, given: Mapping[str, Any]) -> Any:
    """The last result of a decode step of latent attention, run op by op."""
    import torch

    values = dict(given)
    for op in graph.ops:
        x = [values[name] for name in op.inputs if name in values]
        match op.kind:
            case "einsum":
                y = torch.einsum(op.spec, *x)
            case "cache_append":
                y = torch.cat([values[f"{op.name}.before"], x[0]], 1)
            case "rms_norm":
                y = torch.nn.functional.rms_norm(x[0], x[0].shape[-1:], x[1])
            case "softmax":
                y = torch.softmax(x[0], -1)
            case "add":
                y = x[0] + x[1]
            case _:  # one new position: nothing is rotated or masked here, and the scale is 1
                y = x[0]
        values[op.outputs[0]] = y
    return values[graph.ops[-1].outputs[0]]


def test_absorbed_latent_attention_gives_what_expanded_gives() -> None:
    import torch

    found = []
    for absorbed in (True, False):
        graph = alone(LatentAttention(q_rank="R_q", absorbed=absorbed), "decode").apply(Decode())
        given = {
            f"it.{name}": value for name, value in weights(inference(alone(LatentAttention(q_rank="R_q")))).items()
        }
        torch.manual_seed(1)
        given["x"] = torch.randn(SIZES["B"], 1, SIZES["D"])
        given["it.latent_context.before"] = torch.randn(SIZES["B"], SIZES["S"] - 1, SIZES["R_kv"])
        given["it.k_context.before"] = torch.randn(SIZES["B"], SIZES["S"] - 1, SIZES["H_r"])
        found.append(computed(graph, given))
    assert torch.allclose(found[0], found[1], atol=1e-4)
