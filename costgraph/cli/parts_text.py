"""Forms of a model by part, per layer, with counts and values: what `derive --model` prints.

Text is at most `WIDTH` wide and a measure at most `LINES` long: long forms are folded, and where that is not enough,
parts are put together. Markdown and LaTeX have room for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import Derivation
from costgraph.graph.loop import place
from costgraph.measures.by_part import Part, by_op, shorter

WIDTH, LINES = 110, 8
INDENT = "  "
SIGNS = (" + ", " - ")  # where a form may be folded

Write = Callable[[Quotient], str]


@dataclass(frozen=True)
class Row:
    """A part as text: how often, what, the form of one of them, and what all of them come to."""

    times: str
    name: str
    form: str
    value: str


def rows_of(result: Derivation, measure: str, parts: Iterable[Part], write: Write) -> list[Row]:
    """One row for each part."""
    bound = bool(result.setup.bindings)
    return [
        Row(
            times(part.times, result, write),
            part.name,
            write(in_layers(Quotient(part.each), result)),
            value(result.of_part(measure, part), write) if bound else "",
        )
        for part in parts
    ]


def times(count: Polynomial, result: Derivation, write: Write) -> str:
    """How often, nothing for once."""
    if count == ONE:
        return ""
    text = write(in_layers(Quotient(count), result))
    return text if count.is_monomial or text.isalpha() else f"({text})"


def in_layers(form: Quotient, result: Derivation) -> Quotient:
    """A form with L for the layers of all kinds, if all that it says of them is how many there are together."""
    kinds = result.setup.model.kinds
    if not kinds or kinds[-1] not in form.symbols:
        return form
    others = total(map(Polynomial.symbol, kinds[:-1]))
    shown = form.substitute({kinds[-1]: Polynomial.symbol("L") - others})
    return form if set(kinds) & set(shown.symbols) else shown


def value(found: Quotient, write: Write = str) -> str:
    """A number with its digits in groups, or the form that is left."""
    number = found.number
    if number is None:
        return write(found)
    return f"{int(number):,}" if number.denominator == 1 else str(number)


# --- text -----------------------------------------------------------------------------------------------------------


def lines_of(result: Derivation, measure: str, write: Write, sign: str, rounded: str) -> list[str]:
    """A measure with the sum, and below it by part in columns; in one line where it has fewer than two parts.

    Args:
        result: what was derived.
        measure: which of its forms.
        write: how forms are written.
        sign: what stands behind how often.
        rounded: the sum once more, for reading.
    """
    parts, whole = result.parts(measure), result.limited[measure].value
    title = f"{measure} ({result.forms[measure].unit})"
    if len(parts) < 2:
        form = write(in_layers(result.forms[measure].value, result))
        return [title, *in_one(form, value(whole, write), rounded)]
    title += f"  {rounded}" if rounded else ""
    come_to = value(whole, write) if result.setup.bindings else ""
    found: list[list[str]] = []
    for fewer in (parts, *shorter(parts)):
        rows = laid_out(rows_of(result, measure, fewer, write), sign, numbers=whole.number is not None)
        found.append([*titled(title, come_to, max(map(len, rows))), *rows])
        if len(found[-1]) <= LINES:
            break
    return min(found, key=lambda lines: max(LINES, len(lines)))


def titled(title: str, come_to: str, edge: int) -> list[str]:
    """The name of a measure, and the sum: as far to the right as the values below it, or where it has room."""
    if not come_to:
        return [title]
    behind = f"  sum  {come_to}"
    if len(title) + len(behind) <= WIDTH:
        return [title + behind.rjust(edge - len(title))]
    return [title, *folded(f"{INDENT}sum  ", Row("", "", come_to, ""))]


def in_one(form: str, number: str, rounded: str) -> list[str]:
    """A form that has no parts, with what it comes to."""
    behind = f"{INDENT}= {number}" if number != form else ""
    behind += f" ({rounded})" if rounded else ""
    text = f"{INDENT}{form}{behind[1:]}"
    return [text] if len(text) <= WIDTH else [*folded(INDENT, Row("", "", form, "")), *filter(None, [behind])]


def laid_out(rows: list[Row], sign: str, numbers: bool) -> list[str]:
    """Rows in columns. Values that are forms stand beside others only where there is room for all of them."""
    heads = headings(rows, sign)
    lines = columns(heads, rows)
    if max(map(len, lines)) <= WIDTH:
        return lines
    shown = rows if numbers else [replace(row, value="") for row in rows]
    return [line for head, row in zip(heads, shown, strict=True) for line in folded(f"{INDENT}{head}  ", row)]


def headings(rows: list[Row], sign: str) -> list[str]:
    """How often and what, in equal widths. A name without a number before it may begin where that would stand."""
    counts = [f"{row.times} {sign}  " if row.times else "" for row in rows]
    left = max(map(len, counts))
    label = max(len(row.name) for row in rows if bool(row.times) == bool(left))
    heads = [f"{count:>{left}}{row.name:{label}}" for count, row in zip(counts, rows, strict=True)]
    fitting = [head if len(head) <= left + label else head.strip().rjust(left + label) for head in heads]
    width = max(map(len, fitting))
    return [head.rjust(width) for head in fitting]


def columns(heads: list[str], rows: list[Row]) -> list[str]:
    """Every row on one line."""
    form, number = (max(map(len, cells)) for cells in zip(*((row.form, row.value) for row in rows), strict=True))
    return [
        f"{INDENT}{head}  {row.form:{form}}  {row.value:>{number}}".rstrip()
        for head, row in zip(heads, rows, strict=True)
    ]


def folded(start: str, row: Row) -> list[str]:
    """A row on as many lines as it takes, with its value at the right edge of the last."""
    lines: list[str] = []
    text, need = row.form, len(row.value) + 2 if row.value else 0
    room = WIDTH - len(start)
    while len(text) + need > room and (at := max(text.rfind(sign, 1, room + 1) for sign in SIGNS)) > 0:
        lines.append(placed(start, text[:at], 0))
        start, text = " " * len(start), text[at + 1 :]
        room = WIDTH - 2 * len(INDENT)
    if len(text) + need > room:  # nowhere to fold it
        return [*lines, placed(start, text, 0), *([row.value.rjust(WIDTH)] if row.value else [])]
    last = placed(start, text, need)
    return [*lines, last + row.value.rjust(WIDTH - len(last)) if need else last]


def placed(start: str, text: str, need: int) -> str:
    """Text behind what the line begins with; as far to the left of that as it takes to leave room behind it."""
    beyond = len(start) + len(text) + need - WIDTH
    return (start[:-beyond] if beyond > 0 and not start.strip() else start) + text


# --- from part to op ------------------------------------------------------------------------------------------------


def ops_of(result: Derivation, measure: str, write: Write, sign: str) -> list[str]:
    """The ops of every part: how often, the form of one, what all come to, and the tensor or rule it comes from.

    What layers of several kinds have alike stands once, without their kind; nothing for what is no sum of parts.
    """
    ops = by_op(result.forms[measure], result.graph) if result.setup.model.has_layers else []
    numbers = result.limited[measure].number is not None
    rows: list[tuple[str, str, str, str, str]] = []
    for name in dict.fromkeys(place(op.name) for op in ops):
        inside = [op for op in ops if place(op.name) == name]
        whole = total(op.whole for op in inside)
        found = rows_of(result, measure, inside, write)
        rows.append(("", name, "", value(result.of_part(measure, Part(name, ONE, whole)), write), ""))
        rows += [
            (
                f"{row.times} {sign}" if row.times else "",
                f"  {row.name}",
                row.form,
                row.value if numbers else "",
                op.source,
            )
            for row, op in zip(found, inside, strict=True)
        ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    just = (str.rjust, str.ljust, str.ljust, str.rjust, str.ljust)
    return ["  ".join(put(cell, w) for put, cell, w in zip(just, row, widths, strict=True)).rstrip() for row in rows]
