"""The standard attention algorithm: one head of one sequence, its maps written to memory and read back.

Index letters: s query position, t key position, h width of the head.
"""

from __future__ import annotations

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import size
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph


def attention() -> Graph:
    """Scores, softmax and weighted values of one head, without scale, mask and dropout.

    Source: Dao et al. 2022 (FlashAttention), Algorithm 0.
    """
    b = Builder("attention", {"s": "S", "t": "S", "h": "D/A"})
    b.assume(Divides(size("A"), size("D")))
    q, k, v = b.input("q", "sh"), b.input("k", "th"), b.input("v", "th")
    with b.segment("attention_core"):
        scores = b.einsum("attn.scores", "sh,th->st", q, k)
        weights = b.op("attn.softmax", "softmax", scores)
        b.einsum("attn.values", "st,th->sh", weights, v)
    return b.build()
