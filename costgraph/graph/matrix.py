"""Products with a matrix of weights: what they sum over, and what they give. A matrix has that as rows and columns."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.graph.einsum import parse_spec
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.graph.training_state import Sides
from costgraph.precision import Precision
from costgraph.records import dataclass

TABLES = ("embedding", "positions")  # kinds of ops that look a row up
SAME = ("all_gather", "widen", "narrow", "hit")  # kinds of ops whose result has the axes of the parameter


@dataclass(frozen=True)
class Matrix:
    """A product of an activation and a weight, by the letters of its spec.

    Args:
        x, weight: the operands, and their letters.
        sums: the letters that are summed over.
        gives: those that the result has from the weight.
        each: those that all three have, such as that of experts.
    """

    x: tuple[str, str]
    weight: tuple[str, str]
    sums: str
    gives: str
    each: str


def matrix(op: Op, tensors: Mapping[str, Tensor]) -> Matrix | None:
    """The product with a matrix that an op is, if it is one."""
    if op.kind != "einsum" or [tensors[name].role for name in op.inputs].count("weight") != 1:
        return None
    spec = parse_spec(op.spec or "")
    operands = zip(op.inputs, spec.operands, strict=True)
    weight, x = sorted(operands, key=lambda one: tensors[one[0]].role != "weight")
    sums, gives, each = (
        "".join(letter for letter in weight[1] if (letter in x[1], letter in spec.result) == where)
        for where in ((True, False), (False, True), (True, True))
    )
    return Matrix(x, weight, sums, gives, each) if sums and gives else None


def sides(graph: Graph, policy: Precision) -> dict[str, Sides]:
    """The axes of the rows and of the columns of each matrix, by name, for a policy that asks; a table is one, too.

    A convolution that takes each channel for itself has a matrix of one row for each, as a checkpoint holds it.
    """
    if not policy.factored:
        return {}
    same = {name: name for name, tensor in graph.tensors.items() if tensor.is_parameter}
    found: dict[str, Sides] = {}
    for op in graph.phase("forward"):
        for name in op.inputs:
            if (parameter := same.get(name)) is None:
                continue
            if op.kind in SAME:
                same[op.outputs[0]] = parameter
            elif (of_op := sides_in(op, graph.tensors)) is not None:
                found.setdefault(parameter, of_op)
    return found


def sides_in(op: Op, tensors: Mapping[str, Tensor]) -> Sides | None:
    """The axes of rows and columns of the matrix that an op reads, where it reads one."""
    if op.kind in TABLES:
        return (0,), (1,)
    if op.kind == "conv":
        *channels, taps = range(len(tensors[op.inputs[1]].dims))
        return tuple(channels), (*channels, taps)
    if (found := matrix(op, tensors)) is None:
        return None
    rows, columns = (
        tuple(axis for axis, letter in enumerate(found.weight[1]) if letter not in other)
        for other in (found.gives, found.sums)
    )
    return rows, columns
