"""Reads `formulas/`, or a user's own file: TOML text -> entries, sources and notations."""

from __future__ import annotations

import difflib
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, cast

from costgraph.errors import UserError, shorten, unknown
from costgraph.letters import FILE as NOTATIONS
from costgraph.letters import notations
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.well_formed import entry
from costgraph.records import dataclass, replace
from costgraph.resources import data_folder
from costgraph.toml_tables import from_table
from costgraph.toml_text import parse_toml
from costgraph.user_files import MAX_TOML, decoded, read_text

HEADER = "[[entry]]"
SOURCES = "sources.toml"
OTHER_KINDS = {  # of TOML files: keys that each has
    "run": "a file of measured runs, and no statements to check; docs/validation.md shows what is derived beside them",
    "memory bandwidth": "a file of a machine, and no statements to check; estimate with it: --hardware FILE",
    "config title": "a file of a model, and no statements to check; derive from it: --model FILE",
}
NUMBERED = re.compile(r"v\d+\b")
ID = re.compile(r'^id = "(.*?)"', re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """One line of the bibliography."""

    key: str
    title: str
    authors: str = ""
    year: str = ""
    url: str = ""
    commit: str = ""  # of a repository: what was read
    version: str = ""  # of anything else: what was read, `v5`, or that it is not known
    read: str = ""  # what was read to the end, or that only what is cited was
    secondhand: str = ""  # where it was read if not in the source itself: `a translation`
    note: str = ""
    notation: str = ""

    def __str__(self) -> str:
        return self.title

    @property
    def dated(self) -> str:
        """The year; of what has none that, and what else is not known of it."""
        return self.year or (self.version if self.version.startswith("undated") else "")

    @property
    def numbered(self) -> str:
        """The version, if it has a number, such as `v3`."""
        found = NUMBERED.match(self.version)
        return found[0] if found else ""


@dataclass(frozen=True)
class Contents:
    """The keys of a file; an entry is read with its line in mind."""

    entry: Any = ()
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """What a file holds."""

    name: str
    entries: tuple[Entry, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    notations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def library() -> tuple[Entry, ...]:
    """All entries of `formulas/`, in the order of files and lines."""
    return unique(one for file in files() for one in read(decoded(file.read_bytes(), file.name), file.name).entries)


def named(id_: str) -> list[Entry]:
    """The entry of this id, or its parts: `000-A1-01` is `000-A1-01.gflop` and so on.

    Raises:
        UserError: there is none; the message has the nearest ids.
    """
    found = [made for block in by_id().get(id_, ()) for made in parsed(block) if f"{made.id}.".startswith(f"{id_}.")]
    if not found:
        known = [made.id for made in library()]
        begun = [one for one in known if one.startswith(id_)]
        near = begun[:3] if id_ else []
        near = near or difflib.get_close_matches(id_, known, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "see `costgraph formulas list`"
        advice += f" `costgraph formulas search {id_}` has more" if len(begun) > len(near) and near else ""
        raise UserError(f"unknown entry '{shorten(id_)}': {advice}")
    return found


def files() -> list[Path]:
    """The files of entries, by name."""
    found = [f for f in data_folder("formulas").iterdir() if f.name.endswith(".toml")]
    return sorted((f for f in found if f.name not in (SOURCES, NOTATIONS)), key=lambda f: f.name)


def from_file(path: Path) -> Document:
    """A user's file, or one of the library.

    Raises:
        UserError: no such file, not UTF-8, not TOML, no entry in it, a malformed entry, or an id of the library's.
    """
    text = read_text(path, MAX_TOML)
    if own := [file for file in files() if file.samefile(path)]:
        return Document(str(path), tuple(made for made in library() if made.file == own[0].name))
    found = read(text, str(path))
    if not found.entries:
        raise UserError(f"{path}: no {HEADER} in it")
    unique((*library(), *found.entries))
    return found


def read(text: str, name: str) -> Document:
    """One file, which may bring sources and notations of its own.

    Raises:
        UserError: not TOML (with the line), or a malformed entry (with its line).
    """
    table = parse_toml(text, name)
    if extra := [key for key in table if key not in ("entry", "sources", "notations")]:
        raise UserError(f"{name}: {another_kind(table) or outside(extra[0], table)}")
    tables = table.get("entry", [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise UserError(f"{name}: write {HEADER} with two pairs of brackets, and the keys of the entry below it")
    contents = from_table(Contents, table, name)
    own, letters = bibliography(contents.sources, name), contents.notations
    for what, taken in (("source", own.keys() & sources().keys()), ("notation", letters.keys() & notations().keys())):
        if taken:
            raise UserError(f"{name}: the library has a {what} '{min(taken)}' already; choose another key")
    known, alphabet = ChainMap(own, cast(MutableMapping[str, Source], sources())), {**notations(), **letters}
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith(HEADER)]
    lines += [0] * (len(tables) - len(lines))
    placements = zip(tables, lines, strict=False)
    return Document(
        name, tuple(placed(entry(item, name, line), known, alphabet) for item, line in placements), own, letters
    )


def outside(key: str, table: Mapping[str, object]) -> str:
    """What to do about a key that stands beside entries; a table may have been meant as a source or a notation."""
    beside = ", sources with [sources.KEY], notations with [notations.KEY]" if isinstance(table[key], Mapping) else ""
    return f"'{shorten(key, 40)}' stands outside of an entry; start entries with {HEADER}{beside}"


def another_kind(table: Mapping[str, object]) -> str:
    """What a file without entries is, by the keys that every file of its kind has, and what reads it; "" if unknown."""
    if "entry" in table:
        return ""
    return next((said for keys, said in OTHER_KINDS.items() if set(keys.split()) <= table.keys()), "")


def agree(documents: Sequence[Document]) -> None:
    """Raise if two files give one key of a source or of a notation two meanings."""
    for what in ("sources", "notations"):
        seen: dict[str, tuple[str, object]] = {}
        for document in documents:
            for key, value in getattr(document, what).items():
                name, other = seen.setdefault(key, (document.name, value))
                if other != value:
                    raise UserError(
                        f"{document.name}: {what[:-1]} '{key}' is another one in {name}; choose another key"
                    )


def placed(made: Entry, known: Mapping[str, Source], letters: Mapping[str, Mapping[str, str]]) -> Entry:
    """An entry with its notation looked up."""
    if made.source not in known:
        raise UserError(f"{made.where}: {unknown('source', made.source, known)}")
    own, usual = made.notation, known[made.source].notation
    for name in (own if isinstance(own, str) else "", usual):
        if name and name not in letters:
            raise UserError(f"{made.where}: {unknown('notation', name, letters)}")
    if isinstance(own, str):
        return replace(made, notation=letters[own or usual] if own or usual else {})
    return replace(made, notation={**(letters[usual] if usual else {}), **own})


def unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries, whose ids must differ."""
    seen: dict[str, Entry] = {}
    for made in entries:
        if made.id in seen:
            raise UserError(f"{made.where}: the id is taken by {seen[made.id].file}:{seen[made.id].line}")
        seen[made.id] = made
    return tuple(seen.values())


class Bibliography(Mapping[str, Source]):
    """Sources by key, each read when it is asked for: a question is about few of many.

    Args:
        tables: their text by key.
    """

    def __init__(self, tables: Mapping[str, str]) -> None:
        self.tables = tables
        self.known: dict[str, Source] = {}

    def __getitem__(self, key: str) -> Source:
        if key not in self.known:
            self.known |= bibliography(parse_toml(self.tables[key], SOURCES), SOURCES)
        return self.known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


@cache
def sources() -> Mapping[str, Source]:
    """The bibliography by key."""
    _, *tables = (data_folder("formulas") / SOURCES).read_text(encoding="utf-8").split("\n[")
    return Bibliography({table.partition("]")[0]: f"[{table}" for table in tables})


def bibliography(tables: Mapping[str, Mapping[str, Any]], file: str) -> dict[str, Source]:
    """Sources from their TOML tables."""
    return {key: from_table(Source, table, f"{file}: sources.{key}", key=key) for key, table in tables.items()}


class Block(NamedTuple):
    """The text of an entry of `formulas/`, and where it starts."""

    file: str
    line: int
    text: str


@cache
def blocks() -> list[Block]:
    """Every entry as text, in the order of files and lines: what a question does not need is not parsed."""
    found = []
    for file in files():
        before, *texts = file.read_text(encoding="utf-8").split(f"\n{HEADER}")
        line = before.count("\n") + 2
        for text in texts:
            found.append(Block(file.name, line, HEADER + text))
            line += text.count("\n") + 1
    return found


@cache
def by_id() -> Mapping[str, Sequence[Block]]:
    """The texts of entries by their ids, and by what these begin with: `000-A1-01` of `000-A1-01.gflop`."""
    found: dict[str, list[Block]] = {}
    for block in blocks():
        if named := ID.search(block.text):
            for start in accumulate(named[1].split("."), "{}.{}".format):
                found.setdefault(start, []).append(block)
    return found


@cache
def parsed(block: Block) -> tuple[Entry, ...]:
    """The entry that a block is."""
    return tuple(replace(made, line=block.line) for made in read(block.text, block.file).entries)
