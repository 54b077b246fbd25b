"""Columns that fit: cells are folded where words end, the widest column first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

GAP = 2
JOINED = "\N{NO-BREAK SPACE}"  # where no line ends
SPACES = re.compile(r"(?<=[ \n])(?=[^ \n])")
OPTIONS = re.compile(r"""(?:-[\w-]+ (?!-))?(?:[^\s'"]|'[^']*'|"[^"]*")+""")  # an option with its value; a word
NO_END = re.compile(  # behind a sign, between a number and its unit, between factors of `6BS N_params`
    r"(?<= [+-]) (?=\S)|(?<=\d) (?=(%|x|[kMGTP]?i?B(/s)?|[mµun]?s)(\W|$))|(?<=[\dA-Z²³⁴)]) (?=[A-Za-z]+_\w)"
)
CUT = re.compile(r"(?<=[*/+(=_])(?=[^*) ])")  # in what is longer than a line, unless it is an address
LIST = re.compile(r"(?<=,)(?=[^\s\d])|(?<=\w)(?=\+[a-z])")  # in `weights=2,gradients=4`


def widths(rows: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """How wide each column is so that all of them fit into `width`, or None if words would have to be cut for that."""
    columns = [*zip(*rows, strict=True)]
    found = [max(map(len, column)) for column in columns]
    if width is None:
        return found
    room = width - GAP * (len(found) - 1)
    if sum(found) <= room:
        return found
    least = [max(map(longest, column)) for column in columns]
    if sum(least) > room:
        return None
    while sum(found) > room:
        at = max((i for i in range(len(found)) if found[i] > least[i]), key=lambda i: found[i])
        found[at] -= 1
    return found


def longest(cell: str) -> int:
    """The longest piece of a cell that stays on one line, with the spaces that it begins with."""
    return max((len(piece.rstrip()) for piece in pieces(cell, in_cell=True)), default=0) + len(indent(cell))


def pieces(text: str, in_cell: bool = False) -> list[str]:
    """What stays on one line, with the spaces behind it.

    A line ends where words do, but not between a sign of a sum and what it stands before, nor between a number and what
    it is of. In a cell it may also end behind a comma of what has no spaces, which elsewhere may be there to be copied,
    and what is equal stays together.
    """
    words = SPACES.split(joined(text.replace(" = ", f"{JOINED}={JOINED}") if in_cell else text).strip())
    found = (part for word in words for part in LIST.split(word)) if in_cell else words
    return [part.replace(JOINED, " ") for part in found if part]


def joined(text: str) -> str:
    """A text with signs and what they stand before, and numbers and what they are of, on one line."""
    return NO_END.sub(JOINED, text)


def folded(text: str, width: int, further: str = "", in_cell: bool = False) -> list[str]:
    """A text on lines of at most `width`, those behind the first indented by `further`.

    A longer piece is not cut, as somebody may copy it; in a cell only if it is an address.
    """
    lines, line = list[str](), ""
    room = width - max(len(further), len(indent(text)))
    for piece in (part for whole in pieces(text, in_cell) for part in (shorter(whole, room) if in_cell else [whole])):
        start = further if lines else indent(text)
        if line and len(start + line + piece.rstrip()) > width:
            lines.append((start + line).rstrip())
            line = ""
        line += piece
    return [*lines, ((further if lines else indent(text)) + line).rstrip()]


def shorter(piece: str, room: int) -> list[str]:
    """A piece as it is if there is room for it, or it is an address; else cut behind signs."""
    return [piece] if len(piece.rstrip()) <= room or "://" in piece else CUT.split(piece)


def continued(command: str, width: int, start: str) -> list[str]:
    """A command on lines that a shell reads as one: each option stays with its value, and nothing quoted is cut."""
    further = start + " " * 4
    room = width - len(further) - len(" \\")
    found = [
        piece for both in OPTIONS.findall(command) for piece in (both.split(" ", 1) if len(both) > room else [both])
    ]
    if len(start + command) <= width or " ".join(found) != command:
        return [start + command]
    lines, line = list[str](), ""
    for piece in found:
        if line and len(line + piece) + 1 + len(" \\") * (piece is not found[-1]) > width:
            lines.append(f"{line} \\")
            line = ""
        line = f"{line} {piece}" if line else f"{further if lines else start}{piece}"
    return [*lines, line]


def laid_out(row: Sequence[str], to: Sequence[int], right: Sequence[bool]) -> list[list[str]]:
    """A row as lines of cells, each as wide as its column."""
    cells = [folded(cell, width, indent(cell), in_cell=True) for cell, width in zip(row, to, strict=True)]
    return [
        [cell.rjust(width) if end else cell.ljust(width) for cell, width, end in zip(line, to, right, strict=True)]
        for line in zip_longest(*cells, fillvalue="")
    ]


def indent(cell: str) -> str:
    """The spaces that a cell begins with."""
    return " " * (len(cell) - len(cell.lstrip()))
