"""Verdicts counted, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from costgraph.library.judging.judge import OUTCOMES, Verdict
from costgraph.library.judging.judged_by import JUDGED

SCHEMA = "costgraph.check/1"


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many entries had each outcome, in the order of the table."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}


def judged(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts rest on what, in the order of the table."""
    found = Counter(verdict.judged for verdict in verdicts)
    return {kind: found[kind] for kind in JUDGED if found[kind]}


def to_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The contract `costgraph.check/1`; see docs/json.md."""
    return {
        "schema": SCHEMA,
        "counts": counts(verdicts),
        "judged": judged(verdicts),
        "entries": [record(v) for v in verdicts],
    }


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
