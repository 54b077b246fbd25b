"""What each op does on a device: FLOPs that are done, bytes that are moved, bytes that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.conventions import NOTES, Convention, Counting
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.selection import multiplies_weights
from costgraph.measures import op_costs
from costgraph.measures.communication import RINGS, read_in, ring, times
from costgraph.measures.counting import Counted

Class = Literal["weight matmuls", "attention core", "normalization", "element-wise", "update", "communication"]
CLASSES: tuple[Class, ...] = (
    "weight matmuls", "attention core", "normalization", "element-wise", "update", "communication",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What all runs of one op (or of several) do on one device."""

    name: str
    kind: Class
    flops: Polynomial
    moved: Polynomial
    sent: Polynomial

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Cost:
        """The same with symbols replaced."""
        flops, moved, sent = (side.substitute(bindings) for side in (self.flops, self.moved, self.sent))
        return replace(self, flops=flops, moved=moved, sent=sent)


def costs(graph: Graph, convention: Convention = NOTES) -> list[Cost]:
    """FLOPs, bytes moved and bytes sent of every op that does any of it, in order.

    FLOPs are those that are done, whatever the convention counts of them: a fused attention skips the scores that its
    causal mask hides, ops one by one compute the whole square.
    """
    found, loops = [], read_in(graph)
    fused = Counted(graph, replace(convention, counting=Counting(causal="triangle")))
    for op in graph.ops:
        moved = op_costs.traffic(op, graph.tensors, convention) * op.times
        work = (fused.work(op) if op.body else op_costs.flops(op, graph.tensors, convention)) * op.times
        counted = op.kind in RINGS and convention.counts(graph.tensors[op.inputs[0]].role)
        link = ring(op, graph) * times(op, loops) if counted else ZERO
        if work or moved or link:
            found.append(Cost(op.name, classify(op, graph), work, moved, link))
    return found


def classify(op: Op, graph: Graph) -> Class:
    """Which class of ops it belongs to, by what it does."""
    if op.kind in RINGS:
        return "communication"
    if op.phase == "update":
        return "update"
    if op.kind == "einsum" or op.body:
        return "weight matmuls" if multiplies_weights(op, graph) else "attention core"
    return "normalization" if op.over else "element-wise"
