"""One model as a report: its sizes with what they mean, where it is published, what is left out."""

from __future__ import annotations

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.models.model import Model
from costgraph.reports.nodes import Column, Note, Report, Table, Words, math

HEADS = (Column("symbol"), Column("size", right=True, strong=True), Column("what"))


def report(of: Model) -> Report:
    """All that is known of a model."""
    rows: list[tuple[Words, ...]] = [
        (letter(name), math(of.bindings[name]), f"{meaning(name)}") for name in in_order(of.bindings)
    ]
    count = (
        f"{of.exact:,} (counted or published by others)" if of.exact else f"about {of.nominal}" if of.nominal else ""
    )
    notes = [(count, "parameters"), (", ".join(of.hub), "published as"), (of.source, "sizes from")]
    said = (*notes, *((text, "note") for text in of.left_out))
    title = f"{of.title} ({of.name})" if of.title != of.name else of.title
    return Report(title, ((), (Table(HEADS, tuple(rows)),), tuple(Note(text, word) for text, word in said if text)))


def letter(name: str) -> Words:
    """A symbol as formulas have it."""
    return math(Polynomial.symbol(name)) if name in SYMBOLS else name


def meaning(name: str) -> str:
    """What a symbol stands for, with its unit."""
    symbol = SYMBOLS.get(name)
    return "" if symbol is None else f"{symbol.meaning}{f' [{symbol.unit}]' if symbol.unit else ''}"
