"""Microbatches: which ops of a step run for each of them, and which once."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.graph.op import Op
from costgraph.graph.rules import ACCUMULATING
from costgraph.records import replace

(ADD,) = ACCUMULATING  # the kind of op that adds one to the sum over those before


def repeated(ops: Iterable[Op], times: Polynomial) -> list[Op]:
    """The ops as often as they run in a step: what comes before a sum over microbatches, in each of them."""
    once: set[str] = set()
    found: list[Op] = []
    for op in ops:
        if op.kind == ADD:
            found.append(replace(op, repeats=times - ONE))
        elif op.phase == "update" or not once.isdisjoint(op.inputs):
            found.append(op)
        else:
            found.append(replace(op, repeats=times))
            continue
        once.update(op.outputs)
    return found
