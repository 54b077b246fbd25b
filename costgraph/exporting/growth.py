"""How much text the filters and methods of a template make, said before they make it.

What is not in the table makes no more than it was given. Sizes are upper bounds in characters, from the arguments that
Jinja's filter of that name, or Python's method, takes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sized
from typing import Any

DIRECTIVE = re.compile(r"%(?:\([^)]*\))?([^a-zA-Z%]*)")
NESTED = re.compile(r":[^{}]*\{")  # a width that is itself given by an argument
TEXT = """
    capitalize casefold center count endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal
    isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition
    removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip
    swapcase title upper zfill
"""
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(TEXT.split()),
    dict: frozenset(("copy", "get", "items", "keys", "values")),
    list: frozenset(("copy", "count", "index")),
    tuple: frozenset(("count", "index")),
    float: frozenset(("is_integer",)),
}


def length(value: Any) -> int:
    """How many characters or items there are."""
    return len(value) if isinstance(value, Sized) else 20


def number(value: Any) -> float:
    """An option that is a number; anything else makes the filter itself complain."""
    return abs(value) if isinstance(value, int | float) else 0


def padded(text: Any, width: Any = 80, *_: Any, **__: Any) -> float:
    """`center` and the like."""
    return number(width)


def replaced(text: Any, old: Any = "", new: Any = "", *_: Any, **__: Any) -> float:
    """`replace`: so often does the old text occur."""
    found = str(text).count(str(old)) if str(old) else length(text) + 1
    return length(text) + found * length(new)


def joined(items: Any, separator: Any = "", *_: Any, **__: Any) -> float:
    """`join`, the filter."""
    return length(items) * length(separator)


def joined_by(separator: Any, items: Any = (), *_: Any) -> float:
    """`join`, the method."""
    return joined(items, separator)


def indented(text: Any, width: Any = 4, *_: Any, **__: Any) -> float:
    """`indent`."""
    return (len(str(text).splitlines()) + 1) * (length(width) if isinstance(width, str) else number(width))


def wrapped(text: Any, width: Any = 79, _: Any = True, wrapstring: Any = None, *__: Any, **more: Any) -> float:
    """`wordwrap`: a long word is cut again and again, and copied each time."""
    lines = length(text) / max(number(width), 1) + length(str(text).split())
    return lines * length(more.get("wrapstring", wrapstring) or "\n") + length(text) ** 2 / max(number(width), 1)


def filled(items: Any, count: Any = 1, fill: Any = None, *_: Any, **more: Any) -> float:
    """`batch` and `slice`."""
    return number(count) * (20 + length(more.get("fill_with", fill)))


def written(value: Any, indent: Any = 0, *_: Any, **__: Any) -> float:
    """`tojson`: every line is indented once for every table around it."""
    return length(repr(value)) * (1 + 8 * number(indent))


def summed(items: Any, _: Any = None, start: Any = 0, **more: Any) -> float:
    """`sum`, which copies lists once for each that is added."""
    return 0 if isinstance(more.get("start", start), int | float) else 10 * length(items) * length(repr(items))


def read(value: Any, *_: Any, **__: Any) -> float:
    """`int` and `float`: as many steps as digits squared."""
    return length(value) ** 2 / 100 if isinstance(value, str) else 0


def percent(text: str, weight: float) -> float:
    """`text % arguments` of this weight together."""
    widths = [part for found in DIRECTIVE.findall(text) for part in re.findall(r"\d+|\*", found)]
    widest = max((math.inf if width == "*" or len(width) > 9 else int(width) for width in widths), default=0)
    return len(text) + text.count("%") * (weight + widest)


def formatted(text: Any, *arguments: Any, **options: Any) -> float:
    """`format`, the filter."""
    return percent(str(text), length(repr((arguments, options))))


def braced(text: str, *arguments: Any, **options: Any) -> float:
    """`format`, the method."""
    if NESTED.search(text):
        return math.inf
    widest = max((math.inf if len(digits) > 9 else int(digits) for digits in re.findall(r"\d+", text)), default=0)
    return len(text) + text.count("{") * (length(repr((arguments, options))) + widest)


def chopped(text: Any, *_: Any, **__: Any) -> float:
    """`list`, `split` and the like: at worst every character becomes an item."""
    return 8 * length(text)


def tabbed(text: Any, width: Any = 8, **_: Any) -> float:
    """`expandtabs`."""
    return str(text).count("\t") * number(width)


GROWTH: dict[str, Callable[..., float]] = {
    "center": padded,
    "ljust": padded,
    "rjust": padded,
    "zfill": padded,
    "expandtabs": tabbed,
    "replace": replaced,
    "join": joined,
    "indent": indented,
    "wordwrap": wrapped,
    "list": chopped,
    "sort": chopped,
    "split": chopped,
    "rsplit": chopped,
    "splitlines": chopped,
    "batch": filled,
    "slice": filled,
    "tojson": written,
    "sum": summed,
    "int": read,
    "float": read,
    "format": formatted,
}
METHOD_GROWTH: dict[str, Callable[..., float]] = {**GROWTH, "join": joined_by, "format": braced, "format_map": braced}
