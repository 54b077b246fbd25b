"""Where results go: to stdout, or into a file that is written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from costgraph.errors import UserError


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


def deliver(content: str | bytes, path: Path | None) -> None:
    """Print text, or put it (or the bytes of a document) into the file in one step."""
    if isinstance(content, str):
        content = content if content.endswith("\n") else content + "\n"
        if path is None:
            sys.stdout.write(content)
            return
        content = content.encode()
    if path is None:
        if sys.stdout.isatty():
            raise UserError("this is no text for a terminal; name a file with -o")
        sys.stdout.buffer.write(content)
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
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
