"""params: the number of parameters on one device.

Counts: every parameter tensor once, however many ops use it (a tied embedding is one tensor).
Leaves out, under `notes`: biases and norm parameters. Under `exact`: nothing.
Source: "Decoder-Only Transformers", eq. 2.2 and 2.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT, NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.measures.summing import Sizes, closed_form
from costgraph.provenance import Term


def params(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """The number of parameters that one device holds."""
    found = closed_form("params", "parameter", graph, convention, collect(graph, convention))
    if convention.counting.parameters == "all":
        return found
    every = total(term.amount for term in collect(graph, EXACT))
    return replace(found, remainder=Quotient(every) - found.value)


def collect(graph: Graph, convention: Convention) -> Iterator[Term]:
    """One term per parameter tensor, at the first op that uses it."""
    sizes = Sizes()
    for op, tensor in parameters(graph):
        count = sizes.numel(tensor, tensor.times)
        yield Term(op.source, tensor.name, count * share(graph, convention, tensor), tensor.role)


def share(graph: Graph, convention: Convention, tensor: Tensor) -> Polynomial:
    """How much of a parameter counts: of an expert's, the share of the chosen ones if just the active ones do."""
    if convention.counting.parameters == "all" or "expert" not in tensor.names:
        return ONE
    chosen = any(op.kind == "hit" and tensor.name in op.inputs for op in graph.ops)
    return graph.sizes["chosen"] / graph.sizes["expert"] if chosen else ONE


def parameters(graph: Graph) -> Iterator[tuple[Op, Tensor]]:
    """Every parameter, of those that no op makes, with the first op that reads it."""
    made = graph.producer
    unread = {name: tensor for name, tensor in graph.tensors.items() if tensor.is_parameter and name not in made}
    for op in graph.ops:
        for name in op.inputs:
            if name in unread:
                yield op, unread.pop(name)
