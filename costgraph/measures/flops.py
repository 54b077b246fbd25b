"""flops: floating-point operations of one step on one device.

Counts: 2 per multiply-add of every contraction, of ops that are in the graph: forward, backward and what is replayed.
Element-wise ops at the convention's rates, 0 by default.
Over-counts: causal attention, whose masked half is computed by a plain kernel and skipped by a good one.
Leaves out: optimizer update, collectives' additions, gradient accumulation, bias sums.
Source: "Decoder-Only Transformers", Sec. 3, eq. 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Phase
from costgraph.measures import op_costs
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.provenance import Term
from costgraph.records import replace

PARTS: tuple[Phase, ...] = ("forward", "backward", "recompute")


@of_worst_stage
def flops(graph: Graph, convention: Convention = NOTES, phase: Phase | None = None) -> ClosedForm:
    """FLOPs of the whole graph, or of its ops of one phase."""
    phases = PARTS if phase is None else (phase,)
    name = "flops" if phase is None else f"flops.{phase}"
    if convention.plain:
        return closed_form(name, "FLOP", graph, convention, collect(graph, convention, phases))
    from costgraph.measures.counting import Counted  # what a plain convention does without

    found = closed_form(name, "FLOP", graph, convention, Counted(graph, convention).terms(phases))
    exactly = total(term.amount for term in collect(graph, convention.exact, phases))
    return replace(found, remainder=Quotient(exactly) - found.value)


def collect(graph: Graph, convention: Convention, phases: tuple[Phase, ...]) -> Iterator[Term]:
    """One term per op that computes. Contractions of tensors with the same dims cost the same."""
    tensors = graph.tensors
    known: dict[tuple[object, ...], tuple[str, Polynomial]] = {}
    for op in graph.ops:
        if op.phase not in phases:
            continue
        if op.kind != "einsum":
            if amount := op_costs.flops(op, tensors, convention):
                yield Term(op.name, op.kind, amount * op.times)
            continue
        key = (op.spec, id(op.loop), id(op.repeats), *[id(tensors[name].dims) for name in op.inputs])
        if key not in known:
            known[key] = f"{op.kind} {op.spec}", op_costs.flops(op, tensors, convention) * op.times
        source, amount = known[key]
        if amount:
            yield Term(op.name, source, amount)
