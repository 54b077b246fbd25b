"""What only a person at a terminal has: a pager for long answers, and a line that says what is waited for."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from costgraph.__main__ import marked
from costgraph.cli import waiting as module
from costgraph.cli.commands import COMMANDS, DOING
from costgraph.cli.pager import OWN, pager
from costgraph.cli.waiting import Waiting, progress

pytestmark = pytest.mark.slow  # a process each
PAGER = f"{sys.executable} -c \"import sys; print('PAGED', len(sys.stdin.read().splitlines()))\""


def at_terminal(*arguments: str, environment: dict[str, str], lines: int = 24) -> str:
    """What a person sees who types a command: its stdout, its stderr and its stdin are one terminal."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 80, 0, 0))
    unset = ("COLUMNS", "LINES", "LESS", "PAGER", "MANPAGER", OWN, "NO_COLOR")
    settings = {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", "costgraph", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={name: value for name, value in os.environ.items() if name not in unset} | settings | environment,
    )
    os.close(follower)
    shown = b""
    while data := some(leader):
        shown += data
    os.close(leader)
    process.wait()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    return re.sub(
        r"\r(?:working|deriving[a-z ]*|reading[a-z ]*), \d+ s|\r +\r(?!\n)", "", plain
    )  # said on a machine that has much to do


def some(leader: int) -> bytes:
    """What comes next from a terminal; nothing once it is closed."""
    try:
        return os.read(leader, 4096)
    except OSError:
        return b""


def test_an_error_is_seen_from_afar_unless_colours_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert marked("error:") == "\x1b[1;31merror:\x1b[0m"
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
        assert marked("error:") == "error:"


def test_a_page_is_not_written_to_a_terminal() -> None:
    assert "a page is no text for a terminal; name a file" in at_terminal("explore", "--model", "gpt2", environment={})


# --- the pager --------------------------------------------------------------------------------------------------------


def test_a_long_answer_is_given_to_the_pager_that_the_user_has() -> None:
    (found,) = re.findall(r"PAGED (\d+)", at_terminal("list", "models", environment={"PAGER": PAGER}))
    assert int(found) > 100
    assert "PAGED" in at_terminal("list", "models", environment={OWN: PAGER, "PAGER": "cat"})
    assert "PAGED" in at_terminal("list", "models", "--json", environment={"PAGER": PAGER})


def test_what_fits_on_the_screen_is_printed() -> None:
    assert at_terminal("list", environment={"PAGER": PAGER}).startswith("kind ")
    assert at_terminal("list", "models", environment={"PAGER": PAGER}, lines=300).startswith("model ")
    assert "PAGED" in at_terminal("list", environment={"PAGER": PAGER}, lines=8)


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (("--no-pager",), {"PAGER": PAGER}),
        ((), {"PAGER": "cat"}),
        ((), {"PAGER": PAGER, OWN: ""}),
        ((), {"PAGER": "no-such-program"}),
        ((), {"PAGER": "'unbalanced"}),
        ((), {"PAGER": PAGER, "TERM": "dumb"}),
    ],
)
def test_a_pager_can_be_turned_off(options: tuple[str, ...], environment: dict[str, str]) -> None:
    shown = at_terminal(*options, "list", "models", environment=environment)
    assert shown.startswith("model ")
    assert "shows the sizes of one" in shown


def test_a_pipe_has_no_pager_and_may_be_closed_early() -> None:
    command = f"{sys.executable} -m costgraph list models | head -n 1"
    environment = os.environ | {"PAGER": PAGER, "PYTHONPATH": str(Path(__file__).parents[1])}
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("model ")


def test_which_pager_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OWN, raising=False)
    monkeypatch.setenv("PAGER", f"{sys.executable} -c pass")
    assert pager() == f"{sys.executable} -c pass"
    monkeypatch.setenv(OWN, "")
    assert pager() == ""


# --- the line ---------------------------------------------------------------------------------------------------------


class Terminal:
    """A stderr that a person looks at."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""

    @property
    def seen(self) -> str:
        """What is on the line in the end."""
        line = ""
        for part in self.text.split("\r"):
            line = part + line[len(part) :]
        return line.rstrip()


def test_who_waits_for_a_second_is_told_what_for_and_the_line_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SLOW", 0.05)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    waiting = Waiting()
    monkeypatch.setattr(module, "waiting", waiting)
    waiting.begin()
    over = waiting.over
    assert over is not None
    for _ in progress([1, 2], "checking", 2):
        over.wait(0.2)
    waiting.end()
    assert "checking, 0 of 2 done, 0 s" in terminal.text
    assert "checking, 1 of 2 done, 0 s" in terminal.text
    assert terminal.seen == ""
    over.wait(0.1)
    assert terminal.seen == ""


def test_every_command_has_words_for_who_waits() -> None:
    assert set(DOING) == set(COMMANDS) - {"list", "completion"}  # which are there at once


def test_a_slow_command_says_what_it_does_until_it_answers() -> None:
    shown = at_terminal("--no-pager", "check", environment={})
    assert re.search(r"\rchecking, \d+ of \d+ done, \d s", shown)
    assert "checking" not in shown[shown.index("none differs") :]
