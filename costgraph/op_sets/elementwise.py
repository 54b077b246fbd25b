"""One element-wise op on an activation of B*S*D elements."""

from __future__ import annotations

from typing import Literal

from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph

Kind = Literal["gelu", "relu", "silu", "scale", "residual"]


def elementwise(kind: Kind = "gelu") -> Graph:
    """A single element-wise op, read and written once; `residual` reads two operands.

    Source: "Decoder-Only Transformers", App. D.
    """
    b = Builder(f"elementwise(kind={kind})" if kind != "gelu" else "elementwise", {"b": "B", "s": "S", "d": "D"})
    operands = [b.input("x", "bsd"), *([b.input("y", "bsd")] if kind == "residual" else [])]
    b.op(f"elementwise.{kind}", kind, *operands)
    return b.build()
