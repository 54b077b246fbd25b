"""A derivation as Markdown or LaTeX."""

from __future__ import annotations

import re

from costgraph.algebra import printers
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.cli.derive_text import Pretty, Published, authors_own, explained, footer, layered, table, where
from costgraph.cli.parts_text import Row, rows_of, value
from costgraph.derivation import Derivation


def markdown(
    result: Derivation, explain: bool, shape: str, pretty: Pretty, known: Published, flat: bool = False
) -> str:
    """GitHub tables with inline math: one of all measures, or one for each by part."""
    lines = parts_tables(result, shape) if layered(result, flat) else [*one_table(result, shape, known), ""]
    notes = [f"{word} ${line}$" for word, line in where(result, printers.LATEX)]
    notes += [line for line in footer(result, lambda value: f"${printers.latex(value)}$", known) if line]
    body = [f"**{result.setup!s}**", "", *lines, *(f"- {note}" for note in notes)]
    if explain:
        body += ["", "```text", *explained(result, pretty, "x", flat), "```"]
    return "\n".join(body)


def one_table(result: Derivation, shape: str, known: Published) -> list[str]:
    """A row for each measure."""
    own = authors_own(known, printers.LATEX) if shape == "auto" else {}
    rows = table(result, lambda value: f"${printers.latex(value, shape)}$", {n: f"${t}$" for n, t in own.items()})
    rows[0] = [name.replace(f"when {result.when}", f"when `{result.when}`") for name in rows[0]]
    lines = ["| " + " | ".join(cell.replace("|", r"\mid") for cell in row) + " |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def parts_tables(result: Derivation, shape: str) -> list[str]:
    """A table for each measure, with a row for each part; the form alone where it has none."""

    def write(found: Quotient) -> str:
        return f"${printers.latex(found, shape)}$"

    lines: list[str] = []
    for name, form in result.forms.items():
        parts, whole = result.parts(name), result.limited[name].value
        rows = [*rows_of(result, name, parts, write), Row("", "sum", "", value(whole, write))] if len(parts) > 1 else []
        cells = rows or [Row("", "", write(form.value), value(whole, write))]
        lines += [f"**{name}** ({form.unit})", "", "| times | part | form | value |", "|---:|---|---|---:|"]
        lines += [f"| {row.times} | {row.name} | {row.form} | {row.value} |" for row in cells]
        lines.append("")
    return lines


def latex(result: Derivation, explain: bool, shape: str, pretty: Pretty, known: Published, flat: bool = False) -> str:
    """An `align*` environment, one line for each measure or part; the rest as comments."""
    lines = [f"% {line}" for line in (result.head, *footer(result, printers.python, known)) if line]
    own = authors_own(known, printers.LATEX) if shape == "auto" else {}
    lines.append(r"\begin{align*}")
    at = ", ".join(
        f"{SYMBOLS[name].tex} \\to \\infty" if value == "oo" else f"{SYMBOLS[name].tex}={value}"
        for name, value in result.setup.bindings.items()
    )
    for name, form in result.forms.items():
        label = rf"\mathrm{{{name.replace('_', ' ')}}}"
        if layered(result, flat):
            lines += parts_lines(result, name, label, shape)
            continue
        last = own.get(name) or printers.latex(result.limited[name].value, shape)
        first = printers.latex(form.value, shape) if result.setup.bindings else last
        lines.append(rf"  {label} &= {first} \quad [\mathrm{{{form.unit.replace(' ', '~')}}}] \\")
        if result.setup.bindings:
            lines.append(rf"  \left.{label}\right|_{{{at}}} &= {last} \\")
        if result.when:
            leading = printers.latex(result.regimes[name].leading, shape)
            sign, when = (r"\approx", result.when.replace("<<", r"\ll")) if "<<" in result.when else ("=", result.when)
            lines.append(rf"  {label} &{sign} {leading} \qquad ({when.replace('<=', chr(92) + 'le')}) \\")
    lines += [rf"  &\text{{{word} }} {line} \\" for word, line in where(result, printers.LATEX)]
    lines.append(r"\end{align*}")
    if explain:
        lines += [f"% {line}" for part in explained(result, pretty, "x", flat) for line in part.splitlines() or [""]]
    return "\n".join(lines)


def parts_lines(result: Derivation, name: str, label: str, shape: str) -> list[str]:
    """A sum over several lines of an `align*`, a part on each, with its value and its name; what it comes to last."""

    def write(found: Quotient) -> str:
        return printers.latex(found, shape)

    parts, whole = result.parts(name), result.limited[name].value
    unit = rf"\quad [\mathrm{{{result.forms[name].unit.replace(' ', '~')}}}] \\"
    if len(parts) < 2:
        return [rf"  {label} &= {write(result.forms[name].value)} \\", rf"  &= {number(value(whole, write))} {unit}"]
    lines: list[str] = []
    for row in rows_of(result, name, parts, write):
        form = rf"\bigl({row.form}\bigr)" if row.times and is_sum(row.form) else row.form
        form = rf"{row.times} \cdot {form}" if row.times else form
        begin = rf"  {label} &= " if not lines else r"  &\quad + "
        lines.append(rf"{begin}{form} && {number(row.value)} && \text{{{escaped(row.name)}}} \\")
    return [*lines, rf"  &= {number(value(whole, write))} {unit}"]


def number(text: str) -> str:
    """A value with commas that stand in digits and separate nothing."""
    return text.replace(",", "{,}") if text[:1].isdecimal() else text


def is_sum(text: str) -> bool:
    """Whether a form in LaTeX has a sign outside of all parentheses."""
    depth = 0
    for part in re.split(r"(\\left\(|\\right\)| [+-] )", text):
        depth += (part == r"\left(") - (part == r"\right)")
        if depth == 0 and part in (" + ", " - "):
            return True
    return False


def escaped(name: str) -> str:
    """The name of a part as LaTeX text."""
    return name.replace("_", r"\_")
