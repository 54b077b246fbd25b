"""flash_attention: fuse the attention core, so that the S x S maps never reach memory.

Before:
    scores = einsum(q, k) ; scale ; mask ; softmax ; dropout ; values = einsum(weights, v)
After:
    values, lse = flash_attention(q, k, v)         # lse: log-sum-exp of each row of scores, fp32

The fused op keeps the ops it runs in its body. Its backward reads q, k, v, values and lse, and runs the scores again.

Source: Dao et al. 2022 (FlashAttention); the log-sum-exp in place of two statistics is FlashAttention-2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import ClassVar

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.graph import Graph
from costgraph.op import Op
from costgraph.passes.rewrite import Pass
from costgraph.tensor import Tensor

SEGMENT = "attention_core"
LSE_BYTES = Polynomial.constant(4)


@dataclass(frozen=True)
class FlashAttention(Pass):
    """Fuse every attention core into one op that saves its inputs, its result and one number per row."""

    name: ClassVar[str] = "flash_attention"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with fused cores."""
        ops: list[Op] = []
        tensors = dict(graph.tensors)
        for inside, run in groupby(graph.ops, key=lambda op: SEGMENT in op.segments):
            core = list(run)
            ops += [fuse(core, graph, tensors)] if inside else core
        if len(ops) == len(graph.ops):
            raise UserError(f"{graph.name} has no segment '{SEGMENT}' to fuse")
        return graph.rewritten(ops, tensors)


def fuse(core: list[Op], graph: Graph, tensors: dict[str, Tensor]) -> Op:
    """One op for the ops of `core`; declares the log-sum-exp among `tensors`."""
    inside = {name for op in core for name in op.outputs}
    names = {op.name for op in core}
    read = {name for op in graph.ops if op.name not in names for name in op.inputs}
    if hidden := [name for name in inside & read if name != core[-1].outputs[0]]:
        raise UserError(f"flash_attention: {hidden[0]} is read outside '{SEGMENT}' and cannot be fused away")
    inputs = tuple(dict.fromkeys(name for op in core for name in op.inputs if name not in inside))
    place = core[0].place
    scores = tensors[core[0].outputs[0]]
    lse = Tensor(f"{place}.flash.lse", scores.dims[:-1], LSE_BYTES, times=scores.times)
    tensors[lse.name] = lse
    outputs = (core[-1].outputs[0], lse.name)
    fused = Op(f"{place}.flash", "flash_attention", inputs, outputs, times=core[0].times, body=tuple(core))
    return replace(fused, segments=core[0].segments)
