"""decode: new tokens of each sequence, one unless said otherwise, attending to a cache.

Before:
    k_context = context(k)                          # S keys from S positions
    scores    = einsum("bsah,btah->bast", q, k_context)
After (query has size 1, context the context length):
    k_context = cache_append(k)                     # one row written into a cache that stays in place
    scores    = einsum("bsah,btah->bast", q, k_context)

The context length is the number of positions the new token attends to, its own included. PyTorch's counters mean by S
the positions before the append: `decode("S + 1")`. With `new=n` the n new tokens see S positions, their own included,
and the cache held S - n before: a chunk of a prompt, a prompt whose beginning is cached, drafts that are verified.

Source: "Decoder-Only Transformers", Sec. 6 and 7.
"""

from __future__ import annotations

from typing import ClassVar

from costgraph.algebra.assumption import AtMost, InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.passes.prefill import inference
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass, replace


@dataclass(frozen=True)
class Decode(Pass):
    """Inference on new positions of each sequence.

    Args:
        context: how many positions they attend to, their own included.
        new: how many they are.
    """

    name: ClassVar[str] = "decode"
    context: Size = "S"
    new: Size = 1

    def rewrite(self, graph: Graph) -> Graph:
        """The graph of one decoding step."""
        context, new = bound("S", self.context), bound("n", self.new)
        fits = AtMost(new, context)
        if new.number is not None and context.number is not None and not fits.settled:
            raise UserError(f"{self}: {new} new tokens are among the {context} positions that they see")
        if new != ONE and "window" in graph.sizes:
            raise UserError(f"{self}: {new} new tokens see different positions through a window; take one at a time")
        graph = inference(graph).resized(query=new, context=context)
        ops = [replace(op, kind="cache_append") if op.kind == "context" else op for op in graph.ops]
        more = [] if new == ONE else [fits]
        return graph.rewritten(ops, graph.tensors, [InDomain("S", context), *more])
