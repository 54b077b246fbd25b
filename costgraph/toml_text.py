"""TOML that a user hands over, as plain values: bounded before a parser that calls itself sees it, and exact.

Depth and digits are counted in the text, strings and comments aside, because Python's reader answers a deep document
with a full stack and a long number with a minute of work. Decimals are read as they are written, never as floats.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from costgraph.errors import UserError, shorten
from costgraph.toml_plain import plain_toml
from costgraph.user_files import decoded

MAX_DEPTH = 16  # brackets in one another, and parts of a key such as `peak.bf16.value`
MAX_DIGITS = 1000
TOKEN = (  # compiled where a document is not plain
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'  # a text that is never closed ends with the document
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|\w+|[][{}.=,\n]"
)


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """The tables of a TOML document: text, int, Decimal, bool, dates, lists and dictionaries.

    Raises:
        UserError: it is no TOML (with the line), is nested too deeply, or has a number that is too long or not finite.
    """
    found = plain_toml(text, decimal)
    return read_whole(text, place) if found is None else found


def read_whole(text: str, place: str) -> dict[str, Any]:
    """Any document, or what is wrong with it."""
    import tomllib  # which few documents need

    check_bounds(text, place)
    try:
        return tomllib.loads(text, parse_float=decimal)
    except tomllib.TOMLDecodeError as error:
        named = re.search(r"line (\d+)", str(error))
        line = int(named[1]) if named else text.rstrip().count("\n") + 1  # otherwise it is the end of the document
        raise UserError(f"{place}:{line}: not valid TOML: {error}") from None
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def of_package(file: Path) -> dict[str, Any]:
    """The tables of a file of the package itself."""
    return parse_toml(decoded(file.read_bytes(), file.name), file.name)


def check_bounds(text: str, place: str) -> None:
    """Raise if brackets or keys are too deep in one another, or a number has too many digits."""
    depth = parts = 0
    for found in re.finditer(TOKEN, text, re.DOTALL):
        match token := found[0]:
            case "[" | "{":
                depth, parts = depth + 1, 0
            case "]" | "}":
                depth, parts = max(depth - 1, 0), 0
            case "=" | "," | "\n":
                parts = 0
            case ".":
                parts += 1
        if depth > MAX_DEPTH or parts >= MAX_DEPTH:
            refuse(found, place, f"nested more than {MAX_DEPTH} deep")
        if len(token) > MAX_DIGITS and token[0] not in "\"'#":
            refuse(found, place, f"'{shorten(token, 20)}' has more than {MAX_DIGITS} characters; write text in quotes")


def refuse(found: re.Match[str], place: str, reason: str) -> None:
    """Raise with the line."""
    line = found.string.count("\n", 0, found.start()) + 1
    raise UserError(f"{place}:{line}: {reason}")


def decimal(digits: str) -> Decimal:
    """A number with a point or an exponent, exactly as it is written."""
    try:
        value = Decimal(digits)
    except InvalidOperation:
        raise UserError(f"{shorten(digits)} has more than {MAX_DIGITS} digits") from None
    if not value.is_finite():
        raise UserError(f"{digits} is not a number that can be computed with")
    if abs(value.adjusted()) > MAX_DIGITS:
        raise UserError(f"{shorten(digits)} has more than {MAX_DIGITS} digits")
    return value
