"""One matrix product, (m, k) times (k, n).

Index letters: m rows, f the summed index, n columns. The summed index is called f so that `tensor_parallel` splits it,
which leaves a partial sum on every device.
"""

from __future__ import annotations

from costgraph.algebra.parser import Size, size
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph


def matmul(m: Size = "m", k: Size = "k", n: Size = "n") -> Graph:
    """An activation of m rows times a weight matrix.

    Args:
        m: rows, such as B*S positions; 1 for a vector.
        k: the summed size.
        n: columns.

    Source: "Decoder-Only Transformers", Sec. 3 and App. D.
    """
    sizes = {"m": size(m), "f": size(k), "n": size(n)}
    given = ", ".join(f"{name}={value}" for name, value in zip("mkn", sizes.values(), strict=True))
    b = Builder(f"matmul({given})" if given != "m=m, k=k, n=n" else "matmul", sizes)
    b.einsum("matmul.product", "mf,fn->mn", b.input("x", "mf"), b.parameter("matmul.weight", "fn"))
    return b.build()
