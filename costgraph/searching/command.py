"""The command that estimates one plan of a search again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from costgraph.searching.structure import KINDS, NO_REPLAY

if TYPE_CHECKING:
    from costgraph.searching.search import Plan

FLAGS = {"op_set": "--op-set", "passes": "--pass", "cache_dtype": "--cache-dtype"}
ALONE = "data(1)"  # of a plan on one device: of a cluster, `estimate` has to be told that the others are idle


def command(plan: Plan, typed: Mapping[str, Any]) -> str:
    """`costgraph estimate ...` with what was typed, and the plan's own numbers and choices."""
    return shlex.join(["costgraph", "estimate", *words(plan, typed)])


def words(plan: Plan, typed: Mapping[str, Any]) -> Iterator[str]:
    """Its options."""
    numbers = plan.numbers
    for name, value in typed.items():
        flag = FLAGS.get(name, f"--{name}")
        if name == "overlap":
            value = of_axes(str(value), plan.structure.axes)
        for one in value if isinstance(value, list | tuple) else [value]:
            if text := as_typed(one):
                yield from (flag, text)
    if "B" in numbers:
        yield from ("--limit", f"B={numbers['B']}")
    if plan.structure.recompute != NO_REPLAY:
        yield from ("--pass", f"recompute({plan.structure.recompute})")
    yield from ("--mesh", mesh_of(plan) or ALONE)


def as_typed(value: Any) -> str:
    """What was given for an option, as one would type it: models and machines by name."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{name}={one!s}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ",".join(map(as_typed, value))
    return value if isinstance(value, str) else str(getattr(value, "name", "") or value)


def mesh_of(plan: Plan) -> str:
    """The axes of a plan as one would type them; empty for one device."""
    return str(plan.structure.mesh(plan.numbers))


def of_axes(overlap: str, axes: tuple[str, ...]) -> str:
    """What was said of the overlap of axes that a plan has."""
    there = {*axes, *(KINDS[name] for name in axes)}
    return ",".join(item for item in overlap.split(",") if item.partition("=")[0].strip() in there)
