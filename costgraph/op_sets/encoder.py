"""The BERT encoder layer: post-norm, attention to every position, biases, dropout, ReLU.

Index letters: b batch, s (query) position, t context position, d hidden width, c one of query, key and value, a head,
h width of a head, f width of the MLP.
"""

from __future__ import annotations

from costgraph.algebra.assumption import Choice, Divides
from costgraph.algebra.parser import Size, size
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph
from costgraph.op_sets.decoder import drop, norm, project


def encoder() -> Graph:
    """L encoder layers; queries, keys and values are made by one product and stored as one tensor.

    The softmax scales its scores, so that nothing but its result is written.

    Source: Devlin et al. 2019 (BERT); the ops as in Ivanov et al. 2021, Table A.1.
    """
    sizes: dict[str, Size] = {"b": "B", "s": "S", "t": "S", "d": "D", "c": 3, "a": "A", "h": "D/A", "f": "E*D"}
    b = Builder("encoder", sizes)
    b.assume(Divides(size("A"), size("D")), Choice("dropout", "on"))
    x = b.input("x", "bsd")
    with b.repeat("L"):
        x = b.op("blocks.enter", "loop", x)
        with b.segment("block"):
            x = attention(b, x)
            x = mlp(b, x)
    b.op("blocks.exit", "loop", x)
    return b.build()


def attention(b: Builder, x: str) -> str:
    """Attention to all positions, the residual connection, then the norm."""
    stacked = project(b, "attn.qkv", x, "dcah", biases=True)
    q = b.op("attn.q", "slice", stacked, letters="bsah")
    keys = b.op("attn.k_context", "context", b.op("attn.k", "slice", stacked, letters="bsah"), letters="btah")
    values = b.op("attn.v_context", "context", b.op("attn.v", "slice", stacked, letters="bsah"), letters="btah")
    with b.segment("attention_core"):
        w = b.einsum("attn.scores", "bsah,btah->bast", q, keys)
        w = drop(b, "attn.dropout", b.op("attn.softmax", "softmax", w), dropout=True)
        u = b.einsum("attn.values", "bast,btah->bsah", w, values)
    y = drop(b, "attn.out_dropout", project(b, "attn.out", u, "ahd", biases=True), dropout=True)
    return norm(b, "norm.attn", b.op("attn.residual", "residual", y, x))


def mlp(b: Builder, x: str) -> str:
    """Two-layer MLP with dropout after both layers, the residual connection, then the norm."""
    y = b.op("mlp.act", "relu", project(b, "mlp.up", x, "df", biases=True))
    y = drop(b, "mlp.act_dropout", y, dropout=True)
    y = drop(b, "mlp.dropout", project(b, "mlp.down", y, "fd", biases=True), dropout=True)
    return norm(b, "norm.mlp", b.op("mlp.residual", "residual", y, x))
