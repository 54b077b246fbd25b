"""Many entries are judged by several processes, and what is said is what one process says."""

from __future__ import annotations

import os
import sys

import pytest

from costgraph.library.entries.reading import library
from costgraph.library.judging import together
from costgraph.library.judging.judge import judge


def test_every_entry_has_a_share_and_those_of_one_model_are_in_one() -> None:
    shares = together.alike(library())
    assert sorted(at for share in shares for at in share) == [*range(len(library()))]
    of_one = [{library()[at].derive.model for at in share if library()[at].derive} for share in shares]  # type: ignore[union-attr]
    assert max(map(len, of_one)) < 10


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process judges all")
def test_several_processes_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    some = library()[::6]
    monkeypatch.setattr(together, "FEW", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    found = dict(together.judged(some, in_full=True))
    assert len(found) == len(some)
    for at, entry in enumerate(some):
        alone = judge(entry)
        assert (found[at].outcome, found[at].reason) == (alone.outcome, alone.reason)
        assert (found[at].judged, found[at].derived) == (alone.judged, alone.derived)


def test_few_entries_need_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    few = library()[:3]
    assert [at for at, _ in together.judged(few)] == [0, 1, 2]
