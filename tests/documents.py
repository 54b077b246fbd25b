"""What tests of documents share: the command line in a process of its own, and the sheet of the decoder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from costgraph.exporting.documents.sheet import sheet
from costgraph.exporting.targets import load


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "costgraph", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def refused(*arguments: str, cwd: Path | None = None) -> str:
    """What is said about wrong input: one line, no traceback, status 2, nothing on stdout."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def decoder(target: str, notation: str | None = None) -> str:
    """The cheat sheet of the decoder."""
    return sheet(load(target), "decoder", "notes", "mixed_adam", notation)
