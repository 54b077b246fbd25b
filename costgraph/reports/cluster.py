"""A cluster as a report: how many devices it has, how they stand, and what joins them."""

from __future__ import annotations

from costgraph.hardware.cluster import Cluster
from costgraph.reports.machine import in_words, reach
from costgraph.reports.nodes import Column, Note, Report, Table, Words


def report(of: Cluster) -> Report:
    """What is known of a cluster beside the figures of its machine, which have a report of their own."""
    machine, as_needed = of.machine, "as many as are needed"
    rows: list[tuple[Words, ...]] = [
        ("devices", f"{of.devices or as_needed}"),
        ("nodes", f"{of.nodes or as_needed}" + (f", of {of.node} devices each" if of.node else "")),
        ("usable memory", memory(of)),
    ]
    rows += [(f"link {name}", f"{in_words(link)}; {reach(link, machine)}") for name, link in machine.links.items()]
    if machine.network is not None:
        rows.append(("network", f"{in_words(machine.network)}; beyond a node"))
    said = of.assumption or f"all figures of a device: `costgraph list hardware {machine.name}`"
    table = Table((Column("cluster"), Column("value")), tuple(rows))
    return Report(f"{of}, {machine.title}", ((), (table,), (Note(said),)))


def memory(of: Cluster) -> str:
    """Of a device, and of all."""
    one = of.machine.usable.quantity
    whole = "" if of.devices is None else f"; of all {one * of.devices}"
    return f"{one} a device{whole}"
