"""Schedules that put the gradients of weights off, to where a stage would wait."""

from __future__ import annotations

from costgraph.algebra.assumption import Enough
from costgraph.algebra.polynomial import Polynomial
from costgraph.schedules.flushed import OneForwardOneBackward
from costgraph.schedules.schedule import Claims, Costs, Stage, no_more, required


class ZeroBubbleH1(OneForwardOneBackward):
    """1F1B where stage i puts off the gradients of weights by i microbatches, and so holds P of them as the first does.

    What is sent on does not wait for gradients of weights, which fill the time at the end of a step. The gradients that
    they read, and which are kept until then, are no saved tensors and not counted.

    Source: Qi et al. 2023, section 2, and the authors' ZB-H1 for Megatron-LM, which puts off by the stage's number.
    """

    name = "zb-h1"

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """P until the gradients of weights; until those of inputs as 1F1B."""
        return P

    def put_off(self, at: int, stage: Stage, P: Polynomial) -> Polynomial:
        """As many as there are stages before."""
        return P - 1 if stage == "last" else Polynomial.constant(at)

    def waited(self, costs: Costs) -> Polynomial:
        """As 1F1B without the gradients of weights, which besides fill as much of what is left."""
        return costs.forward + costs.backward - costs.weight

    def way_back(self, ahead: Polynomial, least: Costs, own: Costs) -> Polynomial:
        """As 1F1B without the gradients of its weights that the stage puts off, one microbatch more than are before it.

        The first stage has to take those of one.
        """
        return ahead * (least.backward - own.weight) - (own.weight - least.weight)

    def assumptions_of_costs(self, costs: Costs, P: Polynomial) -> Claims:
        """Gradients of weights cost no more than either of the others; else stages wait for them after all."""
        advice = f"{self.name} gains less where gradients of weights cost most; schedule='{OneForwardOneBackward.name}'"
        return (
            *no_more(costs.weight, costs.forward, advice),
            *no_more(costs.weight, costs.backward, advice),
        )


class ZeroBubbleH2(ZeroBubbleH1):
    """As ZB-H1 with twice as many put off, by stage i 2i, and 2P - 1 forward passes on the first stage to begin with.

    A stage begins the next step when it has ended its own: what all have to agree on, such as a norm of all gradients,
    is checked afterwards.

    Source: Qi et al. 2023, section 2 and figure 3.
    """

    name = "zb-h2"
    waits = False

    def assumptions(self, P: Polynomial, M: Polynomial, v: Polynomial) -> Claims:
        """As many microbatches as the first stage takes before one comes back."""
        advice = f"{self.name} takes 2*P - 1 microbatches or more; schedule='{ZeroBubbleH1.name}' takes P"
        return required(Enough(P * 2 - 1, M, advice=advice))

    def in_flight(self, stage: Stage, P: Polynomial, M: Polynomial, v: Polynomial) -> Polynomial:
        """2P - 1 until the gradients of weights; until those of inputs two less for each stage before."""
        return P * 2 - 1

    def put_off(self, at: int, stage: Stage, P: Polynomial) -> Polynomial:
        """Twice as many."""
        return super().put_off(at, stage, P) * 2

    def waited(self, costs: Costs) -> Polynomial:
        """As ZB-H1, where gradients of weights fill as much once more."""
        return costs.forward + costs.backward - costs.weight * 2

    def way_back(self, ahead: Polynomial, least: Costs, own: Costs) -> Polynomial:
        """As ZB-H1, with two microbatches more than are put off for each stage before."""
        return ahead * (least.backward - own.weight * 2) - (own.weight - least.weight)
