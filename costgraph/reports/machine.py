"""One machine as a report: every figure with its note, and where each was read."""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.hardware.machine import NETWORK, Figure, Link, Machine
from costgraph.reports.nodes import Column, Item, Listing, Note, Report, Table, Words


def report(of: Machine) -> Report:
    """All that is known of a machine; figures name their sources by number."""
    sources: dict[str, int] = {}
    rows: list[tuple[Words, ...]] = []
    notes = [Note(of.note)] if of.note else []
    for name, value, figure in figures(of):
        mark = "" if figure is None else f" [{sources.setdefault(source(figure), len(sources) + 1)}]"
        rows.append((name, f"{value}{mark}"))
        notes += [Note(figure.note, name)] if figure and figure.note else []
    listed = [Item(f"[{number}] {text.partition(chr(10))[0]}", below(text)) for text, number in sources.items()]
    title = ", ".join(filter(None, (f"{of.title} ({of.name})", of.vendor, of.released)))
    table = Table((Column("figure"), Column("value")), tuple(rows))
    return Report(title, ((), (table,), tuple(notes), (Listing(tuple(listed), "sources"),)))


def below(text: str) -> tuple[str, ...]:
    """All lines but the first."""
    return tuple(text.split("\n")[1:])


def figures(of: Machine) -> Iterator[tuple[str, str, Figure | None]]:
    """Each figure with its name and its value in words; how large a node is has no source."""
    yield "memory", str(of.memory.quantity), of.memory
    if of.reported is None:
        yield "usable", "all of it, as far as is known", None
    else:
        yield "usable", f"{of.usable.quantity}; what fits is judged by this", of.reported
    yield "bandwidth", str(of.bandwidth.quantity), of.bandwidth
    for dtype, figure in of.peaks.items():
        sparse = f" (2:4 sparse: {figure.sparse})" if figure.sparse else ""
        yield f"matrix units, {dtype}", f"{figure.quantity}, dense{sparse}", figure
    for dtype, figure in of.vector.items():
        yield f"vector units, {dtype}", str(figure.quantity), figure
    for name, link in of.links.items():
        yield f"link {name}", f"{in_words(link)}; {reach(link, of)}", link.figure
    yield "node", f"{of.node} devices" if of.node else "of no stated size", None
    if of.network is not None:
        yield NETWORK, f"{in_words(of.network)}; beyond a node", of.network.figure


def in_words(link: Link) -> str:
    """What a device sends on a link, and how long the first byte takes."""
    several = f" ({link.links} links)" if link.per == "link" and link.links > 1 else ""
    wait = f", after {link.latency.quantity}" if link.latency else ""
    return f"{link.per_device} a device, one way{several}{wait}"


def reach(link: Link, of: Machine) -> str:
    """How many devices a link joins."""
    joined = link.reach or of.node
    if joined is None:
        return "how many it joins is not stated"
    return "joins no other device" if joined == 1 else f"joins {joined}"


def source(figure: Figure) -> str:
    """Where a figure was read, and when."""
    when = f"read {figure.accessed}" if figure.accessed else "from memory" if figure.recalled else ""
    return "\n".join(filter(None, (figure.source or "no source is stated", figure.url, when)))
