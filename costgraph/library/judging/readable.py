"""Reads what is argued, set aside or unverified: a formula has to be one, even where nothing is derived."""

from __future__ import annotations

from costgraph.graph.einsum import parse_spec
from costgraph.library.entries.entry import Entry, Indexed
from costgraph.library.judging import indexed
from costgraph.library.judging.engine import names_of
from costgraph.library.judging.statement import decimal

UNREADABLE = ("notation", "text damage")  # what is wrong with the print may be just that it cannot be read


def read(entry: Entry) -> None:
    """Raise unless the expressions of an entry that is not judged can be read."""
    if entry.erratum and entry.erratum.kind in UNREADABLE:
        return
    right = entry.erratum.right if entry.erratum else ()
    stated = (entry.printed, *entry.structure, *([right] if isinstance(right, str) else right))
    texts = [text for text in stated if text]
    if entry.structure:
        for text in texts:
            if "->" in text:
                parse_spec(text)
    elif entry.indexed:
        read_indexed(entry.indexed, texts)
    else:
        read_expressions(entry, texts)


def read_indexed(asked: Indexed, texts: list[str]) -> None:
    """Read formulas with indices."""
    setting = indexed.Setting(asked.sizes, asked.arrays, asked.define)
    for text in texts:
        indexed.evaluated(setting, asked.result, text)


def read_expressions(entry: Entry, texts: list[str]) -> None:
    """Read a formula, a number or a claim."""
    names = names_of(entry)
    if entry.value:
        for text in (entry.value, *texts):
            decimal(text)
    if entry.printed:
        for text in filter(None, (*texts, entry.drops, entry.constant)):
            names.printed(text)
    if entry.claim:
        names.sides(entry.claim)
