"""The form of a machine's file: tables of figures, each with a unit, and where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Annotated, Any, Literal

from costgraph.algebra.quantities import CATALOG_UNITS, NUMBER, TOO_LONG, Quantity, positive, quantity, refusal
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, Powers
from costgraph.errors import UserError
from costgraph.hardware.machine import Figure, Link, Machine
from costgraph.toml_tables import day, decimal_text, from_table, whole


def count(value: Any) -> int:
    """A number of links."""
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
class LinkTable(FigureTable):
    """The keys of a link: besides, what its figure is for."""

    per: Literal["GPU", "link"] = "GPU"
    direction: Literal["one", "both"] = "one"
    links: Annotated[int, count] = 1


@dataclass(frozen=True)
class MachineTable:
    """The keys of a file."""

    memory: FigureTable
    bandwidth: FigureTable
    peak: Mapping[str, FigureTable] = field(default_factory=dict)
    vector: Mapping[str, FigureTable] = field(default_factory=dict)
    link: Mapping[str, LinkTable] = field(default_factory=dict)
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
    name = file.name or name
    return Machine(name, file.title or name, memory, bandwidth, peaks, vector, links)


def link(row: LinkTable, place: str) -> Link:
    """One link, whose figure is for one direction."""
    one_way = figure(row, BANDWIDTH, place)
    if row.direction == "both":
        one_way = Figure(one_way.quantity / 2, one_way.source, one_way.accessed, one_way.note)
    return Link(one_way, row.per, row.links)


def figure(row: FigureTable, dimension: Powers, place: str) -> Figure:
    """One figure, and the one for structured sparsity kept apart."""
    if not row.unit:
        raise UserError(f"{place}: unit is missing" + ("; GB is 10^9 bytes, GiB is 2^30" if dimension == BYTE else ""))
    read = partial(amount, unit=row.unit, dimension=dimension)
    sparse = read(row.sparse, place=f"{place}.sparse") if row.sparse else None
    return Figure(read(row.value, place=place), row.source, row.accessed, row.note, sparse)


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
