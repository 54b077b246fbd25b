"""Which entries of `formulas/` print a formula of the sheet: cited only where both are equal as functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError
from costgraph.exporting.documents.cheatsheet import limited
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import named, sources
from costgraph.library.judging.engine import Names
from costgraph.records import dataclass

CORRECTED = "*"  # after a place whose print has a slip


@dataclass(frozen=True)
class Printed:
    """An entry of the library and what it prints, or should have printed.

    Args:
        entry: of the library.
        text: the formula, corrected where there is an erratum.
        value: the same as a form.
    """

    entry: Entry
    text: str
    value: Quotient

    @property
    def limit(self) -> str:
        """The values that had been put in when it was printed."""
        return self.entry.derive.limit if self.entry.derive else ""

    @property
    def place(self) -> str:
        """The equation or section, without what stands beside it."""
        short, _, rest = self.entry.place.partition(";")[0].partition(", ")
        short = rest if short.endswith((".md", ".py", ".ipynb")) else short
        return f"{short}{CORRECTED if self.entry.erratum else ''}"


def printed(id_: str) -> Printed | None:
    """What an entry prints; None if it has no formula that can be read alone."""
    entry = next(entry for entry in named(id_) if entry.id == id_)
    text = entry.erratum.right if entry.erratum else entry.printed
    if not isinstance(text, str) or not text:
        return None
    try:
        return Printed(entry, text, Names(entry).printed(text))
    except UserError:
        return None


def of(ids: Iterable[str]) -> list[Printed]:
    """The entries of these ids that have a formula."""
    return [one for id_ in ids if (one := printed(id_)) is not None]


def equal(one: Printed, value: Quotient, in_params: Quotient | None = None) -> bool:
    """Whether an entry prints this form, in the limit in which it is printed.

    `in_params` is the same form with the parameter count in it, which an entry may have written so.
    """
    return any(
        form is not None and (limited(form, one.limit) if one.limit else form) == one.value
        for form in (value, in_params)
    )


@dataclass
class Works:
    """The bibliography of one document, numbered in the order in which works are cited."""

    keys: list[str] = field(default_factory=list)

    def cite(self, found: Iterable[Printed]) -> str:
        """`[1] Eq. 2.7, 2.8; [2] Eq. 1`."""
        places: dict[str, list[str]] = {}
        for one in found:
            known = places.setdefault(one.entry.source, [])
            if one.place.removesuffix(CORRECTED) not in (place.removesuffix(CORRECTED) for place in known):
                known.append(one.place)
        return "; ".join(f"[{self.number(key)}] {joined(found)}" for key, found in places.items())

    def number(self, key: str) -> int:
        """The number of a source, the next one if it is new."""
        if key not in self.keys:
            self.keys.append(key)
        return self.keys.index(key) + 1

    @property
    def listed(self) -> list[dict[str, str]]:
        """Authors, title and year of the works cited, and where they are."""
        return [
            {
                "text": ", ".join(part for part in (work.authors, work.title, work.dated) if part),
                "url": work.url,
                "at": work.url.partition("://")[2].rstrip("/"),
            }
            for work in (sources()[key] for key in self.keys)
        ]


def joined(places: list[str]) -> str:
    """`Eq. 2.7, 2.8` for `Eq. 2.7` and `Eq. 2.8`."""
    first, *rest = places
    word = first.partition(" ")[0]
    return ", ".join([first, *(place.removeprefix(f"{word} ") for place in rest)])
