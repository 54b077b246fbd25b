"""Verdicts as text, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from costgraph.library.judging.judge import OUTCOMES, UNJUDGED, Verdict
from costgraph.library.judging.judged_by import JUDGED, arithmetic

SCHEMA = "costgraph.check/1"
DETAILED = 12  # up to so many entries are shown in full


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many entries had each outcome, in the order of the table."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}


def judged(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts rest on what, in the order of the table."""
    found = Counter(verdict.judged for verdict in verdicts)
    return {kind: found[kind] for kind in JUDGED if found[kind]}


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each thing that verdicts rest on, with the verdicts; last how many there are in all."""
    lines = []
    for kind, number in judged(verdicts).items():
        outcomes = counts(verdict for verdict in verdicts if verdict.judged == kind)
        said = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items() if outcome != kind)
        what = JUDGED[kind]  # type: ignore[index]
        lines.append(f"{number:5}  {kind:10}  {f'{what}: {said}' if said else what}")
    return [*lines, f"{len(verdicts):5}  in all"]


def table(verdicts: Sequence[Verdict]) -> str:
    """Few entries in full; of many, the counts, what differs and what is unverified."""
    lines: list[str] = []
    if len(verdicts) <= DETAILED:
        for verdict in verdicts:
            lines += [*detailed(verdict), ""]
    else:
        for outcome in ("differs", "unverified"):
            for verdict in verdicts:
                if verdict.outcome == outcome:
                    lines += [f"{outcome}: {verdict.entry.where}: {verdict.entry.title}", f"    {verdict.reason}"]
        lines += [""] if lines else []
    return "\n".join([*lines, *summary(verdicts)])


def detailed(verdict: Verdict) -> list[str]:
    """One entry in full."""
    entry = verdict.entry
    rows = [
        ("source", f"{entry.source}, {entry.place}"),
        ("judged", said_of(verdict)),
        ("printed", entry.statement),
        ("derived", verdict.derived),
        ("right", entry.right),
        ("dropped", entry.drops and f"{entry.drops}, vanishes for {entry.vanishes}"),
        ("constant", entry.constant),
        ("assuming", ", ".join(entry.assumptions)),
        ("reason", verdict.reason),
        ("remark", entry.remark),
    ]
    return [f"{entry.id}: {verdict.outcome} - {entry.title}", *(f"  {name:8}  {text}" for name, text in rows if text)]


def said_of(verdict: Verdict) -> str:
    """What a verdict rests on, and why it is no more than that."""
    if verdict.judged != "arithmetic":
        return f"{verdict.judged}, {JUDGED[verdict.judged]}" if verdict.judged in ("derived", "constant") else ""
    return f"arithmetic: {arithmetic(verdict.entry)}"


def as_json(verdicts: Sequence[Verdict]) -> str:
    """The contract `costgraph.check/1`; see docs/json.md."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "counts": counts(verdicts),
            "judged": judged(verdicts),
            "entries": [record(v) for v in verdicts],
        },
        indent=2,
        ensure_ascii=False,
    )


def record(verdict: Verdict) -> dict[str, Any]:
    """One entry as JSON."""
    entry = verdict.entry
    return {
        "id": entry.id,
        "title": entry.title,
        "source": entry.source,
        "place": entry.place,
        "outcome": verdict.outcome,
        "judged": verdict.judged,
        "reason": verdict.reason,
        "printed": entry.statement,
        "derived": verdict.derived,
        "right": entry.right,
        "file": entry.file,
        "line": entry.line,
    }


def junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit XML for continuous integration: one suite per file; what differs fails, what is not judged is skipped."""
    root = ElementTree.Element("testsuites", name="costgraph check")
    for file in dict.fromkeys(v.entry.file for v in verdicts):
        part = [v for v in verdicts if v.entry.file == file]
        failed, skipped = sum(v.failed for v in part), sum(v.outcome in UNJUDGED for v in part)
        suite = ElementTree.SubElement(
            root, "testsuite", name=file, tests=str(len(part)), failures=str(failed), skipped=str(skipped), errors="0"
        )
        for verdict in part:
            case = ElementTree.SubElement(
                suite, "testcase", classname=file, name=f"{verdict.entry.id}: {verdict.entry.title}"
            )
            properties = ElementTree.SubElement(case, "properties")
            ElementTree.SubElement(properties, "property", name="judged", value=verdict.judged)
            if verdict.failed:
                ElementTree.SubElement(case, "failure", message=verdict.reason).text = "\n".join(detailed(verdict))
            elif verdict.outcome in UNJUDGED:
                ElementTree.SubElement(case, "skipped", message=f"{verdict.outcome}: {verdict.reason}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")
