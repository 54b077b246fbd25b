"""The files that a user names: read whole as text, or refused in words. Nothing else in the package opens one.

A model, a machine, entries, a notation, an exporter's description or template, stored forms: only a regular file of
bounded size is read, so that a device or a pipe can neither fill the memory nor make anybody wait.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from costgraph.errors import UserError, shorten

KIB, MIB = 2**10, 2**20
MAX_TOML = 256 * KIB  # bytes; the longest file of the package has 43 KiB, and the worst of that size take a second
MAX_TEMPLATE = 256 * KIB
# Parsed, the worst document of that size takes a few hundred MiB; all measures of a model take 28 KiB.
MAX_JSON = 16 * MIB

KINDS = {
    stat.S_IFDIR: "is a folder; name a file",
    stat.S_IFIFO: "is a pipe, not a regular file; save what comes out of it first",
    stat.S_IFSOCK: "is a socket, not a regular file",
    stat.S_IFCHR: "is a device, not a regular file",
    stat.S_IFBLK: "is a device, not a regular file",
}
REASONS = {errno.ENOENT: "there is no such file", errno.ELOOP: "leads to itself: a loop of links"}
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_text(path: str | Path, largest: int, place: str | None = None) -> str:
    """The text of a file that a user named.

    Args:
        path: the file, or a link to it.
        largest: how many bytes it may have.
        place: what messages call it; the path, if nothing else.

    Raises:
        UserError: there is no such file, it is no regular file, is too large, or is not UTF-8 text.
    """
    place = shorten(str(path) if place is None else place, 200)
    try:
        refuse_irregular(os.stat(path), place)  # opening a device can have an effect already
        with open(os.open(path, os.O_RDONLY | WITHOUT_WAITING), "rb") as file:
            refuse_irregular(os.fstat(file.fileno()), place)  # what was opened may be something else by now
            data = file.read(largest + 1)
    except OSError as error:
        raise UserError(f"{place}: {reason(error)}") from None
    except UserError:
        raise
    except ValueError:
        raise UserError(f"{place}: is no name of a file") from None  # it holds a NUL, or half a character
    if len(data) > largest:
        raise UserError(f"{place}: is larger than {size_text(largest)}, the most that is read")
    return decoded(data, place)


def refuse_irregular(status: os.stat_result, place: str) -> None:
    """Raise unless a file is a regular one."""
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{place}: {KINDS.get(stat.S_IFMT(status.st_mode), 'is not a regular file')}")


def reason(error: OSError) -> str:
    """Why the system could not open or write a file, in words."""
    return REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()


def decoded(data: bytes, place: str) -> str:
    """The bytes of a file as text; a byte order mark at the start is left out.

    Raises:
        UserError: they are not UTF-8, or hold a NUL; with the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{place}:{line}: not UTF-8 text") from None
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        raise UserError(f"{place}:{line}: holds a NUL, so it is not a text file")
    return text


def size_text(largest: int) -> str:
    """A limit as it is written: `1 MiB`."""
    return f"{largest // MIB} MiB" if largest >= MIB else f"{largest // KIB} KiB"
