"""Where results go: to stdout, or into a file that is written whole or not at all."""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
from pathlib import Path

from costgraph.cli.pager import paged
from costgraph.cli.waiting import waiting
from costgraph.errors import UserError, one_line
from costgraph.user_files import reason

STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
PLAIN = {
    "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "→": "->", "≪": "<<", "≤": "<=", "≥": ">=", "∞": "oo", "µ": "u",
    "…": "...", "“": '"', "”": '"', "\u2018": "'", "\u2019": "'",
}  # fmt: skip


def check_target(path: Path | None, force: bool) -> None:
    """Refuse an output file that cannot or must not be written, before anything is computed."""
    if path is None or str(path) in STDOUT:
        return
    try:
        mode = path.stat().st_mode  # of what a link leads to
    except FileNotFoundError:
        mode = 0
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {reason(error) if isinstance(error, OSError) else 'is no name of a file'}") from None
    if stat.S_ISDIR(mode):
        if force and has_parts(path):
            return
        raise UserError(f"{path} is a folder; name a file")
    if stat.S_ISCHR(mode):  # such as /dev/null
        return
    if not os.path.isdir(os.path.dirname(os.path.realpath(path))):
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    if os.path.lexists(path) and not force:
        raise UserError(f"{path} exists; replace it with --force")
    if mode and not stat.S_ISREG(mode):
        raise UserError(f"{path} is not a regular file")
    if mode and not mode & 0o222:
        raise UserError(f"{path} is write-protected; change its mode or choose another name")


def has_parts(path: Path) -> bool:
    """Whether a folder is one that a sweep wrote: files of parts of a table, and nothing else."""
    names = [one.name for one in path.iterdir()]
    return bool(names) and all(name.startswith("part-") and name.endswith(".parquet") for name in names)


def deliver(content: str | bytes, path: Path | None = None, document: bool = False) -> None:
    """Print text, or put it (or the bytes of a document) into the file in one step.

    Args:
        content: what to write.
        path: where to; stdout if nothing is named.
        document: text that is UTF-8 wherever it goes, because it says so itself or is read by programs; other text is
            written in the encoding of the terminal.
    """
    if isinstance(content, str) and not content.endswith("\n"):
        content += "\n"
    if path is not None and str(path) not in STDOUT:
        write_whole(content.encode() if isinstance(content, str) else content, path)
        return
    waiting.end()
    if isinstance(content, str) and paged(content):
        return
    if isinstance(content, bytes) and sys.stdout.isatty():
        raise UserError("this is no text for a terminal; name a file with -o")
    if document and isinstance(content, str) and not sys.stdout.isatty():
        content = content.encode()
    try:
        if isinstance(content, str):
            sys.stdout.write(content)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that closes the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_whole(content: bytes, path: Path) -> None:
    """Replace a file, or what a link leads to, by way of a temporary file beside it; a device is written to at once."""
    import tempfile  # takes as long as `--version`, and only here

    target = os.path.realpath(path)
    try:
        status = os.stat(target) if os.path.exists(target) else None
        if status is not None and stat.S_ISCHR(status.st_mode):
            with open(target, "wb") as device:
                device.write(content)
            return
        mode = stat.S_IMODE(status.st_mode) & 0o777 if status else 0o666 & ~umask()
        handle, name = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".costgraph-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise UserError(f"{path}: {reason(error)}") from None


def umask() -> int:
    """The permissions that new files are created without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def remark(text: str) -> None:
    """Something worth knowing that is not part of the result."""
    waiting.make_room()
    print(f"note: {one_line(text, 600)}", file=sys.stderr)


def on_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def colored() -> bool:
    """Whether a person looks at stdout and has not asked for text without colours."""
    return on_terminal() and not os.environ.get("NO_COLOR")


def print_what_can_be_printed() -> None:
    """Let no character of a result be an error: what the terminal has no place for is written with ASCII."""
    codecs.register_error("costgraph.plain", plain)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="costgraph.plain")


def plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for the first character that an encoding lacks: other signs, a plain letter or its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import unicodedata

    char = error.object[error.start]
    parts = "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii())
    power = "^" if unicodedata.decomposition(char).startswith("<super>") else ""
    return PLAIN.get(char) or (f"{power}{parts}" if parts else ascii(char)[1:-1]), error.start + 1


def writes_unicode(path: Path | None) -> bool:
    """Whether superscripts and signs such as × can be written there."""
    encoding = "utf-8" if path else (sys.stdout.encoding or "ascii")
    try:
        "²∞×".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
