"""cache: bytes of keys and values that one device keeps between decoding steps.

Counts: every tensor of role `cache` where it is written, at the context length, or read, where it was made before; of
all microbatches.
Leaves out: weights (see `states`), paging and alignment overheads.
Source: "Decoder-Only Transformers", eq. 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.rules import COLLECTIVES
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.provenance import Term


@of_worst_stage
def cache(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """Bytes of the key/value cache on one device."""
    return closed_form("cache", "byte", graph, convention, collect(graph))


def collect(graph: Graph) -> Iterator[Term]:
    """One term per cached tensor, at the op that writes it, or else the first that reads it."""
    made = {name for name, op in graph.producer.items() if op.kind in COLLECTIVES}
    for op in graph.ops:
        for name in (*op.outputs, *op.inputs):
            tensor = graph.tensors[name]
            if tensor.role == "cache" and name not in made:
                made.add(name)
                yield Term(op.name, name, tensor.nbytes * tensor.times * op.repeats, tensor.role)
