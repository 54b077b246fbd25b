"""A report as lines of text of a width: where everything stands, and what is to be seen of it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from costgraph.algebra.printers import Style
from costgraph.reports import parts_layout
from costgraph.reports.columns import GAP, JOINED, continued, folded, indent, laid_out, widths
from costgraph.reports.nodes import Listing, Node, Note, Parts, Report, Table, Verdict, said

Look = Literal["", "strong", "head", "good", "bad"]
WIDTH = 110  # of what is no table, where there is no terminal
INDENT = "  "


class Span(NamedTuple):
    """A piece of a line, and how it looks."""

    text: str
    look: Look = ""


Line = tuple[Span, ...]


def lines(report: Report, style: Style, width: int | None = None) -> list[Line]:
    """The lines of a report.

    Args:
        report: what to write.
        style: of formulas.
        width: of the terminal; without one the rows of tables are not folded, so that other programs can read them.
    """
    found: list[Line] = [(Span(one, "head"),) for one in of_words(report.title, width)] if report.title else []
    for at, section in enumerate(report.sections):
        inside = [line for node in section for line in of_node(node, style, width)]
        if inside:
            found += [*([()] if at else []), *inside]
    return found


def of_words(text: str, width: int | None) -> list[str]:
    """Text that is one line unless a terminal is too narrow for it."""
    return [text] if width is None else folded(text, width, INDENT)


def of_node(node: Node, style: Style, width: int | None) -> list[Line]:
    """The lines of a node."""
    match node:
        case Verdict(text, good):
            look: Look = "strong" if good is None else "good" if good else "bad"
            return [(Span(one, look),) for one in of_words(said(text, style), width)]
        case Note(text, word):
            whole = f"{word}: {said(text, style)}" if word else said(text, style)
            return [(Span(one),) for one in folded(whole, width or WIDTH, INDENT)]
        case Table():
            return of_table(node, style, width)
        case Parts():
            return [(Span(one),) for one in parts_layout.lines_of(node, style, min(width or WIDTH, WIDTH))]
        case Listing():
            return of_listing(node, style, width)


def of_table(table: Table, style: Style, width: int | None) -> list[Line]:
    """Columns as wide as they have to be; turned, folded or stacked where there is no room for them."""
    heads = [said(column.head, style) for column in table.columns]
    rows = [[said(cell, style) for cell in row] for row in table.rows]
    title: list[Line] = [(Span(one, "strong"),) for one in folded(said(table.title, style), width or WIDTH)]
    title = title if table.title else []
    whole = [heads, *(row for row in rows if len(row) > 1)]
    right, strong = [c.right for c in table.columns], [c.strong for c in table.columns]
    if width is not None and table.turns and sum(widths(whole, None) or ()) + GAP * (len(heads) - 1) > width:
        turned = [*map(list, zip(*whole, strict=True))]
        if widths(turned, width) is not None:
            heads, *rows = turned
            whole, right, strong = turned, [False, *[right[-1]] * (len(heads) - 1)], [False] * len(heads)
    to = widths(whole, width)
    if to is None:
        lead = next((at for at, column in enumerate(table.columns) if not column.right), 0)
        return [*title, *(line for row in rows for line in stacked(heads, row, width or WIDTH, lead))]
    found = [*title, *under(heads, to, right)] if any(heads) else title
    for row in rows:
        if len(row) == 1:
            found.append((Span(row[0], "strong"),))
            continue
        for line in laid_out(row, to, right):
            found.append(joined(line, ["strong" if one else "" for one in strong]))
    return found


def under(heads: Sequence[str], to: Sequence[int], right: Sequence[bool]) -> Iterator[Line]:
    """The line of heads, and a rule."""
    for line in laid_out(heads, to, right):
        yield joined(line, ["head"] * len(line))
    yield joined(["-" * width for width in to], [""] * len(to))


def joined(cells: Sequence[str], looks: Sequence[Look]) -> Line:
    """Cells beside each other, without spaces at the end."""
    last = max((at for at, cell in enumerate(cells) if cell.strip()), default=-1)
    spans = []
    for at, (cell, look) in enumerate(zip(cells[: last + 1], looks, strict=False)):
        spans.append(Span(cell.rstrip() if at == last else cell + " " * GAP, look))
    return tuple(spans)


def stacked(heads: Sequence[str], row: Sequence[str], width: int, lead: int) -> Iterator[Line]:
    """A row under the cell that names it, as `head: cell`: each on a line, or short ones one behind the other.

    A number at the left of a name, such as how often an op runs, stands below it, too.
    """
    lead = lead if len(row) > 1 else 0
    first, rest = row[lead], [*row[:lead], *row[lead + 1 :]]
    start = indent(first) + INDENT
    others = [*heads[:lead], *heads[lead + 1 :]]
    said = [f"{head}: {cell.strip()}" if head else cell for head, cell in zip(others, rest, strict=False) if cell]
    short = all(len(one) <= width // 2 for one in said)
    yield from ((Span(one, "strong"),) for one in folded(first, width, start, in_cell=True))
    together = "; ".join(one.replace(" ", JOINED) for one in said)  # a line ends between them
    for text in [together] if short and said else said:
        yield from ((Span(one),) for one in folded(start + text, width, start + INDENT, in_cell=True))


def of_listing(listing: Listing, style: Style, width: int | None) -> list[Line]:
    """Items one below the other, what is said of them beside or below them."""
    title, room = said(listing.title, style), width or WIDTH
    found: list[Line] = [(Span(one),) for one in folded(title, room, INDENT)] if title else []
    start = INDENT if title or listing.indented else ""
    if listing.side and (rows := beside(listing, style, start, room)):
        return [*found, *((Span(row),) for row in rows)]
    inner = start + INDENT
    look: Look = "strong" if listing.strong else ""
    for item in listing.items:
        head, when = start + said(item.head, style), [said(one, style) for one in item.when]
        together = f"{'    ' if when else ''}{'if ' if when else ''}{' and '.join(when)}"
        fits = len(head) + len(together) <= room
        found += [(Span(one, look),) for one in folded(head + together if fits else head, room, inner)]
        rest = [] if fits or not when else [together.strip()] if len(inner + together) <= room else split(when)
        below = [*rest, *(said(one, style) for one in item.below)]
        found += [(Span(part, look),) for one in below for part in folded(inner + one, room, inner + INDENT)]
        typed = [inner + item.typed] if width is None else continued(item.typed, width, inner)
        found += [(Span(one),) for one in typed] if item.typed else []
    return found


def split(when: Sequence[str]) -> list[str]:
    """Conditions on lines of their own."""
    return [f"{'and' if at else 'if'} {one}" for at, one in enumerate(when)]


def beside(listing: Listing, style: Style, start: str, width: int) -> list[str]:
    """Items with what is said of them in a second column; nothing if that does not fit."""
    heads = [said(item.head, style) for item in listing.items]
    texts = [" ".join(said(one, style) for one in item.below) for item in listing.items]
    label, last = max(map(len, heads)), max(map(len, texts))
    if len(start) + label + GAP + last > width:
        return []
    put = str.rjust if all(text.replace(",", "").isdecimal() for text in texts) else str.ljust
    return [f"{start}{head:{label}}  {put(text, last)}".rstrip() for head, text in zip(heads, texts, strict=True)]


def text(report: Report, style: Style, width: int | None = None) -> str:
    """The lines as text."""
    return "\n".join("".join(span.text for span in line) for line in lines(report, style, width))
