"""One hostile input: a command line, and what its folder holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = {  # what a path can be beside a file
    "fifo": "a pipe",
    "loop": "a link to itself",
    "folder": "a folder",
    "ring": "a folder with a link to itself in it",
}


@dataclass(frozen=True)
class Input:
    """A command line, and what its folder holds.

    Args:
        family: what is hostile about it.
        place: where it stands.
        arguments: what follows `costgraph`.
        files: the content of each file, or the kind of a path that is none (see `MADE`).
    """

    family: str
    place: str
    arguments: tuple[str, ...]
    files: tuple[tuple[str, bytes | str], ...] = ()
