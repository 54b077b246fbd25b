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
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file")
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    if path.exists():
        if not force:
            raise UserError(f"{path} exists; replace it with --force")
        if not path.stat().st_mode & 0o222:
            raise UserError(f"{path} is write-protected; change its mode or choose another name")


def deliver(text: str, path: Path | None) -> None:
    """Print `text`, or put it into the file in one step."""
    text = text if text.endswith("\n") else text + "\n"
    if path is None:
        sys.stdout.write(text)
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


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
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def writes_unicode(path: Path | None) -> bool:
    """Whether superscripts can be written there."""
    encoding = "utf-8" if path else (sys.stdout.encoding or "ascii")
    try:
        "²∞≪".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
