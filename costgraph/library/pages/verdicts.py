"""Verdicts counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from costgraph.library.judging.judge import OUTCOMES, Verdict
from costgraph.library.judging.judged_by import JUDGED


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many entries had each outcome, in the order of the table."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}


def judged(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts rest on what, in the order of the table."""
    found = Counter(verdict.judged for verdict in verdicts)
    return {kind: found[kind] for kind in JUDGED if found[kind]}
