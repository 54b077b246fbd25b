"""The Trainer of transformers: `floating_point_ops`, six times parameters times tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costgraph.conventions.convention import Convention, Counting

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.provenance import Term


def quirk(graph: Graph, phase: str, terms: list[Term]) -> list[Term]:
    """Parameters of embeddings are left out by their names, and with them the head of a model that ties both."""
    looked_up = {name for op in graph.ops if op.kind == "embedding" for name in op.inputs}
    for op in reversed(graph.ops):  # a table may be gathered, or cast, before it is looked up
        if not looked_up.isdisjoint(op.outputs):
            looked_up.update(op.inputs)
    return [term for term in terms if term.source.partition(" ")[0] not in looked_up]


TRANSFORMERS = Convention(
    "transformers",
    counting=Counting(attention="left_out", linear="parameters", backward="twice"),
    quirk=quirk,
    quirk_in_words="no embedding, nor a head that is tied to it",
    source="transformers, ModuleUtilsMixin.floating_point_ops: 6 * tokens * parameters without embeddings",
)
