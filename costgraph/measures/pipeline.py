"""bubble, in_flight: how long a stage of a pipeline is idle, and how many microbatches are under way in it.

Counts: by the schedule of the pipeline. The bubble is the time that a stage is idle over the time that it is busy, from
the first op of a step to its last. Under way are the microbatches whose saved tensors a stage keeps at its worst
instant, in units of all of its layers.
Leaves out: differences between stages, for the bubble; sends take no time. Where gradients of weights are put off it
depends on what they cost: FLOPs of a stage in the middle.
Source: Huang et al. 2019 (GPipe), Narayanan et al. 2021, Sec. 2.2, Qi et al. 2023.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import PARAMETERS
from costgraph.measures.flops import PARTS, collect
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.mesh import PipelineAxis
from costgraph.provenance import Term
from costgraph.schedules import Costs


def pipeline_of(graph: Graph, name: str) -> PipelineAxis:
    """The pipeline of a graph.

    Raises:
        UserError: there is none.
    """
    axis = graph.mesh.pipeline
    if axis is None:
        raise UserError(f"{name}: the layers are not split into stages: --mesh 'pipeline(P)'")
    return axis


def bubble(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """The time that a stage is idle over the time that it is busy."""
    axis = pipeline_of(graph, "bubble")
    stages = graph.stages or (graph,)
    stage = next((one for one in stages if one.stage and one.stage.place == "middle"), stages[0])
    costs = costs_of(stage, collect(stage, convention, PARTS))
    found = axis.order.bubble(axis.size, graph.mesh.microbatches, axis.chunks, *costs)
    idle = Term(axis.schedule, "idle", found.numerator)
    form = closed_form("bubble", "share of the busy time", graph, convention, [idle])
    return replace(form, over=(Term(axis.schedule, "busy", found.denominator),))


def costs_of(stage: Graph, terms: Iterable[Term]) -> Costs:
    """What terms of ops say of the forward pass, of gradients of inputs with replays, and of gradients of weights."""
    found: dict[str, list[Polynomial]] = {"forward": [], "backward": [], "weight": []}
    for term in terms:
        op = stage.op(term.op)
        if op.phase == "update":
            continue
        made = stage.tensors[op.outputs[0]]
        weight = op.phase == "backward" and made.gradient and made.role in PARAMETERS
        found["weight" if weight else "forward" if op.phase == "forward" else "backward"].append(term.amount)
    return Costs(*(total(amounts) for amounts in found.values()))


@of_worst_stage
def in_flight(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """Microbatches whose saved tensors a stage keeps at once."""
    axis = pipeline_of(graph, "in_flight")
    if not any(graph.phase("backward")):
        raise UserError("in_flight: nothing is kept for a backward pass here; ask for --phase train")
    held = graph.stage.in_flight if graph.stage else Polynomial.constant(1)
    return closed_form("in_flight", "microbatch", graph, convention, [Term(axis.schedule, str(graph.stage), held)])
