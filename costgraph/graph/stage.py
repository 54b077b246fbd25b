"""A stage of a pipeline: which part of a model a device has, and how much of it is under way at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.records import dataclass

Place = Literal["first", "middle", "last"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a stage stands, and of how many microbatches tensors are kept for their backward at the worst instant.

    Args:
        place: the first stage has what stands before the layers, the last what stands behind them.
        in_flight: of what its layers keep, in units of all its layers.
        in_flight_outside: of what stands outside of layers.
        number: which one, counting from 1, where those in the middle differ.
        last: the last one in the middle that has the same layers.
    """

    place: Place
    in_flight: Polynomial = ONE
    in_flight_outside: Polynomial = ONE
    number: int = 0
    last: int = 0

    def under_way(self, inside: bool) -> Polynomial:
        """How many microbatches of what stands inside of layers, or outside."""
        return self.in_flight if inside else self.in_flight_outside

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Stage:
        """The same with symbols replaced."""
        held, outside = (size.substitute(bindings) for size in (self.in_flight, self.in_flight_outside))
        return Stage(self.place, held, outside, self.number, self.last)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it depends on."""
        return (*self.in_flight.symbols, *self.in_flight_outside.symbols)

    def __str__(self) -> str:
        return f"stage {self.number}" if self.number and self.place == "middle" else f"{self.place} stage"
