"""decode: one new token per sequence, attending to a cache.

Before:
    k_context = context(k)                          # S keys from S positions
    scores    = einsum("bsah,btah->bast", q, k_context)
After (query has size 1, context the context length):
    k_context = cache_append(k)                     # one row written into a cache that stays in place
    scores    = einsum("bsah,btah->bast", q, k_context)

The context length is the number of positions the new token attends to, its own included. PyTorch's counters mean by S
the positions before the append: `decode("S + 1")`.

Source: "Decoder-Only Transformers", Sec. 6 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from costgraph.algebra.assumption import InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE
from costgraph.graph.graph import Graph
from costgraph.passes.prefill import inference
from costgraph.passes.rewrite import Pass


@dataclass(frozen=True)
class Decode(Pass):
    """Inference on one new position per sequence.

    Args:
        context: how many positions it attends to, its own included.
    """

    name: ClassVar[str] = "decode"
    context: Size = "S"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph of one decoding step."""
        context = bound("S", self.context)
        graph = inference(graph).resized(query=ONE, context=context)
        ops = [replace(op, kind="cache_append") if op.kind == "context" else op for op in graph.ops]
        return graph.rewritten(ops, graph.tensors, [InDomain("S", context)])
