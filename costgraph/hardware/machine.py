"""Machines: what one device can hold, compute and move, each figure with its source.

A machine comes from the catalog (`machines/*.toml`), from a file of the same form, or from text such as
`flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB`. Peaks are dense; figures for structured sparsity are kept apart and
never used. A link's figure is for one direction, of one device or of one of its links, as the file says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from costgraph.algebra.bindings import split_list
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import CATALOG_UNITS, NUMBER, TOO_LONG, Quantity, positive, quantity, refusal
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, Powers
from costgraph.errors import UserError, shorten, unknown

ITEMSIZE = {  # bytes per element of the data types a peak is stated for
    "fp64": Fraction(8), "fp32": Fraction(4), "tf32": Fraction(4), "bf16": Fraction(2), "fp16": Fraction(2),
    "fp8": Fraction(1), "int8": Fraction(1), "fp6": Fraction(3, 4), "fp4": Fraction(1, 2), "int4": Fraction(1, 2),
}  # fmt: skip
LISTED = ("fp16", "bf16", "tf32", "fp32", "int8", "int4", "fp8", "fp6", "fp4", "fp64")  # the order in messages
USUAL = ("bf16", "fp16", "fp32")  # the data type that is meant when none is named: the first that the machine has
INLINE = {"flops": COMPUTE, "mem_bw": BANDWIDTH, "mem": BYTE, "link_bw": BANDWIDTH}
NEEDED = ("flops", "mem_bw", "mem")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a specification: its exact value and where it was read."""

    quantity: Quantity
    source: str
    accessed: str = ""  # the day on which a copy was read; empty for what is recalled or typed
    note: str = ""
    sparse: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A connection to other devices.

    Args:
        figure: bandwidth in one direction.
        per: what the figure is for, one `GPU` (all its links together) or one `link`.
        links: how many links the device has.
    """

    figure: Figure
    per: str = "GPU"
    links: int = 1

    @property
    def per_device(self) -> Quantity:
        """What one device can send on all its links together."""
        return self.figure.quantity * (self.links if self.per == "link" else 1)


@dataclass(frozen=True)
class Machine:
    """One device.

    Args:
        name: how it is asked for, such as `a100-80gb-sxm`.
        title: its name as the vendor writes it.
        memory: capacity in bytes.
        bandwidth: of its memory, bytes/s.
        peaks: dense rate of the matrix units per data type, FLOP/s.
        vector: rate of the vector units per data type, FLOP/s.
        links: by name, in the order of the file.
    """

    name: str
    title: str
    memory: Figure
    bandwidth: Figure
    peaks: Mapping[str, Figure]
    vector: Mapping[str, Figure] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)

    @property
    def rates(self) -> dict[str, Figure]:
        """The fastest unit for every data type: the matrix units where they take it, else the vector units."""
        return {name: {**self.vector, **self.peaks}[name] for name in {**self.peaks, **self.vector}}

    @property
    def dtype(self) -> str:
        """The data type that is meant when none is named."""
        return next((name for name in USUAL if name in self.rates), next(iter(self.rates)))

    def rate(self, dtype: str | None = None) -> Quantity:
        """Peak FLOP/s for a data type.

        Raises:
            UserError: the specification has no rate for it; the message lists those it has.
        """
        dtype = dtype or self.dtype
        if dtype not in ITEMSIZE and dtype not in self.rates:
            raise unknown("data type", dtype, ITEMSIZE)
        if dtype not in self.rates:
            has = [name for name in (*LISTED, *self.rates) if name in self.rates]
            raise UserError(f"no {dtype} rate for {self.name}; it has {', '.join(dict.fromkeys(has))}")
        return self.rates[dtype].quantity

    def link(self, name: str | None = None) -> Link | None:
        """The link called `name`, or the first one of the file.

        Raises:
            UserError: there is no link of that name.
        """
        if name is None:
            return next(iter(self.links.values()), None)
        if name not in self.links:
            raise unknown(f"link of {self.name}", name, self.links or ("none is stated",))
        return self.links[name]

    def ridge(self, dtype: str | None = None) -> Quantity:
        """FLOPs that the device computes while it moves one byte."""
        return self.rate(dtype) / self.bandwidth.quantity

    def bindings(self, dtype: str | None = None, link: str | None = None) -> dict[str, Polynomial]:
        """Values of the symbols `hbm`, `lambda_flops`, `lambda_mem` and, with a link, `lambda_comms`."""
        values = {
            "hbm": self.memory.quantity,
            "lambda_flops": self.rate(dtype),
            "lambda_mem": self.bandwidth.quantity,
        }
        if (found := self.link(link)) is not None:
            values["lambda_comms"] = found.per_device
        return {name: Polynomial.constant(value.value) for name, value in values.items()}


def itemsize(dtype: str | None) -> dict[str, Polynomial]:
    """The width `p` of a data type; empty for one that only a machine of the user's knows."""
    return {"p": Polynomial.constant(ITEMSIZE[dtype])} if dtype in ITEMSIZE else {}


# --- where machines come from -------------------------------------------------------------------------------------


def catalog() -> dict[str, Any]:
    """The files of the catalog by machine name."""
    found = (files("costgraph") / "machines").iterdir()
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}


