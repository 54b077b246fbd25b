"""The library of published formulas to read: its entries, its sources, one entry in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import sources
from costgraph.library.judging.judge import Verdict as Judgement
from costgraph.library.pages.errata import cited
from costgraph.library.pages.links import link
from costgraph.reports.entry_derivation import derivation_json, derivation_of, given_json
from costgraph.reports.in_words import Typed
from costgraph.reports.judged import details, heading
from costgraph.reports.judged_json import entry_json
from costgraph.reports.nodes import Column, Node, Report, Table, Verdict, Words

SCHEMA = "costgraph.formulas/1"


def entries(found: Sequence[Entry]) -> Report:
    """One row for each: where it stands, what it is about, and what was printed."""
    heads = (Column("id"), Column("place"), Column("title"), Column("printed", strong=True))
    rows: list[tuple[Words, ...]] = [(one.id, one.place, one.title, Typed(one.statement)) for one in found]
    return Report("", ((Table(heads, tuple(rows)),),))


def entries_json(found: Sequence[Entry]) -> dict[str, Any]:
    """Entries in the contract `costgraph.formulas/1`; see docs/json.md."""
    rows = [
        {"id": one.id, "title": one.title, "source": one.source, "place": one.place, "printed": one.statement}
        for one in found
    ]
    return {"schema": SCHEMA, "entries": rows}


def cited_sources() -> Report:
    """What entries were read in."""
    rows: tuple[tuple[Words, ...], ...] = tuple((key, cited(source)) for key, source in sources().items())
    return Report("", ((Table((Column("source"), Column("cited")), rows),),))


def sources_json() -> dict[str, Any]:
    """Sources in the contract `costgraph.formulas/1`."""
    rows = [{"source": key, "cited": cited(source), "version": source.version} for key, source in sources().items()]
    return {"schema": SCHEMA, "sources": rows}


def in_full(judged: Sequence[Judgement]) -> Report:
    """Entries in full: what was printed, where, and what follows."""
    return Report("", tuple(of_one(one) for one in judged))


def of_one(one: Judgement, *, titled: bool = True) -> tuple[Node, ...]:
    """One entry in full, with its source and its derivation; its title, unless that stands above."""
    source = sources()[one.entry.source]
    read = f"read in {source.secondhand}" if source.secondhand else ""
    about = [
        ("cited", cited(source)),
        ("version", source.version if source.version != source.numbered else ""),
        ("link", link(one.entry)),
        ("second hand", read),
    ]
    rows = (*details(one), *((name, text) for name, text in about if text))
    return (Verdict(heading(one, titled), not one.failed), Table((Column(), Column()), rows), *derivation_of(one.entry))


def in_full_json(judged: Sequence[Judgement]) -> dict[str, Any]:
    """Entries in full in the contract `costgraph.formulas/1`."""
    rows = [
        entry_json(one)
        | {
            "cited": cited(sources()[one.entry.source]),
            "version": sources()[one.entry.source].version,
            "link": link(one.entry),
            "given": given_json(one.entry),
            "derivation": derivation_json(one.entry),
        }
        for one in judged
    ]
    return {"schema": SCHEMA, "entries": rows}
