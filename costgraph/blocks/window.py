"""Windows: a query sees the last W positions, its own included. S_w = min(S, W) of them are there."""

from __future__ import annotations

from costgraph.algebra.parser import Size, size
from costgraph.blocks.linear import CONTEXT, Names
from costgraph.errors import UserError
from costgraph.graph.builder import Builder


def windowed(b: Builder, window: Size, at: str) -> str:
    """The dim of the positions that a query sees."""
    if at != "query":
        raise UserError(f"{b.name}: a window over the positions of an encoder is not modelled")
    b.define("S_w", f"min(context, {size(window)})")
    return b.dim("window", "S_w")


def rolled(b: Builder, name: str, made: str, window: Size, of: Names) -> str:
    """Keys, or values, of all positions, to be masked; the last ones of the window are kept for the next step."""
    if b.phase == "prefill":
        keep(b, name, made, window, of)
    return b.op(f"{name}_context", "slice", made, letters=("batch", CONTEXT["query"], *of))


def joined(b: Builder, name: str, made: str, window: Size, of: Names) -> str:
    """Those that were kept and the new ones, in a step of decode."""
    kept = keep(b, name, made, window, of)
    return b.op(f"{name}_context", "join", made, kept, letters=("batch", windowed(b, window, "query"), *of))


def keep(b: Builder, name: str, made: str, window: Size, of: Names) -> str:
    """What stays between steps: the last W - 1 positions."""
    b.define("S_k", f"min(context, {size(window)} - 1)")
    return b.op(f"{name}_kept", "roll", made, letters=("batch", b.dim("kept", "S_k"), *of), role="cache")
