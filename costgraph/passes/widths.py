"""widths: give weights, cache and logits a number of bytes per element of their own.

Before:
    w: p bytes ; k_context (role cache): p bytes ; logits: p bytes
After widths(weights=p_w, cache=p_kv, logits=p_logits):
    w: p_w bytes ; k_context: p_kv bytes ; logits: p_logits bytes

What is computed on, and travels, keeps p; gradients are computed on. What training keeps of a parameter says the
precision policy.
"""

from __future__ import annotations

from typing import ClassVar

from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import Tensor
from costgraph.passes.autocast import Autocast
from costgraph.passes.rewrite import Pass
from costgraph.precision import FP32
from costgraph.records import dataclass, replace

VOCABULARY = "vocab"  # an activation with this dim is logits, or computed from them


@dataclass(frozen=True)
class Widths(Pass):
    """Bytes per element by what a tensor is to the model; `p` for what is not named.

    Args:
        weights: of weights, biases and norms, such as `p_w`, or `1/2` for int4; of those that are frozen, if some are.
        cache: of keys, values and states that are kept between steps.
        logits: of logits, and of what the loss makes of them.
    """

    name: ClassVar[str] = "widths"
    weights: Size = "p"
    cache: Size = "p"
    logits: Size = "p"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with these widths."""
        if Autocast.name in graph.passes and self.weights != "p":
            raise UserError(f"{Autocast.name} keeps weights in {FP32} bytes; leave --weights {self.weights} out")
        sizes = {name: bound(f"p_{name}", getattr(self, field)) for field, name in FIELDS.items()}
        usual = Polynomial.symbol("p")
        some_frozen = any(tensor.frozen for tensor in graph.tensors.values())
        tensors = {
            name: replace(t, itemsize=sizes[kind])
            if t.itemsize == usual and (kind := kind_of(t)) and not (some_frozen and t.trains)
            else t
            for name, t in graph.tensors.items()
        }
        return graph.rewritten(graph.ops, tensors)


FIELDS = {"weights": "w", "cache": "kv", "logits": "logits"}


def kind_of(tensor: Tensor) -> str:
    """Which width a tensor has: `w`, `kv`, `logits`, or none of its own."""
    if tensor.is_parameter:
        return "w"
    if tensor.role == "cache":
        return "kv"
    return "logits" if tensor.role == "activation" and tensor.dim(VOCABULARY) else ""
