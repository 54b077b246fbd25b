"""llm-analysis (cli99), `get_num_flops_fwd_total`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from costgraph.conventions.convention import Convention, Counting

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.provenance import Term


def quirk(graph: Graph, phase: str, terms: list[Term]) -> list[Term]:
    """A token takes what one expert takes, however many it is sent to; shared experts are not known."""
    if "chosen" not in graph.sizes:
        return terms
    found = []
    for term in terms:
        op = graph.op(term.op)
        dims = {dim for name in (*op.inputs, *op.outputs) for dim in graph.tensors[name].names}
        if "shared_ffn" not in dims:
            found.append(replace(term, amount=term.amount / graph.sizes["chosen"]) if "slot" in dims else term)
    return found


LLM_ANALYSIS = Convention(
    "llm-analysis",
    counting=Counting(windows="full", router="left_out", backward="twice"),
    quirk=quirk,
    quirk_in_words="of the chosen experts one",
    source="cli99/llm-analysis, get_num_flops_fwd_total and get_num_flops_bwd_total",
)
