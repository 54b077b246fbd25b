"""A graph as a report: its ops by phase and place, with their shapes and costs."""

from __future__ import annotations

from typing import Any

from costgraph.algebra.polynomial import ONE
from costgraph.algebra.printers import python
from costgraph.conventions import Convention
from costgraph.given import read_convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.measures import op_costs
from costgraph.reports.nodes import TIMES, Column, Note, Report, Table, Words, math
from costgraph.setup import Setup

SCHEMA = "costgraph.graph/1"
PHASES = ("forward", "recompute", "backward", "update")
COLUMNS = (Column("op"), Column("kind"), Column("runs"), Column("result"), Column("FLOPs"), Column("bytes moved"))


def report(graph: Graph, setup: Setup | None = None) -> Report:
    """All ops, with what each of them costs when it runs once.

    Args:
        graph: with sizes put in.
        setup: what was asked that has this graph, if it was not the graph itself that is shown.
    """
    convention = setup.convention if setup else read_convention(None, False)
    rows: list[tuple[Words, ...]] = []
    for phase in PHASES:
        places: dict[str, list[Op]] = {}
        for op in graph.phase(phase):
            places.setdefault(op.place, []).append(op)
        rows += [(phase,)] if places else []
        for place, ops in places.items():
            rows += [(f"  {place}",), *(row(op, graph, convention) for op in ops)]
    counted = Note(f"of an op that runs once; {convention.describe(graph.kinds)}", f"counted ({convention.name})")
    notes = tuple(Note(remark, "note") for remark in remarks(setup)) if setup else ()
    return Report(title(setup) if setup else graph.line, ((), (Table(COLUMNS, tuple(rows)),), (counted, *notes)))


def title(setup: Setup) -> str:
    """What was asked, with sizes."""
    at = ", ".join(f"{name}={value}" for name, value in setup.bindings.items())
    return f"{setup} at {at}" if at else f"{setup}"


def remarks(setup: Setup) -> tuple[str, ...]:
    """What was typed without effect."""
    return setup.remarks(setup.graph.own_symbols, "the graph")


def row(op: Op, graph: Graph, convention: Convention) -> tuple[Words, ...]:
    """An op: what it is, how often it runs, what it makes, and what that costs."""
    made = graph.tensors[op.outputs[0]]
    sizes = [part for dim in made.dims for part in (", ", math(dim.size))][1:]
    return (
        f"    {op.name}",
        op.spec or op.kind,
        "" if op.times == ONE else (TIMES, " ", math(op.times)),
        (f"{made.letters} (", *sizes, ")"),
        math(op_costs.flops(op, graph.tensors, convention)),
        math(op_costs.traffic(op, graph.tensors, convention)),
    )


def to_json(setup: Setup, graph: Graph) -> dict[str, Any]:
    """The contract `costgraph.graph/1`; see docs/json.md."""
    return {
        "schema": SCHEMA,
        "model": setup.model.name or None,
        "op_set": setup.graph.name,
        "phase": setup.phase,
        "passes": setup.rewrites,
        "mesh": str(setup.graph.mesh),
        "convention": setup.convention.name,
        "limit": {name: str(value) for name, value in setup.bindings.items()},
        "remarks": list(remarks(setup)),
        "ops": [record(op, graph, setup.convention) for phase in PHASES for op in graph.phase(phase)],
    }


def record(op: Op, graph: Graph, convention: Convention) -> dict[str, Any]:
    """One op, with what it costs when it runs once."""
    return {
        "op": op.name,
        "phase": op.phase,
        "kind": op.kind,
        "spec": op.spec or None,
        "times": python(op.times),
        "inputs": list(op.inputs),
        "outputs": {name: [python(dim.size) for dim in graph.tensors[name].dims] for name in op.outputs},
        "flops": python(op_costs.flops(op, graph.tensors, convention)),
        "traffic": python(op_costs.traffic(op, graph.tensors, convention)),
    }
