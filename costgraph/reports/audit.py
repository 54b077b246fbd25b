"""The formulas of files as a report: how many agree, each beside what is derived, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costgraph.algebra.printers import python
from costgraph.library.auditing.audit import Audited, counts
from costgraph.reports.check import PAIRS, derived
from costgraph.reports.in_words import Typed
from costgraph.reports.junit import Outcome, State, in_lines
from costgraph.reports.junit import junit as written
from costgraph.reports.nodes import Column, Node, Note, Report, Table, Verdict, Words, math

SCHEMA = "costgraph.audit/1"
WORDS = {"differs": "differ", "agrees": "agree", "not read": "not read"}
OPS = 200  # characters of the ops that a difference is in


def report(found: Sequence[Audited]) -> Report:
    """What agrees and what differs, formula by formula; then what could not be read."""
    unread = tuple((Typed(place(one)), one.said) for one in found if one.compared is None)
    table = (Table((Column("not read"), Column("because")), unread),) if unread else ()
    return Report("", ((in_all(found),), *(of_one(one) for one in found if one.compared is not None), table))


def in_all(found: Sequence[Audited]) -> Verdict | Note:
    """How many there are of each outcome."""
    if not found:
        return Note("no formula with a name that says what it gives; name it with --measure")
    number = counts(found)
    said = ", ".join(
        f"{number[one]} {one if number[one] == 1 else several}" for one, several in WORDS.items() if number.get(one)
    )
    return Verdict(said, not number.get("differs"))


def place(one: Audited) -> str:
    """Where a formula stands, and under which conditions."""
    cases = f" if {' and '.join(one.formula.cases)}" if one.formula.cases else ""
    return f"{one.file}:{one.formula.line}: {one.formula.name}{cases}"


def of_one(one: Audited) -> tuple[Node, ...]:
    """A formula beside what is derived."""
    return (Verdict(Typed(f"{place(one)}: {one.outcome}"), one.outcome == "agrees"), Table(PAIRS, tuple(rows(one))))


def rows(one: Audited) -> list[tuple[Words, ...]]:
    """What was asked, how it was read, and both forms."""
    compared = one.compared
    if compared is None:
        return []
    found: list[tuple[Words, ...]] = [("asked of", compared.head), ("read as", one.read)]
    found += [("formula", math(compared.printed)), ("derived", derived(compared))]
    if not compared.agrees:
        terms = ", ".join(dict.fromkeys(term.op for term in compared.responsible))
        found += [
            ("differs by", math(compared.difference, "factored")),
            ("because", one.said),
            ("in", shortened(terms)),
        ]
    return [(name, text) for name, text in found if text]


def to_json(found: Sequence[Audited]) -> dict[str, Any]:
    """The contract `costgraph.audit/1`; see docs/json.md."""
    return {"schema": SCHEMA, "counts": counts(found), "formulas": [formula_json(one) for one in found]}


def formula_json(one: Audited) -> dict[str, Any]:
    """One formula, and how it compares."""
    return {
        "file": one.file,
        "line": one.formula.line,
        "name": one.formula.name,
        "cases": list(one.formula.cases),
        "formula": one.formula.text,
        "measure": one.measure,
        "per": one.per or None,
        "read": one.read,
        "outcome": one.outcome,
        "derived": None if one.compared is None else python(one.compared.exactly),
        "difference": None if one.compared is None else python(one.compared.difference, "factored"),
        "said": one.said,
    }


def junit(found: Sequence[Audited]) -> str:
    """JUnit XML: what differs fails, what is not read is skipped."""
    states: dict[str, State] = {"differs": "failure", "not read": "skipped", "agrees": "passed"}
    return written(
        "costgraph audit",
        (Outcome(one.file, place(one), states[one.outcome], one.said, in_lines(rows(one))) for one in found),
    )


def shortened(terms: str) -> str:
    """As many names as there is room for."""
    return terms if len(terms) <= OPS else terms[:OPS].rpartition(", ")[0] + ", ..."
