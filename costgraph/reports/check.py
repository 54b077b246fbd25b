"""A formula of one's own against the engine, as a report: whether it agrees, both forms, and what separates them."""

from __future__ import annotations

from costgraph import provenance
from costgraph.algebra.symbols import Rational
from costgraph.library.checking.comparison import Checked
from costgraph.reports.nodes import Column, Math, Note, Report, Table, Verdict, Words, math

PAIRS = (Column(), Column(strong=True))


def report(found: Checked) -> Report:
    """All that a comparison says."""
    rows: list[tuple[Words, ...]] = [("formula", math(found.printed)), ("derived", derived(found))]
    if found.neglected is not None:
        rows.append(
            ("leading", (math(found.derived), f"  ({found.when}; first neglected: ", math(found.neglected), " of it)"))
        )
    if not found.agrees:
        rows.append(("differs by", math(found.difference, "factored")))
    defined = tuple(Note(Math(one.written), "where", formula=True) for one in found.definitions)
    notes = (*defined, *(Note(remark, "note") for remark in found.remarks))
    sections = ((verdict(found),), (Table(PAIRS, tuple(rows)),), notes, responsible(found))
    return Report(found.head, sections)


def derived(found: Checked) -> Words:
    """What the engine says, with its unit."""
    return (math(found.exactly), f" {found.unit}")


def verdict(found: Checked) -> Verdict:
    """Whether it agrees; if not, why as far as that can be said."""
    if found.agrees:
        return Verdict(found.outcome + (f" in {found.when}" if found.outcome != "agrees" else ""), True)
    return Verdict(f"differs; {separated(found)}", False)


def separated(found: Checked) -> str:
    """The nearest slip, or why nothing is derived; else how large the formula is beside what is derived."""
    if found.slip:
        return f"nearest slip: {found.slip}"
    if zero := next((one for one in found.remarks if one.startswith(f"{found.measure} is 0: ")), ""):
        return zero
    return f"nothing short explains it{'' if found.ratio is None else beside(found.ratio)}"


def beside(ratio: Rational) -> str:
    """How large a formula is beside what is derived; where that is nearly all, what it has more or less."""
    share, apart = f"{float(ratio):.5g}", float(ratio - 1)
    if share != "1":
        return f"; the formula is {share} of what is derived"
    return f"; the formula is what is derived and {abs(apart):.2g} of it {'more' if apart > 0 else 'less'}"


def responsible(found: Checked) -> tuple[Table, ...]:
    """The terms that contribute to the difference."""
    if found.agrees or not found.responsible:
        return ()
    rows = provenance.rows(found.responsible, found.over, found.loops)
    cells = tuple((name, "" if size is None else math(size), source) for name, size, source in rows)
    return (Table((Column("term"), Column("amount"), Column("from")), cells, "the terms it comes from"),)
