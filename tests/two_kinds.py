"""A model of the tests whose layers are of two kinds with the same parts: L wide ones, then L_n narrow ones."""

from __future__ import annotations

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import size
from costgraph.algebra.symbols import Symbol, declare
from costgraph.blocks import Attention, Block, Mlp, Norm
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph

NARROW = declare(Symbol("L_n", "L_{n}", "", "number of narrow layers", "positive integer", 2))
SIZES = {"batch": "B", "query": "S", "context": "S", "model": "D", "narrow": "F"}


def two_kinds() -> Graph:
    """Blocks of a decoder; the narrow ones have an MLP of width F, and are else the same."""
    b = Builder("two_kinds", SIZES)
    b.assume(Divides(size("A"), size("D")))
    attention, x = Attention(kv_heads="A", width="D/A", dropout=True), b.input("x", "batch query model")
    for kind, times, mlp in (("wide", "L", Mlp("E*D")), ("narrow", NARROW.name, None)):
        block = Block(attention, mlp, Norm("layer"), dropout=True)
        with b.repeat(times, kind):
            x = b.op("blocks.enter", "loop", x)
            with b.segment("block"):
                x = block.write(b, x)
                x = x if mlp else narrow(b, x)
        x = b.op(f"{kind}.exit", "loop", x)
    return b.build()


def narrow(b: Builder, x: str) -> str:
    """An MLP of another width, without a norm."""
    y = b.einsum("mlp.up", "bsd,df->bsf", x, b.parameter("mlp.up.weight", "model narrow"))
    y = b.op("mlp.act", "gelu", y)
    y = b.einsum("mlp.down", "bsf,fd->bsd", y, b.parameter("mlp.down.weight", "narrow model"))
    return b.op("mlp.residual", "residual", y, x)
