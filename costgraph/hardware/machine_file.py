"""The form of a machine's file: tables of figures, each with a unit, and where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from fractions import Fraction
from functools import partial
from math import floor
from typing import Annotated, Any, Literal

from costgraph.algebra.quantities import CATALOG_UNITS, NUMBER, TOO_LONG, Quantity, positive, quantity, refusal
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, SECOND, Powers
from costgraph.errors import UserError
from costgraph.hardware.machine import NETWORK, Figure, Link, Machine
from costgraph.records import dataclass
from costgraph.toml_tables import day, decimal_text, from_table, whole


def count(value: Any) -> int:
    """A number of links or devices."""
    if not 1 <= (found := whole(value)) <= 10**6:
        raise UserError("must be a whole number from 1 to a million")
    return found


@dataclass(frozen=True)
class FigureTable:
    """The keys of a figure."""

    value: Annotated[str, decimal_text]
    unit: str = ""
    sparse: Annotated[str, decimal_text] = ""
    source: str = ""
    url: str = ""
    accessed: Annotated[str, day] = ""
    note: str = ""
    recalled: bool = False


@dataclass(frozen=True)
class NetworkTable(FigureTable):
    """The keys of the link beyond the node: besides, what its figure is for."""

    per: Literal["GPU", "link"] = "GPU"
    direction: Literal["one", "both"] = "one"
    links: Annotated[int, count] = 1
    latency: FigureTable | None = None


@dataclass(frozen=True)
class LinkTable(NetworkTable):
    """The keys of a link: besides, how many devices it joins."""

    reach: Annotated[int | None, count] = None


@dataclass(frozen=True)
class MachineTable:
    """The keys of a file."""

    memory: FigureTable
    bandwidth: FigureTable
    peak: Mapping[str, FigureTable] = field(default_factory=dict)
    vector: Mapping[str, FigureTable] = field(default_factory=dict)
    link: Mapping[str, LinkTable] = field(default_factory=dict)
    usable: FigureTable | None = None
    node: Annotated[int | None, count] = None
    network: NetworkTable | None = None
    name: str = ""
    title: str = ""
    vendor: str = ""
    released: int | str = ""
    note: str = ""


def from_file(table: Mapping[str, Any], place: str, name: str) -> Machine:
    """A machine from the tables of its file; `name` is what it is called if the file does not say."""
    file = from_table(MachineTable, table, place)
    if not file.peak and not file.vector:
        raise UserError(f"{place}: no compute rate; add a table such as [peak.bf16] with value and unit")
    peaks, vector = (
        {dtype: figure(row, COMPUTE, f"{place}: {group}.{dtype}") for dtype, row in tables.items()}
        for group, tables in (("peak", file.peak), ("vector", file.vector))
    )
    links = {name: link(row, f"{place}: link.{name}") for name, row in file.link.items()}
    memory = figure(file.memory, BYTE, f"{place}: memory")
    bandwidth = figure(file.bandwidth, BANDWIDTH, f"{place}: bandwidth")
    usable = figure(file.usable, BYTE, f"{place}: usable") if file.usable else None
    network = link(file.network, f"{place}: network") if file.network else None
    name = file.name or name
    made = Machine(
        name, file.title or name, memory, bandwidth, peaks, vector, links, usable, file.node, network,
        file.vendor, str(file.released), file.note,
    )  # fmt: skip
    return checked(made, place)


def checked(made: Machine, place: str) -> Machine:
    """The machine, refused where its figures contradict each other.

    Raises:
        UserError: more memory is usable than there is, a link reaches beyond the node, or is called as the network is.
    """
    if made.memory.quantity < made.usable.quantity:
        raise UserError(f"{place}: usable: {made.usable.quantity} is more than the memory of {made.memory.quantity}")
    if NETWORK in made.links:
        raise UserError(f"{place}: link.{NETWORK}: the link beyond the node is written [{NETWORK}]")
    for name, one in made.links.items():
        if made.node is not None and one.reach is not None and one.reach > made.node:
            raise UserError(f"{place}: link.{name}: reach {one.reach} is more than the {made.node} devices of a node")
    return made


def link(row: NetworkTable, place: str) -> Link:
    """One link, whose figure is for one direction."""
    one_way = figure(row, BANDWIDTH, place)
    if row.direction == "both":
        one_way = replace(one_way, quantity=one_way.quantity / 2)
    latency = figure(row.latency, SECOND, f"{place}.latency") if row.latency else None
    return Link(one_way, row.per, row.links, row.reach if isinstance(row, LinkTable) else None, latency)


def figure(row: FigureTable, dimension: Powers, place: str) -> Figure:
    """One figure, and the one for structured sparsity kept apart."""
    if not row.unit:
        raise UserError(f"{place}: unit is missing" + ("; GB is 10^9 bytes, GiB is 2^30" if dimension == BYTE else ""))
    read = partial(amount, unit=row.unit, dimension=dimension)
    sparse = read(row.sparse, place=f"{place}.sparse") if row.sparse else None
    return Figure(
        whole_bytes(read(row.value, place=place)), row.source, row.accessed, row.note, sparse, row.recalled, row.url
    )


def whole_bytes(found: Quantity) -> Quantity:
    """A capacity without the part of a byte that a rounded figure has (79.15 GiB); anything else as it is."""
    return Quantity(Fraction(floor(found.value)), BYTE) if found.dimension == BYTE else found


def amount(text: str, unit: str, dimension: Powers, place: str) -> Quantity:
    """A value and its unit as a quantity; those of the catalog without a units library."""
    refuse = partial(refusal, place, f"{text} {unit}", dimension)
    digits = text.removeprefix("-")
    if not NUMBER.fullmatch(digits):
        found = NUMBER.match(digits)
        rest = digits[found.end() :].strip() if found else ""
        if rest[:1].isdigit():
            raise refuse(TOO_LONG)
        raise refuse("mixes a unit into the value; the unit stands in `unit`" if rest[:1].isalpha() else "is no number")
    number = Fraction(text)
    if unit in CATALOG_UNITS and CATALOG_UNITS[unit].dimension == dimension:
        return positive(number, CATALOG_UNITS[unit].scale, dimension, refuse)
    return quantity(f"{text} {unit}", dimension, place)
