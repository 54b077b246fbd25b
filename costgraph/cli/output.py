"""Where results go: to stdout, or into a file that is written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from costgraph.errors import UserError

Item = TypeVar("Item")


def check_target(path: Path | None, force: bool) -> None:
    """Refuse an output file that cannot or must not be written, before anything is computed."""
    if path is None:
        return
    target = path.resolve()  # where a link leads
    if target.is_dir():
        raise UserError(f"{path} is a folder; name a file")
    if not target.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    if os.path.lexists(path) and not force:
        raise UserError(f"{path} exists; replace it with --force")
    if target.exists() and not target.is_file():
        raise UserError(f"{path} is not a regular file")
    if target.exists() and not target.stat().st_mode & 0o222:
        raise UserError(f"{path} is write-protected; change its mode or choose another name")


def deliver(content: str | bytes, path: Path | None = None) -> None:
    """Print text, or put it (or the bytes of a document) into the file in one step.

    A reader that closes the pipe has seen enough.
    """
    if isinstance(content, str) and not content.endswith("\n"):
        content += "\n"
    if path is not None:
        write_whole(content.encode() if isinstance(content, str) else content, path)
        return
    if isinstance(content, bytes) and sys.stdout.isatty():
        raise UserError("this is no text for a terminal; name a file with -o")
    try:
        if isinstance(content, str):
            sys.stdout.write(content)
        else:
            sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_whole(content: bytes, path: Path) -> None:
    """Replace a file, or what a link leads to, by way of a temporary file beside it."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~umask()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".costgraph-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None


def umask() -> int:
    """The permissions that new files are created without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def remark(text: str) -> None:
    """Something worth knowing that is not part of the result."""
    print(f"note: {text}", file=sys.stderr)


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items, with a progress bar on stderr if a person looks at it and there are enough to wait for."""
    if len(items) < 50 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, console=Console(stderr=True), transient=True)


def on_terminal() -> bool:
    """Whether a person looks at stdout and has not asked for plain text."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def writes_unicode(path: Path | None) -> bool:
    """Whether superscripts and signs such as × can be written there."""
    encoding = "utf-8" if path else (sys.stdout.encoding or "ascii")
    try:
        "²∞×".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
