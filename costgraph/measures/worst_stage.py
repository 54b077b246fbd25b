"""Measures of a pipeline: the largest of what its stages say, each for itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.graph.graph import Graph

P = ParamSpec("P")
Measure = Callable[Concatenate[Graph, P], ClosedForm]


def of_worst_stage(measure: Measure[P]) -> Measure[P]:
    """The measure, of whose stages a graph has several that of the one where it is largest."""

    @wraps(measure)
    def found(graph: Graph, /, *args: P.args, **options: P.kwargs) -> ClosedForm:
        if not graph.stages:
            return measure(graph, *args, **options)
        from costgraph.largest import largest  # a graph without a pipeline has nothing to compare

        forms = [(str(one.stage), measure(one, *args, **options)) for one in graph.stages]
        if any(form.over for _, form in forms):
            raise UserError(
                f"{forms[0][1].name} is a ratio, and that of no stage is the worst: ask for one of them, stage='first'"
            )
        return largest(forms[0][1].name, forms)

    return found
