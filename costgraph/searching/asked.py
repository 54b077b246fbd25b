"""What is looked for in a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from costgraph.records import dataclass
from costgraph.searching.constraints import Constraint
from costgraph.searching.plans import Question
from costgraph.searching.space import Space


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Args:
        question: what is asked of every plan.
        space: which plans there are.
        where: what they must keep, the usable memory first.
        minimize: by what they are ranked: `step_time`, `cost`, which are `device_hours` without a price, or `devices`.
        top: how many are asked for.
        typed: what was typed of the question itself, by option; what a command that asks it again has.
    """

    question: Question
    space: Space
    where: tuple[Constraint, ...]
    minimize: str
    top: int
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> tuple[str, ...]:
        """What plans are ranked by, the first thing first: of plans as good, what needs less memory."""
        time = "tokens/s" if self.question.asked.phase == "generate" and "B" in self.space.numbers else "step_time"
        first = time if self.minimize == "step_time" else self.minimize
        return tuple(dict.fromkeys((first, time, "peak")))
