"""How long a step takes at efficiencies that somebody names: op by op, with what collectives hide behind.

Ops follow one another, each taking the longer of computing and moving. What collectives send is added, but for the
shares that are said to hide behind something else. All of that is done for every microbatch and so with the idle time
of a pipeline; the update, and what is sent once a step, comes on top. Nothing is busy for longer than the step: no
link, whatever hides what it sends, and no stage of a pipeline.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.asked import Request
from costgraph.estimation.steps import Step
from costgraph.records import dataclass
from costgraph.timing.roofline import number


@dataclass(frozen=True)
class Charge:
    """A maximum of seconds, and what it is charged to: ops, the update, or what goes over some axes."""

    to: str
    sides: tuple[Polynomial, ...]
    once: bool


@dataclass(frozen=True)
class Account:
    """A step as a sum of maxima.

    Args:
        charges: what takes its time.
        floors: what the sum is never below: how long everything is busy at these efficiencies.
        bubble: idle time over busy time.
    """

    charges: tuple[Charge, ...]
    floors: tuple[Polynomial, ...]
    bubble: Fraction

    @property
    def maxima(self) -> list[tuple[Polynomial, ...]]:
        """The maxima of which the step is the sum, with what is waited for."""
        return [tuple(side * (1 if one.once else 1 + self.bubble) for side in one.sides) for one in self.charges]

    @cached_property
    def seconds(self) -> Fraction:
        """How long the step takes."""
        whole = sum((max(map(number, sides)) for sides in self.maxima), Fraction(0))
        return max([whole, *map(number, self.floors)])

    @cached_property
    def parts(self) -> dict[str, Fraction]:
        """How long by what it is charged to, idle time apart."""
        found: dict[str, Fraction] = {}
        waited = Fraction(0)
        for one in self.charges:
            taken = max(map(number, one.sides))
            found[one.to] = found.get(one.to, Fraction(0)) + taken
            waited += 0 if one.once else taken * self.bubble
        if waited:
            found["idle in the pipeline"] = waited
        if rest := self.seconds - sum(found.values()):
            found["what is busy for longer"] = rest
        return {name: seconds for name, seconds in found.items() if seconds}


def account(step: Step, request: Request, floors: tuple[Polynomial, ...], bubble: Fraction) -> Account:
    """A step with sizes and rates put in."""
    charges: list[Charge] = []
    for cost, span in zip(step.costs, step.time.spans, strict=True):
        if cost.kind == "communication":
            shown = (span.link + cost.delay) * (1 - request.hidden(cost.part))
            if shown:
                charges.append(Charge(f"communication over {cost.part}", (shown,), cost.once))
        else:
            to = "update" if cost.kind == "update" else "ops"
            charges.append(Charge(to, tuple(side for side in (span.compute, span.memory) if side), cost.once))
    return Account(tuple(charges), floors, bubble)
