"""How terms become a closed form: the counted ones are the sum, the neglected ones the remainder."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.collector import paused
from costgraph.conventions import Convention
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import Tensor
from costgraph.provenance import Term


@paused()
def closed_form(name: str, unit: str, graph: Graph, convention: Convention, terms: Iterable[Term]) -> ClosedForm:
    """Sum the terms whose role the convention counts; what it neglects is the remainder, exactly."""
    neglects = convention.neglects
    counted: list[Term] = []
    neglected: list[Term] = []
    for term in terms:
        (neglected if term.role in neglects else counted).append(term)
    remainder = Quotient(total(term.amount for term in neglected))
    return ClosedForm(
        name, unit, tuple(counted), convention, graph.assumptions, remainder, definitions=graph.definitions,
        dims=graph.claims, loops=graph.loops,
    )  # fmt: skip


class Sizes:
    """Elements and bytes of tensors, worked out once for all that have the same dims, width and number of copies.

    In a graph those are shared, and so told apart by identity, which is faster than comparing them.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], Polynomial] = {}

    def numel(self, tensor: Tensor, times: Polynomial) -> Polynomial:
        """Elements of so many."""
        key = (id(tensor.dims), id(tensor.shards), id(times))
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = tensor.numel * times
        return found

    def nbytes(self, tensor: Tensor, times: Polynomial) -> Polynomial:
        """Bytes of so many."""
        key = (id(tensor.dims), id(tensor.shards), id(times), id(tensor.itemsize))
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = tensor.nbytes * times
        return found
