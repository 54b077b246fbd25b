"""A comparison as text, Markdown, LaTeX or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import rounded
from costgraph.algebra.quotient import Quotient
from costgraph.cli.parts_text import value
from costgraph.cli.solve_text import LATEX, PYTHON, UNICODE, Style, bounds, domain
from costgraph.comparing.comparison import Compared, Comparison, Crossing

SCHEMA = "costgraph.compare/1"
LONGEST = 110  # characters of a form that is worth a line where it cannot be subtracted from the other
Write = Callable[[Quotient], str]


def text(found: Comparison, pretty: bool) -> str:
    """What stands on either side, and for each measure a table by part, the ratio and where one overtakes the other."""
    write: Write = printers.unicode if pretty else printers.python
    lines = heads(found)
    for one in found.measures.values():
        lines += ["", f"{one.name} ({one.unit})", *(f"  {line}" for line in measure(one, write, pretty))]
    return "\n".join([*lines, "", *notes(found, printers.UNICODE if pretty else printers.PYTHON)])


def heads(found: Comparison) -> list[str]:
    """The two sides."""
    return [f"{letter}: {side.text}: {side.setup}" for letter, side in (("A", found.a), ("B", found.b))]


def measure(one: Compared, write: Write, pretty: bool) -> list[str]:
    """The lines of one measure."""
    forms = [f"A = {write(one.a.value)}", f"B = {write(one.b.value)}"]
    lines = forms if one.same_sizes or max(map(len, forms)) <= LONGEST else []  # of other models, by part is enough
    if one.symbolic is not None and one.a.value != one.b.value:
        lines.append(f"A - B = {write(one.symbolic)}")
    lines += table(one, write)
    return [*lines, *said(one, write, UNICODE if pretty else PYTHON)]


def table(one: Compared, write: Write) -> list[str]:
    """The parts with their sums, in columns; nothing where there is only one, or where sizes are still to be put in."""
    several = len(one.parts) > 1 or all(form.number is not None for form in one.at)
    rows = rows_of(one) if several else rows_of(one)[:-1]
    cells = [["", "A", "B", "A - B"], *([name, *(cell(entry, write) for entry in row)] for name, *row in rows)]
    if len(cells) < 2:
        return []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    just = (str.ljust, *(str.rjust if one.at[0].number is not None else str.ljust,) * 3)
    return ["  ".join(put(c, w) for put, c, w in zip(just, row, widths, strict=True)).rstrip() for row in cells]


def cell(entry: Quotient | None, write: Write) -> str:
    """A number in groups of digits, or the form that is left; empty where nothing can be said."""
    if entry is None:
        return ""
    return value(entry) if entry.number is not None else write(entry)


def said(one: Compared, write: Write, style: Style) -> list[str]:
    """The ratio, and which side is larger."""
    lines = []
    if one.ratio is not None:
        number = one.ratio.number
        about = f" = {rounded(number, 6)}" if number is not None and number.denominator > 1 else ""
        lines.append(f"A / B = {write(one.ratio)}{about}")
    match one.verdict:
        case "equal":
            lines.append("A and B are equal")
        case "A" | "B" as larger:
            lines.append(f"{larger} is larger" + ("" if one.at[0].number is not None else " everywhere"))
        case _:
            lines += [f"A is larger {where}" for where in overtakes(one.crossing, style)]
    return lines


def overtakes(crossing: Crossing | None, style: Style) -> list[str]:
    """Where the first side is larger, in words."""
    if crossing is None:
        return []
    symbol = Polynomial.symbol(crossing.symbol)
    if not crossing.above:
        return [f"for no {crossing.symbol}"]
    found = []
    for solution in crossing.above:
        condition = domain(solution.case.conditions, style)
        found.append(f"for {bounds(solution.case, symbol, style)}" + (f" if {condition}" if condition else ""))
    return found


def notes(found: Comparison, style: printers.Style) -> list[str]:
    """What was counted on either side, what is assumed, what was put in, and remarks."""
    sides = [one.setup for one in found.derivations]
    both = [[form for one in found.measures.values() for form in (one.a, one.at[0])],
            [form for one in found.measures.values() for form in (one.b, one.at[1])]]  # fmt: skip
    lines = [
        *sided("counted ", [f"({one.convention.name}): {one.convention.describe(one.graph.kinds)}" for one in sides]),
        *sided("assuming: ", [listed(str(a) for form in forms for a in form.assumptions) for forms in both]),
        *sided("at ", [listed(f"{name}={size}" for name, size in one.bindings.items()) for one in sides]),
        *sided("where ", [listed(one.written(style) for form in forms for one in form.defined) for forms in both]),
    ]
    return [*lines, *(f"note: {remark}" for remark in found.remarks)]


def listed(said: Iterable[str]) -> str:
    """What is said, each once."""
    return ", ".join(dict.fromkeys(said))


def sided(word: str, said: list[str]) -> list[str]:
    """What is so on each side: in one line where it is the same, nothing where there is nothing."""
    if said[0] == said[1]:
        return [word + said[0]] if said[0] else []
    return [f"{letter} {word}{text}" for letter, text in zip(("A", "B"), said, strict=True) if text]


def rows_of(one: Compared) -> list[tuple[str, Quotient, Quotient, Quotient | None]]:
    """The parts with their differences, and the sum of all."""
    parts = [(part.name, part.a, part.b, part.difference) for part in one.parts]
    return [*parts, ("sum", one.at[0].value, one.at[1].value, one.difference)]


def markdown(found: Comparison) -> str:
    """A table for each measure, with inline math."""

    def write(entry: Quotient) -> str:
        return f"${printers.latex(entry)}$"

    lines = [f"- **{head[0]}**{head[1:]}" for head in heads(found)]
    for one in found.measures.values():
        lines += ["", f"**{one.name}** ({one.unit}): A = {write(one.a.value)}, B = {write(one.b.value)}", ""]
        lines += ["| | A | B | A - B |", "|---|---|---|---|"]
        lines += [
            f"| {name} | " + " | ".join(cell(entry, write) for entry in row) + " |" for name, *row in rows_of(one)
        ]
        lines += ["", *(f"- {line}" for line in said(one, write, LATEX))]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes(found, printers.PYTHON))])


def latex(found: Comparison) -> str:
    """An `align*` environment: both forms, their difference, their ratio."""
    lines = [f"% {line}" for line in (*heads(found), *notes(found, printers.PYTHON))]
    lines.append(r"\begin{align*}")
    for one in found.measures.values():
        name = rf"\mathrm{{{one.name.replace('_', ' ')}}}"
        rows = [
            (f"{name}_A", one.a.value),
            (f"{name}_B", one.b.value),
            (f"{name}_A - {name}_B", one.symbolic or one.difference),
        ]
        rows.append((rf"{name}_A / {name}_B", one.ratio))
        lines += [rf"  {left} &= {printers.latex(right)} \\" for left, right in rows if right is not None]
        if one.crossing:
            symbol = Polynomial.symbol(one.crossing.symbol)
            for solution in one.crossing.above:
                condition = domain(solution.case.conditions, LATEX)
                lines.append(
                    rf"  {name}_A > {name}_B &\text{{ for }} {bounds(solution.case, symbol, LATEX)}"
                    + (rf" \text{{ if }} {condition}" if condition else "")
                    + r" \\"
                )
    return "\n".join([*lines, r"\end{align*}"])


def to_json(found: Comparison) -> dict[str, Any]:
    """The contract `costgraph.compare/1`; see docs/json.md."""
    return {
        "schema": SCHEMA,
        **{
            letter: {
                "given": side.text,
                "model": side.setup.model.name or None,
                "op_set": side.setup.graph.name,
                "phase": side.setup.phase,
                "passes": side.setup.applied,
                "mesh": str(side.setup.graph.mesh),
                "attention": side.setup.attention,
                "convention": side.setup.convention.name,
                "precision": str(side.setup.precision),
                "limit": {name: str(size) for name, size in side.setup.bindings.items()},
            }
            for letter, side in (("a", found.a), ("b", found.b))
        },
        "remarks": list(found.remarks),
        "measures": {name: measure_json(one) for name, one in found.measures.items()},
    }


def measure_json(one: Compared) -> dict[str, Any]:
    """One measure; None for what cannot be said."""

    def write(entry: Quotient | None) -> str | None:
        return None if entry is None else printers.python(entry)

    return {
        "unit": one.unit,
        "a": {"form": write(one.a.value), "limited": write(one.at[0].value)},
        "b": {"form": write(one.b.value), "limited": write(one.at[1].value)},
        "difference": {"form": write(one.symbolic), "limited": write(one.difference)},
        "ratio": write(one.ratio),
        "larger": one.verdict.lower() or None,
        "crossing": None
        if one.crossing is None
        else {"symbol": one.crossing.symbol, "a_is_larger": overtakes(one.crossing, PYTHON)},
        "parts": [
            {"part": part.name, "a": write(part.a), "b": write(part.b), "difference": write(part.difference)}
            for part in one.parts
        ],
    }
