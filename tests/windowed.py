"""An op set of the tests: attention to the last W positions, in chunks of k, whose sizes are no polynomials."""

from __future__ import annotations

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import size
from costgraph.algebra.symbols import Symbol, declare
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph

CHUNKS = declare(Symbol("N_q", "N_{q}", "", "chunks of k positions", "positive integer", 2))


def windowed() -> Graph:
    """Scores and values of one layer over S_w = min(S, W) positions, and a state for each of N_q = ceil(S/k) chunks."""
    sizes = {"b": "B", "s": "S", "t": "S_w", "c": CHUNKS.name, "d": "D", "a": "A", "h": "D/A"}
    b = Builder("windowed", sizes)
    b.assume(Divides(size("A"), size("D")))
    b.define("S_w", "min(S, W)")
    b.define(CHUNKS.name, "ceil(S/k)")
    q, k, v = b.input("q", "bsah"), b.input("k", "btah"), b.input("v", "btah")
    w = b.op("attn.softmax", "softmax", b.einsum("attn.scores", "bsah,btah->bast", q, k))
    b.einsum("attn.values", "bast,btah->bsah", w, v)
    b.einsum("chunks.state", "bcd,de->bce".replace("e", "a"), b.input("x", "bcd"), b.parameter("chunks.w", "da"))
    return b.build()
