"""How an entry of the library was derived: what it starts from, the commands that ask for the same, and their terms."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from costgraph.algebra.printers import python
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.judging.engine import amount, cataloged, derivation, structure, terms
from costgraph.provenance import rows
from costgraph.reports.nodes import Column, Item, Listing, Node, Table, Words, math

MOST = 40  # rows of terms; of more, the sums by place
USUAL = Request()


def derivation_of(entry: Entry) -> tuple[Node, ...]:
    """What was derived for an entry, under which name, and how that is made of the terms of ops; nothing if nothing."""
    asked = asked_for(entry)
    items = [item(name, request) for name, request in asked]
    items += [Item(f"{name} = {value} ({said})") for name, value, said in starts(entry)]
    items += [Item(f"at {entry.at}")] if entry.at else []
    items += [Item(f"derived = {entry.derived}")] if entry.derived else []
    return (Listing(tuple(items), title="derivation"), *tables(asked)) if items else ()


def starts(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Figures of machines and numbers that the source starts from: their names, what they are, and who says so."""
    for name, text in entry.catalog.items():
        yield name, str(cataloged(text)), text
    for name, text in entry.given.items():
        yield name, text, entry.origin.get(name) or "given by the source"


def given_json(entry: Entry) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"name": name, "value": value, "from": said} for name, value, said in starts(entry)]


def derivation_json(entry: Entry) -> list[dict[str, str]]:
    """The same for programs: names, what the engine says, and what is typed for it."""
    return [
        {
            "name": name,
            "expr": "; ".join(structure(one)) if one.structure else python(amount(one)),
            "command": command(one),
        }
        for name, one in asked_for(entry)
    ]


def asked_for(entry: Entry) -> list[tuple[str, Request]]:
    """What the engine is asked for, by the names that it has in the entry."""
    return [*entry.let.items(), *([("derived", entry.derive)] if entry.derive else [])]


def item(name: str, request: Request) -> Item:
    """One thing that the engine is asked for, and what it says."""
    if request.structure:
        return Item((f"{name}: {request.structure}: ", "; ".join(structure(request))), typed=command(request))
    of = f" (elements of {request.tensor})" if request.tensor else ""
    return Item((f"{name}{of} = ", math(amount(request))), typed=command(request))


def command(request: Request) -> str:
    """What is typed to have it derived."""
    words = ["costgraph", "derive", request.measure] if request.measure else ["costgraph", "graph"]
    for option, value in (
        ("--model", request.model), ("--op-set", request.op_set), ("--phase", request.phase),
        *(("--pass", one) for one in request.passes), ("--mesh", request.mesh), ("--limit", request.limit),
        ("--symbolic", request.symbolic),
    ):  # fmt: skip
        words += [option, value] if value else []
    if request.measure:
        if request.convention != USUAL.convention or request.model:
            words += ["--convention", request.convention]
        words += ["--precision", request.precision] if request.precision != USUAL.precision else []
        words += [word for pattern in request.ops for word in ("--ops", pattern)] + ["--explain"]
    return shlex.join(words)


def tables(asked: list[tuple[str, Request]]) -> Iterator[Table]:
    """The terms of each measure, by op."""
    for name, request in asked:
        if not request.measure:
            continue
        above, below = terms(request)
        found = rows(above, below, derivation(request).graph.loops)
        if len(found) > MOST:
            found = [row for row in found if not row[0].startswith(" ")]
        cells: list[tuple[Words, ...]] = [
            (text, "" if size is None else math(size), source) for text, size, source in found
        ]
        if cells:
            heads = (Column("op"), Column(derivation(request).forms[request.measure].unit), Column("of"))
            yield Table(heads, tuple(cells), title=f"terms of {name}")
