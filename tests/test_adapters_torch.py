"""Adapters beside frozen matrices cost what PyTorch counts: FLOPs of products, and what autograd keeps."""

from __future__ import annotations

from typing import Any

import pytest

import costgraph as cg
from costgraph.blocks import Attention, Block, Embedding, Layers, Mlp, Norm
from costgraph.conventions import EXACT
from costgraph.models.architecture import Architecture
from costgraph.passes.lora import Lora

pytestmark = pytest.mark.needs_library("torch")

SIZES = {"B": 2, "S": 12, "D": 16, "A": 4, "H": 6, "F": 20, "V": 9, "L": 3, "R_a": 3, "p": 4}
BLOCK = Block(Attention(kv_heads="A", causal=False), Mlp("F"), Norm("layer"))
TARGETS = ["attn", "attn.q", "attn.v", "attn.q+attn.v", "attn.out", "mlp", "mlp.up", "mlp.down", "all"]


def trained(targets: str) -> cg.Graph:
    """A small model of which adapters train, with sizes."""
    model = Architecture((Layers("L", BLOCK),), Embedding(), norm=None, head=None).build()
    graph = model.apply(Lora("R_a", targets=targets), cg.backward)
    return graph.substitute(**{name: size for name, size in SIZES.items() if name in graph.symbols})


class InTorch:
    """The same in PyTorch; only adapters need a gradient."""

    def __init__(self, graph: cg.Graph) -> None:
        import torch

        torch.manual_seed(0)
        self.layers = SIZES["L"]
        found = {t.name: t for t in graph.inputs if t.is_parameter}
        self.weights = {
            (name, layer): torch.randn([int(d.size.number or 0) for d in t.dims], requires_grad=not t.frozen)
            for name, t in found.items()
            for layer in range(self.layers if int(t.times.number or 0) > 1 else 1)
        }

    def product(self, x: Any, name: str, layer: int) -> Any:
        """`x` times a matrix, and what an adapter adds to it."""
        weight = self.weights[f"{name}.weight", layer].reshape(x.shape[-1], -1)
        y = x @ weight
        if (a := self.weights.get((f"{name}.lora_a.weight", layer))) is None:
            return y
        b = self.weights[f"{name}.lora_b.weight", layer]
        return y + x @ a.reshape(x.shape[-1], -1) @ b.reshape(a.shape[-1], -1) * 2.0

    def normalized(self, x: Any, name: str, layer: int) -> Any:
        import torch.nn.functional as F

        scale, shift = (self.weights[f"{name}.{part}", layer] for part in ("scale", "shift"))
        return F.layer_norm(x, x.shape[-1:], scale, shift)

    def block(self, x: Any, layer: int) -> Any:
        import torch
        import torch.nn.functional as F

        B, S, A = x.shape[0], x.shape[1], SIZES["A"]
        z = self.normalized(x, "norm.attn", layer)
        q, k, v = (
            self.product(z, f"attn.{one}", layer).view(B, S, A, -1).transpose(1, 2).reshape(B * A, S, -1)
            for one in "qkv"
        )
        u = torch.softmax(q @ k.transpose(1, 2) * 0.5, -1) @ v
        x = self.product(u.view(B, A, S, -1).transpose(1, 2).reshape(B, S, -1), "attn.out", layer) + x
        z = F.gelu(self.product(self.normalized(x, "norm.mlp", layer), "mlp.up", layer))
        return self.product(z, "mlp.down", layer) + x

    def counted(self) -> dict[str, int]:
        """FLOPs of each phase, and bytes of floats that autograd keeps beside parameters."""
        import torch
        import torch.nn.functional as F
        from torch.autograd.graph import saved_tensors_hooks
        from torch.utils.flop_counter import FlopCounterMode

        kept: dict[int, int] = {}
        own = {t.untyped_storage().data_ptr() for t in self.weights.values()}
        held = []

        def keep(t: Any) -> Any:
            storage = t.untyped_storage()
            if t.is_floating_point() and storage.data_ptr() not in own:
                held.append(t)  # so that no other storage gets its place
                kept[storage.data_ptr()] = storage.nbytes()
            return t

        with FlopCounterMode(display=False) as forward, saved_tensors_hooks(keep, lambda t: t):
            tokens = torch.randint(0, SIZES["V"], (SIZES["B"], SIZES["S"]))
            x = F.embedding(tokens, self.weights["embed.tokens.table", 0])
            for layer in range(self.layers):
                x = self.block(x, layer)
        with FlopCounterMode(display=False) as backward:
            x.sum().backward()  # type: ignore[no-untyped-call]
        return {
            "flops.forward": forward.get_total_flops(),
            "flops.backward": backward.get_total_flops(),
            "activations": sum(kept.values()),
        }


@pytest.mark.parametrize("targets", TARGETS)
def test_adapters_cost_what_torch_counts(targets: str) -> None:
    graph = trained(targets)
    forms = cg.derive("flops.forward", "flops.backward", "activations", op_set=graph, convention=EXACT).forms
    assert {name: form.value.number for name, form in forms.items()} == InTorch(graph).counted()
