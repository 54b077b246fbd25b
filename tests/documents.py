"""What tests of documents share: the command line, and the sheet of the decoder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from command_line import costgraph as run

from costgraph.exporting.documents.sheet import sheet
from costgraph.exporting.targets import load
from costgraph.setup import Setup

__all__ = ["decoder", "refused", "run"]


def refused(*arguments: str, cwd: Path | None = None) -> str:
    """What is said about wrong input: one line, no traceback, status 2, nothing on stdout."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


@cache
def decoder(target: str, notation: str | None = None) -> str:
    """The cheat sheet of the decoder."""
    return sheet(load(target), Setup.of(), notation)
