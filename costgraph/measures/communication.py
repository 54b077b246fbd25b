"""communication: bytes that one device sends to others.

Counts: ring collectives over n devices: all_gather and reduce_scatter (n-1)/n of the whole tensor, all_reduce (one
after the other) twice that. As `communication.chief`: bytes through one device that collects from the n-1 others (a
reduce, or a gather of their parts) and sends the result back to them (a broadcast, or a scatter of parts).
Gradients travel at the p bytes in which they are computed.
Leaves out: latency, under `notes` the gradients of norm parameters and biases; data and pipeline parallelism.
Source: "Decoder-Only Transformers", App. B; Patarasuk and Yuan 2009 (ring all-reduce).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.dim import devices
from costgraph.graph import Graph
from costgraph.measures.summing import closed_form
from costgraph.op import Op
from costgraph.provenance import Term

Algorithm = Literal["ring", "chief"]
RINGS = {"all_reduce": 2, "all_gather": 1, "reduce_scatter": 1}  # times around the ring with (n-1)/n of the tensor


def communication(graph: Graph, convention: Convention = NOTES, algorithm: Algorithm = "ring") -> ClosedForm:
    """Bytes sent per device; with the algorithm `chief`, bytes that enter and leave the chief."""
    if algorithm == "chief":
        return closed_form("communication.chief", "byte through the chief", graph, convention, collect(graph, chief))
    return closed_form("communication", "byte sent per device", graph, convention, collect(graph, ring))


def collect(graph: Graph, amount: Callable[[Op, Graph], Polynomial]) -> Iterator[Term]:
    """One term per collective."""
    for op in graph.ops:
        if op.kind in RINGS:
            role = graph.tensors[op.inputs[0]].role
            if sent := amount(op, graph) * op.times:  # one device has nobody to send to
                yield Term(op.name, f"{op.kind} of {op.inputs[0]}", sent, role)


def chief(op: Op, graph: Graph) -> Polynomial:
    """Bytes that the chief receives from n-1 devices and sends to n-1 devices."""
    before, after = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    return (devices(op.cuts) - ONE) * (before.nbytes + after.nbytes)


def ring(op: Op, graph: Graph) -> Polynomial:
    """Bytes that one run of a collective sends from each device."""
    before, after = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    whole = after if op.kind == "all_gather" else before
    return whole.nbytes * (ONE - ONE / devices(op.cuts)) * RINGS[op.kind]
