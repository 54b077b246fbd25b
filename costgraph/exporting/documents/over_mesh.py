"""Rows for what each axis of the mesh of a sheet sends, in the phases that the sheet has."""

from __future__ import annotations

from costgraph.errors import UserError
from costgraph.exporting.documents.cheatsheet import asked_of
from costgraph.exporting.documents.contents import Row, Section
from costgraph.measures.communication import parts
from costgraph.setup import Setup

STEPS = {"train": "training step", "prefill": "prefill", "decode": "decode, one token"}


def over_mesh(setup: Setup) -> Section:
    """One row for each axis, or axes together, over which something is sent; first the sum, where there are several."""
    rows: list[Row] = []
    for phase, step in STEPS.items():
        try:
            found = parts(Setup.of(**asked_of(setup, phase)).graph)
        except UserError:  # the phase has no sequence to split, or a graph that was given is in another one
            continue
        rows += [Row(f"{step}, in all", "communication", phase=phase)] if len(found) > 1 else []
        rows += [Row(f"{step}, over {axes}", f"communication.{axes}", phase=phase) for axes in found]
    return Section("Bytes sent over the mesh", tuple(rows))
