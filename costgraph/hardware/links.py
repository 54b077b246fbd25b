"""Links: over which of them the devices of a group send, and how much has to cross each.

Devices of a mesh are numbered along its axes, the innermost first, and fill node after node: those of the innermost
axis are neighbours. A link joins domains of so many neighbours: a bridge 2, a switch the 8 of a node, the network all.
A group is as slow as the slowest link that it needs. Its members in one domain send beyond it side by side, each over
a link of its own:

    all_gather of W bytes, k members in each of m domains: each device sends W*(m-1)/(m*k) on the outer link

No algorithm sends less: each domain lacks W*(m-1)/m, which comes in over k links.

Source: Patarasuk and Yuan 2009 (bandwidth-optimal all-reduce); "How To Scale Your Model", GPUs, cross-node collectives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import prod
from typing import Any, TypeVar, cast

from costgraph.errors import UserError
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.machine import NETWORK, Link
from costgraph.mesh import AXES, Mesh
from costgraph.records import dataclass

WORDS = {axis.symbol: kind for kind, axis in AXES.items()} | {"N_h": "replicas"}
IN_A_NODE = "in a node"
N = TypeVar("N")
COUNTED_UP = 10**5  # devices that are looked at one by one where groups lie unevenly


@dataclass(frozen=True, slots=True)
class Level:
    """A link, and how many neighbouring devices it joins; None for any number."""

    name: str
    link: Link
    size: int | None


@dataclass(frozen=True, slots=True)
class Hop:
    """What a group does on one level.

    Args:
        level: the link.
        of: how many devices the group has.
        members: how many of them one domain of the level joins.
        inside: how many of these one domain of the level below holds; they send side by side.
        most: the same where domains hold unlike numbers: then `inside` is the fewest.
        below: what that domain is, in words: `in a node`, `joined by nvlink`; empty if it is one device.
        outermost: whether the level joins the whole group.
    """

    level: Level
    of: int
    members: int
    inside: int
    most: int
    below: str
    outermost: bool

    def share(self, kind: str) -> Fraction:
        """Bytes that a device sends on this link, for each byte that `communication.ring` counts of a collective.

        A ring of blocks is taken as rings within domains and between them, which send as little. The outer link's share
        is the least that any algorithm sends there, the inner ones' what is left to them then.

        Args:
            kind: of the op, such as `all_gather`.
        """
        return Fraction(*shared(kind, self.of, self.members, self.inside, int(self.outermost)))


def shared(kind: str, of: N, members: N, inside: N, outermost: N) -> tuple[N, N | int]:
    """What stands above and below the fraction bar of `Hop.share`, of numbers, forms or columns.

    Args:
        kind: of the op.
        of: how many devices the group has.
        members: how many of them one domain of the level joins.
        inside: how many of these one domain of the level below holds.
        outermost: 1 for the level that joins the whole group, else 0.
    """
    whole, there, below = cast(tuple[Any, Any, Any], (of, members, inside))
    if kind == "send":  # to the neighbour; in the worst stage that one is in another domain
        return outermost, 1
    if kind == "all_to_all":
        return there - below, whole - 1
    return (there - below) * whole, there * below * (whole - 1)


@dataclass(frozen=True)
class Span:
    """Over which links a group of devices sends.

    Args:
        axes: the symbols of the axes of the mesh that it goes along.
        members: how many devices it has.
        hops: its levels, the innermost first; none for one device.
    """

    axes: tuple[str, ...]
    members: int
    hops: tuple[Hop, ...]

    @property
    def outer(self) -> Hop | None:
        """The hop on the slowest link, which joins the whole group; None for one device, which sends nothing."""
        return self.hops[-1] if self.hops else None

    def __str__(self) -> str:
        """In words: `data over the network, 8 of 64 in a node`."""
        words = " and ".join(dict.fromkeys(WORDS.get(name, name) for name in self.axes))
        if self.outer is None:
            return f"{words} on one device"
        link = f"the {NETWORK}" if self.outer.level.name == NETWORK else self.outer.level.name
        inside, most, below = self.outer.inside, self.outer.most, self.outer.below
        if most == 1:
            return f"{words} over {link}{f', each of {self.members} {below} of its own' if below == IN_A_NODE else ''}"
        return f"{words} over {link}, {inside}{f' to {most}' if most > inside else ''} of {self.members} {below}"


@dataclass(frozen=True)
class Layout:
    """Where the devices of a mesh stand in a cluster.

    Args:
        cluster: the nodes.
        axes: symbol and degree of each axis of devices, outermost first; one that is cut twice, as by copies of
            key/value heads, may stand there twice.
        link: the only link that is used within nodes, by its name; None for the fastest that reaches.

    Raises:
        UserError: more devices than the cluster has, or no such link.
    """

    cluster: Cluster
    axes: tuple[tuple[str, int], ...]
    link: str | None = None

    def __post_init__(self) -> None:
        there = self.cluster.devices
        if there is not None and self.devices > there:
            mesh = " x ".join(f"{WORDS.get(name, name)} {degree}" for name, degree in self.axes)
            raise UserError(f"the mesh has {self.devices} devices ({mesh}), and {self.cluster} {there}")
        self.cluster.machine.link(self.link)

    @property
    def devices(self) -> int:
        """How many devices the mesh has."""
        return prod(degree for _, degree in self.axes)

    @property
    def used(self) -> str:
        """How many of the cluster's devices are used, in words."""
        there = self.cluster.devices
        return f"{self.devices} of {there} devices" if there else f"{self.devices} device{'s' * (self.devices != 1)}"

    @property
    def levels(self) -> tuple[Level, ...]:
        """The links that are of use, from neighbours outward; one that reaches no further than a faster one is none."""
        of, node = self.cluster.machine, self.cluster.node
        within = {name: one for name, one in of.links.items() if self.link in (None, name)}
        found = [Level(name, one, smaller(one.reach, node)) for name, one in within.items()]
        found = sorted((level for level in found if level.size != 1), key=lambda level: level.size or float("inf"))
        kept = [level for level in found if not any(serves(other, level, found) for other in found)]
        return (*kept, Level(NETWORK, of.network, None)) if of.network else tuple(kept)

    def span(self, over: Iterable[str | tuple[str, int]]) -> Span:
        """The links of the groups along some axes together.

        Args:
            over: symbols of axes; of one that stands there twice, `("T", 1)` is the inner cut alone.

        Raises:
            UserError: the group leaves what links join, and the machine has no network.
        """
        chosen = set(over)
        pieces = [piece for piece in self.pieces() if piece[0] in chosen or piece[:2] in chosen]
        names = tuple(dict.fromkeys(name for name, *_ in pieces))
        whole = prod(degree for *_, degree in pieces)
        hops: list[Hop] = []
        fewest, most, below = 1, 1, ""
        for level in self.levels:
            less, more = self.members(pieces, level.size)
            if (less, more) != (fewest, most):
                hops.append(Hop(level, whole, more, fewest, most, below, outermost=less == whole))
            fewest, most = less, more
            below = IN_A_NODE if level.size == self.cluster.node else f"joined by {level.name}"
            if fewest == whole:
                return Span(names, whole, tuple(hops))
        if whole == 1:
            return Span(names, 1, ())
        raise self.no_network(names)

    def pieces(self) -> Iterator[tuple[str, int, int, int]]:
        """Of each axis its symbol, which cut of it this is, how far its devices are apart, and how many they are."""
        seen: Counter[str] = Counter()
        stride = self.devices
        for name, degree in self.axes:
            stride //= degree
            yield name, seen[name], stride, degree
            seen[name] += 1

    def members(self, pieces: list[tuple[str, int, int, int]], size: int | None) -> tuple[int, int]:
        """How many members of a group one domain of `size` neighbours holds: the fewest, and the most."""
        if size is None or self.devices <= size:
            return (prod(degree for *_, degree in pieces),) * 2
        node = self.cluster.node
        whole_domains = node is None or self.devices <= node or node % size == 0
        held = [in_line(stride, degree, size) if whole_domains else None for *_, stride, degree in pieces]
        even = [number for number in held if number is not None]
        return (prod(even),) * 2 if len(even) == len(held) else self.counted(pieces, size)

    def counted(self, pieces: list[tuple[str, int, int, int]], size: int) -> tuple[int, int]:
        """The same by looking at each device.

        Raises:
            UserError: there are too many devices for that.
        """
        if self.devices > COUNTED_UP:
            words = " and ".join(dict.fromkeys(WORDS.get(name, name) for name, *_ in pieces))
            raise UserError(f"{words}: groups lie unevenly over domains of {size} devices; let degrees divide {size}")
        node = self.cluster.node or self.devices
        found: Counter[tuple[int, int, int]] = Counter()
        for device in range(self.devices):
            group = device - sum(device // stride % degree * stride for *_, stride, degree in pieces)
            found[group, device // node, device % node // size] += 1
        return min(found.values()), max(found.values())

    def no_network(self, names: tuple[str, ...]) -> UserError:
        """The error for a group that no link joins."""
        of = self.cluster.machine
        words = " and ".join(WORDS.get(name, name) for name in names)
        reach = max((level.size or 1 for level in self.levels), default=1)
        joined = f"its links join {reach}" if reach > 1 else "it has no link to other devices"
        if self.link:
            joined = f"{self.link} joins {reach}"
        return UserError(
            f"{words}: {self.devices} devices of {of.name} stand in more than one node ({joined}), and it has no"
            f" network; add [{NETWORK}] to its file or to that of the cluster, or net_bw= to its text"
        )


def in_line(stride: int, degree: int, size: int) -> int | None:
    """How many of so many devices, a stride apart, are in one domain; None if that is not the same everywhere."""
    if size % (stride * degree) == 0:
        return degree
    if stride >= size:
        return 1
    return size // stride if size % stride == 0 and stride * degree % size == 0 else None


def smaller(one: int | None, other: int | None) -> int | None:
    """The smaller of two sizes, of which None is without bound."""
    return min((size for size in (one, other) if size is not None), default=None)


def serves(other: Level, level: Level, order: list[Level]) -> bool:
    """Whether another link makes one useless: it reaches as far and is as fast; of two alike the first does."""
    if other is level or (other.size is not None and (level.size is None or other.size < level.size)):
        return False
    faster, slower = other.link.per_device, level.link.per_device
    alike = faster == slower and other.size == level.size
    return slower <= faster and (not alike or order.index(other) < order.index(level))


def axes_of(mesh: Mesh) -> tuple[tuple[str, int], ...]:
    """Symbol and degree of each axis of devices.

    Raises:
        UserError: a degree is no number yet.
    """
    found = []
    for name, axis in mesh.named.items():
        if axis.in_time:
            continue
        degree = axis.size.number
        if degree is None:
            raise UserError(f"{axis}: how many devices? bind {', '.join(axis.size.symbols)}, as in --limit {name}=8")
        found.append((name, int(degree)))
    return tuple(found)
