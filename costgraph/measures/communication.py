"""communication: bytes that one device sends to others.

Counts: ring collectives over n devices: all_gather and reduce_scatter (n-1)/n of the whole tensor, all_reduce (one
after the other) twice that, all_to_all as much of the part that a device has. As `communication.chief`: bytes through
one device that collects from the n-1 others (a reduce, or a gather of their parts) and sends the result back to them (a
broadcast, or a scatter of parts).
Gradients and updated weights travel at the p bytes in which they are computed on. As `communication.T`, or
`communication.N_h-N_d`: what goes over these axes of the mesh together, and over no other.
What a stage of a pipeline sends to a neighbour is sent once, by whatever algorithm.
Leaves out: latency, under `notes` the gradients of norm parameters and biases.
Source: "Decoder-Only Transformers", App. B; Patarasuk and Yuan 2009 (ring all-reduce).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Literal

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Loop, place
from costgraph.graph.op import Op
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.mesh import devices
from costgraph.provenance import Term

Algorithm = Literal["ring", "chief"]
LINK = "lambda_comms"  # the rate of a device's first link
Share = Rational | Quotient  # of what a ring sends; of groups of open degrees a quotient of forms
Links = Callable[[Op], Iterable[tuple[str, Share]]]  # the rates of links, each with its share
# times around the ring with (n-1)/n of the tensor
RINGS = {
    "all_reduce": 2, "all_gather": 1, "reduce_scatter": 1, "all_to_all": 1, "ring_gather": 1, "ring_reduce": 1,
    "send": 1,
}  # fmt: skip


@of_worst_stage
def communication(
    graph: Graph, convention: Convention = NOTES, algorithm: Algorithm = "ring", axes: str = ""
) -> ClosedForm:
    """Bytes sent per device; with the algorithm `chief`, bytes that enter and leave the chief.

    Args:
        graph: placed on a mesh.
        convention: what is counted.
        algorithm: of the collectives.
        axes: only those over these axes, by their symbols: `T`, or joined in the order of the mesh as in `N_h-N_d`.

    Raises:
        UserError: no collective goes over just these axes; the message lists those that there are.
    """
    chosen = {op.name for op in graph.ops if not axes or part(op) == axes}
    if axes and not chosen and graph.stage is None:
        raise no_such_part(axes, graph)
    amount = chief if algorithm == "chief" else ring
    terms = [term for term in collect(graph, amount) if term.op in chosen]
    unit = "byte through the chief" if algorithm == "chief" else "byte sent per device"
    kind = "communication.chief" if algorithm == "chief" else "communication"
    return closed_form(f"{kind}.{axes}" if axes else kind, unit, graph, convention, terms)


def collect(graph: Graph, amount: Callable[[Op, Graph], Polynomial]) -> Iterator[Term]:
    """One term per collective."""
    loops = read_in(graph)
    for op in graph.ops:
        if op.kind in RINGS:
            role = graph.tensors[op.inputs[0]].role
            if sent := amount(op, graph) * times(op, loops):  # one device has nobody to send to
                yield Term(op.name, f"{op.kind} of {op.inputs[0]}", sent, role, part(op))


def times(op: Op, loops: Mapping[str, Loop]) -> Polynomial:
    """How often an op runs in a step; `loops` says so where it is not in all rounds of its own."""
    return loops[op.name].times * op.repeats if op.name in loops else op.times


def read_in(graph: Graph) -> dict[str, Loop]:
    """The loops of the ops where some run in the rounds behind the first alone: a collective does if its readers do."""
    if all(op.loop.rounds != "later" for op in graph.ops):
        return {}
    found: dict[str, Loop] = {}
    readers: dict[str, list[Loop]] = {}
    for op in reversed(graph.ops):
        loops = [loop for name in op.outputs for loop in readers.get(name, ())]
        later = op.kind in RINGS and {(loop.number, loop.rounds) for loop in loops} == {(op.loop.number, "later")}
        found[op.name] = op.loop.later if later and not op.loop.rounds else op.loop
        for name in op.inputs:
            readers.setdefault(name, []).append(found[op.name])
    return found


def part(op: Op) -> str:
    """The axes over which a collective goes, by their symbols: `T`, or `N_h-N_d` for one over both."""
    return "-".join(dict.fromkeys(cut.axis for cut in op.cuts))


def parts(graph: Graph) -> list[str]:
    """All of them that occur in a graph."""
    return list(dict.fromkeys(part(op) for op in graph.ops if op.cuts))


def handed_back(graph: Graph, axes: Container[str]) -> list[str]:
    """The remarks that what a place sends over these axes, or over any of "", is what others leave to be added up.

    A collective has the name of the tensor that it moves. The gradient of what a norm gives is summed over devices, as
    attention or the MLP behind it left it.
    """
    made_by = {name: op for op in graph.ops for name in op.outputs}
    found: dict[str, dict[str, None]] = {}
    for op in graph.ops:
        if op.kind in ("all_reduce", "reduce_scatter") and op.phase == "backward" and ("" in axes or part(op) in axes):
            maker = made_by.get(op.inputs[0])
            left = [made_by[name] for name in maker.inputs if name in made_by] if maker and maker.kind == "add" else []
            for one in left:
                if (by := place(one.name)) != (at := place(op.name)):
                    found.setdefault(at, {})[by] = None
    return [
        f"communication of {at} includes the sums of gradients that are handed back by {' and '.join(by)}"
        for at, by in found.items()
    ]


def no_such_part(axes: str, graph: Graph) -> UserError:
    """The error for axes over which nothing is sent."""
    if not graph.mesh:
        return UserError(f"communication.{axes}: the model is not spread over a mesh, such as --mesh 'tensor(T)'")
    there = ", ".join(f"communication.{name}" for name in parts(graph)) or "none at all"
    return UserError(f"communication.{axes}: no collective goes over {axes} alone; there is {there}")


def chief(op: Op, graph: Graph) -> Polynomial:
    """Bytes that the chief receives from n-1 devices and sends to n-1 devices."""
    before, after = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if op.kind == "send":
        return before.nbytes
    return (devices(op.cuts) - ONE) * (before.nbytes + after.nbytes)


def ring(op: Op, graph: Graph) -> Polynomial:
    """Bytes that one run of a collective sends from each device."""
    before, after = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if op.kind == "send":
        return before.nbytes
    whole = after if op.kind in ("all_gather", "ring_gather") else before
    return whole.nbytes * (ONE - ONE / devices(op.cuts)) * RINGS[op.kind]
