"""The command line as tests call it: in this process, or where that makes a difference, in one of its own."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from answers import complaints

from costgraph.__main__ import main

ROOT = Path(__file__).parents[1]
ANSWER = re.compile(r'\{\s*"schema": ')  # in JSON, which holds what its schema says, whatever a test asks


@dataclass(frozen=True)
class Run:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """What stdout says, its notes on one line each."""
        return re.sub(r"\n {2,}(?=\S)", " ", self.stdout)


def costgraph(*arguments: str, cwd: Path | None = None) -> Run:
    """Run the command line in this process, which saves starting Python and importing everything anew.

    An answer in JSON holds what its schema says.
    """
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with (
        settings_of_the_process(),
        mock.patch.object(sys, "argv", ["costgraph", *arguments]),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    said = text(stdout)
    if ANSWER.match(said):
        assert complaints(json.loads(said)) == []
    return Run(code, said, text(stderr))


def text(stream: io.TextIOWrapper) -> str:
    """What was written."""
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextlib.contextmanager
def settings_of_the_process() -> Iterator[None]:
    """Put back what `main` sets for the rest of a process."""
    digits = sys.get_int_max_str_digits()
    try:
        yield
    finally:
        gc.enable()
        sys.set_int_max_str_digits(digits)


def started(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, in an environment with changes."""
    return subprocess.run(
        [sys.executable, "-m", "costgraph", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)} | environment,
        cwd=cwd,
        timeout=60,
    )
