"""A sum by part as text: columns where they fit, else long forms on several lines; at most `LINES` if possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from costgraph.algebra.printers import UNICODE, Style
from costgraph.records import dataclass
from costgraph.reports.columns import folded as words
from costgraph.reports.nodes import Part, Parts, said

LINES = 8  # heads of columns aside
INDENT = "  "
SIGNS = (" + ", " - ")  # where a form may be folded


@dataclass(frozen=True)
class Row:
    """A part as text."""

    times: str
    name: str
    form: str
    value: str


def rows_of(parts: Sequence[Part], style: Style) -> list[Row]:
    """One row for each part."""
    return [Row(said(p.times, style), p.name, said(p.form, style), said(p.value, style)) for p in parts]


def lines_of(measure: Parts, style: Style, width: int) -> list[str]:
    """A measure with the sum, and below it by part in columns; in one line where it has fewer than two parts."""
    come_to, rounded = said(measure.come_to, style), measure.rounded
    if len(measure.parts) < 2:
        (alone,) = rows_of(measure.parts, style)
        return [measure.name, *in_one(alone.form, alone.value, rounded, width)]
    title = measure.name + (f"  {rounded}" if rounded else "")
    sign = "×" if style is UNICODE else "x"
    found: list[tuple[int, list[str]]] = []
    for parts in (measure.parts, *measure.fewer):
        heads, rows = laid_out(rows_of(parts, style), sign, measure.numbers, width)
        lines = titled(title, come_to, max(map(len, rows)), width)
        found.append((len(lines) + len(rows), [*lines, *heads, *rows]))
        if found[-1][0] <= LINES:
            break
    return min(found, key=lambda one: max(LINES, one[0]))[1]


def titled(title: str, come_to: str, edge: int, width: int) -> list[str]:
    """The name of a measure, and the sum: as far to the right as the values below it, or where it has room."""
    if not come_to:
        return words(title, width, INDENT)
    behind = f"  sum  {come_to}"
    if len(title) + len(behind) <= width:
        return [title + behind.rjust(edge - len(title))]
    return [*words(title, width, INDENT), *folded(f"{INDENT}sum  ", Row("", "", come_to, ""), width)]


def in_one(form: str, number: str, rounded: str, width: int) -> list[str]:
    """A form that has no parts, with what it comes to."""
    behind = f"{INDENT}= {number}" if number != form else ""
    behind += f" ({rounded})" if rounded else ""
    text = f"{INDENT}{form}{behind[1:]}"
    return [text] if len(text) <= width else [*folded(INDENT, Row("", "", form, ""), width), *filter(None, [behind])]


def laid_out(rows: list[Row], sign: str, numbers: bool, width: int) -> tuple[list[str], list[str]]:
    """Rows in columns, and the heads of these; without any where forms are folded.

    Values that are forms stand beside others where there is room for all of them, else at the right edge behind `=`.
    """
    heads = headings(rows, sign)
    over, *lines = columns(heads, rows, numbers)
    if max(map(len, lines)) <= width:
        return [over], lines
    if not numbers:
        rows = [replace(row, value=f"= {row.value}" if row.value not in ("", row.form) else "") for row in rows]
    return [], [line for head, row in zip(heads, rows, strict=True) for line in folded(f"{INDENT}{head}  ", row, width)]


def headings(rows: list[Row], sign: str) -> list[str]:
    """How often and what, in equal widths. A name without a number before it may begin where that would stand."""
    counts = [f"{row.times} {sign}  " if row.times else "" for row in rows]
    left = max(map(len, counts))
    label = max(len(row.name) for row in rows if bool(row.times) == bool(left))
    heads = [f"{count:>{left}}{row.name:{label}}" for count, row in zip(counts, rows, strict=True)]
    fitting = [head if len(head) <= left + label else head.strip().rjust(left + label) for head in heads]
    width = max(map(len, fitting))
    return [head.rjust(width) for head in fitting]


def columns(heads: list[str], rows: list[Row], numbers: bool) -> list[str]:
    """Every row on one line, below what its columns are."""
    values = any(row.value for row in rows)
    over = Row("", "part", "form", "value" if values and numbers else "at sizes" if values else "")
    label = max(len(heads[0]), len(over.name))
    start = len(heads[0]) - max(len(row.name) for row in rows)
    named = [f"{' ' * max(start, 0)}{over.name}".ljust(label), *(head.ljust(label) for head in heads)]
    form, number = (max(map(len, cells)) for cells in zip(*((r.form, r.value) for r in (over, *rows)), strict=True))
    return [
        f"{INDENT}{head}  {row.form:{form}}  {row.value:>{number}}".rstrip()
        for head, row in zip(named, [over, *rows], strict=True)
    ]


def folded(start: str, row: Row, width: int) -> list[str]:
    """A row on as many lines as it takes, with its value at the right edge of the last."""
    lines: list[str] = []
    text, need = row.form, len(row.value) + 2 if row.value else 0
    room = width - len(start)
    while len(text) + need > room and (at := max(text.rfind(sign, 1, room + 1) for sign in SIGNS)) > 0:
        lines.append(placed(start, text[:at], 0, width))
        start, text = " " * len(start), text[at + 1 :]
        room = width - 2 * len(INDENT)
    if len(text) + need > room:  # nowhere to fold it
        return [*lines, placed(start, text, 0, width), *([row.value.rjust(width)] if row.value else [])]
    last = placed(start, text, need, width)
    return [*lines, last + row.value.rjust(width - len(last)) if need else last]


def placed(start: str, text: str, need: int, width: int) -> str:
    """Text behind what the line begins with; as far to the left of that as it takes to leave room behind it."""
    beyond = len(start) + len(text) + need - width
    return (start[:-beyond] if beyond > 0 and not start.strip() else start) + text
