"""The targets: folders with an `exporter.toml`, the package's own and the user's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal, get_args

from costgraph.aliases import understood
from costgraph.errors import UserError, unknown
from costgraph.records import dataclass
from costgraph.resources import data_folder
from costgraph.toml_tables import from_table
from costgraph.toml_text import parse_toml
from costgraph.user_files import MAX_TEMPLATE, decoded, read_text

DESCRIPTION = "exporter.toml"
Kind = Literal["code", "data", "sheet", "appendix"]
KINDS: dict[Kind, str] = {
    "code": "a module of functions",
    "data": "the forms themselves",
    "sheet": "the cheat sheet of an op set",
    "appendix": "one derivation, op by op",
}
SymbolsAs = Literal["args", "dataclass"]
SYMBOLS_AS: tuple[str, ...] = get_args(SymbolsAs)
Function = Literal["max", "min", "ceil", "floor", "sqrt"]  # those of `expression.FUNCTIONS`


@dataclass(frozen=True)
class Target:
    """What `exporter.toml` says.

    Args:
        title: one line for `--list`.
        kind: what is rendered; one of `KINDS`.
        suffix: of the files.
        template: the Jinja2 template to start with, in the same folder.
        printer: which printer turns an expression into text; data needs none.
        escape: how free text (units, meanings, sources) is made safe.
        writer: `text`, `xlsx` when the template describes a workbook, or `plain` when the package lays a sheet out
            itself unless one of the folders has the template.
        prefix: put before the names of symbols.
        function_prefix: put before the names of forms.
        case_sensitive: whether `S` and `s` are two names.
        reserved: names that a symbol or form must not have.
        symbols_as: how functions may take their symbols.
        dialects: whether other dialects can be asked for.
        cannot: the functions of `expression.FUNCTIONS` that the target cannot express, each with the reason.
        marks: Jinja's delimiters where the usual ones are in the way.
    """

    name: str
    title: str
    kind: Kind
    suffix: str
    template: str
    printer: str = ""
    escape: str = "comment"
    writer: Literal["text", "xlsx", "plain"] = "text"
    prefix: str = ""
    function_prefix: str = ""
    case_sensitive: bool = True
    reserved: tuple[str, ...] = ()
    symbols_as: tuple[SymbolsAs, ...] = ("args",)
    dialects: bool = False
    cannot: Mapping[Function, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is laid out without a template."""
        return self.writer == "plain" and not any(os.path.lexists(folder / self.template) for folder in self.folders)

    def refuse(self, what: str, where: str) -> None:
        """Raise, in the target's words, if it cannot express `what`."""
        for function, reason in self.cannot.items():
            if function == what:
                raise UserError(f"{self.name} cannot express {where}: {reason}")


def folders(extra: Path | None) -> list[Path]:
    """Where targets are looked for, the user's folder first.

    Raises:
        UserError: `extra` is not a folder.
    """
    if extra is not None and not extra.is_dir():
        raise UserError(f"--exporters {extra}: there is no such folder")
    return [*([extra] if extra else []), data_folder("exporters")]


def available(extra: Path | None = None) -> dict[str, tuple[Path, ...]]:
    """The folders of every target, by name; a user's folder stands before the package's of the same name."""
    found: dict[str, tuple[Path, ...]] = {}
    for place in folders(extra):
        for folder in sorted(place.iterdir(), key=lambda entry: entry.name):
            if folder.is_dir() and not folder.name.startswith((".", "_")):
                found[folder.name] = (*found.get(folder.name, ()), folder)
    return {name: places for name, places in sorted(found.items()) if any(has_description(p) for p in places)}


def has_description(folder: Path) -> bool:
    """Whether the folder is a target of its own, and not only templates that override those of another."""
    return (folder / DESCRIPTION).is_file()


def mentions(folder: Path, text: str) -> bool:
    """Whether the description in a folder has a text in it; most that lack it need not be parsed."""
    return has_description(folder) and text in text_of(folder, DESCRIPTION)


def load(name: str, extra: Path | None = None) -> Target:
    """The target called `name`.

    Raises:
        UserError: no target has that name (the nearest are listed), or its description cannot be used.
    """
    known = available(extra)
    name = name if name in known else understood("target", name)
    if name not in known:
        raise unknown("target", name, known)
    folder = next(place for place in known[name] if has_description(place))
    path = folder / DESCRIPTION
    made = from_table(
        Target, parse_toml(text_of(folder, DESCRIPTION), str(path)), str(path), name=name, folders=known[name]
    )
    if made.kind != "data" and not made.printer:
        raise UserError(f"{path}: printer is missing; it turns an expression into text")
    return made


def text_of(folder: Path, name: str) -> str:
    """The text of a file in the folder of a target.

    Raises:
        UserError: a file of the user's cannot be read, or is a link that leads out of the folder of targets.
    """
    path = folder / name
    if folder.parent == data_folder("exporters"):
        return decoded(path.read_bytes(), str(path))
    around = os.path.realpath(folder.parent)
    if not Path(os.path.realpath(folder / name)).is_relative_to(around):
        raise UserError(f"{path} is a link that leads out of {folder.parent}; copy the file there")
    return read_text(folder / name, MAX_TEMPLATE)
