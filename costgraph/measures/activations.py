"""activations: bytes that one device keeps from the forward pass for the backward.

Counts: every forward tensor that a backward or replayed op reads, once, however many read it; a view counts as the
tensor it looks at. Each is attributed to the forward op whose backward reads it. In a pipeline those of all
microbatches that are in flight at the worst instant.
Leaves out: parameters, token ids, gradients and temporary buffers; under `notes` also the norms' statistics.
Source: "Decoder-Only Transformers", eq. 2.5 to 2.7, 2.13, 2.14; Korthikanti et al. 2022.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from costgraph.algebra.polynomial import Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Role, Tensor
from costgraph.measures.summing import Sizes, closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.provenance import Term

KEPT: tuple[Role, ...] = ("activation", "mask", "statistic", "cache")


@of_worst_stage
def activations(graph: Graph, convention: Convention = NOTES) -> ClosedForm:
    """Bytes kept for the backward on one device."""
    return closed_form("activations", "byte", graph, convention, collect(graph))


def collect(graph: Graph) -> Iterator[Term]:
    """One term per saved tensor, at the forward op that saves it, in the order of the forward pass."""
    found: list[Term] = []
    sizes = Sizes()
    for name, read_by in readers(graph).items():
        tensor, made = graph.tensors[name], graph.producer.get(name)
        forward = made is None or made.phase == "forward"
        if forward and tensor.role in KEPT and not tensor.gradient:
            amount = sizes.nbytes(tensor, rounds(tensor, read_by))
            if graph.stage is not None:
                amount *= graph.stage.under_way(graph.stage.where(name, tensor.loop.number))
            found.append(Term(read_by[0].source, name, amount, tensor.role))
    order = {name: i for i, name in enumerate(graph.by_name)}
    yield from sorted(found, key=lambda term: order.get(term.op, -1))


def readers(graph: Graph) -> dict[str, list[Op]]:
    """For each tensor that is read behind the forward pass, itself or a view of it, the ops that do."""
    found: dict[str, list[Op]] = {}
    for op in graph.phase("backward", "recompute"):
        for name in op.inputs:
            found.setdefault(storage(graph, name).name, []).append(op)
    return found


def rounds(tensor: Tensor, read_by: Collection[Op]) -> Polynomial:
    """In how many rounds of its loop a tensor is kept: those in which an op reads it."""
    inside = [op.loop for op in read_by if op.loop.number == tensor.loop.number and op.loop.rounds]
    return tensor.times if len(inside) < len(read_by) else inside[0].times


def storage(graph: Graph, name: str) -> Tensor:
    """The tensor whose bytes `name` is: itself, or what it is a view of."""
    while (op := graph.producer.get(name)) is not None and rule(op.kind).view:
        name = op.inputs[0]
    return graph.tensors[name]
