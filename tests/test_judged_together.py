"""Many entries are judged by several processes, and what is said is what one process says."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from costgraph.library.entries.reading import library
from costgraph.library.judging import together


def test_every_entry_has_a_share_and_those_of_one_model_are_in_one() -> None:
    shares = together.alike(library())
    assert sorted(at for share in shares for at in share) == [*range(len(library()))]
    of_one = [{library()[at].derive.model for at in share if library()[at].derive} for share in shares]  # type: ignore[union-attr]
    assert max(map(len, of_one)) < 10


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process judges all")

SEVERAL = """
import os
from costgraph.library.entries.reading import library
from costgraph.library.judging import together
from costgraph.library.judging.judge import judge

forked = []
os.register_at_fork(after_in_parent=lambda: forked.append(1))
together.FEW = 1
os.sched_getaffinity = lambda _: {0, 1}
some = library()[::6]
found = dict(together.judged(some, in_full=True))
assert len(forked) == 2, forked
assert len(found) == len(some)
for at, entry in enumerate(some):
    alone = judge(entry)
    assert (found[at].outcome, found[at].reason) == (alone.outcome, alone.reason), entry.id
    assert (found[at].judged, found[at].derived) == (alone.judged, alone.derived), entry.id
"""


@LINUX
def test_several_processes_say_what_one_says() -> None:
    """Asked in a process of its own, as that of the tests may have threads."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", SEVERAL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@LINUX
def test_a_process_with_threads_of_others_judges_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def forks(_: str) -> None:
        raise AssertionError("copies are made of a process with threads")

    monkeypatch.setattr(together, "FEW", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(multiprocessing, "get_context", forks)
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        assert [at for at, _ in together.judged(library()[:3])] == [0, 1, 2]
    finally:
        over.set()
        other.join()


TELLS = """
import sys
from costgraph.cli.waiting import Waiting
from costgraph.library.judging.together import threads_are_ours
import threading
sys.stderr.isatty = lambda: True
assert threads_are_ours()
Waiting().begin()
assert threading.active_count() == 2 and threads_are_ours()
threading.Thread(target=threading.Event().wait, daemon=True).start()
assert not threads_are_ours()
"""


@LINUX
def test_the_thread_that_tells_how_far_it_is_is_ours() -> None:
    done = subprocess.run([sys.executable, "-c", TELLS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_few_entries_need_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    few = library()[:3]
    assert [at for at, _ in together.judged(few)] == [0, 1, 2]
