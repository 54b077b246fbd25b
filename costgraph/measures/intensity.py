"""intensity: FLOPs per byte moved, a quotient of two sums.

Counts: `flops` over `traffic`; ask for one op with `intensity(graph.only("attn.out"))`.
Source: "Decoder-Only Transformers", App. D, eq. D.1; Williams et al. 2009 (roofline).
"""

from __future__ import annotations

from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.measures.flops import flops
from costgraph.measures.traffic import traffic
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.records import replace


@of_worst_stage
def intensity(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """FLOPs per byte of memory traffic on one device."""
    work, moved = flops(graph, convention), traffic(graph, convention)
    form = replace(work, name="intensity", unit="FLOP/byte", over=moved.terms)
    if not moved.value.numerator:
        return replace(form, over=(), remainder=Quotient(0))
    exactly = Quotient((work.value + work.remainder).numerator, (moved.value + moved.remainder).numerator)
    return replace(form, remainder=exactly - work.value / moved.value)
