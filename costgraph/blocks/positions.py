"""Positions inside attention: rotated queries and keys, or a bias of the scores. What they need is made once."""

from __future__ import annotations

from costgraph.algebra.parser import Size
from costgraph.blocks.linear import Names
from costgraph.graph.builder import Builder

INDEX = 8  # bytes of the number of a bucket


def rotated(b: Builder, name: str, x: str, at: str, part: str) -> str:
    """`x` with pairs of elements rotated; all layers share the tables of cosine and sine, which the backward reads.

    The tables follow from the sizes alone. They are inputs, as token ids are: no activations.

    Source: Su et al. 2021 (RoFormer), eq. 34.
    """
    tables = [b.shared(f"rotary.{one}", (at, part)) for one in ("cos", "sin")]
    return b.op(name, "rotary", x, *tables)


def alibi(b: Builder, heads: Names, context: str) -> str:
    """A bias that grows with the distance, by a slope for every head.

    Source: Press et al. 2022 (ALiBi), Sec. 3.
    """
    return b.shared("alibi.bias", (*heads, context))


def relative(b: Builder, heads: Names, at: str, context: str, buckets: Size) -> str:
    """A learned bias for every bucket of distances and every head, looked up once for all layers.

    Source: Raffel et al. 2020 (T5), Sec. 2.1.
    """
    with b.once():
        if b.has("relative.bias"):
            return b.pathed("relative.bias")
        table = b.parameter("relative.table", (b.dim("bucket", buckets), *heads))
        pairs = b.input("relative.buckets", (at, context), "input", INDEX)
        return b.op("relative.bias", "embedding", pairs, table, letters=(*heads, at, context))
