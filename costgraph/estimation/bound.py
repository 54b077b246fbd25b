"""How long a step takes at least: the longest of what each resource is busy, whatever happens at once."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.symbols import Rational
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.measures.communication import Links
from costgraph.measures.times import RESOURCES, busy
from costgraph.records import dataclass
from costgraph.timing.roofline import number


@dataclass(frozen=True)
class Arm:
    """What one resource of a stage takes.

    Args:
        resource: in words: compute, memory, a link.
        stage: of a pipeline, in words; empty where there is none.
        seconds: the form, with sizes put in and perhaps without rates; with the time that its stage is idle.
    """

    resource: str
    stage: str
    seconds: Polynomial


@dataclass(frozen=True)
class Bound:
    """A step takes no less time than any of its arms."""

    arms: tuple[Arm, ...]

    @property
    def longest(self) -> Arm:
        """The arm that takes longest."""
        return max(self.arms, key=lambda arm: number(arm.seconds))

    @property
    def seconds(self) -> Fraction:
        """How long a step takes at least."""
        return number(self.longest.seconds)

    @property
    def resources(self) -> dict[str, Fraction]:
        """How long each resource is busy on the stage where the longest arm is."""
        stage = self.longest.stage
        return {arm.resource: number(arm.seconds) for arm in self.arms if arm.stage == stage}

    def floors(self, efficiency: Mapping[str, Rational]) -> tuple[Polynomial, ...]:
        """The arms at these shares of the peaks."""
        return tuple(arm.seconds / efficiency.get(EFFICIENCIES_OF.get(arm.resource, "comms"), 1) for arm in self.arms)


EFFICIENCIES_OF = {"compute": "flops", "memory": "mem"}  # all others are links


def bound_of(request: Request, phase: str, position: int | None = None) -> Bound:
    """How long a step of a phase takes at least; of a generation its decode step at a position."""
    if request.phase != "generate" or phase != "decode" or position is None:
        graph = request.sized(phase)
    else:
        graph = request.sized(phase, "S").substitute(S=position)
    return bound(graph, request.links, request.rates)


def bound(graph: Graph, links: Links, rates: Mapping[str, Polynomial]) -> Bound:
    """The arms of a graph with sizes put in, at these rates."""
    found = []
    for stage, rate, terms in busy(graph, links):
        seconds = total(term.amount for term in terms).substitute(rates)
        found.append(Arm(RESOURCES[rate], str(stage.stage or ""), seconds))
    return Bound(tuple(found))
