"""The gated delta rule: a state that forgets, and is corrected at a key by what it holds there already.

Index letters: b sequence, s position, a head, v width of values, k width of keys; the state is (v, k).
"""

from __future__ import annotations

from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph


def delta_rule(merged: bool = False) -> Graph:
    """The recurrence at each position: `S' = a S - b (a S k) k^T + b v k^T`, of which `S' q` is read.

    The state before each position comes from outside, so that every position counts alike; a program keeps one.

    Args:
        merged: correct by one outer product, of `b (v - a S k)` and the key, in place of two.

    Source: Yang et al. 2024 (Gated Delta Networks), Sec. 3.
    """
    sizes = {"b": "B", "s": "S", "a": "A_s", "v": "H_s", "k": "D_s"}
    b = Builder("delta_rule(merged=True)" if merged else "delta_rule", sizes)
    state, decay, rate = b.input("state", "bsavk"), b.input("decay", "bsa"), b.input("rate", "bsa")
    q, k, v = b.input("q", "bsak"), b.input("k", "bsak"), b.input("v", "bsav")
    faded = b.op("rule.faded", "product", state, decay)
    held = b.einsum("rule.held", "bsavk,bsak->bsav", faded, k)
    if merged:  # signs cost nothing
        missing = b.op("rule.change", "product", b.op("rule.missing", "add", v, held), rate)
        changes = [b.einsum("rule.written", "bsav,bsak->bsavk", missing, k)]
    else:
        changes = [
            b.einsum(f"rule.{name}", "bsav,bsak->bsavk", b.op(f"rule.{name}_rate", "product", of, rate), k)
            for name, of in (("erased", held), ("written", v))
        ]
    for change in changes:
        faded = b.op(f"{change}.add", "add", faded, change)
    b.einsum("rule.read", "bsavk,bsak->bsav", faded, q)
    return b.build()
