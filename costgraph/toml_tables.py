"""TOML tables -> frozen dataclasses, by the annotations of their fields: the one place that checks keys and types.

A field is a key of the table. It may be annotated as `str`, `bool`, `int`, a `Literal`, another dataclass,
`tuple[X, ...]` for a list, `Mapping[str, X]` for a table of free keys, a union of these, or `Annotated[X, read]`, where
`read` makes an X of whatever stands in the file and raises `UserError`. A field without a default has to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from costgraph.errors import UserError, shorten, unknown

T = TypeVar("T")
Read = Callable[[Any, str], Any]  # a value and the path at which it stands
SCALARS: dict[Any, str] = {str: "a string in quotes", bool: "true or false", int: "a whole number"}


def from_table(kind: type[T], table: Any, place: str, **own: Any) -> T:
    """The dataclass `kind` with the values of a table.

    Args:
        kind: a frozen dataclass.
        table: what the TOML reader gave.
        place: the file, for messages.
        own: values of fields that are no keys of the table.

    Raises:
        UserError: a key is unknown (with the nearest ones) or missing, or a value is of another type (with what stands
            there); the message starts with the place and names the table.
    """
    try:
        made: T = record(kind, table, "", own)
        return made
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def record(kind: Any, table: Any, path: str, own: Mapping[str, Any]) -> Any:
    """A table as a dataclass; `path` names the table, and is empty for the whole document."""
    if not isinstance(table, dict):
        raise wrong(kind, table, path)
    known = keys_of(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known or key in own:
            names = [name for name in known if name not in own]
            raise inside(f"[{path}]" if path else "", unknown("key", key, names))
        hint, read, default = known[key]
        made = value if hint is str and isinstance(value, str) else read(value, below(path, key))
        values[key] = made
        if isinstance(made, str) and not made.strip() and made != default:
            raise UserError(f"{below(path, key)} is empty")
    for key, (hint, _, default) in known.items():
        if default is MISSING and key not in table and key not in own:
            name = below(path, key)
            raise UserError(f"the table [{name}] is missing" if is_table(hint) else f"{name} is missing")
    return kind(**values, **own)


@cache
def keys_of(kind: Any) -> dict[str, tuple[Any, Read, Any]]:
    """The annotation of every field of a dataclass, how it is read, and its default; `MISSING` where there is none."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        one.name: (hints[one.name], reader(hints[one.name]), one.default if one.default_factory is MISSING else None)
        for one in fields(kind)
    }


def reader(hint: Any) -> Read:
    """What makes a value, at a path, as its annotation wants it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value, path: value
    if origin is Annotated:
        return lambda value, path: read_by(arguments[1], value, path)
    if origin in (Union, UnionType):
        options = [(fitting(option), reader(option)) for option in arguments if option is not NoneType]
        return lambda value, path: next((read for fits, read in options if fits(value)), options[0][1])(value, path)
    fits, read = fitting(hint), inner_reader(hint, origin, arguments)

    def checked(value: Any, path: str) -> Any:
        if not fits(value):
            raise wrong(hint, value, path)
        return read(value, path)

    return checked


def inner_reader(hint: Any, origin: Any, arguments: tuple[Any, ...]) -> Read:
    """The same of a value that is of the right type, for what may be in it."""
    if is_dataclass(hint):
        return lambda value, path: record(hint, value, path, {})
    if origin is tuple:
        each = reader(arguments[0])
        return lambda value, path: tuple([each(item, f"{path}[{n}]") for n, item in enumerate(value, 1)])
    if origin is Mapping:
        each = reader(arguments[1])
        return lambda value, path: {key: entry(arguments, each, key, item, path) for key, item in value.items()}
    if origin is Literal:
        return lambda value, path: chosen(arguments, value, path)
    return lambda value, path: value


def entry(hints: tuple[Any, ...], read: Read, key: str, value: Any, path: str) -> Any:
    """A value of a table whose keys are free, or one of a few."""
    if get_origin(hints[0]) is Literal:
        chosen(get_args(hints[0]), key, path)
    made = read(value, below(path, key))
    if hints[1] is str and not made.strip():
        raise UserError(f"{below(path, key)} is empty")
    return made


def chosen(words: tuple[Any, ...], word: str, path: str) -> str:
    """One of the words that are allowed."""
    if word not in words:
        raise inside(path, unknown("choice", word, words))
    return word


def read_by(read: Any, value: Any, path: str) -> Any:
    """What a field's own reader makes of a value."""
    try:
        return read(value)
    except UserError as error:
        raise inside(path, error) from None


def fitting(hint: Any) -> Callable[[Any], bool]:
    """Whether a value is of the TOML type that an annotation is written as."""
    if get_origin(hint) is Annotated:
        return lambda value: True
    wanted: Any = dict if is_table(hint) else {tuple: list, Literal: str}.get(get_origin(hint), hint)
    if wanted is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    return lambda value: isinstance(value, wanted)


def is_table(hint: Any) -> bool:
    """Whether an annotation is written as a table."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return is_dataclass(hint) or get_origin(hint) is Mapping


def wrong(hint: Any, value: Any, path: str) -> UserError:
    """An error for a value of another type."""
    if is_table(hint):
        free = get_origin(hint) is Mapping and is_table(get_args(hint)[1])
        return UserError(f"{path} must be a table: write [{path}{'.KEY' if free else ''}], not {shown(value)}")
    wanted = "a list in [ ]" if get_origin(hint) is tuple else SCALARS.get(hint, SCALARS[str])
    return UserError(f"{path} must be {wanted}, not {shown(value)}")


def shown(value: Any) -> str:
    """A value of a TOML file in a message."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return shorten(repr(value), 40)
        case int() | Decimal():
            return shorten(str(value), 40)
        case date() | datetime() | time():
            return f"{value.isoformat()}, a date or time"
    return "a table" if isinstance(value, dict) else "a list"


def below(path: str, key: str) -> str:
    """The name of a key in a table."""
    return f"{path}.{shorten(key, 40)}" if path else shorten(key, 40)


def inside(path: str, error: UserError) -> UserError:
    """An error with the name of the table or key in front."""
    return UserError(f"{path}: {error}" if path else str(error))


# --- readers for `Annotated` ------------------------------------------------------------------------------------------


def whole(value: Any) -> int:
    """A whole number, also as text in quotes."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() and len(value) <= 1000:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UserError(f"must be a whole number, not {shown(value)}")
    return value


def decimal_text(value: Any) -> str:
    """The text of a number, which may stand in quotes or not: `"2.039"` and `2.039` are the same."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise UserError(f"must be a number, not {shown(value)}")
    return value.strip() if isinstance(value, str) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def day(value: Any) -> str:
    """A date as text, whether it is written in quotes or not."""
    if not isinstance(value, str | date):
        raise UserError(f"must be a date such as 2026-01-31, not {shown(value)}")
    return value if isinstance(value, str) else value.isoformat()
