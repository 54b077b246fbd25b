"""A report as LaTeX, to be put into a document; it needs amsmath, and longtable where a table is longer than a page.

Where an answer is formulas they stand in an `align*`, and what is said of them is comments; any other answer is text
with tables.
"""

from __future__ import annotations

import re

from costgraph.algebra.printers import LATEX, PYTHON
from costgraph.reports.nodes import (
    TIMES,
    Column,
    Item,
    Listing,
    Math,
    Node,
    Note,
    Parts,
    Report,
    Table,
    Verdict,
    Words,
    parted,
    said,
)

PAGE = 40  # rows beyond which a table may go on on the next page
LONG = 40  # characters of a cell beyond which a column is folded
SIGNS = {
    "<<": r"$\ll$", ">>": r"$\gg$", "<=": r"$\le$", ">=": r"$\ge$",
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "≤": r"$\le$", "≥": r"$\ge$", "≪": r"$\ll$", "→": r"$\to$", "∞": r"$\infty$", "×": r"$\times$", "·": r"$\cdot$",
    "−": r"$-$", "²": r"$^2$", "³": r"$^3$", "√": r"$\surd$", "µ": r"$\mu$", "|": r"\textbar{}",
}  # fmt: skip
SPECIAL = re.compile("|".join(map(re.escape, SIGNS)))


def latex(report: Report) -> str:
    """The whole report."""
    lines = list(dict.fromkeys(line for node in report.nodes for line in formulas(node)))
    if not lines:
        title = [rf"\textbf{{{escaped(report.title)}}}"] if report.title else []
        return "\n\n".join([*title, *filter(None, map(of_node, report.nodes))])
    comments = [f"% {line}" for line in (report.title, *map(remark, report.nodes)) if line]
    others = [of_node(node) for node in report.nodes if isinstance(node, Table | Parts | Listing) and not node.tex()]
    return "\n".join([*comments, r"\begin{align*}", *lines, r"\end{align*}", *filter(None, others)])


def remark(node: Node) -> str:
    """A node that is said in words; nothing for others."""
    if isinstance(node, Verdict):
        return said(node.text, PYTHON)
    if isinstance(node, Note) and not node.formula:
        return f"{node.word}: {said(node.text, PYTHON)}" if node.word else said(node.text, PYTHON)
    return ""


def formulas(node: Node) -> tuple[str, ...]:
    """The lines of a node in the environment."""
    if isinstance(node, Table | Parts | Listing):
        return node.tex()
    if isinstance(node, Note) and node.formula:
        return (rf"  &\text{{{node.word} }} {said(node.text, LATEX)} \\",)
    return ()


def of_node(node: Node) -> str:
    """A node as text."""
    match node:
        case Verdict(text):
            return rf"\textbf{{{words(text)}}}"
        case Note(text, word):
            return f"{escaped(word)}: {words(text)}" if word else words(text)
        case Table(columns, rows, title):
            return tabular(columns, rows, title)
        case Parts():
            return of_parts(node)
        case Listing(items, title):
            lines = [rf"\item {one}" for item in items for one in of_item(item)]
            head = [rf"{words(title)}:"] if title else []
            return "\n".join([*head, r"\begin{itemize}", *lines, r"\end{itemize}"]) if lines else ""


def of_item(item: Item) -> list[str]:
    """An item with its conditions and what is said of it, each on a line."""
    when = f" if {' and '.join(map(words, item.when))}" if item.when else ""
    return [r" \\ ".join([words(item.head).strip() + when, *map(words, item.below)])]


def of_parts(measure: Parts) -> str:
    """A measure with a row for each part, and what they come to."""
    columns = (Column("times", right=True), Column("part"), Column("form"), Column("value", right=True))
    rows: list[tuple[Words, ...]] = []
    for part in measure.parts:
        inside = part.times if isinstance(part.times, tuple) else (part.times,)
        rows.append(((*inside, " ", TIMES) if part.times else "", part.name, part.form, part.value))
    come_to: list[tuple[Words, ...]] = [("", "sum", "", measure.come_to)] if len(rows) > 1 else []
    return tabular(columns, (*rows, *come_to), measure.name)


def tabular(columns: tuple[Column, ...], rows: tuple[tuple[Words, ...], ...], title: Words) -> str:
    """A table, its title above it; columns of long texts are folded, and a long table is broken where a page ends."""
    whole = [row for row in rows if len(row) > 1]
    long = [max((len(said(row[at], PYTHON)) for row in whole), default=0) > LONG for at in range(len(columns))]
    share = f"p{{{0.8 / max(sum(long), 1):.2f}\\linewidth}}"
    spec = "".join(share if one else "r" if column.right else "l" for one, column in zip(long, columns, strict=True))
    lines = [words(title) + r" \\"] if title else []
    broken = len(rows) > PAGE
    kind = "longtable" if broken else "tabular"
    lines += [*([r"% \usepackage{longtable}"] if broken else []), rf"\begin{{{kind}}}{{{spec}}}"]
    if any(column.head for column in columns):
        head = " & ".join(words(column.head) for column in columns) + r" \\ \hline"
        lines += [head + r" \endhead" if broken else head]  # which each page repeats
    for row in rows:
        one = rf"\multicolumn{{{len(columns)}}}{{l}}{{\textbf{{{words(row[0])}}}}}"
        lines.append((one if len(row) == 1 else " & ".join(map(cell, row))) + r" \\")
    return "\n".join([*lines, rf"\end{{{kind}}}"])


def cell(given: Words) -> str:
    """A cell; spaces that it begins with stay."""
    indent = len(given) - len(given.lstrip()) if isinstance(given, str) else 0
    return r"\ " * indent + words(given).lstrip()


def words(given: Words) -> str:
    """Words with formulas as inline math."""
    match given:
        case str():
            return "".join(escaped(one) if isinstance(one, str) else words(one) for one in parted(given))
        case Math():
            return said(given, LATEX, "$")
    return "".join(map(words, given))


def escaped(text: str) -> str:
    """Text in which every character stands for itself."""
    return SPECIAL.sub(lambda found: SIGNS[found.group()], text)
