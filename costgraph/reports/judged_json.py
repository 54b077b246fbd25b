"""Verdicts on entries of the library as JSON: the contract `costgraph.check/1`; see docs/json.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costgraph.library.judging.judge import Verdict
from costgraph.library.pages.verdicts import counts, judged

SCHEMA = "costgraph.check/1"


def to_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """How many entries had which outcome, and all of them."""
    return {
        "schema": SCHEMA,
        "counts": counts(verdicts),
        "judged": judged(verdicts),
        "entries": [entry_json(v) for v in verdicts],
    }


def entry_json(verdict: Verdict) -> dict[str, Any]:
    """One entry."""
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
