"""A stage of a pipeline: which part of a model a device has, and how much of it is under way at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.records import dataclass, replace

Place = Literal["first", "middle", "last"]
Where = Literal["inside", "before", "behind"]  # of layers

AMOUNTS = ("in_flight", "in_flight_outside", "in_flight_behind", "put_off")  # fields of a stage that are sizes


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a stage stands, and of how many microbatches tensors are kept for their backward at the worst instant.

    Args:
        place: the first stage has what stands before the layers, the last what stands behind them; in the shape of a
            V the first has both.
        in_flight: of what its layers keep, in units of all its layers.
        in_flight_outside: of what stands outside of layers; of a stage that has both ends, before them.
        number: which one, counting from 1, where those in the middle differ.
        last: the last one in the middle that has the same layers.
        in_flight_behind: of what stands behind layers, in a stage that has both ends.
        behind: the tensors that stand there.
        put_off: of those in flight, how many wait for the gradients of weights alone.
    """

    place: Place
    in_flight: Polynomial = ONE
    in_flight_outside: Polynomial = ONE
    number: int = 0
    last: int = 0
    in_flight_behind: Polynomial = ONE
    behind: frozenset[str] = frozenset()
    put_off: Polynomial = ZERO

    def where(self, tensor: str, loop: int) -> Where:
        """Where a tensor stands, of a loop by its number."""
        return "inside" if loop else "behind" if tensor in self.behind else "before"

    def under_way(self, where: Where) -> Polynomial:
        """How many microbatches of what stands there."""
        return {"inside": self.in_flight, "before": self.in_flight_outside, "behind": self.in_flight_behind}[where]

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Stage:
        """The same with symbols replaced."""
        return replace(self, **{name: getattr(self, name).substitute(bindings) for name in AMOUNTS})

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it depends on."""
        return tuple(symbol for name in AMOUNTS for symbol in getattr(self, name).symbols)

    def __str__(self) -> str:
        return f"stage {self.number}" if self.number and self.place == "middle" else f"{self.place} stage"
