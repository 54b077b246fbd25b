"""PyTorch's own counters, on the code of transformers: products of matrices, convolutions, all that autograd keeps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import Polynomial, product, total
from costgraph.conventions.convention import Convention

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.graph.op import Op
    from costgraph.graph.tensor import Tensor
    from costgraph.provenance import Term


def quirk(graph: Graph, phase: str, terms: list[Term]) -> list[Term]:
    """The gradient of a depthwise kernel counts as if all channels met in it, those of one place together.

    A state space convolves all that it reads at once; the gradient by what is convolved counts as it is.
    """
    if phase != "backward":
        return terms
    places: dict[tuple[str, str], list[Op]] = defaultdict(list)
    for op in graph.phase(phase):
        if op.kind == "conv_grad" and graph.tensors[op.outputs[-1]].role == "weight":  # not of a frozen one
            places[op.loop.path, op.place].append(op)
    met = {op.name: total(channels_of(graph, one) for one in ops) for ops in places.values() for op in ops}
    return [
        replace(term, amount=by_kernel(graph.op(term.op), term.amount, met[term.op])) if term.op in met else term
        for term in terms
    ]


def by_kernel(op: Op, amount: Polynomial, channels: Polynomial) -> Polynomial:
    """What the gradients of a convolution count as: that of the kernel as often as there are channels."""
    each = amount / len(op.outputs)
    return amount - each + each * channels


def channels_of(graph: Graph, op: Op) -> Polynomial:
    """The channels that a convolution keeps apart: the dims of its kernel that what is convolved has, too."""
    outer = graph.tensors[op.inputs[0]]
    return product(dim.size for dim in graph.tensors[op.inputs[-1]].dims if dim in outer.dims)


def doubles(op: Op, result: Tensor) -> bool:
    """The loss is two ops, and so has two gradients by the logits; gradients of one parameter are added to a third."""
    return op.kind == "cross_entropy_grad" or (
        op.kind == "add" and result.gradient and result.role in ("weight", "bias", "norm")
    )


TORCH = Convention(
    "torch",
    quirk=quirk,
    quirk_in_words="the gradient of a depthwise kernel as of a dense one",
    doubles=doubles,
    library="transformers",
    source="PyTorch, torch.utils.flop_counter and autograd.graph.saved_tensors_hooks",
)
