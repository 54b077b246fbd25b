"""How terms become a closed form: the counted ones are the sum, the neglected ones the remainder."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.polynomial import total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.collector import paused
from costgraph.conventions import Convention
from costgraph.graph import Graph
from costgraph.provenance import Term


@paused()
def closed_form(name: str, unit: str, graph: Graph, convention: Convention, terms: Iterable[Term]) -> ClosedForm:
    """Sum the terms whose role the convention counts; what it neglects is the remainder, exactly."""
    counted: list[Term] = []
    neglected: list[Term] = []
    for term in terms:
        if term.amount:
            (counted if convention.counts(term.role) else neglected).append(term)
    remainder = Quotient(total(term.amount for term in neglected))
    return ClosedForm(
        name, unit, tuple(counted), convention, graph.assumptions, remainder, definitions=graph.definitions
    )
