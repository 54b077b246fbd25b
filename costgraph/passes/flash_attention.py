"""flash_attention: fuse the attention core, so that the S x S maps never reach memory.

Before:
    scores = einsum(q, k) ; scale ; mask ; softmax ; dropout ; values = einsum(weights, v)
After:
    values, lse = flash_attention(q, k, v)         # lse: log-sum-exp of each row of scores, fp32

The fused op keeps the ops it runs in its body. Its backward reads all that it reads, values and lse, and runs the
scores again.

Source: Dao et al. 2022 (FlashAttention); the log-sum-exp in place of two statistics is FlashAttention-2.
"""

from __future__ import annotations

from itertools import count, groupby
from typing import ClassVar

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.op import CORE, Op
from costgraph.graph.tensor import Tensor
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass

LSE_BYTES = Polynomial.constant(4)


@dataclass(frozen=True)
class FlashAttention(Pass):
    """Fuse every attention core into one op that saves its inputs, its result and one number per row."""

    name: ClassVar[str] = "flash_attention"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with fused cores."""
        ops: list[Op] = []
        tensors = dict(graph.tensors)
        for segment, run in groupby(graph.ops, key=lambda op: op.core):
            core = list(run)
            ops += [fuse(core, graph, tensors)] if segment is not None else core
        if len(ops) == len(graph.ops):
            raise UserError(f"{graph.name} has no segment '{CORE}' to fuse")
        return graph.rewritten(ops, tensors)


def can_fuse(graph: Graph) -> bool:
    """Whether there are attention cores, all of them with a softmax, and nothing was done to the graph yet."""
    cores = {op.core for op in graph.ops} - {None}
    return bool(cores) and not graph.passes and cores == {op.core for op in graph.ops if op.kind == "softmax"} - {None}


def fuse(core: list[Op], graph: Graph, tensors: dict[str, Tensor]) -> Op:
    """One op for the ops of `core`; declares the log-sum-exp among `tensors`."""
    inside = {name for op in core for name in op.outputs}
    names = {op.name for op in core}
    read = {name for op in graph.ops if op.name not in names for name in op.inputs}
    if hidden := [name for name in inside & read if name != core[-1].outputs[0]]:
        raise UserError(f"flash_attention: {hidden[0]} is read outside '{CORE}' and cannot be fused away")
    inputs = tuple(dict.fromkeys(name for op in core for name in op.inputs if name not in inside))
    softmax = next((op for op in core if op.kind == "softmax"), None)
    if softmax is None:
        raise UserError(f"flash_attention: '{CORE}' with {core[0].name} has no softmax to fuse")
    loop, scores = core[0].loop, tensors[softmax.inputs[0]]
    called = (f"{loop.path}{core[0].place}.flash{number or ''}" for number in count())
    name = next(name for name in called if f"{name}.lse" not in tensors)  # a place may have two cores
    rows = tuple(dim for dim in scores.dims if dim.name not in softmax.over)
    lse = tensors[f"{name}.lse"] = Tensor(f"{name}.lse", rows, LSE_BYTES, loop=loop)
    outputs = (core[-1].outputs[0], lse.name)
    return Op(name, "flash_attention", inputs, outputs, loop=loop, segments=core[0].segments, body=tuple(core))
