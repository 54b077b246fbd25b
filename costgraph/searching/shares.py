"""Over which links groups of devices send, for many meshes at once: the columns of `hardware.links.Layout.span`.

Devices stand along the axes, outermost first, and fill node after node. Where degrees and the sizes of domains divide
each other, how many members of a group are in one domain is a formula of degrees and strides. Where they do not, the
layout itself is asked, once for each combination of degrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.links import Layout, Level, shared
from costgraph.mesh import PipelineAxis
from costgraph.records import dataclass
from costgraph.searching.columns import Column
from costgraph.timing.network import ENDS, Algorithm, Network, crossings, latency, rate

Over = tuple[tuple[str, int], ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Crossed:
    """One level of the groups along some axes, in many meshes.

    Args:
        level: the link.
        there: whether the groups send over it.
        members, inside: how many members one of its domains joins, and the fewest in one of the level below.
        of: how many devices a group has.
        outermost: whether it joins the whole group.
    """

    level: Level
    there: NDArray[np.bool_]
    members: Column
    inside: Column
    of: Column
    outermost: NDArray[np.bool_]

    def share(self, kind: str) -> Column:
        """The share of what a ring sends that crosses this link; see `hardware.links.Hop.share`."""
        of = np.maximum(self.of, 2.0)  # as where there is something to send
        above, below = shared(kind, of, self.members, self.inside, self.outermost.astype(float))
        return np.where(self.there, above / below, 0.0)

    def steps(self, kind: str, algorithm: Algorithm) -> Column:
        """How many times the link is crossed one after the other; see `timing.network.steps`."""
        domains: Column = -(-self.members // np.maximum(self.inside, 1.0))
        ends: Column = self.outermost.astype(float)
        return np.where(self.there, crossings(kind, domains, ends, algorithm, lambda n: np.ceil(np.log2(n))), 0.0)


class Group(NamedTuple):
    """The groups along some axes: their levels, innermost first, how many devices they have, if links join them."""

    levels: tuple[Crossed, ...]
    of: Column
    joined: NDArray[np.bool_]


@dataclass(frozen=True)
class Links:
    """The links of a cluster.

    Args:
        cluster: the nodes.
        link: the only one that is used within nodes; None for the fastest that reaches.
        algorithm: of collectives.
    """

    cluster: Cluster
    link: str | None
    algorithm: Algorithm

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """From neighbours outward."""
        return Layout(self.cluster, (), self.link).levels

    @cached_property
    def _network(self) -> Network:
        """What knows the symbols of the rates."""
        return Network(Layout(self.cluster, (), self.link), Graph("", (), {}), self.algorithm)

    @cached_property
    def symbols(self) -> Mapping[str, str]:
        """The symbol of the rate of each level, by its name."""
        return self._network.symbols

    @cached_property
    def rates(self) -> dict[str, float]:
        """Bytes per second by the symbol of the rate."""
        return {name: float(value) for name, value in self.exact_rates.items()}

    @cached_property
    def exact_rates(self) -> dict[str, Fraction]:
        """The same, exactly."""
        return {name: Fraction(value.number or 0) for name, value in self._network.rates.items()}

    def speed(self, level: Level) -> float:
        """Bytes per second of one level."""
        return float(rate(level))

    def latency(self, level: Level) -> float:
        """Seconds that a byte is under way."""
        return float(latency(level))

    def group(self, axes: Sequence[str], degrees: Mapping[str, Ints], over: Over) -> Group:
        """The levels of the groups along some axes.

        Args:
            axes: of the mesh, outermost first; of one that is cut twice each part, as `part_of` calls it.
            degrees: of each.
            over: the axes along which groups go.
        """
        ends = over == ENDS
        over = tuple((name, 0) for name, _ in over) if ends else over
        chosen = chosen_of(axes, over)
        strides, whole = self.strides(axes, degrees)
        pieces = [(strides[name], degrees[name]) for name in axes if name in chosen]
        of = np.ones_like(whole)
        for _, degree in pieces:
            of = of * degree
        stages, of = of, np.minimum(of, 2) if ends else of
        fewest, most = np.ones_like(whole), np.ones_like(whole)
        done = of == 1
        found: list[Crossed] = []
        for level in self.levels:
            less, more = self.members(level.size, pieces, stages, whole)
            odd = ~done & (less < 0)
            if odd.any():
                less[odd], more[odd] = self.uneven(axes, degrees, over, level, odd).T
            if ends:  # both in one domain where all stages are
                less = more = np.where(less == stages, np.minimum(stages, 2), 1)
            there = ~done & ((less != fewest) | (more != most))
            parts = (more.astype(float), fewest.astype(float), of.astype(float))
            found.append(Crossed(level, there, *parts, less == of))
            fewest, most = np.where(done, fewest, less), np.where(done, most, more)
            done = done | (less == of)
        return Group(tuple(found), of.astype(float), done)

    def strides(self, axes: Sequence[str], degrees: Mapping[str, Ints]) -> tuple[dict[str, Ints], Ints]:
        """How far neighbours along each axis are apart, and how many devices there are."""
        stride = np.ones_like(next(iter(degrees.values())))
        found: dict[str, Ints] = {}
        for name in reversed(axes):
            found[name] = stride
            stride = stride * degrees[name]
        return found, stride

    def members(
        self, size: int | None, pieces: Sequence[tuple[Ints, Ints]], of: Ints, devices: Ints
    ) -> tuple[Ints, Ints]:
        """How many members one domain holds, the fewest and the most; -1 where that is not the same everywhere."""
        if size is None:
            return of, of
        node = self.cluster.node
        held = np.ones_like(of)
        for stride, degree in pieces:
            mine = in_line(stride, degree, size)
            held = np.where((held < 0) | (mine < 0), -1, held * mine)
        if node is not None and node % size:
            held = np.where(devices <= node, held, -1)
        held = np.where(devices <= size, of, held)
        return held, held.copy()

    def uneven(
        self, axes: Sequence[str], degrees: Mapping[str, Ints], over: Over, level: Level, odd: NDArray[np.bool_]
    ) -> Ints:
        """The fewest and the most members in a domain where groups lie unevenly: the layout is asked, once a mesh."""
        table = np.stack([degrees[name][odd] for name in axes], axis=1)
        unlike, which = np.unique(table, axis=0, return_inverse=True)
        ends = [self.counted(tuple(zip(axes, map(int, row), strict=True)), over, level) for row in unlike]
        return np.array(ends, dtype=np.int64)[which.ravel()]

    def counted(self, axes: tuple[tuple[str, int], ...], over: Over, level: Level) -> tuple[int, int]:
        """The same of one mesh; 0 members, so that nothing joins the group, where there are too many to look at."""
        layout = Layout(Cluster(self.cluster.machine, self.cluster.per_node), axes, self.link)
        chosen = chosen_of([name for name, _ in axes], over)
        try:
            return layout.members([piece for piece in layout.pieces() if piece[0] in chosen], level.size)
        except UserError:
            return 0, 0


def cut_twice(graph: Graph) -> dict[str, tuple[Polynomial, ...]]:
    """The degrees of each axis of which a device has two parts, as where copies of key/value heads are neighbours."""
    found: dict[str, dict[int, Polynomial]] = {}
    for op in graph.ops:
        for cut in op.cuts:
            found.setdefault(cut.axis, {})[cut.number] = cut.degree
    return {
        name: tuple(degree for _, degree in sorted(degrees.items()))
        for name, degrees in found.items()
        if len(degrees) > 1 and name != PipelineAxis.symbol  # of which it is the ends that are summed over
    }


def part_of(axis: str, number: int) -> str:
    """What one part of an axis that is cut twice is called."""
    return f"{axis}.{number}"


def chosen_of(axes: Sequence[str], over: Over) -> set[str]:
    """Those of the axes, or of parts of axes, along which groups go."""
    return {name if name in axes else part_of(name, cut) for name, cut in over if name not in axes or cut == 0}


def in_line(stride: Ints, degree: Ints, size: int) -> Ints:
    """How many of so many devices, a stride apart, are in one domain; -1 if that is not the same everywhere."""
    inside = size % (stride * degree) == 0
    apart = stride >= size
    filled = (size % stride == 0) & ((stride * degree) % size == 0)
    return np.where(inside, degree, np.where(apart, 1, np.where(filled, size // np.minimum(stride, size), -1)))
