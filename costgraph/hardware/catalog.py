"""Where machines come from: the catalog (`machines/*.toml`), a file of the same form, or text.

Text is such as `flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB, link_bw=300 GB/s, node=8, net_bw=25 GB/s`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from costgraph.algebra.bindings import split_list
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, SECOND
from costgraph.errors import UserError, shorten, unknown
from costgraph.hardware.machine import Figure, Link, Machine
from costgraph.hardware.machine_file import checked, count, from_file, whole_bytes
from costgraph.precision import ITEMSIZE
from costgraph.resources import PACKAGE
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import MAX_TOML, read_text

SEVERAL = re.compile(r"(\d+) ?[x*] ?([A-Za-z][\w-]*)")  # `8xh100-sxm`
INLINE = {
    "flops": COMPUTE, "mem_bw": BANDWIDTH, "mem": BYTE, "usable": BYTE, "link_bw": BANDWIDTH, "link_latency": SECOND,
    "net_bw": BANDWIDTH, "net_latency": SECOND,
}  # fmt: skip
COUNTED = ("node", "reach")
NEEDED = ("flops", "mem_bw", "mem")


@cache
def catalog() -> Mapping[str, Path]:
    """The files of the catalog by machine name."""
    found = (PACKAGE / "machines").iterdir()
    names = {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}
    return MappingProxyType(names)


def machine(given: str | Path) -> Machine:
    """The machine that is named, pointed at or described.

    Args:
        given: a name of the catalog, a path ending in `.toml`, or `flops=..., mem_bw=..., mem=...` and whatever else
            `INLINE` and `COUNTED` list.

    Raises:
        UserError: unknown name, unreadable file, or a figure that is missing, has no unit or is not positive.
    """
    text = str(given)
    if not text.strip():
        raise UserError("the name of the hardware is empty; `costgraph list hardware` shows the catalog")
    if "=" in text:
        return inline(text)
    if text.endswith(".toml") or "/" in text:
        place = f"hardware file {shorten(text, 200)}"
        return from_file(parse_toml(read_text(text, MAX_TOML, place), place), place, Path(text).stem)
    known = catalog()
    text = next((name for name in known if name == text.lower()), text)
    if text not in known:
        variants = [name for name in known if name.startswith(f"{text.lower()}-")]
        if several := SEVERAL.fullmatch(text):
            cluster = shorten(f"{several[2]}:{several[1]}x1")
            raise UserError(f"'{shorten(text)}' is no machine: {several[1]} in a node are the cluster {cluster}")
        if variants:
            raise UserError(f"unknown hardware '{shorten(text)}': which of {', '.join(variants)}?")
        raise unknown("hardware", text, known)
    return from_file(of_package(known[text]), f"machines/{text}.toml", text)


def chosen(hardware: str | Machine | None, dtype: str | None, link: str | None) -> Machine | None:
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
    device = machine(hardware) if isinstance(hardware, str) else hardware
    device.link(link)
    device.rate(dtype)
    return device


def inline(text: str) -> Machine:
    """A machine from `flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB`."""
    given: dict[str, Figure] = {}
    counts: dict[str, int] = {}
    for item in split_list(text):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in (*INLINE, *COUNTED):
            raise unknown("hardware figure", name or item, (*INLINE, *COUNTED))
        if name in given or name in counts:
            raise UserError(f"hardware: {name} is given twice")
        if name in COUNTED:
            counts[name] = counted(name, value)
        else:
            given[name] = Figure(whole_bytes(quantity(value, INLINE[name], f"hardware {name}")), "typed in")
    if missing := [name for name in NEEDED if name not in given]:
        raise UserError(f"hardware '{shorten(text)}': {' and '.join(missing)} missing; it needs {', '.join(NEEDED)}")
    # One rate is stated, for whatever data type the user has in mind.
    rates = dict.fromkeys(ITEMSIZE, given["flops"])
    link, network = typed_link("link", given, counts.get("reach")), typed_link("net", given)
    if "reach" in counts and link is None:
        raise UserError("hardware: reach is how many devices a link joins; give its link_bw, too")
    made = Machine(
        "custom", "the machine as typed", given["mem"], given["mem_bw"], rates, {}, {"link": link} if link else {},
        given.get("usable"), counts.get("node"), network,
    )  # fmt: skip
    return checked(made, "hardware")


def counted(name: str, value: str) -> int:
    """A number of devices that was typed."""
    try:
        return count(value)
    except UserError as error:
        raise UserError(f"hardware {name}: {error}") from None


def typed_link(name: str, given: Mapping[str, Figure], reach: int | None = None) -> Link | None:
    """The link, or the network, that figures were typed of.

    Raises:
        UserError: a latency without a bandwidth.
    """
    if f"{name}_bw" in given:
        return Link(given[f"{name}_bw"], reach=reach, latency=given.get(f"{name}_latency"))
    if f"{name}_latency" in given:
        raise UserError(f"hardware: {name}_latency is that of a link; give its {name}_bw, too")
    return None
