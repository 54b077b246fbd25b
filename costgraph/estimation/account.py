"""How long a step takes at efficiencies that somebody names: op by op, with what collectives hide behind.

Ops follow one another, each taking the longer of computing and moving. What collectives send is added, but for the
shares that are said to hide behind something else. All of that is done for every microbatch and so with the idle time
of a pipeline; the update, and what is sent once a step, comes on top. No link is busy for longer than the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.estimation.steps import Step
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
        links: how long each link is busy, by the symbol of its rate.
        bubble: idle time over busy time.
    """

    charges: tuple[Charge, ...]
    links: Mapping[str, Polynomial]
    bubble: Fraction

    @property
    def maxima(self) -> list[tuple[Polynomial, ...]]:
        """The maxima of which the step is the sum, with what is waited for."""
        return [tuple(side * (1 if one.once else 1 + self.bubble) for side in one.sides) for one in self.charges]

    @property
    def floors(self) -> list[Polynomial]:
        """What the sum is never below."""
        return list(self.links.values())

    @property
    def seconds(self) -> Fraction:
        """How long the step takes."""
        whole = sum((max(map(number, sides)) for sides in self.maxima), Fraction(0))
        return max([whole, *map(number, self.floors)])

    @property
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
            found["links that are busy for longer"] = rest
        return {name: seconds for name, seconds in found.items() if seconds}


def account(step: Step, overlap: Mapping[str, Fraction], bubble: Fraction) -> Account:
    """A step with sizes and rates put in."""
    charges: list[Charge] = []
    links: dict[str, list[Polynomial]] = {}
    for cost, span in zip(step.costs, step.time.spans, strict=True):
        if cost.kind == "communication":
            links.setdefault(cost.rate, []).append(span.link)
            shown = (span.link + cost.delay) * (1 - hidden(cost.part, overlap))
            if shown:
                charges.append(Charge(f"communication over {cost.part}", (shown,), cost.once))
        else:
            to = "update" if cost.kind == "update" else "ops"
            charges.append(Charge(to, tuple(side for side in (span.compute, span.memory) if side), cost.once))
    return Account(tuple(charges), {rate: total(sent) for rate, sent in links.items()}, bubble)


def hidden(part: str, overlap: Mapping[str, Fraction]) -> Fraction:
    """Which share of what goes over some axes hides: of several together the least."""
    return min((overlap.get(axis, Fraction(0)) for axis in part.split("-")), default=Fraction(0))
