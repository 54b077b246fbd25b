"""In which order rewrites of a graph are applied, whichever was named first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Step = TypeVar("Step")
FREE = -1  # the place of a rewrite that may be applied anywhere


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Steps sorted by their places in the order of passes; what is free stays where it was named."""
    named = [(getattr(step, "place", FREE), step) for step in steps]
    sorted_steps = iter(sorted((pair for pair in named if pair[0] != FREE), key=lambda pair: pair[0]))
    return [step if place == FREE else next(sorted_steps)[1] for place, step in named]
