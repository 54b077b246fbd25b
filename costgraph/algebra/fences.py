"""What stands around a formula and says nothing: dollars, environments of LaTeX, the end of a sentence."""

from __future__ import annotations

import re

from costgraph.algebra.spelling import end_of
from costgraph.algebra.tex_commands import ALONE, IN_LINES

ENVIRONMENT = re.compile(rf"\\begin\{{({'|'.join((*ALONE, *IN_LINES))})(\*?)\}}(?:\[[^\]]*\])?")
FENCES = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))  # around a formula
COLUMNS = re.compile(r"\s*\{\s*[0-9]+\s*\}")  # what alignedat takes


def fenced(text: str) -> tuple[int, int, bool]:
    """Where a formula begins and ends inside of `$$ $$` and the like, and of spaces; and whether it may have lines."""
    start, end = spaceless(text, 0, len(text))
    in_lines = False
    while True:
        fence = next((one for one in FENCES if within(text, one, start, end)), None)
        if fence is None and (begun := ENVIRONMENT.match(text, start, end)):
            fence = (begun[0], rf"\end{{{begun[1]}{begun[2]}}}")
            if begun[1].endswith("at") and (columns := COLUMNS.match(text, begun.end(), end)):
                fence = (begun[0] + columns[0], fence[1])
            in_lines |= begun[1] in IN_LINES
        if fence is None or not within(text, fence, start, end):
            return start, end, in_lines
        start, end = spaceless(text, start + len(fence[0]), end - len(fence[1]))


def spaceless(text: str, start: int, end: int) -> tuple[int, int]:
    """The same without spaces around it, and without what ends a sentence."""
    end = start + end_of(text[start:end])
    return end - len(text[start:end].lstrip()), end


def within(text: str, fence: tuple[str, str], start: int, end: int) -> bool:
    """Whether all of it stands between the two."""
    return text.startswith(fence[0], start) and text.endswith(fence[1], start + len(fence[0]), end)
