"""What is searched or swept over, as text: `B=1..64, S=[2048, 8192], hardware=[a100-80gb-sxm, h100-sxm]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

from costgraph.algebra.bindings import symbol_of
from costgraph.algebra.frameworks import meaning_of
from costgraph.algebra.magnitudes import SCALES, lone
from costgraph.algebra.named_letters import NO_LETTERS
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError, need_text, shorten
from costgraph.searching.command import as_typed

FORM = "NAME=VALUE, NAME=[ONE, OTHER] or NAME=FIRST..LAST, as in 'B=1..64, S=[2048, 8192]'"
NUMBER = rf"(?:\d{{1,30}}(?:\.\d{{1,30}})?\s*(?:K|{'|'.join(SCALES)})|\d+)"
STEPS = re.compile(rf"({NUMBER})\s*\.\.\s*({NUMBER})(?:\s*\.\.\s*([+*]?)\s*({NUMBER}))?", re.ASCII)
NEARLY = re.compile(rf"{NUMBER}\s*\.\.\s*[\d*+]", re.ASCII)  # begins as a range does
MOST = 10**6  # values of one axis
DIGITS = 15


Over = str | Mapping[str, Any]


def read_over(text: Over, letters: Mapping[str, Quotient] = NO_LETTERS) -> dict[str, tuple[str, ...]]:
    """The values of each name, as text, in the order typed; letters of one's own as the symbols that they stand for.

    `1..64` is every whole number, `1..64..4` every fourth, `1..64..*2` 1, 2, 4 and so on, with numbers such
    as `4k` and `4Ki`.
    From Python a mapping says the same, `{"B": range(1, 65), "hardware": ["a100-80gb-sxm", "h100-sxm"]}`.

    Raises:
        UserError: something that is no such list, a name twice, or too many values.
    """
    if not isinstance(text, str):
        return {name: tuple(objects) for name, objects in read_objects(text, letters).items()}
    found: dict[str, tuple[str, ...]] = {}
    for item in pieces(text) if text.strip() else []:
        name, sign, value = (part.strip() for part in item.partition("="))
        name = meant(name, letters)
        if not name or not sign or not value:
            raise UserError(f"'{shorten(item.strip())}': write {FORM}")
        if name in found:
            raise UserError(f"{name} is given twice; write all its values in one list: {name}=[ONE, OTHER]")
        found[name] = tuple(dict.fromkeys(values(value, item)))
        if not found[name]:
            raise UserError(f"'{shorten(item.strip())}': no value; write {FORM}")
    return found


def meant(name: str, letters: Mapping[str, Quotient]) -> str:
    """The symbol that a letter of one's own stands for, or a name that frameworks have; any other name as it is.

    Raises:
        UserError: a letter stands for what is made of several symbols.
    """
    if name in letters:
        return symbol_of(name, letters=letters)
    return called if (called := meaning_of(name)) in SYMBOLS else name


def read_objects(given: Over, letters: Mapping[str, Quotient] = NO_LETTERS) -> dict[str, dict[str, Any]]:
    """The values of each name in a mapping, by their text; nothing of what was typed.

    Raises:
        UserError: something else was given, too many values, or none.
    """
    if isinstance(given, str):
        return {}
    if not isinstance(given, Mapping):
        raise UserError(f"over is text, {FORM}, or a mapping such as {{'B': range(1, 65)}}")
    found: dict[str, dict[str, Any]] = {}
    for name, values in given.items():
        several = isinstance(values, Iterable) and not isinstance(values, str)
        if several and isinstance(values, Sized) and len(values) > MOST:
            raise UserError(f"over {name}: at most {MOST} values of one name")
        symbol = meant(str(name), letters)
        found[symbol] = {as_typed(one): one for one in (values if several else [values])}
        if not found[symbol]:
            raise UserError(f"over {name}: no value")
    return found


def pieces(text: str) -> list[str]:
    """What stands between commas that are in no brackets and no parentheses."""
    need_text(text, "B=1..64")
    found, depth, start = list[str](), 0, 0
    for at, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            found.append(text[start:at])
            start = at + 1
    return [*found, text[start:]]


def values(text: str, item: str) -> Iterator[str]:
    """The values that a list or a range has; in brackets of its own a value may have commas, as a mesh has."""
    inside = pieces(text[1:-1]) if text.startswith("[") and text.endswith("]") else [text]
    for one in inside:
        one = one.strip()
        if not one:
            raise UserError(f"'{shorten(item.strip())}': a value is missing beside a comma")
        if one.startswith("[") and one.endswith("]") and one is not text:
            yield one[1:-1].strip()
        else:
            yield from stretch(one, item)


def stretch(text: str, item: str) -> Iterator[str]:
    """The numbers of a range; anything else as it is.

    Raises:
        UserError: it begins as a range and is none, does not grow, or has too many numbers.
    """
    match = STEPS.fullmatch(text)
    if match is None:
        if NEARLY.match(text):
            raise UserError(
                f"'{shorten(item.strip())}': a range is 1k..8k, 1k..8k..1k by steps, or 1k..8k..*2 that doubles"
            )
        yield text
        return
    first, last, sign, by = match.groups()
    at, end, step = (whole_of(one, item) for one in (first, last, by or "1"))
    if step < 1 or (sign == "*" and (step < 2 or at < 1)):
        raise UserError(f"'{shorten(item.strip())}': a range grows, as in {first}..{last}..4 or 1..{last}..*2")
    if at > end:
        raise UserError(f"'{shorten(item.strip())}': from {at} to {end} there is nothing; write {last}..{first}")
    if sign != "*" and (end - at) // step >= MOST:
        raise UserError(f"'{shorten(item.strip())}': at most {MOST} values of one name")
    while at <= end:
        yield str(at)
        at = at * step if sign == "*" else at + step


def whole_of(text: str, item: str) -> int:
    """A whole number, also as `4k` or `4Ki`.

    Raises:
        UserError: it is none, or of too many digits.
    """
    number = int(text) if text.isdigit() and len(text) <= DIGITS else lone(text)
    if number is None or number >= 10**DIGITS:
        raise UserError(f"'{shorten(item.strip())}': numbers of up to {DIGITS} digits")
    if number.denominator > 1:
        raise UserError(f"'{shorten(item.strip())}': {text} is no whole number")
    return int(number)
