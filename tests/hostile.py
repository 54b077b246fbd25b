"""Runs the command line on hostile inputs, and judges what comes of them: `python tests/hostile.py --count 5000`.

An input passes when the command ends with 0, 1 or 2, says what is wrong in a few lines without a traceback, and takes
less than 5 s of the processor and less than 1 GB. What fails is printed as a command line that fails again, in a folder
that holds its files.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import multiprocessing
import os
import resource
import shlex
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import process_time
from types import FrameType

from hostile_input import Input
from hostile_inputs import inputs

from costgraph.__main__ import exit_code

SECONDS = 5.0  # of the processor
MEMORY = 10**9  # bytes that are added while an input runs
ADDRESSES = 3 * 2**29  # bytes that a process may map at all
LINES = 6  # of stderr: remarks may come before an error
WAIT = 120.0  # seconds on the clock: the machine may be busy, but a lock or a pipe is for ever
WARM = (
    "derive", "estimate --model gpt-3 --hardware a10 --limit B=1,S=8", "export c", "cheatsheet", "export excel",
    "solve 'states <= hbm' --for D --limit E=4,p=2", "check brown-2020-flops",
)  # fmt: skip
Command = Callable[[tuple[str, ...]], int]


class TooSlowError(BaseException):
    """The processor time of one input is used up; nothing in costgraph catches this."""


@dataclass(frozen=True)
class Verdict:
    """What came of an input: empty `fault` if nothing is wrong."""

    fault: str
    seconds: float = 0.0
    memory: int = 0


# --- in a worker ------------------------------------------------------------------------------------------------------


def work(connection: Connection, command: Command) -> None:
    """Answer inputs until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.set_int_max_str_digits(0)  # as `main` does
    os.setsid()  # no terminal can be opened or waited for
    sys.stdin = io.StringIO()
    signal.signal(signal.SIGPROF, out_of_time)
    warm_up()
    while (given := connection.recv()) is not None:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            lay_out(given, Path())
            connection.send(judged(given, command))
        gc.collect()


def out_of_time(number: int, frame: FrameType | None) -> None:
    """Called when the timer has run down."""
    raise TooSlowError


def judged(given: Input, command: Command) -> Verdict:
    """Run one input here."""
    before, start = peak(), process_time()
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    told = io.BytesIO()
    stderr = io.TextIOWrapper(told, encoding="utf-8", errors="backslashreplace")
    fault = ""
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = command(given.arguments)
    except TooSlowError:
        code, fault = 0, f"takes more than {SECONDS:g} s"
    except BaseException as error:
        code, fault = 0, f"traceback: {type(error).__name__}: {str(error)[:300]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, memory = process_time() - start, peak() - before
    stderr.flush()
    said = told.getvalue().decode("utf-8", "replace")
    return Verdict(fault or faulty(code, said, seconds, memory), seconds, memory)


def faulty(code: int, said: str, seconds: float, memory: int) -> str:
    """What is wrong with how a command ended."""
    if code not in (0, 1, 2):
        return f"exit {code}: {said[-300:]}"
    if "Traceback" in said:
        return f"traceback: {said[-300:]}"
    if len(said.splitlines()) > LINES or (code == 2 and not said.strip()):
        return f"says {len(said.splitlines())} lines: {said[:200]}"
    if seconds > SECONDS:
        return f"takes {seconds:.1f} s"
    return f"takes {memory / 1e6:.0f} MB" if memory > MEMORY else ""


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def lay_out(given: Input, folder: Path) -> None:
    """Make what the input's folder holds."""
    for name, content in given.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content == "fifo":
            os.mkfifo(path)
        elif content == "loop":
            path.symlink_to(path.name)
        else:
            path.mkdir()
            if content == "ring":
                (path / "c").symlink_to("..")


# --- outside ----------------------------------------------------------------------------------------------------------


@dataclass
class Worker:
    """A process that is replaced when it does not answer or has grown."""

    command: Command

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("forkserver")  # the tests' own process may have threads of libraries
        self.connection, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, self.command), daemon=True)
        self.process.start()
        other.close()

    def judge(self, given: Input) -> Verdict:
        """What comes of an input."""
        self.connection.send(given)
        try:
            if self.connection.poll(WAIT):
                verdict = self.connection.recv()
                assert isinstance(verdict, Verdict)
                return verdict
            fault = f"does not end within {WAIT:g} s"
        except (EOFError, ConnectionError):
            fault = "ends the process"
        self.stop()
        self.__post_init__()
        return Verdict(fault)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def judge_all(given: Iterable[Input], command: Command = exit_code) -> Iterator[tuple[Input, Verdict]]:
    """What comes of each input; a fresh process after a failure or after a hundred, so that none hides another."""
    worker = Worker(command)
    try:
        for i, one in enumerate(given):
            verdict = worker.judge(one)
            yield one, verdict
            if verdict.memory > MEMORY // 10 or i % 100 == 99:
                worker.stop()
                worker = Worker(command)
    finally:
        worker.stop()


def warm_up() -> None:
    """Import what commands import, so that an input is charged with its own time."""
    quiet = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        for line in WARM:
            exit_code(shlex.split(line))
        import matplotlib.figure  # noqa: F401
        import sympy  # noqa: F401


def kept(given: Input, folder: Path) -> str:
    """The command line that shows it again, in a folder that holds its files."""
    folder.mkdir(parents=True, exist_ok=True)
    lay_out(given, folder)
    line = shlex.join(["costgraph", *given.arguments])
    (folder / "command.txt").write_bytes(os.fsencode(line) if line.isascii() else line.encode("utf-8", "surrogatepass"))
    return f"cd {folder}; {ascii(line)[1:-1]}"


def main() -> int:
    """Run so many inputs, print what fails and the worst of it; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "costgraph-hostile")
    asked = parser.parse_args()
    failed, slowest, largest, tallied = 0, 0.0, 0, Counter[str]()
    for i, (given, verdict) in enumerate(judge_all(inputs(asked.count, asked.seed))):
        tallied[given.family] += 1
        slowest, largest = max(slowest, verdict.seconds), max(largest, verdict.memory)
        if verdict.fault:
            failed += 1
            line = kept(given, asked.keep / f"{asked.seed}-{i}")
            print(f"{i} [{given.family}; {given.place}] {verdict.fault}\n    {line[:600]}", flush=True)
        elif verdict.seconds > SECONDS / 2 or verdict.memory > MEMORY / 4:
            cost = f"{verdict.seconds:.1f} s, {verdict.memory / 1e6:.0f} MB"
            print(f"{i} passes with {cost} [{given.family}; {given.place}] {ascii(given.arguments)[:300]}", flush=True)
    print(f"{asked.count} inputs, {failed} failed; at most {slowest:.2f} s and {largest / 1e6:.0f} MB more")
    print(", ".join(f"{name} {count}" for name, count in tallied.most_common()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
