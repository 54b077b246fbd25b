"""What a graph was made of, so that passes which come before those it has been through may be applied after all.

A graph that is placed has lost what a backward pass starts from; the op set, the passes and the mesh that it names give
it back. What they make is compared with the graph: one that somebody changed, or built, is not the one of its name.
"""

from __future__ import annotations

from costgraph.errors import UserError
from costgraph.given import placement, read_passes
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import PHASES, PLACING, Pass, names_of
from costgraph.records import dataclass

SAME = ("ops", "tensors", "assumptions", "definitions", "extents", "passes", "purpose")  # of equal graphs


@dataclass(frozen=True)
class MadeOf:
    """The op set as it is typed, the passes but the placement, and the mesh."""

    name: str
    steps: tuple[Pass, ...]
    mesh: Mesh

    @property
    def graph(self) -> Graph:
        """What they make."""
        start: Graph = parse_call("op set", self.name, OP_SETS)
        return start.apply(*self.steps, *([placement(self.mesh)] if self.mesh else []))


def retold(graph: Graph, phase: str) -> MadeOf:
    """What a graph was made of.

    Raises:
        UserError: it cannot be told; the message says in which order the passes of the phase are applied.
    """
    own = PHASES[phase][0]
    refused = UserError(
        f"{graph.name} is in no phase, and {own} comes before {graph.passes[-1]}: "
        f"give both at once, as in apply(cg.{own}, cg.{graph.passes[-1]}), or take it --phase forward"
    )
    try:
        steps = read_passes([one for one in graph.passes if names_of([one])[0] not in PLACING])
        found = MadeOf(graph.name, steps, graph.mesh)
        same = found.graph
    except UserError as problem:
        raise refused from problem
    if any(getattr(same, what) != getattr(graph, what) for what in SAME):
        raise refused
    return found
