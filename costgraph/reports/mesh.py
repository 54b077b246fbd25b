"""A mesh as a report: its axes, outermost first, what each of them splits, and what rests in parts on it."""

from __future__ import annotations

from typing import get_args

from costgraph.mesh import Mesh
from costgraph.precision import State
from costgraph.reports.nodes import Column, Note, Report, Table, Words, math

COLUMNS = (Column("axis"), Column("parts", right=True), Column("splits"), Column("rests in parts"))


def report(of: Mesh) -> Report:
    """What a mesh says of itself; a mesh without axes is one device."""
    rows: list[tuple[Words, ...]] = []
    for axis in of.axes:
        inside = [f"{dim} (in {segment})" for segment, dims in axis.inside.items() for dim in dims]
        rests = [
            *([axis.rests] if axis.rests else []),
            *(state for state in get_args(State) if state in of.sharded(axis)),
        ]
        rows.append((f"{axis}", math(axis.size), ", ".join([*axis.computes, *inside]), ", ".join(rests)))
    table = (Table(COLUMNS, tuple(rows)),) if rows else ()
    return Report(f"{of}" if rows else "one device", ((), table, (Note((math(of.devices),), "devices"),)))
