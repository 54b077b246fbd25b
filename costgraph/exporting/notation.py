"""What symbols look like on paper: a display table, from a file, that never enters a computation."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from costgraph.errors import UserError, unknown
from costgraph.printers import LATEX, UNICODE, Style
from costgraph.resources import data_folder
from costgraph.symbols import SYMBOLS, lookup

FOLDER = "_notations"
LETTER = r"[A-Za-z]+(?:_[A-Za-z0-9]+)?"
SHOWN = re.compile(rf"({LETTER})(?:/({LETTER}))?")

TYPST = Style(
    symbol=str,  # replaced by the notation
    power=lambda base, n: f"{base}^({n})",
    times=" ",
    fraction=lambda above, below, _: f"frac({above}, {below})",
    open="(",
    close=")",
    infinity="oo",
    stacked=True,
)
MATHML = Style(
    symbol=str,
    power=lambda base, n: f"<msup><mrow>{base}</mrow><mn>{n}</mn></msup>",
    times="<mo>&#8290;</mo>",
    fraction=lambda above, below, _: f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>",
    open='<mrow><mo form="prefix">(</mo>',
    close='<mo form="postfix">)</mo></mrow>',
    infinity="<mi>∞</mi>",
    number=lambda text: f"<mn>{text}</mn>",
    plus="<mo>+</mo>",
    minus="<mo>−</mo>",
    negative='<mo form="prefix">−</mo>',
    stacked=True,
)


@dataclass(frozen=True, slots=True)
class Math:
    """How formulas are written in one kind of document.

    Args:
        style: of polynomials.
        word: text in a formula.
        equals, approx: signs with their spaces.
        divides: the sign between divisor and dividend.
        inline: a formula within text.
        plain: the same symbols as characters; tells how wide a formula will be.
    """

    style: Style
    word: Callable[[str], str]
    subscript: Callable[[str, str], str]
    fraction: Callable[[str, str], str]
    equals: str
    approx: str
    arrow: str
    much_less: str
    comma: str
    divides: str
    inline: Callable[[str], str]
    plain: Style = UNICODE


MATHS: dict[str, Math] = {
    "latex": Math(
        replace(LATEX, open="(", close=")"),
        lambda w: rf"\mathrm{{{w}}}",
        lambda a, b: rf"{a}_{{\mathrm{{{b}}}}}" if len(b) > 1 else f"{a}_{{{b}}}",
        lambda a, b: f"({a}/{b})",
        " = ", r" \approx ", r" \to ", r" \ll ", r",\; ", r" \mid ", lambda m: f"${m}$",
    ),
    "typst": Math(
        TYPST,
        lambda w: f'"{w}"',
        lambda a, b: f'{a}_"{b}"',
        lambda a, b: f"({a} slash {b})",
        " = ", " approx ", " -> ", " << ", ", ", " divides ", lambda m: f"${m}$",
    ),
    "mathml": Math(
        MATHML,
        lambda w: f"<mtext>{w}</mtext>",
        lambda a, b: f"<msub>{a}<mtext>{b}</mtext></msub>",
        lambda a, b: f"<mrow><mo>(</mo>{a}<mo>/</mo>{b}<mo>)</mo></mrow>",
        "<mo>=</mo>", "<mo>≈</mo>", "<mo>→</mo>", "<mo>≪</mo>", "<mo>,</mo>", "<mo>∣</mo>",
        lambda m: f"<math>{m}</math>",
    ),
    "text": Math(
        UNICODE,
        str,
        lambda a, b: f"{a}_{b}",
        lambda a, b: f"({a}/{b})",
        " = ", " ≈ ", " → ", " ≪ ", ", ", " | ", lambda m: " ".join(m.split()),
    ),
}  # fmt: skip


def letter(text: str, math: Math) -> str:
    """A letter or word of a notation, perhaps with a subscript, in the language of the document."""
    base, _, below = text.partition("_")
    if math is MATHS["mathml"]:
        written = f"<mi>{base}</mi>"
    elif len(base) > 1:
        written = math.word(base)
    else:
        written = base
    return math.subscript(written, below) if below else written


def shown(text: str, math: Math) -> str:
    """An entry of a notation: a letter, or the quotient of two."""
    match = SHOWN.fullmatch(text)
    assert match is not None  # checked when the notation was read
    above, below = match.groups()
    return math.fraction(letter(above, math), letter(below, math)) if below else letter(above, math)


def own(name: str, math: Math) -> str:
    """A symbol in the notation of the table."""
    if math is MATHS["latex"]:
        return SYMBOLS[name].tex
    return letter(name, math)


def written_in(math: Math, notation: Mapping[str, str]) -> Math:
    """`math` with symbols as the notation shows them."""

    def symbol(name: str) -> str:
        return shown(notation[name], math) if name in notation else own(name, math)

    def plain(name: str) -> str:
        text = shown(notation[name], MATHS["text"]) if name in notation else name
        return f" {text} " if len(text) > 1 else text

    flat = replace(UNICODE, symbol=plain)
    return replace(math, style=flat if math is MATHS["text"] else replace(math.style, symbol=symbol), plain=flat)


# --- where notations come from ----------------------------------------------------------------------------------------


def builtin() -> dict[str, Traversable]:
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
        path: Traversable = Path(text)
        if not path.is_file():
            raise UserError(f"--notation {text}: there is no such file")
    elif text in (known := builtin()):
        path = known[text]
    else:
        raise unknown("notation", text, known)
    try:
        return read(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from None


def read(path: str, content: Mapping[str, Any]) -> dict[str, str]:
    """A display table, checked entry by entry."""
    if set(content) - {"symbols", "title"} or not isinstance(content.get("symbols"), dict):
        raise UserError(f'{path}: a notation is a table [symbols] of lines such as D = "h" or E = "F/D"')
    table: dict[str, str] = {}
    for name, text in content["symbols"].items():
        try:
            lookup(name)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        if not isinstance(text, str) or not SHOWN.fullmatch(text):
            raise UserError(f"{path}: {name} = {text!r}: write a letter, LETTER_SUBSCRIPT, or the quotient of two")
        table[name] = text
    looks: dict[str, str] = {}
    for name in SYMBOLS:
        look = table.get(name, name)
        if look in looks:
            raise UserError(f"{path}: {looks[look]} and {name} would both be shown as {look}")
        looks[look] = name
    return table
