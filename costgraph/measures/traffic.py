"""traffic: bytes that one device moves between memory and arithmetic.

Counts: for every op, each operand read once and each result written once. Inside a fused op nothing is moved. In
decode the cache is read where it is and one row is appended.
Over-counts: neighbouring element-wise ops that a compiler would fuse.
Leaves out: views, operands read more than once by a tiled kernel, collectives (see `communication`), the optimizer's
update, which stands apart as `traffic.update`.
Source: "Decoder-Only Transformers", App. D.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.polynomial import Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph import rules
from costgraph.graph.graph import Graph
from costgraph.graph.op import Phase
from costgraph.measures import op_costs
from costgraph.measures.flops import PARTS
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.provenance import Term


@of_worst_stage
def traffic(graph: Graph, convention: Convention = NOTES, phase: Phase | None = None) -> ClosedForm:
    """Bytes moved to and from memory on one device, the update aside; or by the ops of one phase alone."""
    phases = PARTS if phase is None else (phase,)
    name = "traffic" if phase is None else f"traffic.{phase}"
    return closed_form(name, "byte", graph, convention, collect(graph, phases))


def collect(graph: Graph, phases: tuple[Phase, ...]) -> Iterator[Term]:
    """One term per op and tensor. Tensors with the same dims and width are as large, which is worked out once.

    They are told apart by identity, as in `Sizes`, but without a call: no other measure has as many terms.
    """
    tensors = graph.tensors
    plain = {kind for kind in {op.kind for op in graph.ops} if rules.rule(kind).traffic == "once"}
    known: dict[tuple[int, int], dict[tuple[int, ...], Polynomial]] = {}  # by how often, then dims, shards, width
    for op, operands in zip(graph.ops, graph.operands, strict=True):
        if op.phase not in phases:
            continue
        place = op.name
        if op.kind not in plain:
            for name, amount in op_costs.moved(op, tensors).items():
                yield Term(place, name, amount * op.times, tensors[name].role)
            continue
        sizes = known.setdefault((id(op.loop), id(op.repeats)), {})
        for tensor in operands:
            key = (id(tensor.dims), id(tensor.shards), id(tensor.itemsize))
            moved = sizes.get(key)
            if moved is None:
                moved = sizes[key] = tensor.nbytes * op.times
            yield Term(place, tensor.name, moved, tensor.role)
