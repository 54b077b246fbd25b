"""bubble, in_flight: how long a stage of a pipeline is idle, and how many microbatches are under way in it.

Counts: by the schedule of the pipeline. The bubble is the time that a stage is idle over the time that it is busy, from
the first op of a step to its last, or from its own first to its own last where steps follow without waiting. Under way
are the microbatches whose saved tensors a stage keeps at its worst instant, in units of all of its layers.
Leaves out: differences between stages, for the bubble; sends take no time. Where gradients of weights are put off it
depends on what they cost: FLOPs of a stage in the middle.
Source: Huang et al. 2019 (GPipe), Narayanan et al. 2021, Sec. 2.2, Qi et al. 2023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costgraph.algebra.assumption import Assumption, Choice
from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.errors import UserError
from costgraph.frozen import FrozenMapping
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import PARAMETERS
from costgraph.measures.flops import PARTS, collect
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.mesh import PipelineAxis
from costgraph.provenance import Term
from costgraph.records import replace
from costgraph.schedules import Costs

NOTHING: Mapping[str, Polynomial] = FrozenMapping({})  # no sizes


def pipeline_of(graph: Graph, name: str) -> PipelineAxis:
    """The pipeline of a graph.

    Raises:
        UserError: there is none.
    """
    axis = graph.mesh.pipeline
    if axis is None:
        raise UserError(f"{name}: the layers are not split into stages: --mesh 'pipeline(P)'")
    return axis


def bubble(graph: Graph, convention: Convention = NOTES, sizes: Mapping[str, Polynomial] = NOTHING) -> ClosedForm:
    """The time that a stage is idle over the time that it is busy.

    Where sizes decide how long that is, these do; the form is then that of these sizes.
    """
    pipeline_of(graph, "bubble")
    stages = graph.stages or (graph,)
    stage = next((one for one in stages if one.stage and one.stage.place == "middle"), stages[0])
    axis = pipeline_of(stage, "bubble")  # with numbers on which its forms depend
    costs = costs_of(stage, collect(stage, convention, PARTS))
    if sizes:
        known = settle(graph.definitions, sizes)[0]
        costs = Costs(*(cost.substitute(known) for cost in costs))
        axis = replace(axis, degree=axis.size.substitute(known))
    found = axis.order.bubble(axis.size, graph.mesh.microbatches, axis.chunks, *costs)
    idle = Term(axis.schedule, "idle", found.numerator)
    claims = (*axis.order.assumptions_of_costs(costs, axis.size), *unhurried(axis))
    graph = replace(graph, assumptions=(*graph.assumptions, *claims))
    form = closed_form("bubble", "share of the busy time", graph, convention, [idle])
    return replace(form, over=(Term(axis.schedule, "busy", found.denominator),))


def unhurried(axis: PipelineAxis) -> tuple[Assumption, ...]:
    """That steps follow one another without waiting, where it is so."""
    return () if axis.order.waits else (Choice("steps", "follow one another, no stage waits for others to end one"),)


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
    held, late = (graph.stage.in_flight, graph.stage.put_off) if graph.stage else (ONE, ZERO)
    apart = axis.order.put_off(1, "middle", axis.size)  # of some stage
    parts = {"inputs": held - late, "weights": late} if apart else {"": held}
    terms = [Term(axis.schedule, str(graph.stage), amount, part=part) for part, amount in parts.items() if amount]
    return closed_form("in_flight", "microbatch", graph, convention, terms)
