"""Over which links collectives go where degrees are open, as `hardware.links` says it of numbers.

How many devices of an axis one link joins is a minimum: with T tensor devices next to each other and a switch that
joins n_link, `T_link = min(T, n_link)`; data devices stand T apart, so that `N_d_link = min(N_d, max(1, n_link/T))`.
That holds where groups lie evenly over links, which a page checks; `estimate` counts where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Node, evaluate
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, product
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import RATIO, SYMBOLS, Symbol, declare
from costgraph.exporting.code.nodes import as_node
from costgraph.graph.op import Op
from costgraph.hardware.links import shared
from costgraph.measures.communication import LINK
from costgraph.mesh import Axis, Mesh
from costgraph.records import dataclass
from costgraph.timing.network import ENDS

REACH = {LINK: "n_link", "lambda_node": "n_node", "lambda_net": ""}  # by the rate of a level; a network joins all
WORDS = {"n_link": "the first link", "n_node": "the link of the node"}


@dataclass(frozen=True)
class Evenly:
    """That the devices of an axis lie evenly over what a link joins, or all devices are in one such domain.

    Args:
        devices: how many the mesh has.
        joins: how many the link does.
        apart: how far those of the axis are.
        degree: how many they are.
        held: how many of them one domain holds.
    """

    devices: Node
    joins: Node
    apart: Node
    degree: Node
    held: Node

    def holds(self, sizes: Mapping[str, int | Fraction]) -> bool:
        """Whether it does at these sizes, as the page checks it."""
        sides = (self.devices, self.joins, self.apart, self.degree, self.held)
        devices, joins, apart, degree, held = (evaluate(side, sizes) for side in sides)
        whole = held.denominator == 1 and not joins % min(apart * held, joins) and not degree % held
        return devices <= joins or whole


@dataclass(frozen=True)
class Crossing:
    """The links of a mesh of open degrees.

    Args:
        mesh: its axes.
        definitions: what the symbols that were needed stand for, in order.
        evenly: what has to hold for that.
        shares: by kind of collective and axes, as many send alike.
    """

    mesh: Mesh
    definitions: dict[str, Definition] = field(default_factory=dict)
    evenly: dict[str, Evenly] = field(default_factory=dict)
    shares: dict[Any, tuple[tuple[str, Quotient], ...]] = field(default_factory=dict)

    def links(self, op: Op) -> tuple[tuple[str, Quotient], ...]:
        """The rates of the links that a collective may go over, each with its share of what a ring sends there."""
        over = tuple((cut.axis, cut.number) for cut in op.cuts)
        ends = over == ENDS  # the first and the last stage, which are as far apart as any two
        kind = "send" if ends else op.kind
        if (kind, over) not in self.shares:
            self.shares[kind, over] = tuple(self.shared(kind, over))
        return self.shares[kind, over]

    def shared(self, kind: str, over: tuple[tuple[str, int], ...]) -> Iterator[tuple[str, Quotient]]:
        """The same of all collectives of a kind over the same axes."""
        of = product(self.mesh.named[name].size for name, _ in over)
        inside, beyond = ONE, ONE
        for rate, reach in REACH.items():
            members = product(self.held(name, reach) for name, _ in over) if reach else of
            farther = self.beyond(over[0][0], members, reach) if kind == "send" else ZERO
            yield rate, Quotient(*shared(kind, of, members, inside, beyond - farther))
            inside, beyond = members, farther

    def held(self, name: str, reach: str) -> Polynomial:
        """How many devices of an axis stand in what a link joins."""
        axes = self.devices
        apart = product(axis.size for axis in axes[[axis.symbol for axis in axes].index(name) + 1 :])
        degree = self.mesh.named[name].size
        declared(reach, reach, f"neighbouring devices that {WORDS[reach]} joins")
        joins = room = Polynomial.symbol(reach)
        word = reach.removeprefix("n_")
        if apart != ONE:
            meaning = f"devices as far apart as those of {name} that {WORDS[reach]} may join"
            room = self.stands_for(f"{name}_{word}_room", meaning, "max", ONE, joins / apart)
        held = self.stands_for(f"{name}_{word}", f"devices along {name} that {WORDS[reach]} joins", "min", degree, room)
        self.evenly[f"{name}_{word}"] = Evenly(
            *map(as_node, (product(axis.size for axis in axes), joins, apart, degree, held))
        )
        return held

    def beyond(self, name: str, members: Polynomial, reach: str) -> Polynomial:
        """1 where a link does not join all devices along an axis, and 0 where it does."""
        if not reach:
            return ZERO
        word = reach.removeprefix("n_")
        rest = self.mesh.named[name].size / members - ONE
        meaning = f"1 where {WORDS[reach]} does not join all devices along {name}, else 0"
        return self.stands_for(f"{name}_{word}_beyond", meaning, "min", ONE, rest)

    def stands_for(self, name: str, meaning: str, function: str, *sides: Polynomial) -> Polynomial:
        """A symbol that stands for a minimum or a maximum."""
        declared(name, name, meaning)
        self.definitions[name] = Definition(name, function, sides)
        return Polynomial.symbol(name)

    @property
    def devices(self) -> list[Axis]:
        """The axes of devices, outermost first."""
        return [axis for axis in self.mesh.named.values() if not axis.in_time]


def declared(name: str, letter: str, meaning: str) -> None:
    """A symbol of a page: a letter, and in its subscript all that follows."""
    if name not in SYMBOLS:
        base, *below = letter.split("_")
        declare(Symbol(name, rf"{base}_{{\mathrm{{{', '.join(below)}}}}}", "devices", meaning, RATIO, 8))
