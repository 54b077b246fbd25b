"""states: bytes of weights, gradients and optimizer state on one device.

Counts, in training: every parameter at the bytes per parameter of the precision policy. In inference (no backward in
the graph): the weights alone, at p bytes per element.
Leaves out: what `params` leaves out; buffers, activations, the cache.
Source: "Decoder-Only Transformers", eq. 2.1, 2.3, 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.closed_form import ClosedForm
from costgraph.conventions import NOTES, PRECISIONS, Convention
from costgraph.errors import unknown
from costgraph.graph import Graph
from costgraph.measures.params import parameters
from costgraph.measures.summing import Sizes, closed_form
from costgraph.provenance import Term


def states(graph: Graph, convention: Convention = NOTES, precision: str = "mixed_adam") -> ClosedForm:
    """Bytes of model state on one device under a named precision policy.

    Raises:
        UserError: no policy is called `precision`.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    return closed_form("states", "byte", graph, convention, collect(graph, precision))


def collect(graph: Graph, precision: str) -> Iterator[Term]:
    """Weights, then gradients, then optimizer state, each one term per parameter."""
    found, sizes = list(parameters(graph)), Sizes()
    if not any(graph.phase("backward")):
        for op, tensor in found:
            yield Term(op.source, f"{tensor.name}, weights", sizes.nbytes(tensor, tensor.times), tensor.role)
        return
    policy = PRECISIONS[precision]
    for part in ("weights", "gradients", "optimizer"):
        for op, tensor in found:
            amount = sizes.numel(tensor, tensor.times) * getattr(policy, part)
            yield Term(op.source, f"{tensor.name}, {part}", amount, tensor.role)
