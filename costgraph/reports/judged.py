"""Verdicts on entries of the library as a report: how many there are of each kind, and entries in full."""

from __future__ import annotations

from collections.abc import Sequence

from costgraph.library.judging.judge import UNJUDGED
from costgraph.library.judging.judge import Verdict as Judgement
from costgraph.library.judging.judged_by import JUDGED, arithmetic
from costgraph.library.pages.verdicts import counts, judged
from costgraph.reports.in_words import Typed
from costgraph.reports.junit import Outcome, in_lines
from costgraph.reports.junit import junit as written
from costgraph.reports.nodes import Column, Node, Report, Table, Verdict, Words

DETAILED = 12  # up to so many entries are shown in full


def report(verdicts: Sequence[Judgement], outcome: str | None = None) -> Report:
    """Few entries in full, or those of an outcome; of many the counts, and what differs."""
    few = len(verdicts) <= DETAILED
    shown = [one for one in verdicts if outcome in (one.outcome, one.judged)] if outcome else verdicts if few else []
    full = [in_full(one) for one in shown]
    if few and len(verdicts) == 1:
        return Report("", tuple(full))
    return Report("", ((in_all(verdicts),), *full, told(verdicts) if not (few or outcome) else (), (tally(verdicts),)))


def in_all(verdicts: Sequence[Judgement]) -> Verdict:
    """Whether anything differs."""
    failed, number = sum(one.failed for one in verdicts), len(verdicts)
    if not number:
        return Verdict("no statement was judged")
    return Verdict(
        f"{failed} of {number} statements differ" if failed else f"{number} statements, none differs", not failed
    )


def in_full(one: Judgement) -> tuple[Node, ...]:
    """One entry: what was printed, and what follows."""
    return (Verdict(heading(one), not one.failed), Table((Column(), Column()), tuple(details(one))))


def heading(one: Judgement, titled: bool = True) -> str:
    """`001-2.8b: agrees - Activations`, or without the title."""
    return f"{one.entry.id}: {one.outcome}{f' - {one.entry.title}' if titled else ''}"


def details(one: Judgement) -> list[tuple[Words, ...]]:
    """What is known of an entry, a row for each."""
    entry, erratum = one.entry, one.entry.erratum
    rows = [
        ("source", f"{entry.source}, {entry.place}"),
        ("judged", rests_on(one)),
        ("printed", Typed(entry.statement)),
        ("derived", one.derived),
        ("right", Typed(entry.right)),
        ("dropped", entry.drops and f"{entry.drops}, vanishes for {entry.vanishes}"),
        ("constant", entry.constant),
        ("assuming", ", ".join(entry.assumptions)),
        ("reason", one.reason),
        ("erratum", f"{erratum.kind}, {erratum.severity}" if erratum else ""),
        ("consequence", erratum.consequence if erratum else ""),
        ("remark", entry.remark),
    ]
    return [(name, text) for name, text in rows if text]


def rests_on(one: Judgement) -> str:
    """What a verdict rests on, and why it is no more than that."""
    if one.judged != "arithmetic":
        return f"{one.judged}, {JUDGED[one.judged]}" if one.judged in ("derived", "constant") else ""
    return f"arithmetic: {arithmetic(one.entry)}"


def junit(verdicts: Sequence[Judgement]) -> str:
    """JUnit XML: what differs fails, what is not judged is skipped."""
    return written("costgraph check", map(case, verdicts))


def case(one: Judgement) -> Outcome:
    """An entry as a case, with what its verdict rests on."""
    name, properties = f"{one.entry.id}: {one.entry.title}", (("judged", one.judged),)
    if one.failed:
        return Outcome(one.entry.file, name, "failure", one.reason, in_lines(details(one)), properties)
    if one.outcome in UNJUDGED:
        return Outcome(one.entry.file, name, "skipped", f"{one.outcome}: {one.reason}", "", properties)
    return Outcome(one.entry.file, name, "passed", properties=properties)


def told(verdicts: Sequence[Judgement]) -> tuple[Node, ...]:
    """What differs, with why."""
    rows = [(one.outcome, f"{one.entry.where}: {one.entry.title}", one.reason) for one in verdicts if one.failed]
    return (Table((Column("outcome"), Column("entry"), Column("reason")), tuple(rows)),) if rows else ()


def tally(verdicts: Sequence[Judgement]) -> Table:
    """How many rest on what, with their outcomes; last how many there are in all."""
    rows: list[tuple[Words, ...]] = []
    for kind, number in judged(verdicts).items():
        outcomes = counts(one for one in verdicts if one.judged == kind)
        said = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items() if outcome != kind)
        rows.append((str(number), kind, JUDGED[kind], said))  # type: ignore[index]
    heads = (Column("statements", right=True), Column("judged"), Column("what that rests on"), Column("outcomes"))
    return Table(heads, (*rows, (str(len(verdicts)), "in all", "", "")))
