"""The net under the command line: whatever is left over is one line and an exit code, never a traceback."""

from __future__ import annotations

import builtins
import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import costgraph.cli
from costgraph.__main__ import INTERRUPTED, TRACEBACK, exit_code
from costgraph.cli.output import check_target, deliver, plain, print_what_can_be_printed, write_whole
from costgraph.errors import BugError, UserError

BUG = "error: this is a bug in costgraph, please report it: "
WHERE = f" ({TRACEBACK}=1 in the environment shows where)\n"

LEFT_OVER: list[tuple[BaseException, int, str]] = [  # what is raised, the exit code, and what is said
    (UserError("no such thing"), 2, "error: no such thing\n"),
    (UserError("two\nlines \x1b[31m in red"), 2, "error: two lines \\x1b[31m in red\n"),
    (UserError("half a \ud800 pair"), 2, "error: half a \\ud800 pair\n"),
    (FileNotFoundError(2, "No such file or directory", "x"), 2, "error: x: No such file or directory\n"),
    (OSError(28, "No space left on device"), 2, "error: output: No space left on device\n"),
    (BugError("two ops share a name"), 3, f"{BUG}two ops share a name{WHERE}"),
    (ValueError("invalid literal"), 3, f"{BUG}ValueError: invalid literal{WHERE}"),
    (KeyError("x"), 3, f"{BUG}KeyError: 'x'{WHERE}"),
    (AssertionError(), 3, f"{BUG}AssertionError:{WHERE}"),
    (RecursionError("maximum recursion depth exceeded"), 3, f"{BUG}RecursionError: maximum recursion depth{WHERE}"),
    (MemoryError(), 3, f"{BUG}MemoryError:{WHERE}"),
    (UnicodeEncodeError("ascii", "\ud800", 0, 1, "no"), 3, f"{BUG}UnicodeEncodeError: 'ascii' codec"),
    (KeyboardInterrupt(), INTERRUPTED, ""),
]


def raising(error: BaseException) -> Any:
    """A command line that raises."""

    def run(arguments: Sequence[str]) -> int:
        raise error

    return run


@pytest.mark.parametrize(("error", "code", "said"), LEFT_OVER, ids=lambda value: type(value).__name__)
def test_whatever_is_raised_is_one_line(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(costgraph.cli, "run", raising(error))
    assert exit_code([]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == (1 if said else 0)
    assert err.startswith(said.partition(" (")[0].rstrip())
    assert (TRACEBACK in err) == (code == 3)


def test_a_traceback_is_there_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(costgraph.cli, "run", raising(ValueError("x")))
    monkeypatch.setenv(TRACEBACK, "1")
    assert exit_code([]) == 3
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert err.endswith(f"{BUG}ValueError: x\n")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), INTERRUPTED), (ImportError("no rich"), 3)])
def test_what_happens_during_start_up_is_caught_as_well(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ordinary = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "costgraph.cli":
            raise error
        return ordinary(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    assert exit_code([]) == code
    assert capsys.readouterr().err.count("\n") == (code == 3)


def test_an_interrupt_at_any_time_is_quiet() -> None:
    """SIGINT while modules are being imported: the module that is imported first sends it to itself."""
    code = (
        "import os, signal, sys, importlib.abc\n"
        "class Late(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Late())\n"
        "import runpy; runpy.run_module('costgraph', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "")
    assert INTERRUPTED == 128 + signal.SIGINT


def test_what_typer_says_is_an_error_of_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["derive", "--limmit", "E=4"]) == 2
    assert capsys.readouterr().err.startswith("error: No such option: --limmit")


# --- encodings --------------------------------------------------------------------------------------------------------


def printed(text: str, encoding: str, monkeypatch: pytest.MonkeyPatch, document: bool = False) -> bytes:
    """What arrives at a stdout of this encoding."""
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding=encoding))
    print_what_can_be_printed()
    deliver(text, document=document)
    return stream.getvalue()


SIGNS = {
    "a × b": "a x b",
    "S²": "S^2",
    "2 µs": "2 us",
    "Poincaré": "Poincare",
    "語": "\\u8a9e",
    "→ ∞": "-> oo",
}


@pytest.mark.parametrize("text", SIGNS)
def test_what_a_terminal_has_no_place_for_is_written_with_ascii(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(text, "ascii", monkeypatch) == f"{SIGNS[text]}\n".encode()
    assert printed(text, "utf-8", monkeypatch) == f"{text}\n".encode()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437", "shift_jis"])
def test_a_document_is_utf_8_whatever_the_terminal_takes(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed("≪ 語", encoding, monkeypatch, document=True) == "≪ 語\n".encode()
    assert printed("≪", encoding, monkeypatch).decode(encoding) in ("<<\n", "≪\n")


def test_only_what_cannot_be_encoded_is_replaced() -> None:
    with pytest.raises(UnicodeDecodeError):
        plain(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["cheatsheet", "list symbols", "estimate --model llama-2-7b --hardware a10"])
def test_commands_work_where_the_terminal_is_of_another_age(arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "costgraph", *arguments.split()],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    done.stdout.decode("utf-8" if arguments == "cheatsheet" else "cp1252")


# --- output files -----------------------------------------------------------------------------------------------------


def test_a_place_where_nothing_can_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    for name, said in {
        "loop": "loop: leads to itself: a loop of links",
        ".": "is a folder; name a file",
        "no/such/file": "there is no folder",
        "file/x": "not a directory",
        "n" * 300: "file name too long",
        "a\0b": "is no name of a file",
    }.items():
        for force in (False, True):
            with pytest.raises(UserError) as refused:
                check_target(tmp_path / name, force)
            assert said in str(refused.value)


def test_what_goes_wrong_while_writing_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="x: there is no such file"):
        write_whole(b"x", tmp_path / "gone" / "x")
    if Path("/dev/full").exists():
        with pytest.raises(UserError, match="/dev/full: no space left on device"):
            write_whole(b"x", Path("/dev/full"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    target.write_text("mine")
    target.chmod(0o640)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(UserError, match="out: no space left on device"):
            write_whole(b"yours", target)
    assert (target.read_text(), os.listdir(tmp_path)) == ("mine", ["out"])
    write_whole(b"yours", target)
    assert (target.read_text(), os.listdir(tmp_path)) == ("yours", ["out"])
    assert target.stat().st_mode & 0o777 == 0o640


def test_dev_null_and_dev_stdout_are_written_to(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for name in ("/dev/null", "/dev/stdout"):
        check_target(Path(name), force=False)
        deliver("text", Path(name))
    assert capfdbinary.readouterr().out == b"text\n"
    assert Path("/dev/null").is_char_device()
