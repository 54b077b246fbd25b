"""What symbols look like on paper: a display table, from a file, that never enters a computation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import UNICODE
from costgraph.algebra.symbols import EVERYWHERE, SYMBOLS, lookup
from costgraph.errors import UserError, shorten, unknown
from costgraph.exporting.documents.markup import GREEK, MATHS, Math
from costgraph.records import dataclass
from costgraph.resources import data_folder
from costgraph.toml_tables import from_table
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import MAX_TOML, read_text

FOLDER = "_notations"
LETTER = r"[A-Za-z]+(?:_[A-Za-z0-9]+)?"
SHOWN = re.compile(rf"({LETTER})(?:/({LETTER}))?")
OWN_TEX = re.compile(r"\\?([A-Za-z]+)_\{\\mathrm\{(.+)\}\}")  # how a subscript stands in the table of symbols
SPARE = "t"  # a symbol that no cost of a model contains; shown as the letter above a quotient


def letter(text: str, math: Math) -> str:
    """A letter or word of a notation, perhaps with a subscript, in the language of the document."""
    base, _, below = text.partition("_")
    if base in GREEK:
        written = math.greek(base)
    elif math.style is MATHS["mathml"].style:
        written = f"<mi>{base}</mi>"
    else:
        written = math.word(base) if len(base) > 1 else base
    return math.subscript(written, below) if below else written


def shown(text: str, math: Math) -> str:
    """An entry of a notation: a letter, or the quotient of two."""
    match = SHOWN.fullmatch(text)
    assert match is not None  # checked when the notation was read
    above, below = match.groups()
    return math.fraction(letter(above, math), letter(below, math)) if below else letter(above, math)


def own(name: str, math: Math) -> str:
    """A symbol in the notation of the table, which is written there in LaTeX."""
    if math.style is MATHS["latex"].style:
        return SYMBOLS[name].tex
    subscripted = OWN_TEX.fullmatch(SYMBOLS[name].tex)
    if subscripted and math.style is not MATHS["text"].style:
        return letter("_".join(subscripted.groups()), math)
    return letter(name, math)


def written_in(math: Math, notation: Mapping[str, str]) -> Math:
    """`math` with symbols as the notation shows them."""
    rewrite = rewritten(notation)
    looks = {**notation, SPARE: notation[next(iter(rewrite))].partition("/")[0]} if rewrite else notation

    def symbol(name: str) -> str:
        if name not in looks:
            return own(name, math)
        look = shown(looks[name], math)  # what is always rewritten stands alone, as in `F/D = 4`
        return f"{math.style.open}{look}{math.style.close}" if "/" in looks[name] and name not in rewrite else look

    def plain(name: str) -> str:
        text = shown(looks[name], MATHS["text"]) if name in looks else own(name, MATHS["text"])
        if "/" in text and name not in rewrite:
            text = f"({text})"
        return f" {text} " if len(text) > 1 else text

    flat = replace(UNICODE, symbol=plain)
    if math is MATHS["text"]:
        return replace(math, style=flat, tall=flat, plain=flat, rewrite=rewrite)
    style, tall = replace(math.style, symbol=symbol), replace(math.tall, symbol=symbol)
    return replace(math, style=style, tall=tall, plain=flat, rewrite=rewrite)


def rewritten(notation: Mapping[str, str]) -> dict[str, Polynomial]:
    """For `E = "F/D"`: what to put in for E, so that D*E is printed as F; empty where no symbol is shown as the D."""
    names = {notation.get(name, name): name for name in SYMBOLS}
    for name, text in notation.items():
        _, _, below = text.partition("/")
        if below in names:
            return {name: Polynomial.symbol(SPARE) / Polynomial.symbol(names[below])}
    return {}


# --- where notations come from ----------------------------------------------------------------------------------------


def builtin() -> dict[str, Path]:
    """The notations of the package by name."""
    folder = data_folder("exporters") / FOLDER
    return {f.name.removesuffix(".toml"): f for f in sorted(folder.iterdir(), key=str) if f.name.endswith(".toml")}


def notation(text: str | None) -> dict[str, str]:
    """The display table called `text`, or in the file `text`; empty for the notes' letters.

    Raises:
        UserError: unknown name, or a file that is no display table.
    """
    if text is None:
        return {}
    if text.endswith(".toml") or "/" in text:
        return checked(parse_toml(read_text(text, MAX_TOML, place := f"--notation {text}"), place), place)
    if text in (known := builtin()):
        return checked(of_package(known[text]), f"{FOLDER}/{text}.toml")
    raise unknown("notation", text, known)


@dataclass(frozen=True)
class DisplayTable:
    """The keys of a file."""

    symbols: Mapping[str, str]
    title: str = ""


def checked(content: Mapping[str, Any], place: str) -> dict[str, str]:
    """The letters of a display table, of which no two that are read everywhere may look alike."""
    table = dict(from_table(DisplayTable, content, place).symbols)
    for name, text in table.items():
        try:
            lookup(name)
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
        if not SHOWN.fullmatch(text):
            raise UserError(
                f"{place}: {name} = {shorten(repr(text))}: write a letter, LETTER_SUBSCRIPT, or the quotient of two"
            )
    looks: dict[str, str] = {}
    for name, symbol in SYMBOLS.items():
        look = table.get(name, name)
        if symbol.group not in EVERYWHERE and name not in table:
            continue  # a document in which it stands looks once more
        if look in looks:
            raise UserError(f"{place}: {looks[look]} and {name} would both be shown as {look}")
        looks[look] = name
    return table
