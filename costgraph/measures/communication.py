"""communication: bytes that one device sends to others.

Counts: ring collectives over n devices: all_gather and reduce_scatter (n-1)/n of the whole tensor, all_reduce (one
after the other) twice that.
Leaves out: latency, under `notes` the gradients of norm parameters and biases; data and pipeline parallelism.
Source: "Decoder-Only Transformers", App. B; Patarasuk and Yuan 2009 (ring all-reduce).
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph import Graph
from costgraph.measures.summing import closed_form
from costgraph.op import Op
from costgraph.polynomial import ONE, Polynomial, product
from costgraph.provenance import Term

RINGS = {"all_reduce": 2, "all_gather": 1, "reduce_scatter": 1}  # times around the ring with (n-1)/n of the tensor


def communication(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """Bytes sent per device."""
    return closed_form("communication", "byte sent per device", graph, convention, collect(graph))


def collect(graph: Graph) -> Iterator[Term]:
    """One term per collective."""
    for op in graph.ops:
        if op.kind in RINGS:
            role = graph.tensors[op.inputs[0]].role
            yield Term(op.name, f"{op.kind} of {op.inputs[0]}", sent(op, graph) * op.times, role)


def sent(op: Op, graph: Graph) -> Polynomial:
    """Bytes that one run of a collective sends from each device."""
    before, after = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    devices = before.partial if op.kind != "all_gather" else product(d.split for d in before.dims)
    whole = after if op.kind == "all_gather" else before
    return whole.nbytes * (ONE - ONE / devices) * RINGS[op.kind]
