"""A second judge of peaks: storages of small code that PyTorch runs on a CPU, counted as they are born and die."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from torch_storages import tracked

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.blocks.head import loss
from costgraph.conventions.torch import TORCH
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph
from costgraph.measures.lifetimes import BEFORE, Lifetimes
from costgraph.measures.peak import Walk
from costgraph.passes import Backward
from costgraph.precision import policy

pytestmark = pytest.mark.needs_library("torch")

SCALARS = 64  # bytes of single numbers, and of how many positions count


def classifier(widths: tuple[str, ...], act: str) -> Graph:
    """A matrix for each pair of widths, with an activation between them, and the loss over the last one's words."""
    b = Builder("classifier", {"batch": "B", "model": "D", "ffn": "F", "vocab": "V"})
    x = b.input("x", ("batch", widths[0]))
    for at, (of, to) in enumerate(pairwise(widths)):
        x = b.op(f"l{at}.act", act, x) if at else x
        weight = b.parameter(f"l{at}.weight", (of, to))
        x = b.einsum(f"l{at}.product", "bx,xy->by", x, weight)
    return b.build() if widths[-1] != "vocab" else with_loss(b, x)


def with_loss(b: Builder, logits: str) -> Graph:
    loss(b, logits, ("batch",))
    return b.build().apply(Backward())


def in_torch(widths: tuple[str, ...], act: str, sizes: dict[str, int]) -> Callable[[], Any]:
    """The same in PyTorch, what exists before made already."""
    import torch

    known = {"model": sizes["D"], "ffn": sizes["F"], "vocab": sizes["V"]}
    weights = [torch.randn(known[of], known[to], requires_grad=True) for of, to in pairwise(widths)]
    x = torch.randn(sizes["B"], known[widths[0]], requires_grad=True)
    targets = torch.randint(known[widths[-1]], (sizes["B"],))

    def run() -> None:
        y = weights[0].__rmatmul__(x)
        for weight in weights[1:]:
            y = getattr(torch.nn.functional, act)(y) @ weight
        result = torch.nn.functional.cross_entropy(y, targets)
        del y
        result.backward()  # type: ignore[no-untyped-call]

    return run


@pytest.mark.parametrize(
    "widths", [("model", "vocab"), ("model", "ffn", "vocab"), ("model", "ffn", "model", "vocab")], ids=len
)
@pytest.mark.parametrize("act", ["gelu", "relu"])
@pytest.mark.parametrize(
    "sizes",
    [
        {"B": 64, "D": 96, "F": 512, "V": 1000},
        {"B": 512, "D": 64, "F": 1024, "V": 32},
        {"B": 32, "D": 700, "F": 900, "V": 40},
    ],
    ids=str,
)
def test_peaks_of_a_classifier(widths: tuple[str, ...], act: str, sizes: dict[str, int]) -> None:
    known = {name: Polynomial.constant(size) for name, size in {**sizes, "p": 4}.items()}
    found = Walk(Lifetimes(classifier(widths, act), policy("fp32_adam")), TORCH)
    found.buffers = [one for one in found.buffers if one.born != BEFORE and one.tensor.name != "loss.normalizer"]
    alive = [total(term.amount for term in found.terms(one)).substitute(known).number for one in found.largest()]
    peak = max(int(one or 0) for one in alive)
    most: int = tracked(in_torch(widths, act, sizes))
    assert abs(most - peak) <= SCALARS
