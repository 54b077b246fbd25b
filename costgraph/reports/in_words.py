"""Formulas in sentences: in `12*B*L is dropped` the formula is written as those beside it are, `12BL is dropped`.

What separates two forms, what is assumed and what people noted are sentences, in which formulas are spelled as in a
program. An answer has one way to write formulas, so those who write it ask here for the formulas in words. Not touched
is what is quoted, as somebody may copy it, and what is `Typed`, as it is shown as its author wrote it.
"""

from __future__ import annotations

import re

from costgraph.algebra.expression import FUNCTIONS, Node
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import read
from costgraph.errors import UserError


class Typed(str):
    """Words that stay as somebody wrote them."""

    __slots__ = ()


QUOTED = r"'[^']*'|`[^`]*`"
# Where a formula may begin: not within a word, a path, an option or what is called by another name than a function.
START = re.compile(rf"({QUOTED})|(?<![\w.*/)=-])(?<![a-z]\()(?=-?[A-Za-z0-9(])")
OPERAND = re.compile(r"\d+(?:\.\d+)?(?![\w.])|[A-Za-z]\w*")
NAME = re.compile(r"[A-Za-z]")
SIGN = re.compile(r"\*\*|[*/]| [+-] ")


def apart(text: str) -> list[str | Node]:
    """A sentence as words and formulas, in order; what has no sign of a program is words."""
    found: list[str | Node] = []
    done = at = 0
    while "*" in text[at:] and (start := START.search(text, at)):
        at = start.end()
        if start[1]:
            continue
        end = formula_end(text, at)
        if in_brackets(text, at, end):  # which are those of the sentence
            at += 1
            continue
        if "*" in text[at:end] and (node := formula(text[at:end])) is not None:
            found += [text[done:at], node]
            done = end
        at = max(end, at + 1)
    return [part for part in (*found, text[done:]) if part]


def formula(text: str) -> Node | None:
    """The tree of a formula of symbols; None if it is none."""
    if not NAME.search(text):
        return None
    try:
        return read(text).node
    except UserError:
        return None


def in_brackets(text: str, start: int, end: int) -> bool:
    """Whether all of a formula stands in brackets."""
    return text[start] == "(" and formula_end(text, start + 1) == end - 1


def formula_end(text: str, start: int) -> int:
    """Where the longest formula ends that begins at a place; there itself if none does."""
    at, end, closing, operand = start, start, list[str](), True  # whether an operand is wanted next
    at += text.startswith("-", at)
    while at < len(text):
        if operand:
            if text[at] == "(":
                closing.append(")")
                at += 1
                continue
            found = OPERAND.match(text, at)
            if found is None:
                return end
            at = found.end()
            if found[0] in FUNCTIONS and text.startswith("(", at):
                closing.append("),")
                at += 1
                continue
            if found[0][0].isalpha() and found[0] not in SYMBOLS:
                return end
            operand = False
        elif closing and text[at] == ")":
            closing.pop()
            at += 1
        elif closing and "," in closing[-1] and text.startswith(", ", at):
            operand, at = True, at + 2
        elif sign := SIGN.match(text, at):
            operand, at = True, sign.end()
        else:
            return end
        if not operand and not closing:
            end = at
    return end
