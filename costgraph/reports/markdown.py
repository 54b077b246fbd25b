"""A report as Markdown: GitHub tables with inline math."""

from __future__ import annotations

import re

from costgraph.algebra.printers import LATEX
from costgraph.reports.nodes import (
    TIMES,
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

BEGINS = re.compile(r"<(?=[A-Za-z<])")


def markdown(report: Report) -> str:
    """The whole report; a blank line between sections."""
    sections = [f"**{report.title}**"] if report.title else []
    sections += ["\n".join(of_section(section)) for section in report.sections if section]
    return "\n\n".join(sections)


def of_section(section: tuple[Node, ...]) -> list[str]:
    """The lines of nodes that belong together."""
    lines: list[str] = []
    for before, node in zip((None, *section), section, strict=False):
        listed = isinstance(node, Note | Verdict)
        lines += [*([""] if before is not None and not (listed and isinstance(before, Note | Verdict)) else [])]
        lines += of_node(node)
    return lines


def of_node(node: Node) -> list[str]:
    """The lines of a node."""
    match node:
        case Verdict(text):
            return [f"- **{words(text)}**"]
        case Note(text, word):
            return [f"- {word}: {words(text)}" if word else f"- {words(text)}"]
        case Table():
            return of_table(node)
        case Parts():
            return of_parts(node)
        case Listing(items, title):
            lines = [f"{words(title)}:", ""] if title else []
            return lines + [line for item in items for line in of_item(item)]


def of_item(item: Item) -> list[str]:
    """An item with its conditions, and below it what is said of it."""
    when = f" if {' and '.join(map(words, item.when))}" if item.when else ""
    typed = [f"  - `{item.typed}`"] if item.typed else []
    return [f"- {words(item.head).strip()}{when}", *(f"  - {words(one)}" for one in item.below), *typed]


def of_table(table: Table) -> list[str]:
    """A table, its title above it."""
    title = [words(table.title), ""] if table.title else []
    heads = "| " + " | ".join(words(column.head) for column in table.columns) + " |"
    rule = "|" + "".join("---:|" if column.right else "---|" for column in table.columns)
    rows = ["| " + " | ".join(words(cell).replace("|", r"\mid") for cell in row) + " |" for row in table.rows]
    return [*title, heads, rule, *rows]


def of_parts(measure: Parts) -> list[str]:
    """A measure with a row for each part, and what they come to."""
    lines = [f"**{measure.name}**", "", "| times | part | form | value |", "|---:|---|---|---:|"]
    for part in measure.parts:
        times = (*(part.times if isinstance(part.times, tuple) else (part.times,)), " ", TIMES) if part.times else ""
        lines.append("| " + " | ".join([words(times), part.name, words(part.form), words(part.value)]) + " |")
    return lines + ([f"|  | sum |  | {words(measure.come_to)} |"] if len(measure.parts) > 1 else [])


def words(given: Words) -> str:
    """Words with formulas as inline math; `<` begins no element."""
    match given:
        case str():
            return "".join(BEGINS.sub(r"\\<", one) if isinstance(one, str) else words(one) for one in parted(given))
        case Math():
            return said(given, LATEX, "$")
    return "".join(map(words, given))
