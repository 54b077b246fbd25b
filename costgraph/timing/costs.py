"""What each op does on a device: FLOPs that are done, bytes that are moved, bytes that are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.conventions import NOTES, Convention, Counting
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import ACCUMULATING
from costgraph.graph.selection import multiplies_weights
from costgraph.graph.tensor import PARAMETERS
from costgraph.measures import op_costs
from costgraph.measures.communication import LINK, RINGS, part, read_in, ring, times
from costgraph.measures.counting import Counted
from costgraph.records import dataclass, replace

Class = Literal["weight matmuls", "attention core", "normalization", "element-wise", "update", "communication"]
CLASSES: tuple[Class, ...] = (
    "weight matmuls", "attention core", "normalization", "element-wise", "update", "communication",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What all runs of one op (or of several) do on one device.

    Args:
        name: of the op.
        kind: what it does.
        flops, moved, sent: of a collective, what goes over its slowest link is sent.
        part: of a collective, over which axes it goes.
        rate: that of this link, a symbol.
        once: whether it is done once a step, however many microbatches follow one another.
        delay: of a collective, seconds until its first bytes have arrived everywhere, of all runs.
    """

    name: str
    kind: Class
    flops: Polynomial
    moved: Polynomial
    sent: Polynomial
    part: str = ""
    rate: str = LINK
    once: bool = False
    delay: Polynomial = ZERO

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Cost:
        """The same with symbols replaced."""
        sides = (self.flops, self.moved, self.sent, self.delay)
        flops, moved, sent, delay = (side.substitute(bindings) for side in sides)
        return replace(self, flops=flops, moved=moved, sent=sent, delay=delay)


class Crossing(NamedTuple):
    """How a collective crosses the link that takes it longest.

    Args:
        rate: of the link, a symbol.
        share: of what a ring sends, which part crosses it.
        delay: seconds until the first bytes have arrived everywhere.
    """

    rate: str = LINK
    share: Rational = 1
    delay: Rational = 0


def one_link(op: Op) -> Crossing:
    """All that a collective sends goes over one link."""
    return Crossing()


def costs(graph: Graph, convention: Convention = NOTES, slowest: Callable[[Op], Crossing] = one_link) -> list[Cost]:
    """FLOPs, bytes moved and bytes sent of every op that does any of it, in order.

    FLOPs are those that are done, whatever the convention counts of them: a fused attention skips the scores that its
    causal mask hides, ops one by one compute the whole square.
    """
    found, loops = [], read_in(graph)
    fused = Counted(graph, replace(convention, counting=Counting(causal="triangle")))
    for op in graph.ops:
        if op.kind in RINGS:
            if convention.counts(graph.tensors[op.inputs[0]].role) and (runs := times(op, loops)):
                found.append(collective(op, graph, runs, slowest(op)))
            continue
        moved = op_costs.traffic(op, graph.tensors, convention) * op.times
        work = (fused.work(op) if op.body else op_costs.flops(op, graph.tensors, convention)) * op.times
        if work or moved:
            found.append(Cost(op.name, classify(op, graph), work, moved, ZERO, once=is_once(op, graph)))
    return [cost for cost in found if cost.flops or cost.moved or cost.sent]


def collective(op: Op, graph: Graph, runs: Polynomial, crossing: Crossing) -> Cost:
    """What so many runs of a collective send over the link that takes it longest."""
    sent = ring(op, graph) * runs * crossing.share
    delay = runs * crossing.delay
    return Cost(op.name, "communication", ZERO, ZERO, sent, part(op), crossing.rate, is_once(op, graph), delay)


def is_once(op: Op, graph: Graph) -> bool:
    """Whether an op runs for all microbatches together; of a single one it is what updates, or sends parameters."""
    if op.phase == "update" or op.repeats != ONE or op.kind in ACCUMULATING:  # of two microbatches one is added once
        return op.phase == "update"
    return graph.mesh.microbatches != ONE or (op.kind in RINGS and graph.tensors[op.inputs[0]].role in PARAMETERS)


def classify(op: Op, graph: Graph) -> Class:
    """Which class of ops it belongs to, by what it does."""
    if op.phase == "update":
        return "update"
    if op.kind == "einsum" or op.body:
        return "weight matmuls" if multiplies_weights(op, graph) else "attention core"
    return "normalization" if op.over else "element-wise"
