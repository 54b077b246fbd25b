"""TOML as nearly every document of the package is written, read five times as fast as Python's reader does.

Bare keys, strings on one line without escapes, whole numbers, decimals, dates, `true` and `false`, lists, inline
tables, and headers of tables that are new. Whoever finds anything else, a mistake first of all, gets no answer and asks
`tomllib`; so there is one truth about what TOML is, and messages are its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

DEPTH = 8  # lists and tables in one another
KEY = r"[A-Za-z0-9_-]+"
NAME = rf"{KEY}(?:\.{KEY}){{0,{DEPTH - 1}}}"
TEXT = r'[^"\\\0-\x1f\x7f]*'
END = r"[ \t]*(?:#[^\0-\x08\x0a-\x1f\x7f]*)?(?:\n|\Z)"
LINE = re.compile(rf'({NAME}) = (?:"({TEXT})"{END})?|(?:\[\[({NAME})\]\]|\[({NAME})\]|){END}')
VALUE = re.compile(
    rf"\"(?P<text>{TEXT})\"|'(?P<literal>[^'\0-\x1f\x7f]*)'|(?P<bool>true|false)|(?P<list>\[)|(?P<table>\{{)"
    r"|(?:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"|(?P<decimal>[+-]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18})|(?P<whole>[+-]?(?:0|[1-9][0-9]{0,17})))(?![\w.:+-])"
)
REST = re.compile(END)
SPACE = r"(?:[ \t\n]|#[^\0-\x08\x0a-\x1f\x7f]*\n)*"
IN_LIST = re.compile(rf"{SPACE}(,?){SPACE}(\]?)")
IN_TABLE = re.compile(rf' {{0,9}}(,?) {{0,9}}(?:({KEY}|"{TEXT}") = |\}})')


class Unusual(Exception):
    """What somebody else has to read."""


def plain_toml(text: str, decimal: Callable[[str], Any]) -> dict[str, Any] | None:
    """The tables of a document, as `tomllib.loads` gives them; None where it has anything unusual, or is wrong.

    Args:
        text: the document.
        decimal: makes a value of a number with a point.
    """
    try:
        return Reader(text, decimal).document()
    except Unusual:
        return None


class Reader:
    """One document."""

    def __init__(self, text: str, decimal: Callable[[str], Any]) -> None:
        self.text, self.decimal = text, decimal
        self.root: dict[str, Any] = {}
        self.opened = {id(self.root)}  # tables and lists that headers have made: others may stand below them
        self.dotted = set[int]()  # tables that keys with dots have made since the last header

    def document(self) -> dict[str, Any]:
        """The whole of it."""
        here, at = self.root, 0
        while at < len(self.text):
            found = self.found(LINE, at)
            key, text, one_more, table = found.groups()
            at = found.end()
            if text is not None:
                self.put(here, key, text)
            elif key:
                value, at = self.value(at, DEPTH)
                self.put(here, key, value)
                at = self.found(REST, at).end()
            elif one_more:
                here = self.one_more(one_more)
            elif table:
                here = self.table(table)
        return self.root

    def found(self, pattern: re.Pattern[str], at: int) -> re.Match[str]:
        """What has to stand at a place."""
        found = pattern.match(self.text, at)
        if found is None:
            raise Unusual
        return found

    # --- where values go ----------------------------------------------------------------------------------------------

    def put(self, table: dict[str, Any], name: str, value: Any) -> None:
        """A value under a key, which may have dots in it."""
        if "." in name:
            *outer, name = name.split(".")
            for part in outer:
                if part not in table:
                    table[part] = {}
                    self.dotted.add(id(table[part]))
                elif id(table[part]) not in self.dotted:
                    raise Unusual
                table = table[part]
        if name in table:
            raise Unusual
        table[name] = value

    def table(self, name: str) -> dict[str, Any]:
        """The new table of a header."""
        outer, last = self.around(name)
        if last in outer:
            raise Unusual
        made: dict[str, Any] = self.opens(outer, last, {})
        return made

    def one_more(self, name: str) -> dict[str, Any]:
        """The new table of a header in two pairs of brackets, at the end of its list."""
        outer, last = self.around(name)
        found = outer[last] if last in outer else self.opens(outer, last, [])
        if not isinstance(found, list) or id(found) not in self.opened:
            raise Unusual
        made: dict[str, Any] = {}
        found.append(made)
        self.opened.add(id(made))
        return made

    def around(self, name: str) -> tuple[dict[str, Any], str]:
        """The table in which that of a header stands, and the last part of its name."""
        self.dotted.clear()
        *outer, last = name.split(".")
        table = self.root
        for part in outer:
            found = table[part] if part in table else self.opens(table, part, {})
            if id(found) not in self.opened:
                raise Unusual
            table = found[-1] if isinstance(found, list) else found
        return table, last

    def opens(self, table: dict[str, Any], name: str, made: Any) -> Any:
        """What a header makes."""
        table[name] = made
        self.opened.add(id(made))
        return made

    # --- values -------------------------------------------------------------------------------------------------------

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        """The value that starts at a place, and where it ends; what is in it may be as deep as is said."""
        if not depth:
            raise Unusual
        found = self.found(VALUE, at)
        text, at = found[0], found.end()
        match found.lastgroup:
            case "text" | "literal":
                return text[1:-1], at
            case "whole":
                return int(text), at
            case "decimal":
                return self.decimal(text), at
            case "bool":
                return text == "true", at
            case "list":
                return self.items(at, depth - 1)
            case "table":
                return self.inline(at, depth - 1)
        return day(text), at

    def items(self, at: int, depth: int) -> tuple[list[Any], int]:
        """A list, from behind its bracket on."""
        made: list[Any] = []
        while True:
            found = self.found(IN_LIST, at)
            comma, closed = found.groups()
            if bool(comma) != bool(made) and not (closed and made):  # a comma may stand before the bracket
                raise Unusual
            if closed:
                return made, found.end()
            value, at = self.value(found.end(), depth)
            made.append(value)

    def inline(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        """An inline table, from behind its brace on."""
        made: dict[str, Any] = {}
        while True:
            found = self.found(IN_TABLE, at)
            comma, key = found.groups()
            if bool(comma) != bool(key and made):
                raise Unusual
            if not key:
                return made, found.end()
            if (key := key.strip('"')) in made:
                raise Unusual
            made[key], at = self.value(found.end(), depth)


def day(text: str) -> date:
    """A date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unusual from None
