"""Reads `formulas/measured/`: TOML text -> runs, and the sources that they have beside those of the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from costgraph.algebra.units import UNITS
from costgraph.errors import UserError, shorten, unknown
from costgraph.library.entries.reading import SOURCES, Source, bibliography
from costgraph.library.entries.reading import sources as of_library
from costgraph.library.judging.statement import decimal
from costgraph.records import dataclass
from costgraph.resources import data_folder
from costgraph.toml_tables import from_table
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import decoded
from costgraph.validation.run import Run

FOLDER = "measured"


@dataclass(frozen=True)
class Contents:
    """The keys of a file; `defaults` hold for every run in it that says nothing else."""

    run: tuple[Mapping[str, Any], ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)


def runs() -> tuple[Run, ...]:
    """The runs of `formulas/measured/` that count."""
    return tuple(run for run in everything() if not run.aside)


def set_aside() -> tuple[Run, ...]:
    """Those that count for nothing, each of which says why."""
    return tuple(run for run in everything() if run.aside)


@cache
def everything() -> tuple[Run, ...]:
    """All runs of `formulas/measured/`, in the order of files and lines."""
    files = sorted((file for file in folder().iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return unique(
        run
        for file in files
        if file.name != SOURCES
        for run in read(decoded(file.read_bytes(), file.name), file.name, sources())
    )


@cache
def sources() -> dict[str, Source]:
    """The bibliography of the library, and what runs have beside it.

    Raises:
        UserError: both have one key.
    """
    own = bibliography(of_package(folder() / SOURCES), f"{FOLDER}/{SOURCES}")
    if taken := own.keys() & of_library().keys():
        raise UserError(f"{FOLDER}/{SOURCES}: the library has a source '{min(taken)}' already; choose another key")
    return {**of_library(), **own}


def folder() -> Path:
    """Where the files are."""
    return data_folder("formulas") / FOLDER


def read(text: str, name: str, known: Mapping[str, Source]) -> list[Run]:
    """The runs of one file.

    Raises:
        UserError: no TOML, or a run that is not well formed; the message names file and run.
    """
    contents = from_table(Contents, parse_toml(text, name), name)
    made = []
    for table in contents.run:
        place = f"{name}, run '{shorten(str(table.get('id', '?')), 40)}'"
        run = from_table(Run, merged(contents.defaults, table), place)
        try:
            check(run, known)
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
        made.append(run)
    return made


def merged(defaults: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """A run with what its file says of all runs; of what is asked, key by key."""
    usual, own = defaults.get("ask"), table.get("ask")
    both = {"ask": {**usual, **own}} if isinstance(usual, dict) and isinstance(own, dict) else {}
    return {**defaults, **table, **both}


def check(run: Run, known: Mapping[str, Source]) -> None:
    """Raise unless the keys of a run make sense together."""
    if run.source not in known:
        raise unknown("source", run.source, known)
    if run.unit.removesuffix("/s") not in UNITS:
        raise unknown("unit", run.unit, UNITS)
    if decimal(run.printed)[0] <= 0:
        raise UserError(f"printed is {run.printed}; what was measured is more than nothing")
    if run.timed and (run.derive or not run.cluster):
        raise UserError("a time needs cluster, on what it was measured, and no derive: its bound is what is compared")
    if not run.timed and (not run.derive or run.cluster):
        raise UserError(f"{run.kind} needs derive, what corresponds to it, and no cluster")


def unique(found: Iterable[Run]) -> tuple[Run, ...]:
    """The runs, whose ids must differ."""
    seen: dict[str, Run] = {}
    for run in found:
        if run.id in seen:
            raise UserError(f"run '{run.id}' is there twice")
        seen[run.id] = run
    return tuple(seen.values())
