"""The graph as networkx with what every op costs written on its node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.measures import op_costs

if TYPE_CHECKING:
    import networkx


def annotated(graph: Graph, convention: Convention = NOTES) -> networkx.MultiDiGraph[str]:
    """A copy of `graph.nx` whose nodes have sympy `flops` and `bytes` (of all runs), and `times`."""
    view = graph.nx.copy()
    for op in graph.ops:
        moved = op_costs.traffic(op, graph.tensors, convention) * op.times
        work = op_costs.flops(op, graph.tensors, convention) * op.times
        view.nodes[op.name].update(flops=work.to_sympy(), bytes=moved.to_sympy(), times=op.times.to_sympy())
    return view
