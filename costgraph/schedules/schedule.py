"""What is known of any schedule of a pipeline, as forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

from costgraph.algebra.assumption import Divides, Enough
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError

Stage = Literal["first", "middle", "last"]  # middle: the second, which of those between holds most
Claims = tuple[Divides | Enough, ...]


class Costs(NamedTuple):
    """What a microbatch costs on a stage: its forward pass, the gradients of its inputs, and those of its weights."""

    forward: Polynomial
    backward: Polynomial
    weight: Polynomial


class Schedule(ABC):
    """In which order each stage of a pipeline works on its microbatches."""

    name: ClassVar[str]
    folded: ClassVar[bool] = False  # whether chunks go from the first stage to the last and back to the first
    waits: ClassVar[bool] = True  # whether a stage begins a step only when all have ended the one before

    def check(self, P: Polynomial, M: Polynomial, v: Polynomial) -> None:
        """Raise UserError for numbers that do not fit, or for chunks that this schedule does not have."""
        if v != ONE:
            raise UserError(
                f"schedule='{self.name}': a stage holds one chunk of layers; v={v} is for schedule='interleaved'"
            )
        self.assumptions(P, M, v)

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """What must hold of symbols for the forms to be true.

        Raises:
            UserError: something does not hold of numbers.
        """
        return ()

    def put_off(self, at: int, stage: Stage, P: Polynomial) -> Polynomial:
        """Of the microbatches in flight, how many wait for the gradients of weights alone when most do for both."""
        return ZERO

    def alone(self, P: Polynomial) -> bool:
        """Whether so many stages, as a number, have forms of their own, which are not those of an open one."""
        return False

    @abstractmethod
    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Microbatches whose saved tensors are alive in a stage at its worst instant, in units of all of its layers.

        Args:
            stage: which stage.
            P: stages.
            M: microbatches of a step.
            v: chunks of layers that a stage holds.
        """

    def in_flight_at(self, at: int, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """The same of the stage with `at` others before it, which is not the last one."""
        first, second = self.in_flight("first", P, M, v), self.in_flight("middle", P, M, v)
        return first - (first - second) * at

    def in_flight_outside(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Microbatches whose tensors before the first layer or behind the last are alive at that instant.

        Of the first stage it is what stands before the layers, of the last one what stands behind them.
        """
        return ZERO if stage == "middle" else self.in_flight(stage, P, M, v)

    def in_flight_behind(self, P: Polynomial) -> Polynomial:
        """Of a stage that has both ends, how many microbatches' tensors behind the last layer are alive then."""
        return ONE

    def bubble(
        self, P: Polynomial, M: Polynomial, v: Polynomial, forward: Polynomial, backward: Polynomial, weight: Polynomial
    ) -> Quotient:
        """The time that a stage is idle over the time that it is busy, from the first op of the step to its last.

        Where no stage waits for others to end a step, from its own first op to its own last, of the one that is idle
        longest: so long is each of many steps that follow one another.

        Args:
            P: stages.
            M: microbatches of a step.
            v: chunks of layers that a stage holds.
            forward: what the forward pass of a microbatch costs on a stage.
            backward: what the gradients of its inputs cost.
            weight: what the gradients of its weights cost.

        Raises:
            UserError: the schedule does not pay for such costs, or they are 0.
        """
        costs = Costs(forward, backward, weight)
        self.assumptions_of_costs(costs, P)
        busy = costs.forward + costs.backward + costs.weight
        if not busy:
            raise UserError(f"schedule='{self.name}': stages that cost nothing are neither busy nor idle")
        return Quotient(self.longest(P, M, costs), M * v * busy)

    def idle(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """How long a stage is idle in a step, if a chunk were all of its layers.

        What a path through the jobs of a step takes, less what a stage does: no step is shorter, whatever jobs cost.
        """
        return (P - 1) * self.waited(costs)

    def longest(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """The same of the path that takes longest, as far as it is sure which one does."""
        return self.idle(P, M, costs)

    def waited(self, costs: Costs) -> Polynomial:
        """What is waited for, once for each stage but one and if a chunk were all of its layers."""
        return costs.forward + costs.backward + costs.weight

    def way_back(self, ahead: Polynomial, least: Costs, own: Costs) -> Polynomial:
        """What a stage waits for, at least, while gradients go back to the first stage, where stages cost unlike.

        Args:
            ahead: how many stages are before it.
            least: what each of them costs or more.
            own: what the stage itself costs.
        """
        return ahead * (least.backward + least.weight)

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """What must hold of the costs for `bubble` to be true; raises UserError if it does not hold of numbers."""
        return ()

    def sends(self, stage: Stage, P: Polynomial, v: Polynomial) -> tuple[Polynomial, Polynomial]:
        """How often a microbatch leaves a stage for the next, and as a gradient for the one before.

        A chunk of the last stage sends to the next chunk, which the first stage holds. Symbolic stages are two or more.
        """
        if P == ONE:
            return ZERO, ZERO
        return (v - 1 if stage == "last" else v), (v - 1 if stage == "first" else v)


def assumptions_of_stage(stage: Stage, P: Polynomial) -> Claims:
    """What must hold for there to be such a stage; raises UserError if it does not hold of numbers."""
    return required(Enough(number(3), P, advice=BOTH_ENDS)) if stage == "middle" else ()


BOTH_ENDS = "two stages are stage='first' and stage='last'"


def required(*claims: Divides | Enough) -> Claims:
    """The claims that are not settled; raises UserError for one that is false."""
    return tuple(claim for claim in (claim.substitute({}) for claim in claims) if not claim.settled)


def no_more(small: Polynomial, large: Polynomial, advice: str) -> Claims:
    """That one cost is no more than another, without what both have in common; nothing where that is sure."""
    difference = large - small
    if not difference.signs - {1}:
        return ()
    if difference.number is None:
        less = total(-one for one in difference.monomials() if one.signs == {-1}) / difference.content
        small, large = less, difference / difference.content + less
    return required(Enough(small, large, advice=advice))


def number(value: int) -> Polynomial:
    """A number as a polynomial."""
    return Polynomial.constant(value)
