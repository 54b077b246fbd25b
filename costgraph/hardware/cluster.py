"""Clusters: how many devices of a machine stand in a node, and how many nodes there are.

A cluster is text such as `h100-sxm:8x128` (a device, how many a node has, how many nodes) or `h100-sxm:64` (64 devices
in nodes of the machine's own size), a TOML file, or a machine by itself: nodes of its own size, as many as are needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from costgraph.errors import UserError, shorten, unknown
from costgraph.hardware.catalog import machine
from costgraph.hardware.machine import Machine
from costgraph.hardware.machine_file import MachineTable, NetworkTable, count, from_file, link
from costgraph.records import dataclass
from costgraph.shown import Shown
from costgraph.toml_tables import from_table, keys_of
from costgraph.toml_text import parse_toml
from costgraph.user_files import MAX_TOML, read_text

MOST = 10**6  # devices of a cluster
FORM = "DEVICE:PER_NODExNODES such as h100-sxm:8x128, DEVICE:DEVICES such as h100-sxm:64, or a TOML file"
SHAPE = re.compile(r"\s*(\d+)\s*(?:[x×]\s*(\d+)\s*)?", re.ASCII)


@dataclass(frozen=True, repr=False)
class Cluster(Shown):
    """Nodes of devices.

    Args:
        machine: what each device is, with the link beyond its node.
        per_node: how many a node has; None for the size of the machine's own nodes.
        nodes: how many nodes there are; None for as many as are needed.

    Raises:
        UserError: no devices, more than a million, or more in a node than links join.
    """

    machine: Machine
    per_node: int | None = None
    nodes: int | None = None

    def __post_init__(self) -> None:
        per_node, nodes = self.per_node, self.nodes
        if per_node == 0 or nodes == 0:
            raise UserError(f"{self}: a cluster has at least one node, and a node one device")
        if (per_node or 1) * (nodes or 1) > MOST:
            raise UserError(f"{self}: a cluster has at most {MOST:,} devices".replace(",", " "))
        most = self.machine.alone
        if nodes is not None and self.node is None:
            raise UserError(f"{self}: how many devices has a node? {self.machine.name} does not say; write per_node")
        if per_node is not None and most is not None and per_node > most:
            joined = ", ".join(f"{name} {one.reach or most}" for name, one in self.machine.links.items())
            raise UserError(
                f"{self}: {per_node} devices in a node, but links of {self.machine.name} join {most}"
                f" ({joined or 'it has none'}); write smaller nodes, or a file of its own with a link that joins more"
            )

    @property
    def node(self) -> int | None:
        """How many devices a node has; None where nothing says: then all stand in one."""
        return self.machine.alone if self.per_node is None else self.per_node

    @property
    def devices(self) -> int | None:
        """How many devices there are; None for as many as are needed."""
        return None if self.nodes is None or self.node is None else self.nodes * self.node

    @property
    def assumption(self) -> str:
        """What is taken for granted of nodes that nobody described."""
        return "" if self.node else f"all devices in one node, as {self.machine.name} says of no link how many it joins"

    def __str__(self) -> str:
        """The cluster as one would type it."""
        per_node = self.node
        if self.nodes is None:
            return self.machine.name if self.per_node is None else f"{self.machine.name} in nodes of {per_node}"
        return f"{self.machine.name}:{'' if per_node is None else per_node}x{self.nodes}"


def cluster(given: str | Machine | Cluster) -> Cluster:
    """The cluster that text names, points at or describes, or that a machine is by itself.

    Raises:
        UserError: text of no such form, an unknown machine, an unusable file, or as `Cluster`.
    """
    if isinstance(given, Cluster):
        return given
    if isinstance(given, Machine):
        return Cluster(given)
    if not isinstance(given, str):
        raise UserError(f"{shorten(repr(given))} is no cluster; write {FORM}")
    if given.endswith(".toml"):
        return of_file(given)
    device, colon, shape = given.rpartition(":")
    if not colon:
        return Cluster(machine(given))
    found = SHAPE.fullmatch(shape)
    if not found or not device.strip():
        raise UserError(f"cluster '{shorten(given)}': write {FORM}")
    first, nodes = (None if n is None else bounded(n, given) for n in found.groups())
    assert first is not None  # the shape starts with a number
    of = machine(device.strip())
    return in_own_nodes(of, first) if nodes is None else Cluster(of, first, nodes)


def bounded(digits: str, text: str) -> int:
    """A number of devices or nodes, of which there may be a million."""
    if len(digits.lstrip("0")) > len(str(MOST)):
        raise UserError(f"cluster '{shorten(text)}': a cluster has at most {MOST:,} devices".replace(",", " "))
    return int(digits)


def in_own_nodes(of: Machine, devices: int) -> Cluster:
    """So many devices in nodes of the machine's own size; in one node where they fit into it.

    Raises:
        UserError: they fill no whole number of nodes.
    """
    size = of.alone
    if size is None or devices <= size:
        return Cluster(of, devices, 1)
    if devices % size:
        near = size * -(-devices // size)
        raise UserError(
            f"{of.name}:{devices}: nodes have {size} devices, which do not divide {devices}; write {of.name}:{near},"
            f" or how many a node has, as in {of.name}:{fitting(devices, size)}"
        )
    return Cluster(of, size, devices // size)


def fitting(devices: int, size: int) -> str:
    """Nodes of equal size, as large as they can be, that hold so many devices."""
    per_node = next(n for n in range(size, 0, -1) if devices % n == 0)
    return f"{per_node}x{devices // per_node}"


@dataclass(frozen=True)
class ClusterTable:
    """The keys of a file."""

    device: str
    per_node: Annotated[int | None, count] = None
    nodes: Annotated[int | None, count] = None
    network: NetworkTable | None = None
    note: str = ""


def of_file(path: str) -> Cluster:
    """The cluster that a file describes; a file of a machine is one by itself.

    Raises:
        UserError: the file is unusable, or as `Cluster`.
    """
    place = f"cluster file {shorten(path, 200)}"
    table = parse_toml(read_text(path, MAX_TOML, place), place)
    if "device" not in table:
        return Cluster(of_machine_file(table, path))
    file = from_table(ClusterTable, table, place)
    try:
        of = machine(beside(path, file.device))
    except UserError as error:
        raise UserError(f"{place}: device: {error}") from None
    if file.network is not None:
        of = replace(of, network=link(file.network, f"{place}: network"))
    try:
        return Cluster(of, file.per_node, file.nodes)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def of_machine_file(table: Mapping[str, Any], path: str) -> Machine:
    """A machine from its file, if it is one.

    Raises:
        UserError: it describes neither a machine nor a cluster.
    """
    place = f"hardware file {shorten(path, 200)}"
    if not set(table) & {"memory", "bandwidth"}:
        known = [*keys_of(ClusterTable), *keys_of(MachineTable)]
        if strange := next((key for key in table if key not in known), None):
            raise UserError(f"{place}: {unknown('key', strange, known)}")
        raise UserError(f"{place}: names no device of a cluster, as in device = 'h100-sxm', and has no [memory]")
    return from_file(table, place, Path(path).stem)


def beside(path: str, device: str) -> str:
    """A device as the file names it: a path is one from where the file stands."""
    is_path = "=" not in device and (device.endswith(".toml") or "/" in device)
    return str(Path(path).parent / device) if is_path else device
