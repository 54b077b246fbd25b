"""The targets: folders with an `exporter.toml`, the package's own and the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from costgraph.algebra.expression import FUNCTIONS
from costgraph.errors import UserError, unknown
from costgraph.resources import data_folder

DESCRIPTION = "exporter.toml"
Kind = Literal["code", "data", "sheet", "appendix"]
KINDS: dict[str, str] = {
    "code": "a module of functions",
    "data": "the forms themselves",
    "sheet": "the cheat sheet of an op set",
    "appendix": "one derivation, op by op",
}
SYMBOLS_AS = ("args", "dataclass")
CHOICES: dict[str, Iterable[str]] = {
    "kind": KINDS,
    "writer": ("text", "xlsx"),
    "symbols_as": SYMBOLS_AS,
    "cannot": FUNCTIONS,
}


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
        writer: `text`, or `xlsx` when the template describes a workbook.
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
    writer: str = "text"
    prefix: str = ""
    function_prefix: str = ""
    case_sensitive: bool = True
    reserved: tuple[str, ...] = ()
    symbols_as: tuple[str, ...] = ("args",)
    dialects: bool = False
    cannot: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Traversable, ...] = ()

    def refuse(self, what: str, where: str) -> None:
        """Raise, in the target's words, if it cannot express `what`."""
        if what in self.cannot:
            raise UserError(f"{self.name} cannot express {where}: {self.cannot[what]}")


def folders(extra: Path | None) -> list[Traversable]:
    """Where targets are looked for, the user's folder first.

    Raises:
        UserError: `extra` is not a folder.
    """
    if extra is not None and not extra.is_dir():
        raise UserError(f"--exporters {extra}: there is no such folder")
    return [*([extra] if extra else []), data_folder("exporters")]


def available(extra: Path | None = None) -> dict[str, tuple[Traversable, ...]]:
    """The folders of every target, by name; a user's folder stands before the package's of the same name."""
    found: dict[str, tuple[Traversable, ...]] = {}
    for place in folders(extra):
        for folder in sorted(place.iterdir(), key=lambda entry: entry.name):
            if folder.is_dir() and not folder.name.startswith((".", "_")):
                found[folder.name] = (*found.get(folder.name, ()), folder)
    return {name: places for name, places in sorted(found.items()) if any(has_description(p) for p in places)}


def has_description(folder: Traversable) -> bool:
    """Whether the folder is a target of its own, and not only templates that override those of another."""
    return (folder / DESCRIPTION).is_file()


def load(name: str, extra: Path | None = None) -> Target:
    """The target called `name`.

    Raises:
        UserError: no target has that name (the nearest are listed), or its description cannot be used.
    """
    known = available(extra)
    if name not in known:
        raise unknown("target", name, known)
    folder = next(place for place in known[name] if has_description(place))
    path = folder / DESCRIPTION
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from None
    return read(name, str(path), content, known[name])


def read(name: str, path: str, content: Mapping[str, Any], places: tuple[Traversable, ...]) -> Target:
    """A description, checked key by key."""
    allowed = {f.name: f for f in fields(Target) if f.name not in ("name", "folders")}
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in allowed:
            raise UserError(f"{path}: {unknown('key', key, allowed)}")
        wanted = str(allowed[key].type)
        fits = {"bool": bool, "tuple[str, ...]": list, "Mapping[str, str]": dict}.get(wanted, str)
        if not isinstance(value, fits):
            raise UserError(f"{path}: {key} must be a {fits.__name__}, not {value!r}")
        parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        if not all(isinstance(part, str) for part in parts):
            raise UserError(f"{path}: {key} must hold text only")
        values[key] = tuple(value) if isinstance(value, list) else value
    for key in ("title", "kind", "suffix", "template", "printer"):
        if key not in values and not (key == "printer" and values["kind"] == "data"):
            raise UserError(f"{path}: the key '{key}' is missing")
    for key, choices in CHOICES.items():
        chosen = values.get(key, ())
        for word in [chosen] if isinstance(chosen, str) else chosen:
            if word not in choices:
                raise UserError(f"{path}: {key}: {unknown('choice', word, choices)}")
    return Target(name=name, folders=places, **values)
