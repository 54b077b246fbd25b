"""What a report is made of: verdicts, tables, sums by part, listings and notes. Formulas in them have no style yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from costgraph.algebra import expression, printers, writing
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import PYTHON, UNICODE, Style, tidy
from costgraph.algebra.quotient import Quotient
from costgraph.errors import Heard, heard
from costgraph.records import dataclass, replace
from costgraph.reports.in_words import Typed, apart
from costgraph.shown import Shown

Formulas = Callable[[], tuple[str, ...]]  # the lines of an `align*`, made where they are printed


def nothing() -> tuple[str, ...]:
    """No formula says the same."""
    return ()


@dataclass(frozen=True)
class Math:
    """A formula, written by each writer in a style of its own."""

    write: Callable[[Style], str]


Words = str | Math | tuple[str | Math, ...]


def math(value: Quotient | Polynomial, shape: str = "auto") -> Math:
    """A form as words, in one of the shapes of `shapes.SHAPES`."""
    return Math(lambda style: WRITERS.get(id(style), printers.python)(value, shape))


WRITERS: dict[int, Callable[..., str]] = {
    id(printers.PYTHON): printers.python,
    id(printers.UNICODE): printers.unicode,
    id(printers.LATEX): printers.latex,
}


TIMES = Math(lambda style: {id(printers.UNICODE): "×", id(printers.LATEX): r"\times"}.get(id(style), "x"))


def said(words: Words, style: Style, mark: str = "") -> str:
    """Words in a style; `mark` stands on either side of a formula, as `$` does."""
    match words:
        case str():
            if style is PYTHON:
                return words
            return "".join(one if isinstance(one, str) else said(one, style, mark) for one in parted(words))
        case Math():
            return f"{mark}{words.write(style)}{mark}"
    return "".join(said(part, style, mark) for part in words)


def parted(text: str) -> list[str | Math]:
    """A sentence as words and the formulas that it is about, grouped as they are there; what was typed is words."""
    parts = [text] if "*" not in text or isinstance(text, Typed) else apart(text)
    return [part if isinstance(part, str) else Math(partial(written, part)) for part in parts]


def written(tree: expression.Node, style: Style) -> str:
    """A formula in a style."""
    return tidy(writing.text(tree, style)) if style is UNICODE else writing.text(tree, style)


def plain(words: Words) -> str:
    """Words as text for programs."""
    return said(words, PYTHON)


@dataclass(frozen=True)
class Verdict:
    """The answer, in a line; `good` is None where it is neither good nor bad."""

    text: Words
    good: bool | None = None


@dataclass(frozen=True)
class Column:
    """What stands over a column, whether its cells stand to the right, and whether they are what was asked for."""

    head: Words = ""
    right: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under heads.

    Args:
        columns: one for each cell of a row; without any head there is no line of heads.
        rows: those of one cell are headings.
        title: above it.
        turns: whether rows may become columns where there is no room for all columns.
        tex: the lines of an `align*` that say the same; nothing if no formula does.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Words, ...], ...]
    title: Words = ""
    turns: bool = False
    tex: Formulas = nothing


@dataclass(frozen=True)
class Part:
    """A summand: how often (nothing for once), what, the form of one of them, and what all of them come to."""

    times: Words
    name: str
    form: Words
    value: Words


@dataclass(frozen=True)
class Parts:
    """A measure as the sum of its parts.

    Args:
        name: of the measure, with its unit.
        come_to: the sum; nothing where no size is put in.
        rounded: the sum once more, for reading.
        parts: the summands; of a form that has none, the form alone, without a name.
        fewer: the same with parts put together, in case there is little room.
        numbers: whether every value is a number.
        tex: the lines of an `align*` that say the same.
    """

    name: str
    come_to: Words
    rounded: str
    parts: tuple[Part, ...]
    fewer: tuple[tuple[Part, ...], ...] = ()
    numbers: bool = True
    tex: Formulas = nothing


@dataclass(frozen=True)
class Item:
    """Something, what is said of it below, and under which conditions it holds.

    Args:
        head: what it is.
        below: what is said of it.
        when: under which conditions.
        typed: a command about it, on one line as one copies it, or continued as shells do.
    """

    head: Words
    below: tuple[Words, ...] = ()
    when: tuple[Words, ...] = ()
    typed: str = ""


@dataclass(frozen=True)
class Listing:
    """Items one below the other.

    Args:
        items: what is listed.
        title: above them.
        side: whether what is below an item may stand beside it, in a column.
        indented: whether items are, without a title, too.
        strong: whether they are what was asked for.
        tex: the lines of an `align*` that say the same.
    """

    items: tuple[Item, ...]
    title: Words = ""
    side: bool = False
    indented: bool = False
    strong: bool = False
    tex: Formulas = nothing


@dataclass(frozen=True)
class Note:
    """What a number means, counts or takes for granted.

    Args:
        text: what is said.
        word: what about, such as `assuming`.
        formula: whether the text is one, which LaTeX sets among the others.
    """

    text: Words
    word: str = ""
    formula: bool = False


Node = Verdict | Table | Parts | Listing | Note


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """An answer; `print` and a notebook show it as the answer itself.

    Args:
        title: what was asked, in one line.
        sections: nodes that belong together; the first stands directly under the title.
    """

    title: str
    sections: tuple[tuple[Node, ...], ...]

    @property
    def report(self) -> Report:
        """Itself, in the words of where it is read."""
        return self.heard

    @property
    def heard(self) -> Report:
        """The report with keywords for flags, where it is not at a shell that it is read."""
        return self if Heard.at_shell else replace(self, sections=told(self.sections))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them, in order."""
        return tuple(node for section in self.sections for node in section)


COPIED = ("typed",)  # fields of what is to be copied as it is


def told(part: Any) -> Any:
    """A part of a report with keywords for the flags in its words."""
    if isinstance(part, str):
        return part if isinstance(part, Typed) else heard(part)
    if isinstance(part, tuple):
        return tuple(map(told, part))
    if isinstance(part, Math) or not is_dataclass(part) or isinstance(part, type):
        return part
    own = {one.name: getattr(part, one.name) for one in fields(part) if one.name not in COPIED}
    changed = {name: new for name, value in own.items() if (new := told(value)) != value}
    return replace(part, **changed) if changed else part
