"""A report as HTML, for notebooks and pages: no script, no style sheet, nothing that has to be wide."""

from __future__ import annotations

import re
from html import escape

from costgraph.algebra.printers import UNICODE
from costgraph.reports.nodes import TIMES, Item, Listing, Math, Node, Note, Parts, Report, Table, Verdict, Words, parted

COLORS = {True: "#1a7f37", False: "#cf222e"}  # on white and on black
NAMED = re.compile(r"\b([A-Za-z]+)_([A-Za-z0-9]+)\b")


def html(report: Report) -> str:
    """The whole report as one element."""
    inside = "".join(of_node(node) for node in report.nodes)
    title = f"<p><b>{escape(report.title)}</b></p>" if report.title else ""
    return f'<div class="costgraph" style="overflow-x: auto">{title}{inside}</div>'


def page(report: Report) -> str:
    """The whole report as a document of its own, which says how it is encoded and fits a phone."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    style = "body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 60rem; padding: 0 1rem }"
    style += " td, th { padding: 0 .8em .1em 0; text-align: left; vertical-align: top } caption { text-align: left }"
    title = f"<title>{escape(report.title or 'costgraph')}</title>"
    begin = f'<!DOCTYPE html>\n<html lang="en"><head>{head}{title}<style>{style}</style></head>'
    return f"{begin}<body>\n{html(report)}\n</body></html>"


def of_node(node: Node) -> str:
    """A node as an element."""
    match node:
        case Verdict(text, good):
            color = f' style="color: {COLORS[good]}"' if good is not None else ""
            return f"<p><b{color}>{words(text)}</b></p>"
        case Note(text, word):
            return f"<p>{escape(word)}: {words(text)}</p>" if word else f"<p>{words(text)}</p>"
        case Table():
            return of_table(node)
        case Parts():
            return of_parts(node)
        case Listing(items, title):
            head = f"<p>{words(title)}</p>" if title else ""
            return f"{head}<dl>{''.join(map(of_item, items))}</dl>"


def of_item(item: Item) -> str:
    """An item with its conditions, and below it what is said of it."""
    when = f" if {' and '.join(map(words, item.when))}" if item.when else ""
    typed = f"<dd><code>{escape(item.typed)}</code></dd>" if item.typed else ""
    return f"<dt>{words(item.head)}{when}</dt>" + "".join(f"<dd>{words(one)}</dd>" for one in item.below) + typed


def of_table(table: Table) -> str:
    """A table, its title above it."""
    title = caption(words(table.title)) if table.title else ""
    heads = "".join(cell(words(column.head), column.right, "th") for column in table.columns)
    head = f"<thead><tr>{heads}</tr></thead>" if any(column.head for column in table.columns) else ""
    rows = [
        "".join(cell(words(one), column.right) for one, column in zip(row, table.columns, strict=False))
        for row in table.rows
    ]
    return table_of(f"{title}{head}", rows)


def of_parts(measure: Parts) -> str:
    """A measure with a row for each part, and what they come to."""
    rows = []
    for part in measure.parts:
        times = f"{words(part.times)} {words(TIMES)}" if part.times else ""
        cells = (times, True), (escape(part.name), False), (words(part.form), False), (words(part.value), True)
        rows.append("".join(cell(text, right) for text, right in cells))
    if len(rows) > 1 and measure.come_to:
        rows.append(cell("") + cell("sum") + cell("") + cell(f"<b>{words(measure.come_to)}</b>", True))
    title = escape(measure.name + (f", {measure.rounded}" if measure.rounded else ""))
    values = ("value" if measure.numbers else "at sizes") if any(part.value for part in measure.parts) else ""
    heads = [("", False), ("part", False), ("form", False), (values, True)] if len(measure.parts) > 1 else []
    head = "".join(cell(text, right, "th") for text, right in heads)
    return table_of(caption(title) + (f"<thead><tr>{head}</tr></thead>" if head else ""), rows)


def table_of(above: str, rows: list[str]) -> str:
    """Rows below a caption and heads, apart from what follows."""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="margin-bottom: 1em">{above}<tbody>{body}</tbody></table>'


def cell(text: str, right: bool = False, kind: str = "td") -> str:
    """A cell; an indented one keeps its spaces, and a number, or how often something is, stands on one line."""
    side, space = ("right", "pre") if right else ("left", "pre-wrap")
    indent = "&nbsp;" * (len(text) - len(text.lstrip(" ")))
    style = f"text-align: {side}; padding: .15em 1em .15em 0; white-space: {space}"
    return f'<{kind} style="{style}">{indent}{text.lstrip(" ")}</{kind}>'


def caption(text: str) -> str:
    """What stands above a table, where its first column begins."""
    return f'<caption style="text-align: left; font-weight: bold">{text}</caption>'


def words(given: Words) -> str:
    """Words with formulas as on a blackboard."""
    match given:
        case str():
            return "".join(escape(one) if isinstance(one, str) else words(one) for one in parted(given))
        case Math():
            return "<i>" + NAMED.sub(r"\1<sub>\2</sub>", escape(given.write(UNICODE))) + "</i>"
    return "".join(words(part) for part in given)
