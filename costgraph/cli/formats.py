"""Which format an answer is written in: what `--format` says, or the suffix of the output file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from costgraph.errors import UserError, shorten, unknown

SUFFIXES: dict[str, tuple[str, ...]] = {  # of each the formats that it may mean, of which a command has one
    ".txt": ("text", "table"),
    ".json": ("json",),
    ".tex": ("latex",),
    ".md": ("markdown",),
    ".html": ("html",),
    ".dot": ("dot",),
    ".gv": ("dot",),
    ".mmd": ("mermaid",),
    ".xml": ("junit",),
    ".csv": ("csv",),
    ".jsonl": ("jsonl",),
    ".ndjson": ("jsonl",),
    ".parquet": ("parquet",),
    ".xlsx": ("xlsx",),
    ".svg": ("svg",),
    ".png": ("png",),
    ".pdf": ("pdf",),
}
PICTURES = (".png", ".svg", ".pdf")


def option(known: tuple[str, ...]) -> Any:
    """The option `--format` of a command that has these formats."""
    names = f"{', '.join(known[:-1])} or {known[-1]}"

    def found(incomplete: str) -> list[str]:
        return [name for name in known if name.startswith(incomplete)]

    text = f"{names}.  [default: as the suffix of -o says, else {known[0]}]"
    return typer.Option("--format", help=text, autocompletion=found)


def chosen(typed: str | None, known: tuple[str, ...], output: Path | None = None, json: bool = False) -> str:
    """The format that `--format`, `--json` and the name of the output file ask for together; else the first one.

    Raises:
        UserError: no such format, a suffix that none of them has, or they contradict each other.
    """
    if typed is not None and typed not in known:
        raise unknown("format", typed, known)
    said = None if json and typed == known[0] else typed  # the usual one was never a contradiction
    asked = {"--json": "json" if json else None, f"--format {said}": said, f"-o {output}": of_suffix(output, known)}
    found = {option: name for option, name in asked.items() if name is not None}
    if len(set(found.values())) > 1:
        first, second = list(found)[:2]
        raise UserError(f"{shorten(first)} and {shorten(second)} contradict each other")
    return next(iter(found.values()), known[0])


def of_suffix(output: Path | None, known: tuple[str, ...]) -> str | None:
    """The format that a suffix means; None for a name without one."""
    if output is None or not output.suffix:
        return None
    found = [name for name in SUFFIXES.get(output.suffix.lower(), ()) if name in known]
    if found:
        return found[0]
    choices = ", ".join(suffix for suffix, names in SUFFIXES.items() if set(names) & set(known))
    picture = "; for a picture write --plot FILE" if output.suffix.lower() in PICTURES and "dot" in known else ""
    raise refused(output, choices + picture)


def refused(output: Path, choices: str) -> UserError:
    """An error for a suffix that says another format than what is written."""
    return UserError(f"-o {shorten(str(output))}: the suffix says what is written; choose from {choices}")
