"""How a formula is spelled: as in a program, or as on paper; and where each character of it was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from costgraph.errors import UserError, shorten
from costgraph.records import dataclass

# What no program would say: signs of paper, TeX, a number before a letter, factors side by side.
ON_PAPER = re.compile(r"[^\x00-\x7f]|[\\^{}$~|%]|\d[A-Za-z_(]|\d\s+[\w(]|\)\s*[\w(]|\w\s+[\w.(]", re.ASCII)
PUNCTUATION = re.compile(r"(?:(?<=[\w)}\]$ ])|(?<=\\[,;:!]))[.,;]\Z")
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
    stripped = text.rstrip()
    return len(stripped[:-1].rstrip() if PUNCTUATION.search(stripped) else stripped)
