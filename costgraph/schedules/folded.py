"""Schedules in the shape of a V: a stage has two chunks of layers, one as far from the first as one from the last.

So the first stage has the first layers and the last ones, and hears of a loss at once; the last stage hands the chunk
in the middle to itself.
"""

from __future__ import annotations

from typing import ClassVar

from costgraph.algebra.assumption import Divides, Enough
from costgraph.algebra.definition import at_least
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.errors import UserError
from costgraph.schedules.schedule import Claims, Costs, Schedule, Stage, no_more, number, required

TWO = number(2)


class Folded(Schedule):
    """Such a schedule: what all have in common."""

    folded = True
    least: ClassVar[int] = 0  # of 2P microbatches, how many fewer are enough

    def check(self, P: Polynomial, M: Polynomial, v: Polynomial) -> None:
        """Raise UserError for numbers that do not fit."""
        if v != TWO:
            raise UserError(f"schedule='{self.name}': a stage holds two chunks of layers; leave v={v} out")
        self.assumptions(P, M, v)

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """About two microbatches for each stage."""
        needed = P * 2 - self.least
        advice = f"{self.name} takes {Polynomial.symbol('P') * 2 - self.least} microbatches or more; "
        return required(Enough(needed, M, advice=f"{advice}schedule='1f1b' takes P"))

    def in_flight_outside(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Of what stands before the layers as of the first chunk: all but those of the last one."""
        if stage != "first":
            return ZERO
        return self.in_flight(stage, P, M, v) * v - self.in_flight_behind(P)

    def in_flight_behind(self, P: Polynomial) -> Polynomial:
        """Of what stands behind the layers, at that instant, in the first stage: one, whose gradients are next."""
        return ONE

    def sends(self, stage: Stage, P: Polynomial, v: Polynomial) -> tuple[Polynomial, Polynomial]:
        """Both chunks, on and back; at the ends one of them goes no further, or stays."""
        times = TWO if stage == "middle" else ONE
        return times, times


class ZeroBubbleV(Folded):
    """Idle at no time if all passes take as long; steps follow one another without waiting, as in ZB-H2.

    Source: Qi et al. 2023, section 6, in the order of PyTorch's `ScheduleZBVZeroBubble`.
    """

    name = "zb-v"
    waits = False
    least = 1

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """As the first stage of 1F1B, of every stage."""
        return P

    def waited(self, costs: Costs) -> Polynomial:
        """What gradients of inputs cost more than those of weights, in both chunks."""
        return (costs.backward - costs.weight) * 2

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """Gradients of weights cost no more than a forward pass, and that no more than gradients of inputs."""
        return ordered(costs, self.name)


class VHalf(Folded):
    """About half of what 1F1B holds: building blocks of six passes, two steps from stage to stage on the way forward.

    Source: Qi et al. 2024 (Pipeline Parallelism with Controllable Memory): building blocks, repeated and squeezed. The
    authors reorder passes at both ends of a step besides, which makes it shorter.
    """

    name = "v-half"

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """Open stages are even in number: building blocks of odd ones are others."""
        advice = f"give P as a number where it is odd ({self.name})"
        return (*super().assumptions(P, M, v), *required(*([] if odd(P) else [Divides(TWO, P, advice)])))

    def alone(self, P: Polynomial) -> bool:
        """An odd number."""
        return odd(P)

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Half as many as there are stages, and one."""
        return (P + (1 if odd(P) else 2)) / 2

    def in_flight_behind(self, P: Polynomial) -> Polynomial:
        """Two of an even number of stages, whose gradients are next."""
        return ONE if odd(P) else TWO

    def idle(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """The way forth and back, but for gradients of weights that fill some of it."""
        one = -1 if odd(P) else 1
        return (P + one) * costs.forward + (P - 1) * 3 * costs.backward - (P + min(one, 0)) / 2 * costs.weight

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """Of such an order, and so alike that building blocks follow without a stop."""
        return alike(costs, self.name)


class VMin(Folded):
    """About a third of what 1F1B holds: building blocks of all six passes, one step from stage to stage.

    Unless all passes take as long, each microbatch waits for the longest.

    Source: as `VHalf`.
    """

    name = "v-min"

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """Three stages or more, of open ones a multiple of three: building blocks of others are others."""
        advice = f"give P as a number where 3 does not divide it ({self.name})"
        several = Enough(number(3), P, advice=f"{self.name} is for three stages or more; take 'v-half'")
        whole = [] if P.number is not None else [Divides(number(3), P, advice)]
        return (*super().assumptions(P, M, v), *required(several, *whole))

    def alone(self, P: Polynomial) -> bool:
        """What no group of three is."""
        return rest(P) != 0

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """A third as many as there are stages, and one or so."""
        more = {0: 3, 1: 2, 2: 1 if stage == "first" else 4}
        return (P + more[rest(P)]) / 3

    def in_flight_at(self, at: int, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """Every third as the first, where P is one less than a multiple of three."""
        return self.in_flight("middle" if at % 3 else "first", P, M, v)

    def idle(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """The way forth and back, and for each microbatch what the longest pass takes longer than others."""
        longer = (costs.backward * 2 - costs.forward - costs.weight) * 2 * M
        more = 0 if rest(P) else 2
        return (P * 2 + more * 2) * costs.forward + (P * 2 - 6 - more) * costs.backward + costs.weight + longer

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """As of V-Half."""
        return alike(costs, self.name)


class DualPipeV(Folded):
    """DualPipe with a direction less: forward and backward passes in pairs, which end together.

    DualPipe over 2P devices, of which microbatches take either half from either end, is two of these over P devices, as
    replicas: `data(2), pipeline(P, schedule='dualpipev')`. Pairs overlap so that what is sent hides; here nothing is
    sent, and a pair takes as long as its passes.

    Source: DeepSeek-AI 2025 and Sea AI Lab (cut in half), in the order of deepseek-ai/DualPipe.
    """

    name = "dualpipev"

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """One for each stage, and a chunk."""
        return P + ONE / 2

    def idle(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """The way forth, and back; where backward passes cost so much more that these are waited for, more."""
        return (P - 1) * (costs.forward * 2 + costs.backward - costs.weight)

    def longest(self, P: Polynomial, M: Polynomial, costs: Costs) -> Polynomial:
        """With that, where it is sure."""
        return self.idle(P, M, costs) + (self.waited_for(P, costs) if self.waits_for(P, costs) else ZERO)

    def waited_for(self, P: Polynomial, costs: Costs) -> Polynomial:
        """What backward passes of all other stages take longer than forward ones, but for one of these."""
        return (P - 1) * (costs.backward - costs.forward) - costs.forward

    def waits_for(self, P: Polynomial, costs: Costs) -> bool:
        """Whether that is sure to be something, of two stages or more."""
        return at_least(self.waited_for(P if P.number is not None else P + 1, costs), ZERO)

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """Of such an order, and backward passes not so much longer, unless it is sure that they are."""
        if self.waits_for(P, costs):
            return ordered(costs, self.name)
        advice = f"{self.name} is idle longer where backward passes cost so much more; give P and sizes as numbers"
        return (
            *ordered(costs, self.name),
            *no_more((P - 1) * (costs.backward - costs.forward), costs.forward, advice),
        )


def ordered(costs: Costs, name: str) -> Claims:
    """Gradients of weights cost no more than a forward pass, and that no more than gradients of inputs."""
    advice = f"how long {name} is idle is not known of other costs; schedule='1f1b'"
    return (*no_more(costs.weight, costs.forward, advice), *no_more(costs.forward, costs.backward, advice))


def alike(costs: Costs, name: str) -> Claims:
    """In that order, and gradients of inputs no more than a forward pass and half of the gradients of weights."""
    advice = f"how long {name} is idle is not known of other costs; schedule='1f1b'"
    return (*ordered(costs, name), *no_more(costs.backward * 2, costs.forward * 2 + costs.weight, advice))


def odd(P: Polynomial) -> bool:
    """Whether so many stages are known to be odd in number; columns of numbers are those of an open one."""
    return int(getattr(P, "number", None) or 0) % 2 == 1


def rest(P: Polynomial) -> int:
    """What is left of stages in groups of three; nothing of an open number, which is such a group."""
    return int(getattr(P, "number", None) or 0) % 3
