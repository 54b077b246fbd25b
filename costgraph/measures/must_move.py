"""What a step has to read from memory and write to it, whatever is fused: weights, a cache, the optimizer's state.

Each weight is read once by the forward pass of a microbatch and once on its way back, of the experts only those that
must be hit; a cache that was there before is read once; the update reads and writes the state of every parameter.
Activations, and gradients, may stay where they are computed on; rows that are looked up may all be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.measures import op_costs
from costgraph.mesh import ExpertsAxis
from costgraph.provenance import Term

ELSEWHERE = ("free", "network")  # kinds of traffic of ops whose result is the same tensor, seen or held otherwise


def must_move(graph: Graph) -> Iterator[Term]:
    """One term per weight or cache and way, and for what the update moves."""
    yield from read(graph)
    for op in graph.phase("update"):
        for name, amount in op_costs.moved(op, graph.tensors).items():
            tensor = graph.tensors[name]
            if tensor.state or not tensor.gradient:
                yield Term(op.name, name, amount * op.times, tensor.role)


def read(graph: Graph) -> Iterator[Term]:
    """Reads of weights and caches, and writes of a cache that is new."""
    origin = {name: name for name in kept(graph)}
    first: dict[tuple[bool, str], Term] = {}
    for op in graph.ops:
        traffic = rule(op.kind).traffic
        if op.phase == "update" or traffic == "rows":
            continue
        if traffic in ELSEWHERE:
            if op.inputs and (same := origin.get(op.inputs[0])) is not None:
                origin.update(dict.fromkeys(op.outputs, same))
            continue
        for name, amount in op_costs.moved(op, graph.tensors).items():
            if (source := origin.get(name)) is None or name in op.outputs:
                continue
            key = (op.phase == "forward", source)
            if key not in first:
                first[key] = Term(op.name, name, least_hit(graph, name, amount) * op.times, graph.tensors[name].role)
    yield from first.values()
    yield from written(graph)


def kept(graph: Graph) -> Iterator[str]:
    """What is in memory before the step: parameters, and a cache that the step adds to."""
    for name, tensor in graph.tensors.items():
        made = graph.producer.get(name)
        appended = made is not None and rule(made.kind).traffic in ("append", "update")
        if (tensor.is_parameter and made is None) or (tensor.role == "cache" and (made is None or appended)):
            yield name


def written(graph: Graph) -> Iterator[Term]:
    """A cache that the step makes, such as a prefill."""
    for op in graph.ops:
        for name in op.outputs:
            tensor = graph.tensors[name]
            if tensor.role == "cache" and rule(op.kind).traffic == "free" and is_new(graph, op):
                yield Term(op.name, name, tensor.nbytes * op.times, tensor.role)


def is_new(graph: Graph, op: Op) -> bool:
    """Whether what an op names is no cache before that."""
    return all(graph.tensors[name].role != "cache" for name in op.inputs)


# --- experts ----------------------------------------------------------------------------------------------------------


def least_hit(graph: Graph, name: str, amount: Polynomial) -> Polynomial:
    """Bytes of a tensor; of the experts it has, as few as tokens may reach on the fullest device."""
    hit = next((dim.size for dim in graph.tensors[name].dims if dim.name == "hit"), None)
    return amount if hit is None else amount / hit * experts_hit(graph)


def experts_hit(graph: Graph) -> Polynomial:
    """As many as one token is sent to; of X devices the fullest has ceil(K_r/X) of them or more."""
    axis = graph.mesh.axis(ExpertsAxis.kind)
    each = graph.sizes["chosen"] / (axis.size if axis is not None else ONE)
    if each.number is not None:
        return Polynomial.constant(ceil(each.number))
    return each if axis is None or axis.size == ONE else Polynomial.symbol("K_hit")


def definitions(graph: Graph) -> tuple[Definition, ...]:
    """Those of the graph, with that of the experts that are hit."""
    if "chosen" not in graph.sizes or "K_hit" not in experts_hit(graph).symbols:
        return graph.definitions
    axis = graph.mesh.axis(ExpertsAxis.kind)
    assert axis is not None
    return (*graph.definitions, Definition("K_hit", "ceil", (graph.sizes["chosen"] / axis.size,)))
