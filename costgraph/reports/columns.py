"""Columns that fit: cells are folded where words end, the widest column first."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

GAP = 2
JOINED = "\N{NO-BREAK SPACE}"  # where textwrap breaks no line


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
    """The longest word of a cell, with the spaces that it begins with."""
    indent = len(cell) - len(cell.lstrip())
    return max(map(len, re.split(r"[ \n]+", joined(cell).strip())), default=0) + indent


def joined(text: str) -> str:
    """A text with signs and what they stand before, and numbers and what they are of, on one line."""
    return re.sub(r"(?<= [+-]) (?=\S)|(?<=\d) (?=[%x](\W|$))", JOINED, text)


def folded(text: str, width: int, further: str = "") -> list[str]:
    """A text on lines of at most `width`, those behind the first indented by `further`; a longer word is not cut.

    A sign of a sum begins a line.
    """
    lines = textwrap.wrap(
        joined(text), width, subsequent_indent=further, break_on_hyphens=False, break_long_words=False
    )
    return [line.replace(JOINED, " ") for line in lines] or [""]


def laid_out(row: Sequence[str], to: Sequence[int], right: Sequence[bool]) -> list[list[str]]:
    """A row as lines of cells, each as wide as its column."""
    cells = [folded(cell, width, indent(cell)) for cell, width in zip(row, to, strict=True)]
    return [
        [cell.rjust(width) if end else cell.ljust(width) for cell, width, end in zip(line, to, right, strict=True)]
        for line in zip_longest(*cells, fillvalue="")
    ]


def indent(cell: str) -> str:
    """The spaces that a cell begins with."""
    return " " * (len(cell) - len(cell.lstrip()))
