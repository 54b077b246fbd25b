"""Over which links of a cluster the collectives of a graph go, and which of them is the slowest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from math import ceil, log2
from typing import Any, Literal, TypeVar, cast

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.links import Hop, Layout, Level, Span, axes_of
from costgraph.hardware.machine import NETWORK
from costgraph.measures.communication import LINK, RINGS
from costgraph.mesh import PipelineAxis
from costgraph.records import dataclass, replace
from costgraph.timing.costs import Crossing

N = TypeVar("N")
Algorithm = Literal["ring", "tree"]
ENDS = ((PipelineAxis.symbol, 1),)  # the cut over which the first and the last stage add up


@dataclass(frozen=True)
class Network:
    """Where the devices of a mesh stand in a cluster.

    Args:
        layout: of the mesh.
        graph: a placed graph, of which each collective has its cuts.
        algorithm: of collectives: rings, or trees for what is reduced, which take fewer steps.
    """

    layout: Layout
    graph: Graph
    algorithm: Algorithm = "ring"

    @cached_property
    def symbols(self) -> dict[str, str]:
        """The symbol of the rate of each level, by its name."""
        inside = [level.name for level in self.layout.levels if level.name != NETWORK]
        names = dict(zip(inside, (LINK, *("lambda_node",) * len(inside)), strict=False))
        return {**names, NETWORK: "lambda_net"}

    @cached_property
    def rates(self) -> dict[str, Polynomial]:
        """The rate of each level, by its symbol."""
        return {self.symbols[one.name]: Polynomial.constant(rate(one)) for one in self.layout.levels}

    def links(self, op: Op) -> Iterable[tuple[str, Rational]]:
        """The rates of the links that a collective goes over, each with the share of what a ring sends there."""
        return [(self.symbols[hop.level.name], hop.share(op.kind)) for hop in self.span(op).hops]

    def slowest(self, op: Op) -> Crossing:
        """The one of them that takes longest, and how long the first bytes are under way."""
        hops = self.span(op).hops
        if not hops:
            return Crossing(share=0)
        hop = max(hops, key=lambda one: one.share(op.kind) / rate(one.level))
        delay = sum(steps(op.kind, one, self.algorithm) * latency(one.level) for one in hops)
        return Crossing(self.symbols[hop.level.name], hop.share(op.kind), delay)

    def span(self, op: Op) -> Span:
        """Over which links its group sends."""
        over = tuple((cut.axis, cut.number) for cut in op.cuts)
        if over not in self._spans:
            self._spans[over] = span_of(self.layout, over)
        return self._spans[over]

    @cached_property
    def _spans(self) -> dict[tuple[tuple[str, int], ...], Span]:
        """The spans of groups that were looked at."""
        return {}

    @cached_property
    def used(self) -> list[Span]:
        """The groups in which anything is sent, the innermost last."""
        graphs = self.graph.stages or (self.graph,)
        spans = {self.span(op).axes: self.span(op) for graph in graphs for op in graph.ops if op.kind in RINGS}
        return [span for span in spans.values() if span.hops]

    def hop(self, span: Span) -> Hop:
        """The slowest link of a group, for what is gathered or reduced."""
        return max(span.hops, key=lambda one: one.share("all_gather") / rate(one.level))


def span_of(layout: Layout, over: tuple[tuple[str, int], ...]) -> Span:
    """Over which links groups along some axes send, where `(axis, 1)` is the inner cut of one that is cut twice.

    Of a pipeline it is the first and the last stage, which share a tied table: as far apart as any two.
    """
    if over != ENDS:
        return layout.span(over)
    whole = layout.span([PipelineAxis.symbol])
    if whole.outer is None:
        return whole
    return Span(whole.axes, 2, (replace(whole.outer, of=2, members=2, inside=1, most=1, outermost=True),))


def steps(kind: str, hop: Hop, algorithm: Algorithm) -> int:
    """How many times a link is crossed, one after the other."""
    domains = -(-hop.members // max(hop.inside, 1))
    return int(crossings(kind, domains, hop.outermost, algorithm, lambda number: ceil(log2(number))))


def crossings(kind: str, domains: N, outermost: N, algorithm: Algorithm, doublings: Callable[[N], N]) -> N:
    """The same of numbers or of columns.

    Args:
        kind: of the op.
        domains: of the level below, that the link joins.
        outermost: 1 for the level that joins the whole group, else 0.
        algorithm: of collectives.
        doublings: how often one is doubled until there are so many.
    """
    if kind == "send":
        return outermost
    found: Any = doublings(domains) if kind == "all_reduce" and algorithm == "tree" else cast(Any, domains) - 1
    return cast(N, 2 * found if kind == "all_reduce" else found)


def latency(level: Level) -> Rational:
    """Seconds that a byte is under way on a level's link; 0 where nobody says."""
    return level.link.latency.quantity.value if level.link.latency else 0


def rate(level: Level) -> Rational:
    """Bytes that one device sends in a second on a level's link, in one direction."""
    return level.link.per_device.value


def network(
    cluster: Cluster, link: str | None, graph: Graph, sizes: dict[str, Polynomial], algorithm: Algorithm = "ring"
) -> Network | None:
    """The network of a placed graph; None while a degree is open.

    Raises:
        UserError: more devices than there are, or a group that no link joins.
    """
    mesh = graph.mesh.substitute(sizes)
    if any(axis.size.number is None for axis in mesh.axes if not axis.in_time):
        return None
    axes: list[tuple[str, int]] = []
    for name, degree in axes_of(mesh):
        pieces = cuts_of(name, graph, sizes)
        axes += [(name, piece) for piece in pieces] if len(pieces) > 1 else [(name, degree)]
    return Network(Layout(cluster, tuple(axes), link), graph, algorithm)


def cuts_of(name: str, graph: Graph, sizes: dict[str, Polynomial]) -> list[int]:
    """The degrees of an axis that is cut twice, the outer one first: devices that share a head are neighbours."""
    cuts = {cut.number: cut.degree.substitute(sizes) for op in graph.ops for cut in op.cuts if cut.axis == name}
    return [int(degree.number or 1) for _, degree in sorted(cuts.items())]
