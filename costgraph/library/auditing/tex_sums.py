r"""Sums in LaTeX over what is alike: `\sum_{l=1}^{L} 12 B S D^2` is `(L) \cdot 12 B S D^2`."""

from __future__ import annotations

import re

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import UnreadError
from costgraph.library.auditing.tex_source import IN_WORDS, braced

SUM = re.compile(r"\\sum(?![A-Za-z])(?:\s*\\(?:no)?limits(?![A-Za-z]))?")
PRODUCT = re.compile(r"\\prod(?![A-Za-z])")
INDEX = re.compile(r"\s*(\\?[A-Za-z]+)\s*=\s*(\d{1,9})\s*")
COMMAND = re.compile(r"\\[A-Za-z]+")
OPENS, CLOSES = "([{", ")]}"


def without_sums(text: str) -> str:
    """A formula with each sum as how often what is summed counts, times that.

    Raises:
        UnreadError: what is summed is not alike, how often is not said, or nobody can tell how far the sum goes.
    """
    if PRODUCT.search(text):
        raise UnreadError("a product over many is not read")
    while found := [*SUM.finditer(text)]:
        start, at = found[-1].span()
        signs: dict[str, str] = {}
        while (sign := text[at : at + 1]) in ("_", "^") or sign.isspace():
            at += 1
            if not sign.isspace():
                signs[sign], at = argument(text, at)
        end = ends(text, at)
        summed = text[at:end].strip()
        said = shorten(text[start:end], 60)
        index = INDEX.fullmatch(signs.get("_", ""))
        if index is None or "^" not in signs or not summed:
            raise UnreadError(f"'{said}' is a sum that does not say over how many")
        letters = IN_WORDS.sub("", f"{summed} {signs['^']}")
        if index[1] in (*COMMAND.findall(letters), *COMMAND.sub("", letters)):
            raise UnreadError(f"'{said}' is a sum over what differs with {index[1]}")
        if text[end : end + 1] in ("+", "-") and not is_group(summed):
            raise UnreadError(f"'{said}' is a sum of which nobody can tell how far it goes; parentheses say it")
        text = rf"{text[:start]}({times(int(index[2]), signs['^'].strip())}) \cdot {summed}{text[end:]}"
    return text


def argument(text: str, at: int) -> tuple[str, int]:
    """What stands below or above a sign, and where it ends: in braces, a command, or one sign."""
    if found := COMMAND.match(text, at):
        return found[0], found.end()
    return braced(text, at)


def ends(text: str, at: int) -> int:
    """Where a product ends: at a sum, a difference, or what closes around it."""
    depth, begun = 0, False
    for end in range(at, len(text)):
        sign = text[end]
        if sign in CLOSES and depth == 0:
            return end
        depth += (sign in OPENS) - (sign in CLOSES)
        if depth == 0 and sign in "+-" and begun:
            return end
        begun = begun or not sign.isspace()
    return len(text)


def is_group(text: str) -> bool:
    """Whether a formula is all in one pair of parentheses."""
    text, depth = text.removeprefix(r"\left").strip(), 0
    for at, sign in enumerate(text):
        depth += (sign in OPENS) - (sign in CLOSES)
        if depth == 0:
            return at == len(text) - 1 and sign in CLOSES
    return False


def times(first: int, last: str) -> str:
    """How many there are from one number to another."""
    before = re.fullmatch(r"(.*\S)\s*-\s*(\d{1,9})", last)
    whole, less = (before[1], int(before[2])) if before else (last, 0)
    more = 1 - first - less
    return whole if more == 0 else f"{whole} {'+' if more > 0 else '-'} {abs(more)}"
