"""The measures as people call them from Python: of a model, by name or as an object, or of a graph.

What they give is what the command line prints under the same name: a graph that says nothing of a phase is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.given import read_convention
from costgraph.graph.graph import Graph
from costgraph.measures import MEASURES
from costgraph.models.model import Model
from costgraph.passes import names_of
from costgraph.setup import Setup

PARTS = ("forward", "backward", "recompute", "update")  # of a step, which some measures are of
WITHOUT_PHASE = ("flash_attention", "lora", "autocast", "widths")  # passes that any phase may have


def measure(name: str) -> Callable[..., ClosedForm]:
    """The measure of that name."""
    counted = MEASURES[name]

    def of(
        what: Graph | Model | str,
        convention: str | Convention | None = None,
        phase: str | None = None,
        **options: Any,
    ) -> ClosedForm:
        if phase in PARTS:
            phase, options = None, {**options, "phase": phase}
        if isinstance(what, Graph):
            graph = what if name == "params" else in_phase(what, phase)
            return counted(graph, read_convention(convention, False), **options)
        setup = Setup.of(model=what, convention=convention, phase=phase)
        return counted(setup.graph, setup.convention, **options).limited(setup.bindings)

    of.__name__, of.__qualname__, of.__doc__ = name, name, counted.__doc__
    return of


def in_phase(graph: Graph, phase: str | None) -> Graph:
    """A graph in a phase; unless one is named, what is in one or placed as it is, and any other as it is trained.

    Raises:
        UserError: no such phase, or one that excludes that of the graph.
    """
    done = set(names_of(graph.passes)) - set(WITHOUT_PHASE)
    if phase is None and (done or any(op.phase != "forward" for op in graph.ops)):
        return graph
    return Setup.of(op_set=graph, phase=phase).graph


activations = measure("activations")
cache = measure("cache")
communication = measure("communication")
flops = measure("flops")
intensity = measure("intensity")
params = measure("params")
peak = measure("peak")
states = measure("states")
traffic = measure("traffic")
