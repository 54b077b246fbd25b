"""Where a statement can be read: the address of its file at the commit that was read, or as near as it is known."""

from __future__ import annotations

import re

from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import Source, sources

REPOSITORY = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
PATH = re.compile(r"[\w./-]*\w\.[a-z]{2,5}(?=[,;: ]|$)")  # what a place begins with, if it is in a file


def link(entry: Entry) -> str:
    """The address of an entry: its own, or that of the file that its place names, or that of its source."""
    source = sources()[entry.source]
    return entry.url or of_file(source, entry.place)


def of_file(source: Source, place: str) -> str:
    """The address of a file of a repository at its commit; without a file in the place, of the first that was read."""
    if not (source.commit and REPOSITORY.fullmatch(source.url)):
        return source.url
    path = PATH.match(place) or PATH.match(source.read)
    return f"{source.url}/{f'blob/{source.commit}/{path[0]}' if path else f'tree/{source.commit}'}"
