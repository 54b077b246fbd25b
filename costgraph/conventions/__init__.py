"""Published ways of counting, as data: a row each.

How many bytes the training state of one parameter takes is in `precision.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal

from costgraph.conventions.convention import (
    ELEMENTWISE,
    PLAIN,
    Additions,
    Causal,
    Convention,
    Counting,
    Elementwise,
)
from costgraph.conventions.presets import EXACT, NOTES, TABLE_A1

PRESETS = {one.name: one for one in (NOTES, EXACT, TABLE_A1)}


def varied(base: Convention) -> Callable[..., Convention]:
    """What makes a convention with options in place of those that it has."""

    def make(
        elementwise: Elementwise | None = None,
        additions: Additions | None = None,
        causal: Causal | None = None,
        windows: Literal["reach", "full"] | None = None,
        linear: Literal["matmuls", "parameters"] | None = None,
        parameters: Literal["all", "active"] | None = None,
        embedding: Literal["look_up", "matmul"] | None = None,
        head: Literal["counted", "left_out"] | None = None,
        router: Literal["counted", "left_out"] | None = None,
        multiply_add: Literal[2, 1] | None = None,
        backward: Literal["graph", "twice"] | None = None,
    ) -> Convention:
        given = {name: value for name, value in locals().items() if value is not None}
        counting = {one.name: given[one.name] for one in fields(Counting) if one.name in given}
        found = replace(base, counting=replace(base.counting, **counting))
        if elementwise is not None:
            found = replace(found, elementwise=tuple(sorted(ELEMENTWISE[elementwise].items())))
        if additions is not None:
            found = replace(found, additions=additions)
        return found.named(base.name, base)

    return make


CONVENTIONS: dict[str, Callable[..., Convention]] = {name: varied(one) for name, one in PRESETS.items()}


def usual(named: bool) -> Convention:
    """What is counted unless something is said: everything of a model that has a name, what matters of an op set."""
    return EXACT if named else NOTES


__all__ = [
    "CONVENTIONS", "ELEMENTWISE", "EXACT", "NOTES", "PLAIN", "PRESETS", "Additions", "Convention", "Counting",
    "Elementwise", "usual",
]  # fmt: skip
