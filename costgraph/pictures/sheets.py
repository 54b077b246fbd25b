"""A graph on sheets of paper: as many ops beside and below each other as are read where a sheet is printed.

Ops flow as text does, in columns and from sheet to sheet. How those of one column lie is Graphviz' work. What a box
reads of another column is written into it, as lines over sheets could not be followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import NamedTuple

from costgraph.graph.graph import Graph
from costgraph.pictures.annotated import SENT, Box, Row, body, edges
from costgraph.pictures.lying import Laid

WIDTH, HEIGHT, MARGIN, HEAD = 595.0, 842.0, 28.0, 44.0  # A4 in points; what a sheet keeps free, and for its title
ROOM = (WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - HEAD)
GAP = 14.0  # between columns
FONT = 7.0  # of the smallest letters of a sheet, in points
LETTERS, WORDS = 30, 34  # in a line of a name, which is bold, and in another line
LETTER, PADDING = 0.64 * FONT, 16.0  # how wide a bold letter is, and a box beside its letters
LEAST = 130.0  # what is less wide or high has no room for a column
COARSE, MOST = 4, 48  # columns of 4, 8, ... ops are tried, then those between
Pair = tuple[str, str]
Layout = Callable[[Sequence[str]], list[Laid]]  # what Graphviz makes of graphs


class Place(NamedTuple):
    """Room on a sheet: how far from the left and from the top it begins, and how much it is."""

    across: float
    down: float
    width: float
    height: float


@dataclass
class Sheets:
    """A graph on sheets.

    Args:
        graph: what is drawn.
        boxes: by op, in the order in which they flow.
        lay: what asks Graphviz.
    """

    graph: Graph
    boxes: dict[str, Box]
    lay: Layout
    sheets: list[list[tuple[Place, Laid]]] = field(default_factory=list)  # columns, each with its place
    on: dict[str, int] = field(default_factory=dict)  # the sheet of an op, from 1 on
    beside: dict[str, int] = field(default_factory=dict)  # its column
    sources: dict[str, list[str]] = field(default_factory=dict)  # whose results it reads, where that is drawn

    def __post_init__(self) -> None:
        for a, b in edges(self.graph):
            self.sources.setdefault(b, []).append(a)
        left = list(self.boxes)
        while left:
            left = left[len(self.put(left).boxes) :]

    def put(self, names: Sequence[str]) -> Laid:
        """The next column: beside the last one, below it, or on a new sheet."""
        enough = min(COARSE, len(names))
        for place in self.places():
            column = self.column(names, place.width, place.height)
            if column is not None and len(column.boxes) >= enough:
                break
        else:
            self.sheets.append([])
            place = Place(0.0, 0.0, *ROOM)
            column = self.column(names, *ROOM) or self.lay([self.text(names[:1], ROOM[0])])[0]
        self.sheets[-1].append((place, column))
        self.on |= dict.fromkeys(column.boxes, len(self.sheets))
        self.beside |= dict.fromkeys(column.boxes, len(self.beside))
        return column

    def places(self) -> Iterator[Place]:
        """Where the last sheet has room: beside its last column, and below the longest that begins as high."""
        if not self.sheets:
            return
        last, column = self.sheets[-1][-1]
        longest = max(one.size[1] for place, one in self.sheets[-1] if place.down == last.down)
        across, down = last.across + column.size[0] + GAP, last.down + longest + GAP
        found = (
            Place(across, last.down, ROOM[0] - across, ROOM[1] - last.down),
            Place(0.0, down, ROOM[0], ROOM[1] - down),
        )
        yield from (one for one in found if one.width >= LEAST and one.height >= LEAST)

    def column(self, names: Sequence[str], width: float, height: float) -> Laid | None:
        """As many of the first of some ops as have room; None for none of them."""
        best = self.fullest(names, range(COARSE, MOST + 1, COARSE), width, height)
        few = len(best.boxes) if best else 0
        return self.fullest(names, range(few + 1, few + COARSE), width, height) or best

    def fullest(self, names: Sequence[str], counts: Iterable[int], width: float, height: float) -> Laid | None:
        """The column of most ops that has room, of so many of the first."""
        tried = dict.fromkeys(min(count, len(names)) for count in counts)
        found = self.lay([self.text(names[:count], width) for count in tried])
        fitting = [one for one in found if one.size[0] <= width and one.size[1] <= height]
        return max(fitting, key=lambda one: len(one.boxes), default=None)

    def text(self, names: Sequence[str], width: float) -> str:
        """A column for Graphviz; boxes in a row that hang together with no others go below each other, not beside."""
        there = {name: self.boxes[name] for name in names}
        inside = [(a, b) for b in names for a in self.sources.get(b, ()) if a in there]
        rows = {name: self.rows(box, there) for name, box in there.items()}
        widest = max(len(line) for written in rows.values() for line, _ in written) * LETTER + PADDING
        hidden = [f'  "{a}" -> "{b}" [style=invis];' for a, b in below(names, inside, max(1, int(width / widest)))]
        lines = [
            "digraph column {",
            f'  graph [fontname="DejaVu Sans", fontsize={FONT}, ranksep=0.17, nodesep=0.12, margin=6];',
            f'  node [shape=box, fontname="DejaVu Sans", fontsize={FONT}, margin="0.06,0.04", height=0.1, width=0.1];',
            "  edge [arrowsize=0.5];",
        ]
        written = body(there.values(), inside, lambda box: rows[box.op.name])
        return "\n".join([*lines, *written, *hidden, "}"])

    def rows(self, box: Box, column: Iterable[str] | None = None) -> list[Row]:
        """What stands in a box: its own lines, and what it reads that is in no column beside it."""
        name, beside = (
            box.op.name,
            set(column or (one for one, at in self.beside.items() if at == self.beside[box.op.name])),
        )
        (title, ink), *lines = box.rows
        found = [(part, ink) for part in at_dots(title)]
        found += [(part, color) for line, color in lines for part in wrap(line, WORDS, break_on_hyphens=False)]
        for source in self.sources.get(name, ()):
            if source not in beside:
                sheet = self.on.get(source, 0)
                elsewhere = f", sheet {sheet:2}" if sheet != self.on.get(name) else ""
                found += [(part, SENT) for part in at_dots(f"reads {source}{elsewhere}")]
        return found


def flowing(found: Iterable[Box]) -> dict[str, Box]:
    """Boxes by op as they flow: by phase, in the order in which they run; updates, none of which waits, by loop."""
    phases: dict[str, list[Box]] = {}
    for box in found:
        phases.setdefault(box.op.phase, []).append(box)
    phases.get("update", []).sort(key=lambda box: box.op.loop.number)
    return {box.op.name: box for alike in phases.values() for box in alike}


def at_dots(name: str) -> Iterator[str]:
    """A name in lines that end behind dots, as far as it has any."""
    line = ""
    for part in name.replace(".", ".\n").split("\n"):
        if line and len(line) + len(part) > LETTERS:
            yield line
            line = ""
        line += part
    yield from wrap(line, LETTERS)


def below(names: Sequence[str], inside: Sequence[Pair], abreast: int) -> Iterator[Pair]:
    """Pairs that bring rows of ops which hang together with no others below each other, so many side by side."""
    behind, before = dict(inside), {b: a for a, b in inside}
    straight = {name for name in names if degree(name, inside) <= 1}
    rows = list[tuple[str, str]]()
    for first in names:
        row, last = {first}, first
        while last in behind and behind[last] not in row:
            last = behind[last]
            row.add(last)
        if first not in before and row <= straight:
            rows.append((first, last))
    for (_, last), (first, _) in zip(rows, rows[abreast:], strict=False):
        yield last, first


def degree(name: str, inside: Sequence[Pair]) -> int:
    """How many it reads, or how many read it."""
    return max(sum(a == name for a, _ in inside), sum(b == name for _, b in inside))
