"""How a measure becomes a closed form: the same sum under the asked convention and under the exact one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.graph import Graph
from costgraph.polynomial import total
from costgraph.provenance import Term
from costgraph.quotient import Quotient

Collect = Callable[[Graph, Convention], Iterable[Term]]


def closed_form(name: str, unit: str, graph: Graph, convention: Convention, collect: Collect) -> ClosedForm:
    """Sum what `collect` yields; what it would yield more under the exact convention is the remainder."""
    terms = tuple(term for term in collect(graph, convention) if term.amount)
    remainder = Quotient(0)
    if convention.neglects:
        more = total(term.amount for term in collect(graph, convention.exact))
        remainder = Quotient(more - total(term.amount for term in terms))
    open_assumptions = tuple(a for a in graph.assumptions if isinstance(a, str) or not a.settled)
    return ClosedForm(name, unit, terms, convention, open_assumptions, remainder)
