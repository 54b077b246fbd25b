"""Schedules of a pipeline: how long its stages are idle, and how many microbatches they hold at once, as forms.

P stages take M microbatches a step; each holds v chunks of layers, which lie around the stages in turn. The forms hold
for stages that cost the same and sends that take no time; the tests simulate every schedule and compare.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

from costgraph.algebra.assumption import Divides, Enough
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError

Stage = Literal["first", "middle", "last"]  # middle: the second, which of those between holds most
Until = Literal["backward", "weight"]  # what reads a saved tensor last: the gradient of inputs, or that of weights
Claims = tuple[Divides | Enough, ...]


class Costs(NamedTuple):
    """What a microbatch costs on a stage: its forward pass, the gradients of its inputs, and those of its weights."""

    forward: Polynomial
    backward: Polynomial
    weight: Polynomial


class Schedule(ABC):
    """In which order each stage of a pipeline works on its microbatches."""

    name: ClassVar[str]

    def check(self, P: Polynomial, M: Polynomial, v: Polynomial) -> None:
        """Raise UserError for numbers that do not fit, or for chunks that this schedule does not have."""
        if v != ONE:
            raise UserError(
                f"schedule='{self.name}': a stage holds one chunk of layers; v={v} is for schedule='{Interleaved.name}'"
            )
        self.assumptions(P, M, v)

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """What must hold of symbols for the forms to be true.

        Raises:
            UserError: something does not hold of numbers.
        """
        return ()

    @abstractmethod
    def in_flight(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """Microbatches whose saved tensors are alive in a stage at its worst instant, in units of all of its layers.

        Args:
            stage: which stage.
            P: stages.
            M: microbatches of a step.
            v: chunks of layers that a stage holds.
            until: what reads the tensors last, where the schedule takes the two gradients apart.
        """

    def in_flight_outside(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """Microbatches whose tensors before the first layer or behind the last are alive at that instant.

        Of the first stage it is what stands before the layers, of the last one what stands behind them.
        """
        return ZERO if stage == "middle" else self.in_flight(stage, P, M, v, until)

    def bubble(
        self, P: Polynomial, M: Polynomial, v: Polynomial, forward: Polynomial, backward: Polynomial, weight: Polynomial
    ) -> Quotient:
        """The time that a stage is idle over the time that it is busy, from the first op of the step to its last.

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
        self.assumptions_of_costs(costs)
        busy = costs.forward + costs.backward + costs.weight
        if not busy:
            raise UserError(f"schedule='{self.name}': stages that cost nothing are neither busy nor idle")
        return Quotient((P - 1) * self.waited(costs), M * v * busy)

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

    def assumptions_of_costs(self, costs: Costs) -> Claims:
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


def number(value: int) -> Polynomial:
    """A number as a polynomial."""
    return Polynomial.constant(value)


class GPipe(Schedule):
    """All forward passes, then all backward passes (Huang et al. 2019)."""

    name = "gpipe"

    def in_flight(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """All of them."""
        return M


class OneForwardOneBackward(Schedule):
    """A stage takes as many forward passes as there are stages behind it, then one of each in turn.

    Source: Narayanan et al. 2021, section 2.2 (PipeDream-Flush).
    """

    name = "1f1b"

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """At least as many microbatches as stages: with fewer, as many are in flight as there are."""
        advice = f"{self.name} needs as many microbatches as stages; schedule='{GPipe.name}' takes fewer"
        return required(Enough(P, M, advice=advice))

    def in_flight(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """One, and one more for each stage behind."""
        return {"first": P, "middle": P - 1, "last": ONE}[stage]


class Interleaved(Schedule):
    """1F1B where a stage holds several chunks of layers and takes groups of P microbatches through one after another.

    Source: Narayanan et al. 2021, section 2.2, and Megatron-LM, whose orders these are.
    """

    name = "interleaved"

    def check(self, P: Polynomial, M: Polynomial, v: Polynomial) -> None:
        """Raise UserError for numbers that do not fit."""
        stages, microbatches = P.number, M.number
        if stages and microbatches is not None and microbatches % stages:
            below = microbatches // stages * stages
            near = " or ".join(f"M={one}" for one in (below, below + stages) if one)
            advice = f"{near}, or schedule='{OneForwardOneBackward.name}'"
            raise UserError(f"schedule='{self.name}': M={M} microbatches are no groups of P={P}; write {advice}")
        self.assumptions(P, M, v)

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """Several chunks, groups of P microbatches, and at least two groups; one group is counted for M = P alone."""
        plain = f"a stage with one chunk of layers is schedule='{OneForwardOneBackward.name}'"
        single = f"give P and M as numbers where a step has one group of microbatches ({self.name})"
        groups = Divides(P, M, f"{self.name} takes groups of as many microbatches as stages")
        two = () if M == P else (Enough(P * 2, M, advice=single),)
        return required(Enough(number(2), v, advice=plain), groups, *two)

    def in_flight(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """One chunk, two more for each stage behind, and a group for each chunk but one; no more than there are."""
        if M == P and stage != "last":
            return P
        chunks = {"first": (v + 1) * P - 1, "middle": (v + 1) * P - 3, "last": (v - 1) * P + 1}
        return chunks[stage] / v

    def in_flight_outside(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """Of the first chunk two groups, the second of which starts before the first has come back."""
        return {"first": P if M == P else P * 2, "middle": ZERO, "last": ONE}[stage]


class ZeroBubbleH1(OneForwardOneBackward):
    """1F1B where stage i puts off the gradients of weights by i microbatches, and so holds P of them as the first does.

    What is sent on does not wait for gradients of weights, which fill the time at the end of a step. The gradients that
    they read, and which are kept until then, are no saved tensors and not counted.

    Source: Qi et al. 2023, section 2, and the authors' ZB-H1 for Megatron-LM, which puts off by the stage's number.
    """

    name = "zb-h1"

    def in_flight(
        self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial, until: Until = "weight"
    ) -> Polynomial:
        """P until the gradients of weights; until those of inputs as 1F1B."""
        return P if until == "weight" else super().in_flight(stage, P, M, v, until)

    def waited(self, costs: Costs) -> Polynomial:
        """As 1F1B without the gradients of weights, which besides fill as much of what is left."""
        return costs.forward + costs.backward - costs.weight

    def way_back(self, ahead: Polynomial, least: Costs, own: Costs) -> Polynomial:
        """As 1F1B without the gradients of its weights that the stage puts off, one microbatch more than are before it.

        The first stage has to take those of one.
        """
        return ahead * (least.backward - own.weight) - (own.weight - least.weight)

    def assumptions_of_costs(self, costs: Costs) -> Claims:
        """Gradients of weights cost no more than either of the others; else stages wait for them after all."""
        advice = f"{self.name} gains less where gradients of weights cost most; schedule='{OneForwardOneBackward.name}'"
        sides = [side for side in (costs.forward, costs.backward) if (side - costs.weight).signs - {1}]
        return required(*(Enough(costs.weight, side, advice=advice) for side in sides))


SCHEDULES: dict[str, Schedule] = {
    one.name: one for one in (GPipe(), OneForwardOneBackward(), Interleaved(), ZeroBubbleH1())
}
