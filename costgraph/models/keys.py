"""What a table says of a key of a configuration: names, a default, what its values mean."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from costgraph.errors import UserError, unknown
from costgraph.records import dataclass

ANY = "*"  # in `when`: every other value


@dataclass(frozen=True)
class SizeKey:
    """A size.

    Args:
        names: of the keys that may hold it; dots lead into nested objects.
        default: without a key: a number, or an expression over other sizes; "" for none.
        of: the size that the key holds a share of.
    """

    names: tuple[str, ...] = ()
    default: str = ""
    of: str = ""


@dataclass(frozen=True)
class Choice:
    """A value that a key decides.

    Args:
        names: of the keys that may hold it.
        default: without a key; null unless given.
        when: what values mean, by their text (`true`, `null`, `2`), `*` for every other. As it stands unless given.
    """

    names: tuple[str, ...]
    default: Any = None
    when: Mapping[str, Any] | None = None


def as_key_names(value: Any) -> tuple[str, ...]:
    """One name, or a list of them."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UserError("a key is a name, or a list of names, in quotes")
    return tuple(names)


def checked(value: dict[str, Any], verbs: tuple[str, ...]) -> dict[str, Any]:
    """A table of these entries."""
    for name in value:
        if name not in verbs:
            raise unknown("entry", name, verbs)
    return value


def as_size_key(value: Any) -> SizeKey:
    """`"hidden_size"`, or `{ key = ["head_dim"], default = "D/A" }`."""
    if isinstance(value, str):
        return SizeKey((value,))
    if not isinstance(value, dict):
        raise UserError("write the name of a key, or { key = ..., default = ... }")
    table = checked(value, ("key", "default", "of"))
    return SizeKey(as_key_names(table.get("key", [])), str(table.get("default", "")), str(table.get("of", "")))


def as_choice(value: Any) -> Choice:
    """`{ key = "use_bias", default = false, when = { ... } }`."""
    if not isinstance(value, dict):
        raise UserError("write { key = ..., default = ... }")
    table = checked(value, ("key", "default", "when"))
    when = table.get("when")
    if when is not None and not isinstance(when, dict):
        raise UserError("when: write a table such as { true = ..., false = ... }")
    return Choice(as_key_names(table.get("key")), plain(table.get("default")), when)


def as_option(value: Any) -> Any:
    """A choice, or a value as it stands."""
    return as_choice(value) if isinstance(value, dict) and "key" in value else value


def plain(value: Any) -> Any:
    """A value as JSON has it; TOML has no null, which is written "null"."""
    if value == "null":
        return None
    return float(value) if isinstance(value, Decimal) else value


def text(value: Any) -> str:
    """A value of a configuration as `when` and messages write it: `null`, `true`, `2`, `relu`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
    return str(value)
