"""JSON that a user hands over, as plain values: bounded, and without what JSON leaves open.

Python's reader takes `NaN`, a key twice, half a surrogate pair and integers of any length; each of these is refused
here, so that whoever reads the values can compute with them and print them.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, NoReturn

from costgraph.errors import UserError, shorten

MAX_DIGITS = 1000  # of one number; Python's own limit of 4300 is a ValueError
MAX_DEPTH = 200  # lists and objects in one another
ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # the only way to a NUL or to half a surrogate pair
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')  # what is text, and where lists and objects begin and end
UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


def parse_json(text: str, constants: bool = False) -> Any:
    """The value of a JSON document: dictionaries with text as keys, lists, text, int, finite float, bool and None.

    Args:
        text: the document.
        constants: take `NaN` and `Infinity`, which are no JSON and which Python writes all the same, as text.

    Raises:
        UserError: it is no JSON, is nested too deeply, has a number that is too long or not finite, a key twice, or
            text with a NUL or half a surrogate pair.
    """
    try:
        content = json.loads(
            text,
            parse_int=whole,
            parse_float=decimal,
            parse_constant=str if constants else refuse_constant,
            object_pairs_hook=unique,
        )
    except json.JSONDecodeError as error:
        if (
            depth(text[: error.pos]) > MAX_DEPTH
        ):  # how deep the parser goes before it gives up is another in each Python
            raise too_deep() from None
        raise UserError(f"not a JSON document: {error}") from None
    except RecursionError:  # raised by the parser, which counts, before any stack is full
        raise too_deep() from None
    check_depth(content)
    if ESCAPED.search(text):
        check_text(content)
    return content


def whole(digits: str) -> int:
    """An integer that is not too long."""
    return int(digits) if len(digits) <= MAX_DIGITS else refuse_digits(digits)


def decimal(digits: str) -> float:
    """A number with a point or an exponent, which a float must be able to hold."""
    if len(digits) > MAX_DIGITS:
        refuse_digits(digits)
    if not math.isfinite(value := float(digits)):
        raise UserError(f"not usable as JSON: {shorten(digits)} is too large for a number with a point")
    return value


def refuse_digits(digits: str) -> NoReturn:
    """Raise for a number that is too long."""
    raise UserError(f"not usable as JSON: {shorten(digits, 20)} has more than {MAX_DIGITS} digits")


def refuse_constant(name: str) -> NoReturn:
    """Raise for `NaN` and `Infinity`, which are no JSON."""
    raise UserError(f"not a JSON document: {name} is not a number")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, whose keys must differ."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise UserError(f"not usable as JSON: the key '{printable(twice)}' stands twice in one object")
    return made


def depth(text: str) -> int:
    """How many lists and objects are in one another at most, in the text of a document or of its beginning."""
    steps = (1 if token in "[{" else -1 for token in TOKEN.findall(text) if token[0] != '"')
    return max(accumulate(steps), default=0)


def check_depth(content: Any) -> None:
    """Raise if lists and objects are too deep in one another; level by level, without recursion."""
    level = [content]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in parts(value) if isinstance(inner, list | dict)]
        if not level:
            return
    raise too_deep()


def check_text(content: Any) -> None:
    """Raise if some text cannot be printed."""
    level = [content]
    while level:
        for value in level:
            for text in (value,) if isinstance(value, str) else value if isinstance(value, dict) else ():
                if UNPRINTABLE.search(text):
                    reason = "a NUL or half a surrogate pair, which no text can hold"
                    raise UserError(f"not usable as JSON: '{printable(text)}' has {reason}")
        level = [inner for value in level for inner in parts(value)]


def parts(value: Any) -> Iterable[Any]:
    """What a list or an object holds."""
    return value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()


def too_deep() -> UserError:
    """An error for a document that is nested too deeply."""
    return UserError(f"not usable as JSON: nested more than {MAX_DEPTH} deep")


def printable(text: str) -> str:
    """Text for a message, whatever it holds."""
    return shorten(text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0"), 40)
