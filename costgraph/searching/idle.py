"""Idle time of a pipeline's stages on columns, and of one plan: what `measures.times.idle` says of forms.

What the cheapest layers cost is another number for each plan, so that it is picked where numbers are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple, cast

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.graph.graph import Graph
from costgraph.measures.pipeline import costs_of
from costgraph.measures.times import ahead_of, layers, update
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


def order_of(graph: Graph, stage: Graph) -> Order | None:
    """Where a stage stands; None without a pipeline, or where chunks are unlike, of which nothing is known."""
    axis = graph.mesh.pipeline
    if axis is None or stage.stage is None or (axis.chunks != ONE and stage.stage.number):  # as in `times.idle`
        return None
    per = ONE / (graph.mesh.microbatches * axis.chunks)
    return Order(axis.order, ahead_of(stage, axis), axis.size, per, any(graph.phase("backward")))


def waiting(stage: Graph, done: list[Term]) -> Waiting:
    """What a resource does in a stage, as forms."""
    return Waiting(costs_of(*layers(stage, done)), costs_of(stage, done), update(stage, done))


NOTHING = Waiting(Costs(ZERO, ZERO, ZERO), Costs(ZERO, ZERO, ZERO), ZERO)


def forms_of(one: Waiting) -> Iterator[Polynomial]:
    """All of its forms in one order."""
    yield from (*one.layers, *one.own, one.update)


def waiting_of(rows: Sequence[Any]) -> Waiting:
    """The same of numbers, in that order."""
    return Waiting(Costs(*rows[:3]), Costs(*rows[3:6]), rows[6])


def idle(
    at: tuple[Any, Any, Any], order: Order, own: Waiting, of_stages: Sequence[Waiting], smaller: Smaller,
    larger: Smaller,
) -> Any:  # fmt: skip
    """What a resource could have done in a stage while that is idle, at least.

    Args:
        at: the numbers of `ahead`, `stages` and `per`.
        order: where the stage stands.
        own: what the resource does in it.
        of_stages: what it does in each stage that there is.
        smaller: of two numbers, or of two columns.
        larger: the same.
    """
    ahead, stages, per = at
    least = Costs(*(reduce(smaller, sides) for sides in zip(*(one.layers for one in of_stages), strict=True)))
    if not order.back:
        return (stages - 1) * cast(Any, order.schedule).waited(least) * per
    back = cast(Any, order.schedule).way_back(ahead, least, own.own) * per
    back = back + reduce(smaller, [one.update for one in of_stages]) - own.update
    return ahead * least.forward * per + larger(back, back * 0)
