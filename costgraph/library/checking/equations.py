"""Formulas out of LaTeX: the right sides of displayed equations, with their left sides as names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from costgraph.library.checking.code import Formula

DISPLAYS = re.compile(
    r"\\begin\{(equation|align|gather|multline|displaymath|eqnarray)(\*?)\}(?P<a>.*?)\\end\{\1\2\}"
    r"|\\\[(?P<b>.*?)\\\]|\$\$(?P<c>.*?)\$\$",
    re.DOTALL,
)
ROWS = re.compile(r"\\\\(?:\[[^\]]*\])?")
EQUALS = re.compile(r"(?<![<>!])=|\\approx|\\simeq|\\equiv")
DROPPED = re.compile(r"\\(?:label|tag)\{[^}]*\}|\\(?:nonumber|notag|quad|qquad|,|;|!)|&|(?<!\\)%[^\n]*")
FRAMES = re.compile(r"\\begin\{(?:split|aligned|array)\}(?:\{[^}]*\})?|\\end\{(?:split|aligned|array)\}")


def equations(source: str) -> list[Formula]:
    """The equations of a file, row by row. A row that begins with its sign goes on with the name of the last."""
    return list(rows(source))


def rows(source: str) -> Iterator[Formula]:
    """Each row of each display with an equals sign."""
    for display in DISPLAYS.finditer(source):
        body = next(part for part in (display["a"], display["b"], display["c"]) if part is not None)
        at, name = display.start(), ""
        for row in ROWS.split(FRAMES.sub(" ", body)):
            said = DROPPED.sub(" ", row).strip().rstrip(".,;")
            left, *sides = (side.strip() for side in EQUALS.split(said))
            name = left or name
            line = source.count("\n", 0, source.find(row.strip() or "\\", at)) + 1
            for side in filter(None, sides[-1:]):
                yield Formula(" ".join(name.split()) or "an equation", line, " ".join(side.split()))
