"""params: the number of parameters on one device.

Counts: every parameter tensor once, however many ops use it (a tied embedding is one tensor).
Leaves out, under `notes`: biases and norm parameters. Under `exact`: nothing.
Source: "Decoder-Only Transformers", eq. 2.2 and 2.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT, NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.measures.summing import Sizes, closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.provenance import Term
from costgraph.records import replace

CARRY = ("all_gather", "widen", "narrow")  # kinds of ops whose result is the same parameter, elsewhere or otherwise


@of_worst_stage
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
    known = uses(graph) if convention.counting.parameters == "active" else {}
    for op, tensor in parameters(graph):
        count = sizes.numel(tensor, tensor.times)
        yield Term(op.source, tensor.name, count * share(graph, known.get(tensor.name)), tensor.role)


@dataclass
class Use:
    """What becomes of a parameter in the forward pass.

    Args:
        tensor: what is computed with: the parameter, or what was gathered or cast of it.
        readers: the ops that compute with it.
    """

    tensor: Tensor
    readers: list[Op] = field(default_factory=list)


def uses(graph: Graph) -> dict[str, Use]:
    """How each parameter is used, however it rests."""
    found = {tensor.name: Use(tensor) for _, tensor in parameters(graph)}
    same = dict(found)  # by the name of whatever is the same parameter
    for op in graph.phase("forward"):
        for name in dict.fromkeys(op.inputs):
            if (known := same.get(name)) is None:
                continue
            if op.kind in CARRY:
                same[op.outputs[0]] = known
                known.tensor = graph.tensors[op.outputs[0]]
            else:
                known.readers.append(op)
    return found


def share(graph: Graph, used: Use | None) -> Polynomial:
    """How much of a parameter is active: of an expert's, the share of the chosen ones."""
    if used is None or all(op.kind != "hit" for op in used.readers):
        return ONE
    return graph.sizes["chosen"] / graph.sizes["expert"]


def parameters(graph: Graph) -> Iterator[tuple[Op, Tensor]]:
    """Every parameter, of those that no op makes, with the first op that reads it."""
    made = graph.producer
    unread = {name: tensor for name, tensor in graph.tensors.items() if tensor.is_parameter and name not in made}
    for op in graph.ops:
        for name in op.inputs:
            if name in unread:
                yield op, unread.pop(name)
