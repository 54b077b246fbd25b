"""Judges many entries, by several processes where copies of this one can be made.

A copy has only the thread that made it, so locks that other threads held stay locked there for ever: a process with
threads that are not ours, of which array libraries start some where they are imported, judges alone.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence

from costgraph.library.entries.entry import Entry
from costgraph.library.judging.judge import Verdict, judge
from costgraph.library.judging.judged_by import Judged
from costgraph.library.judging.statement import Outcome, Test

FEW = 200  # entries of which one process judges all before others have started
OURS = "costgraph waits"  # the thread that tells a person how far it is, and holds no lock that a copy takes

Found = tuple[int, Outcome, str, Judged, str | None]  # which one, and what the engine says of it if that was asked for


def judged(entries: Sequence[Entry], in_full: bool = False) -> Iterator[tuple[int, Verdict]]:
    """The verdicts with the places of their entries, as they come.

    Args:
        entries: of the library or of files.
        in_full: whether what the engine says will be read of all of them, and not of a few.

    Raises:
        UserError: an entry cannot be evaluated; see `judge`.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" and threads_are_ours() else 1
    if len(entries) < FEW or cores == 1:
        yield from enumerate(map(judge, entries))
        return
    from multiprocessing import get_context  # few entries are judged without it

    shares = alike(entries)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: ours holds no lock that a copy takes
        pool = get_context("fork").Pool(min(cores, len(shares)), begin, (entries, in_full))
    with pool:
        for found in pool.imap_unordered(judge_share, shares):
            for at, outcome, reason, kind, derived in found:
                verdict = Verdict(entries[at], outcome, reason, Test(lambda _: "", derived=said(entries[at], derived)))
                vars(verdict)["judged"] = kind  # which it would work out
                yield at, verdict


def threads_are_ours() -> bool:
    """Whether this process, on Linux, has the main thread and the command line's `OURS` alone."""
    import threading

    ours = sum(one is threading.main_thread() or one.name == OURS for one in threading.enumerate())
    return len(os.listdir("/proc/self/task")) == ours


def alike(entries: Sequence[Entry]) -> list[list[int]]:
    """The places of entries that ask about one model, and so share graphs; the largest share first."""
    shares: dict[str, list[int]] = {}
    for at, entry in enumerate(entries):
        asked = next(iter((*entry.let.values(), *([entry.derive] if entry.derive else []))), None)
        shares.setdefault((asked.model or asked.op_set) if asked else "nothing", []).append(at)
    return sorted(shares.values(), key=len, reverse=True)


def said(entry: Entry, derived: str | None) -> Callable[[], str]:
    """What the engine says of an entry that another process judged, which is done again where nobody asked there."""
    return lambda: judge(entry).derived if derived is None else derived


# --- in the other processes -------------------------------------------------------------------------------------------

asked_for: tuple[Sequence[Entry], bool] = ((), False)  # of a process that judges: a copy of the one that asks


def begin(entries: Sequence[Entry], in_full: bool) -> None:
    """Know what is asked; who asks says when it is over."""
    global asked_for
    asked_for = entries, in_full
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def judge_share(places: list[int]) -> list[Found]:
    """What is found of some entries."""
    entries, in_full = asked_for
    verdicts = ((at, judge(entries[at])) for at in places)
    return [(at, one.outcome, one.reason, one.judged, one.derived if in_full else None) for at, one in verdicts]