def machine(text: str) -> Machine:
    """The machine that `text` names, points at or describes.

    Args:
        text: a name of the catalog, a path ending in `.toml`, or `flops=..., mem_bw=..., mem=...[, link_bw=...]`.

    Raises:
        UserError: unknown name, unreadable file, or a figure that is missing, has no unit or is not positive.
    """
    if not text.strip():
        raise UserError("the name of the hardware is empty; `costgraph list hardware` shows the catalog")
    if "=" in text:
        return inline(text)
    if text.endswith(".toml") or "/" in text:
        path = Path(text)
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise UserError(f"hardware file {text}: {reason}") from None
        return from_toml(content, text, path.stem)
    known = catalog()
    text = next((name for name in known if name == text.lower()), text)
    if text not in known:
        variants = [name for name in known if name.startswith(f"{text.lower()}-")]
        if variants:
            raise UserError(f"unknown hardware '{shorten(text)}': which of {', '.join(variants)}?")
        raise unknown("hardware", text, known)
    return from_toml(known[text].read_text(encoding="utf-8"), f"machines/{text}.toml", text)


def chosen(hardware: str | None, dtype: str | None, link: str | None) -> Machine | None:
    """The machine, if one was named, known to have a rate for `dtype` and the link.

    Raises:
        UserError: as `machine`; no such rate or link; or a link, or a data type that nobody knows, without a machine.
    """
    if hardware is None:
        if link is not None:
            raise UserError(f"--link {shorten(link)}: a link of which machine? name it with --hardware")
        if dtype is not None and dtype not in ITEMSIZE:
            raise unknown("data type", dtype, ITEMSIZE)
        return None
    device = machine(hardware)
    device.link(link)
    device.rate(dtype)
    return device


def inline(text: str) -> Machine:
    """A machine from `flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB`."""
    given: dict[str, Figure] = {}
    for item in split_list(text):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in INLINE:
            raise unknown("hardware figure", name or item, INLINE)
        if name in given:
            raise UserError(f"hardware: {name} is given twice")
        given[name] = Figure(quantity(value, INLINE[name], f"hardware {name}"), "typed in")
    if missing := [name for name in NEEDED if name not in given]:
        raise UserError(f"hardware '{shorten(text)}': {' and '.join(missing)} missing; it needs {', '.join(NEEDED)}")
    links = {"link": Link(given["link_bw"])} if "link_bw" in given else {}
    # One rate is stated, for whatever data type the user has in mind.
    return Machine(
        "custom",
        "the machine as typed",
        given["mem"],
        given["mem_bw"],
        dict.fromkeys(ITEMSIZE, given["flops"]),
        {},
        links,
    )


def from_toml(content: str, place: str, name: str) -> Machine:
    """A machine from the text of its file."""
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{place}: {error}") from None
    for key in ("memory", "bandwidth"):
        if not isinstance(data.get(key), dict):
            raise UserError(f"{place}: the table [{key}] with value and unit is missing")
    peaks, vector = (
        {dtype: figure(row, COMPUTE, f"{place}: {group}.{dtype}") for dtype, row in tables(data, group, place)}
        for group in ("peak", "vector")
    )
    if not peaks and not vector:
        raise UserError(f"{place}: no compute rate; add a table such as [peak.bf16] with value and unit")
    links = {name: link(row, f"{place}: link.{name}") for name, row in tables(data, "link", place)}
    memory = figure(data["memory"], BYTE, f"{place}: memory")
    bandwidth = figure(data["bandwidth"], BANDWIDTH, f"{place}: bandwidth")
    return Machine(str(data.get("name", name)), str(data.get("title", name)), memory, bandwidth, peaks, vector, links)


def tables(data: Mapping[str, Any], group: str, place: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The sub-tables of `group`, such as `peak.bf16`."""
    found = data.get(group, {})
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise UserError(f"{place}: {group} must hold tables such as [{group}.NAME] with value and unit")
    return list(found.items())


def link(row: Mapping[str, Any], place: str) -> Link:
    """One link, whose figure must say what it is for."""
    per, direction, links = row.get("per", "GPU"), row.get("direction", "one"), row.get("links", 1)
    if per not in ("GPU", "link"):
        raise UserError(f"{place}: per = '{per}' must be GPU (all links of a device) or link (one of them)")
    if direction not in ("one", "both"):
        raise UserError(f"{place}: direction = '{direction}' must be one or both")
    if not isinstance(links, int) or links < 1:
        raise UserError(f"{place}: links must be a positive whole number")
    one_way = figure(row, BANDWIDTH, place)
    if direction == "both":
        one_way = Figure(one_way.quantity / 2, one_way.source, one_way.accessed, one_way.note)
    return Link(one_way, per, links)


def figure(row: Mapping[str, Any], dimension: Powers, place: str) -> Figure:
    """One figure: `value` a decimal string, `unit`, where it was read, and `sparse` kept apart."""
    unit = row.get("unit")
    if not isinstance(unit, str) or not unit.strip():
        raise UserError(f"{place}: unit is missing" + ("; GB is 10^9 bytes, GiB is 2^30" if dimension == BYTE else ""))
    read = partial(amount, unit=unit, dimension=dimension)
    if "value" not in row:
        raise UserError(f"{place}: value is missing")
    sparse = read(row["sparse"], place=f"{place}.sparse") if "sparse" in row else None
    source, note = str(row.get("source", "")), str(row.get("note", ""))
    return Figure(read(row["value"], place=place), source, str(row.get("accessed", "")), note, sparse)


def amount(value: Any, unit: str, dimension: Powers, place: str) -> Quantity:
    """A value and its unit as a quantity; those of the catalog without a units library."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UserError(f"{place}: value = {value!r} must be a decimal in quotes, such as '2.039', to stay exact")
    text = str(value).strip()
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
