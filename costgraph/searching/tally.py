"""How many points of a sweep there were, and why some are not told of."""

from __future__ import annotations

from dataclasses import field

from costgraph.records import dataclass


@dataclass
class Tally:
    """How many points there were, and why some are not told of.

    Args:
        points: that were looked at.
        illegal: of these, those that break what the model takes for granted.
        told: how many are left.
        refused: why whole combinations of choices cannot be.
        units: of measures that are derived.
        attention: how it is computed, `flash` or `eager`, of all combinations.
    """

    points: int = 0
    illegal: int = 0
    told: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    attention: set[str] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Count those of a piece, too."""
        self.points, self.illegal, self.told = (
            self.points + other.points, self.illegal + other.illegal, self.told + other.told,
        )  # fmt: skip
        self.units |= other.units
        self.attention |= other.attention
        for reason, times in other.refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + times
