"""What a page offers to choose from: machines, and models whose forms are those of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.hardware.catalog import catalog, machine
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.links import Layout
from costgraph.hardware.machine import NETWORK, Machine
from costgraph.models.known import known, of_name
from costgraph.models.model import Model
from costgraph.precision import ITEMSIZE


def machines(asked: Machine | None) -> Iterator[dict[str, Any]]:
    """Those of the catalog, and the one that was asked for if it is another."""
    names = catalog()
    if asked is not None and asked.name not in names:
        yield figures(asked)
    for name in names:
        yield figures(asked if asked is not None and asked.name == name else machine(name))


def figures(one: Machine) -> dict[str, Any]:
    """What times and memory depend on, in FLOP/s, bytes/s and bytes; of links also how many neighbours each joins.

    Raises:
        UserError: a node has more links than a page knows, or one that joins no whole parts of it.
    """
    levels = Layout(Cluster(one), ()).levels
    inside = [level.size for level in levels if level.name != NETWORK]
    if len(inside) > 2 or any(one.alone and size and one.alone % size for size in inside):
        raise UserError(
            f"{one.name}: a page knows two links inside of a node, which join equal parts of it; `costgraph estimate`"
            " takes others"
        )
    return {
        "name": one.name,
        "title": one.title,
        "memory": float(one.usable.quantity.value),
        "bandwidth": float(one.bandwidth.quantity.value),
        "rates": {name: float(figure.quantity.value) for name, figure in one.rates.items() if name in ITEMSIZE},
        "dtype": one.dtype,
        "links": [
            {"name": level.name, "joins": level.size, "rate": float(level.link.per_device.value)} for level in levels
        ],
    }


def models(asked: Model, phases: tuple[str, ...]) -> tuple[list[dict[str, Any]], list[str]]:
    """Models whose graphs are the same but for sizes, with these; and the names of all others."""
    wanted = list(shapes(asked, phases))
    covered, others = [sizes_of(asked)], list[str]()
    for name in known():
        if name == asked.name:
            continue
        one = of_name(name)
        if alike(shapes(one, phases), wanted):
            covered.append(sizes_of(one))
        else:
            others.append(name)
    return covered, others


def shapes(model: Model, phases: tuple[str, ...]) -> Iterator[Graph]:
    """The graphs of a model with all sizes open, one by one; none of one that lacks a phase."""
    if "decode" in phases and not getattr(model.op_set, "generates", True):
        return
    for phase in reversed(phases):
        built = (model if phase == "train" else model.serving()).built(phase)
        if isinstance(built, Graph):
            yield built


def alike(some: Iterable[Graph], others: Sequence[Graph]) -> bool:
    """Whether graphs differ in names alone; the first that does not is the last that is made."""
    made = iter(some)
    return bool(others) and all(same(next(made, None), other) for other in others)


def same(one: Graph | None, other: Graph) -> bool:
    """Whether two graphs compute the same, of whatever sizes."""
    parts = ("ops", "tensors", "definitions", "assumptions")
    return one is not None and all(getattr(one, part) == getattr(other, part) for part in parts)


def sizes_of(model: Model) -> dict[str, Any]:
    """A model with the sizes that it comes with."""
    numbers = {name: value.number for name, value in model.bindings.items() if value.number is not None}
    return {
        "name": model.name,
        "title": model.title or model.name,
        "sizes": {name: int(size) if size == int(size) else float(size) for name, size in numbers.items()},
    }
