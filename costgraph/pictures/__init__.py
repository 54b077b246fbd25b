"""Answers to look at: rooflines, memory, costs that grow, schedules, graphs."""

from typing import Literal, get_args

Kind = Literal["roofline", "memory", "schedule"]  # of an estimate
KINDS: tuple[Kind, ...] = get_args(Kind)
SweptKind = Literal["lines", "heatmap", "pareto", "winner"]  # of a sweep
SWEPT: tuple[SweptKind, ...] = get_args(SweptKind)


def spelled(kind: str) -> str:
    """A kind as it is called here: `Heat-map` is `heatmap`."""
    return "".join(letter for letter in kind.lower() if letter not in " -_")
