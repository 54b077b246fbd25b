"""Generation in PyTorch on a CPU, its storages counted as they are born and die: names that the reasons speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch_peak_inference import generated, reasons_of_generation
from torch_peak_runs import MEASURED, Run
from torch_storages import tracked

from costgraph.algebra.polynomial import total
from costgraph.graph.builder import Purpose
from costgraph.measures.lifetimes import BEFORE

pytestmark = pytest.mark.needs_library("torch")

SIZES = {  # of which scores are the most, or what an MLP makes, or logits
    "scores": {"D": 32, "L": 2, "A": 4, "G": 2, "H": 8, "F": 48, "V": 40, "S": 64, "B": 2},
    "heads of their own": {"D": 32, "L": 3, "A": 4, "G": 4, "H": 8, "F": 40, "V": 40, "S": 48, "B": 1},
    "mlp": {"D": 24, "L": 2, "A": 2, "G": 1, "H": 12, "F": 900, "V": 30, "S": 12, "B": 3},
    "logits": {"D": 24, "L": 2, "A": 2, "G": 2, "H": 12, "F": 40, "V": 3000, "S": 10, "B": 2},
}


class Llama:
    """A model written as one would: functions, arguments, and names for what is needed again."""

    def __init__(self, sizes: dict[str, int], width: int) -> None:
        import torch

        self.torch, self.sizes = torch, sizes
        self.dtype = torch.float32 if width == 4 else torch.bfloat16
        self.there = sizes["S"] + 1
        self.mask, self.cos, self.sin = (self.zeros(self.there, size) for size in (self.there, sizes["H"], sizes["H"]))
        self.table, self.head = self.zeros(sizes["V"], sizes["D"]), self.zeros(sizes["V"], sizes["D"])
        self.layers = [self.matrices() for _ in range(sizes["L"])]
        self.cache = [
            [self.zeros(sizes["B"], sizes["G"], self.there, sizes["H"]) for _ in range(2)] for _ in self.layers
        ]

    def zeros(self, *size: int) -> Any:
        return self.torch.zeros(*size, dtype=self.dtype)

    def matrices(self) -> dict[str, Any]:
        D, A, G, H, F = (self.sizes[name] for name in "DAGHF")
        shapes = {"q": (A * H, D), "k": (G * H, D), "v": (G * H, D), "o": (D, A * H), "g": (F, D), "u": (F, D)}
        return {name: self.zeros(*shape) for name, shape in {**shapes, "d": (D, F)}.items()}

    def __call__(self, tokens: Any, start: int) -> Any:
        linear = self.torch.nn.functional.linear
        x = self.torch.nn.functional.embedding(tokens, self.table)
        for layer, cache in zip(self.layers, self.cache, strict=True):
            x = self.block(x, layer, cache, start)
        return linear(self.norm(x), self.head)

    def norm(self, x: Any) -> Any:
        return x * 2

    def block(self, x: Any, layer: dict[str, Any], cache: list[Any], start: int) -> Any:
        x = x + self.attention(self.norm(x), layer, cache, start)
        return x + self.mlp(self.norm(x), layer)

    def mlp(self, x: Any, layer: dict[str, Any]) -> Any:
        F = self.torch.nn.functional
        return F.linear(F.silu(F.linear(x, layer["g"])) * F.linear(x, layer["u"]), layer["d"])

    def attention(self, x: Any, layer: dict[str, Any], cache: list[Any], start: int) -> Any:
        linear, H, end = self.torch.nn.functional.linear, self.sizes["H"], start + x.shape[1]
        q, k, v = (linear(x, layer[name]).unflatten(-1, (-1, H)).transpose(1, 2) for name in "qkv")  # type: ignore[no-untyped-call]
        q, k = self.rotary(q, start, end), self.rotary(k, start, end)
        for there, new in zip(cache, (k, v), strict=True):
            there[:, :, start:end] = new
        del there, new
        k, v = (one[:, :, :end] for one in cache)
        y = self.core(q, k, v, start, end)
        return linear(y.transpose(1, 2).flatten(2), layer["o"])

    def rotary(self, x: Any, start: int, end: int) -> Any:
        one, other = x.chunk(2, -1)
        return x * self.cos[start:end] + self.torch.cat((-other, one), -1) * self.sin[start:end]

    def core(self, q: Any, k: Any, v: Any, start: int, end: int) -> Any:
        if (shared := self.sizes["A"] // self.sizes["G"]) > 1:
            k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        weights = q @ k.transpose(-2, -1) / 3
        weights = weights + self.mask[start:end, :end]
        weights = self.torch.softmax(weights, -1)
        return weights @ v


def steps(sizes: dict[str, int], width: int) -> dict[Purpose, Callable[[], Any]]:
    """A prefill, and a step of decode."""
    import torch

    model, S = Llama(sizes, width), sizes["S"]
    prompt, token = (torch.zeros(sizes["B"], positions, dtype=torch.int64) for positions in (S, 1))
    return {"prefill": lambda: model(prompt, 0), "decode": lambda: model(token, S)}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_what_generation_makes_is_alive_as_long(
    name: str, precision: str, phase: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setitem(MEASURED["models"], name, {"kind": "llama", "sizes": SIZES[name]})
    run = Run(name, precision, "eager", "all")
    found = generated(run, phase, reasons_of_generation)
    found.buffers = [one for one in found.buffers if one.born != BEFORE]
    most = max(run.number(total(term.amount for term in found.terms(one))) for one in found.largest())
    with torch.no_grad():
        assert tracked(steps(SIZES[name], run.width)[phase]) == most
