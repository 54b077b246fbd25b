"""Verdicts as text, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from costgraph.library.judging.judge import OUTCOMES, UNJUDGED, Verdict

SCHEMA = "costgraph.check/1"
DETAILED = 12  # up to so many entries are shown in full


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many entries had each outcome, in the order of the table."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}


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
    found = counts(verdicts)
    width = max(map(len, found), default=0)
    lines += [f"{number:5}  {outcome:{width}}  {OUTCOMES[outcome]}" for outcome, number in found.items()]  # type: ignore[index]
    return "\n".join([*lines, f"{len(verdicts):5}  in all"])


def detailed(verdict: Verdict) -> list[str]:
    """One entry in full."""
    entry = verdict.entry
    rows = [
        ("source", f"{entry.source}, {entry.place}"),
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


def as_json(verdicts: Sequence[Verdict]) -> str:
    """The contract `costgraph.check/1`; see docs/json.md."""
    return json.dumps(
        {"schema": SCHEMA, "counts": counts(verdicts), "entries": [record(v) for v in verdicts]},
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
            if verdict.failed:
                ElementTree.SubElement(case, "failure", message=verdict.reason).text = "\n".join(detailed(verdict))
            elif verdict.outcome in UNJUDGED:
                ElementTree.SubElement(case, "skipped", message=f"{verdict.outcome}: {verdict.reason}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")
