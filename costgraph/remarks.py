"""What is said to a user whose bindings have no effect or ask for more than the model was made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from costgraph.errors import shorten

if TYPE_CHECKING:
    from costgraph.algebra.polynomial import Polynomial

ADVICE = {"T": "; split the model with --pass 'tensor_parallel(T)'"}


def without_effect(name: str, where: str) -> str:
    """A symbol that was bound and does not occur in what was asked for."""
    return f"{name} does not occur in {where}" + ADVICE.get(name, "")


def too_long(bindings: Mapping[str, Polynomial], new: int = 0) -> list[str]:
    """The one remark that S, with the new tokens after it, is beyond K, if both are numbers and it is."""
    sequence, most = (bindings[name].number if name in bindings else None for name in ("S", "K"))
    if sequence is None or most is None or sequence + new <= most:
        return []
    asked = f"S={shorten(str(sequence), 24)}" + (f" and {shorten(str(new), 24)} new" if new else "")
    return [f"{asked}: longer than K={shorten(str(most), 24)}, the longest sequence that the model was made for"]
