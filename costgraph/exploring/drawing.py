"""A drawing of the model: its forward ops in the order in which they run, by place, and layers as boxes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from costgraph.algebra.polynomial import ONE
from costgraph.algebra.printers import unicode
from costgraph.algebra.quotient import Quotient
from costgraph.exporting.documents.markup import MATHS
from costgraph.exporting.documents.mathematics import formula
from costgraph.exporting.documents.notation import written_in
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.graph.op import Op

BORDERS = ("loop",)  # kinds of ops without cost, which stand where a stretch begins and ends


def drawing(graph: Graph) -> list[dict[str, Any]]:
    """Stretches of ops: each with how often it runs, empty for once, and with places, each with its ops."""
    math = written_in(MATHS["mathml"], {})
    ops = [op for op in graph.ops if op.phase == "forward" and op.kind not in BORDERS]
    return [
        {
            "kind": loop[-1].kind,
            "times": "" if loop[-1].times == ONE else formula(Quotient(loop[-1].times), math),
            "places": [
                {"name": place, "ops": [box(op, graph) for op in same]}
                for place, same in groupby(inside, key=lambda op: op.place)
            ],
        }
        for loop, inside in groupby(ops, key=lambda op: (op.loop.number, op.loop.rounds, op.loop))
    ]


def box(op: Op, graph: Graph) -> dict[str, Any]:
    """An op: its name, what it computes, the ops whose results it reads, and the shape of its own on one device."""
    made = graph.tensors[op.outputs[0]]
    return {
        "op": op.name,
        "short": label(op.name).partition(".")[2] or label(op.name),
        "what": op.spec or op.kind,
        "reads": list(dict.fromkeys(source.name for name in op.inputs for source in behind(name, graph))),
        "shape": ", ".join(f"{dim.name} {unicode(dim.size)}" for dim in made.dims),
    }


def behind(tensor: str, graph: Graph) -> Iterator[Op]:
    """The op that makes a tensor; behind a border those that make what goes in."""
    op = graph.producer.get(tensor)
    if op is not None and op.kind in BORDERS:
        yield from (source for name in op.inputs for source in behind(name, graph))
    elif op is not None:
        yield op
