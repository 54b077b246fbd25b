"""A softmax over positions that are split, as in decode on a cache that lies on several devices.

Before:
    w = softmax(scores) ; u = einsum("bast,btah->bsah", w, v)
After (every device has some of the positions t; both results are sums over all of them):
    e, rows = softmax_part(scores) ; u' = einsum("bast,btah->bsah", e, v) ; u = rescale(u', rows)

What is exchanged beside the weighted sum of values is the maximum and the sum of each row, 4 bytes each.

Source: Dao et al. 2023 (Flash-Decoding).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.records import replace

ROWS = Polynomial.constant(8)  # bytes of the statistics of a row: its maximum and its sum


def split_softmax(graph: Graph, dims: Container[str]) -> Graph:
    """The graph with every softmax over one of these dims taken in parts."""
    tensors, ops = dict(graph.tensors), list[Op]()
    waiting: dict[str, tuple[str, ...]] = {}  # by what is summed with parts of a softmax, what it is rescaled with
    for op in graph.ops:
        if op.body and any(in_parts(step, dims) for step in op.body):
            ops += fused(op, dims, tensors)
        elif in_parts(op, dims):
            ops.append(part(op, tensors))
            waiting[op.outputs[0]] = (ops[-1].outputs[1], *op.inputs[1:])
        else:
            ops += behind(op, waiting, tensors)
    return graph.rewritten(ops, tensors)


def in_parts(op: Op, dims: Container[str]) -> bool:
    """Whether it is a softmax over one of the dims."""
    return op.kind == "softmax" and any(dim in dims for dim in op.over)


def part(op: Op, tensors: dict[str, Tensor]) -> Op:
    """The exponentials of a part of a row, with its statistics."""
    scores = tensors[op.inputs[0]]
    rows = replace(
        scores, name=f"{op.name}.rows", itemsize=ROWS, role="statistic",
        dims=tuple(dim for dim in scores.dims if dim.name not in op.over),
    )  # fmt: skip
    tensors[rows.name] = rows
    return replace(
        op, kind="softmax_part", inputs=op.inputs[:1], outputs=(renamed(op.outputs[0], tensors), rows.name), over=()
    )


def renamed(name: str, tensors: dict[str, Tensor]) -> str:
    """What is computed from a part of a softmax instead of a tensor."""
    tensors[f"{name}.part"] = replace(tensors[name], name=f"{name}.part")
    return f"{name}.part"


def behind(op: Op, waiting: dict[str, tuple[str, ...]], tensors: dict[str, Tensor]) -> Iterable[Op]:
    """An op behind a softmax: what values are weighted with stays in parts, what they add up to is rescaled."""
    found = next((name for name in op.inputs if name in waiting), None)
    if found is None:
        return [op]
    inputs = tuple(f"{name}.part" if name == found else name for name in op.inputs)
    op, made = replace(op, inputs=inputs, outputs=(renamed(op.outputs[0], tensors),)), op.outputs[0]
    if op.kind != "einsum":
        waiting[made] = waiting[found]
        return [op]
    return [op, rescale(op, made, waiting[found])]


def rescale(op: Op, made: str, by: tuple[str, ...]) -> Op:
    """The op that divides a weighted sum by that of the weights."""
    return replace(
        op, name=f"{op.name}_rescale", kind="rescale", inputs=(op.outputs[0], *by), outputs=(made,), spec=None, body=()
    )


def fused(op: Op, dims: Container[str], tensors: dict[str, Tensor]) -> list[Op]:
    """The same inside of a fused op, which gives the statistics beside its result."""
    waiting: dict[str, tuple[str, ...]] = {}
    body: list[Op] = []
    for step in op.body:
        if in_parts(step, dims):
            body.append(part(step, tensors))
            waiting[step.outputs[0]] = (body[-1].outputs[1], *step.inputs[1:])
        else:
            body += behind(step, waiting, tensors)
    inner, last = body[:-1], body[-1]
    read = {name for step in inner for name in step.inputs}
    made = (last.inputs[0], last.inputs[1])
    whole = replace(op, inputs=tuple(name for name in op.inputs if name in read), outputs=made, body=tuple(inner))
    return [whole, replace(last, segments=op.segments)]
