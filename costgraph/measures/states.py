"""states: bytes of weights, gradients and optimizer state on one device.

Counts, in training: the training state of every parameter (`training_state.py`), as tensors as wide as the precision
policy keeps them. In inference (no backward in the graph): the weights alone, at p bytes per element.
Leaves out: what `params` leaves out; buffers, activations, the cache.
Source: "Decoder-Only Transformers", eq. 2.1, 2.3, 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.polynomial import total
from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.matrix import sides
from costgraph.graph.training_state import at_rest, state_tensors
from costgraph.measures.params import parameters
from costgraph.measures.summing import Sizes, closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.precision import STATES, USUAL, Precision, policy
from costgraph.provenance import Term


@of_worst_stage
def states(graph: Graph, convention: Convention = NOTES, precision: str | Precision = USUAL) -> ClosedForm:
    """Bytes of model state on one device under a precision policy: its name, its text, its file, or itself.

    Raises:
        UserError: no such policy; see `precision.policy`.
    """
    return closed_form("states", "byte", graph, convention, collect(graph, policy(precision)))


def collect(graph: Graph, kept: Precision) -> Iterator[Term]:
    """Weights, then gradients, then optimizer state, each one term per parameter."""
    found, sizes = list(parameters(graph)), Sizes()
    if not any(graph.phase("backward")):
        for op, tensor in found:
            amount = sizes.nbytes(tensor, tensor.times)
            yield Term(op.source, f"{tensor.name}, weights", amount, tensor.role, "weights")
        return
    of = sides(graph, kept)
    states = [
        [at_rest(one, graph.mesh) for one in state_tensors(tensor, kept, of.get(tensor.name))] for _, tensor in found
    ]
    for part in STATES:
        for (op, tensor), all_of in zip(found, states, strict=True):
            amounts = [sizes.nbytes(one, one.times) for one in all_of if one.state == part]
            if amounts:
                yield Term(op.source, f"{tensor.name}, {part}", total(amounts), tensor.role, part)
