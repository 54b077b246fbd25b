"""decode: one new token per sequence, attending to a cache.

Before:
    k_context = context(k)                          # S keys from S positions
    scores    = einsum("bsah,btah->bast", q, k_context)
After (s has size 1, t the context length):
    k_context = cache_append(k)                     # one row written into a cache that stays in place
    scores    = einsum("bsah,btah->bast", q, k_context)

The context length is the number of positions the new token attends to, its own included. PyTorch's counters mean by S
the positions before the append: `decode("S + 1")`.

Source: "Decoder-Only Transformers", Sec. 6 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from costgraph.algebra.assumption import AtMost, InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.graph import Graph
from costgraph.passes.prefill import inference
from costgraph.passes.rewrite import Pass
from costgraph.tensor import Dim, resized

QUERY, CONTEXT = "s", "t"  # index letters of query and context positions


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
        graph = inference(graph)

        def one_position(dim: Dim) -> Dim:
            sizes: dict[str, Polynomial] = {QUERY: ONE, CONTEXT: context}
            return replace(dim, size=sizes.get(dim.name, dim.size))

        tensors = resized(graph.tensors, one_position)
        ops = [replace(op, kind="cache_append") if op.kind == "context" else op for op in graph.ops]
        fits = [replace(a, small=context) if isinstance(a, AtMost) else a for a in graph.assumptions]
        return replace(graph, assumptions=tuple(fits)).rewritten(ops, tensors, [InDomain("S", context)])
