"""What a resource could have done while a stage of a pipeline is idle: of forms, of numbers, and of columns of them.

What the cheapest layers cost is another number for each plan; so who knows numbers picks it among these, and who has
forms takes what none of them is below.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple, cast

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.graph.graph import Graph
from costgraph.graph.loop import ONCE
from costgraph.measures.pipeline import costs_of
from costgraph.mesh import PipelineAxis
from costgraph.provenance import Term
from costgraph.records import dataclass
from costgraph.schedules import Costs, Schedule

Smaller = Callable[[Any, Any], Any]


class Waiting(NamedTuple):
    """What a resource does in one stage, as forms or as numbers: in its layers, in all, and in the update."""

    layers: Costs
    own: Costs
    update: Any


@dataclass(frozen=True)
class Order:
    """Where a stage stands.

    Args:
        schedule: of the pipeline.
        ahead: how many stages are before it.
        stages: how many there are.
        per: one over microbatches and chunks.
        back: whether gradients go back.
    """

    schedule: Schedule
    ahead: Polynomial
    stages: Polynomial
    per: Polynomial
    back: bool

    @property
    def numbers(self) -> tuple[Polynomial, Polynomial, Polynomial]:
        """What `idle` is asked with, as forms."""
        return self.ahead, self.stages, self.per


def order_of(graph: Graph, stage: Graph) -> Order | None:
    """Where a stage stands; None without a pipeline, or where chunks are unlike, of which nothing is known."""
    axis = stage.mesh.pipeline
    if axis is None or (axis.chunks != ONE and stage.stage and stage.stage.number):
        return None
    per = ONE / (graph.mesh.microbatches * axis.chunks)
    back = stage.stage is not None and any(graph.phase("backward"))
    return Order(axis.order, ahead_of(stage, axis), axis.size, per, back)


def ahead_of(stage: Graph, axis: PipelineAxis) -> Polynomial:
    """How many stages stand before one; of those in the middle that are alike, before the last of them."""
    if stage.stage is None or stage.stage.place == "last":
        return axis.size - ONE
    if stage.stage.place == "first":
        return ZERO
    return Polynomial.constant(stage.stage.last - 1) if stage.stage.number else axis.size - 2


def waiting(stage: Graph, done: list[Term]) -> Waiting:
    """What a resource does in a stage, as forms."""
    layers = [term for term in done if stage.op(term.op).loop != ONCE]  # of which every chunk has some
    update = total(term.amount for term in done if stage.op(term.op).phase == "update")
    return Waiting(costs_of(stage, layers), costs_of(stage, done), update)


NOTHING = Waiting(Costs(ZERO, ZERO, ZERO), Costs(ZERO, ZERO, ZERO), ZERO)


def forms_of(one: Waiting) -> Iterator[Polynomial]:
    """All of its forms in one order."""
    yield from (*one.layers, *one.own, one.update)


def waiting_of(rows: Sequence[Any]) -> Waiting:
    """The same of numbers, in that order."""
    return Waiting(Costs(*rows[:3]), Costs(*rows[3:6]), rows[6])


def idle(
    at: tuple[Any, Any, Any], order: Order, own: Waiting, of_stages: Sequence[Waiting], smaller: Smaller
) -> tuple[Any, Any]:
    """What a resource could have done in a stage while that is idle, at least: while others do what their layers need.

    The second of two amounts counts where it is above 0: of open sizes that depends.

    Args:
        at: the numbers of `ahead`, `stages` and `per`.
        order: where the stage stands.
        own: what the resource does in it.
        of_stages: what it does in each stage that there is.
        smaller: of two forms, numbers or columns; of forms one that neither is below will do.
    """
    ahead, stages, per = at
    schedule = cast(Any, order.schedule)
    least = Costs(*(reduce(smaller, sides) for sides in zip(*(one.layers for one in of_stages), strict=True)))
    if not order.back:
        return (stages - 1) * schedule.waited(least) * per, stages * 0
    # An update may fill the way back where that of the first stage is shorter.
    updated = reduce(smaller, [one.update for one in of_stages]) - own.update
    if order.schedule.folded:  # a path through stages that all cost what the cheapest do
        microbatches = 1 / (per * 2)  # of two chunks
        missing = reduce(operator.add, least) - reduce(operator.add, own.own)
        return stages * 0, missing + schedule.idle(stages, microbatches, least) * per + updated
    back = schedule.way_back(ahead, least, own.own) * per + updated
    forth = ahead * least.forward * per
    return (forth, back) if order.schedule.waits else (stages * 0, forth + back)
