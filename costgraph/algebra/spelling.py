"""How a formula is spelled: as in a program, or as on paper; and where each character of it was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from costgraph.errors import UserError, shorten
from costgraph.records import dataclass

# What no program would say: signs of paper, TeX, a number before a letter, factors side by side.
ON_PAPER = re.compile(
    r"[^\x00-\x7f]|[\\^{}$~|%]|\[(?!\s*['\x22])|\d[A-Za-z_(]|\d\s+[\w(]|\)\s*[\w(]|\w\s+[\w.(]", re.ASCII
)
PUNCTUATION = re.compile(r"(?:(?<=[\w)}\]$~ ])|(?<=\\[,;:!]))[.,;]\Z")
# Digits in groups of three: by commas, by thin spaces, or by more dots or apostrophes than a decimal has.
GROUPED = re.compile(
    r"(?<![\w.])\d{1,3}(?:(?:[,\u00a0\u2009\u202f]\d{3})+|(?:\.\d{3}){2,}|(?:['\u2019]\d{3})+)(?![\d])", re.ASCII
)
BETWEEN_DIGITS = re.compile(r"\D")
OF_SEVERAL = re.compile(
    r"\b(max|min|maximum|minimum|root|solve|limit|at) *(?:\\left|\\[Bb]igg?l?)? *\\?[({]\Z", re.IGNORECASE
)
IN_CODE = re.compile(r"\b(?:if|else|for|in|is|and|or|not|lambda)\b")  # words between which spaces are no products


@dataclass(frozen=True, slots=True)
class Spelled:
    """A formula in a program's spelling, and at which index of what was typed each of its characters stands."""

    text: str
    places: Sequence[int]

    def column(self, at: int) -> int:
        """The column, from 1 on, of the character at an index; the end of what was typed for one behind the last."""
        if at < len(self.places):
            return self.places[at] + 1
        return self.places[-1] + 2 if self.places else 1


def at_column(text: str, column: int, reason: str) -> UserError:
    """An error about one place of a text; it is shown without the spaces around it, and columns are those of that."""
    before = len(text) - len(text.lstrip())
    return UserError(f"column {max(column - before, 1)} of '{shorten(text)}': {reason}")


def on_paper(text: str) -> bool:
    """Whether anything in a text is written as on paper and not as in a program."""
    return ON_PAPER.search(text) is not None and ("\\" in text or IN_CODE.search(text) is None)


def in_code(text: str) -> Spelled:
    """A text that is spelled as in a program already."""
    stripped = text[: end_of(text)].lstrip()
    end = end_of(text)
    return Spelled(stripped, range(end - len(stripped), end))


def end_of(text: str) -> int:
    """Where a formula ends that may be the end of a sentence, too."""
    end = without_spaces(text, len(text))
    return without_spaces(text, end - 1) if PUNCTUATION.search(text, 0, end) else end


def without_spaces(text: str, end: int) -> int:
    """Where what stands before an index ends without spaces, also those of TeX, which have a backslash."""
    while end and text[end - 1].isspace():
        end -= 2 if text[max(end - 2, 0) : end - 1] == "\\" and text[max(end - 3, 0) : end - 2] != "\\" else 1
    return end


def ungrouped(text: str) -> tuple[str, tuple[str, ...]]:
    """A text of the same length in which digits that stand in groups are one number, and how such were read.

    Raises:
        UserError: it stands among the arguments of a function, where a comma may end one.
    """
    found = list(GROUPED.finditer(text)) if "," in text or GROUPED.search(text) else []
    bracketed = "(" in text or "{" in text
    for one in found:
        number = BETWEEN_DIGITS.sub("", one[0])
        if "," in one[0] and bracketed and (function := OF_SEVERAL.search(text[: opened(text, one.start()) + 1])):
            both = f"{number}, and {' and '.join(one[0].split(','))} as arguments of {function[1]}"
            raise at_column(text, one.start() + 1, f"'{one[0]}' has two readings: {both}; write one of them")
    said = tuple(f"{one[0]} read as {BETWEEN_DIGITS.sub('', one[0])}" for one in found)
    return GROUPED.sub(lambda one: BETWEEN_DIGITS.sub("_", one[0]), text) if found else text, said


def opened(text: str, at: int) -> int:
    """Where the parenthesis stands that an index is in; -1 where it is in none."""
    depth = 0
    for place in range(at - 1, -1, -1):
        depth += (text[place] in ")}") - (text[place] in "({")
        if depth < 0:
            return place
    return -1
