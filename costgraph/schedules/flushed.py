"""Schedules in which the gradients of a microbatch are one pass, and every step ends before the next begins."""

from __future__ import annotations

from costgraph.algebra.assumption import Divides, Enough
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.errors import UserError
from costgraph.schedules.schedule import Claims, Schedule, Stage, number, required


class GPipe(Schedule):
    """All forward passes, then all backward passes (Huang et al. 2019)."""

    name = "gpipe"

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
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

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
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

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """One chunk, two more for each stage behind, and a group for each chunk but one; no more than there are."""
        if M == P and stage != "last":
            return P
        chunks = {"first": (v + 1) * P - 1, "middle": (v + 1) * P - 3, "last": (v - 1) * P + 1}
        return chunks[stage] / v

    def in_flight_outside(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Of the first chunk two groups, the second of which starts before the first has come back."""
        return {"first": P if M == P else P * 2, "middle": ZERO, "last": ONE}[stage]
