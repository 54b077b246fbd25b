"""What the text of an entry shows at a glance: which symbols its formula has, and so which forms it cannot be.

A derivation asks which entries print its forms. Most of those that print the measure are about other models, and have a
symbol more or less; these are told apart by regular expressions, which is ten times as fast as parsing them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from costgraph.algebra.units import FACTORS
from costgraph.letters import notations
from costgraph.library.entries.reading import SOURCES
from costgraph.resources import data_folder
from costgraph.toml_text import parse_toml

NAME = re.compile(r"[A-Za-z_]\w*")
PRINTED = re.compile(r'^printed = "([^"\\]+)"$', re.MULTILINE)
SOURCE = re.compile(r'^source = "([^"\\]+)"$', re.MULTILINE)
NOTATION = re.compile(r"^notation = .*$", re.MULTILINE)
USUAL = re.compile(r'^\[([\w-]+)\]$|^notation = "([^"\\]+)"$', re.MULTILINE)


def may_be(block: str, symbols: Collection[str]) -> bool:
    """Whether what an entry prints may be a form in just these symbols; where the text does not show it, it may.

    Args:
        block: the text of the entry.
        symbols: of the form.
    """
    found = PRINTED.search(block)
    if found is None:
        return True
    if "N_params" in found[1]:  # a count that only its graph gives
        return False
    letters = letters_of(block)
    used = set(NAME.findall(found[1]))
    meant = {letter: letters[letter] for letter in used if letter in letters}
    there = (used - meant.keys()).union(*(NAME.findall(text) for text in meant.values()))
    if not there.issuperset(symbols):
        return False
    if "-" in found[1] or any("-" in text for text in meant.values()):
        return True
    below = set(denominators(found[1], letters)).union(*(NAME.findall(text) for text in meant.values() if "/" in text))
    return not there.difference(symbols) - below - FACTORS.keys()  # what is only multiplied and added does not cancel


def letters_of(block: str) -> Mapping[str, str]:
    """What the letters of an entry stand for."""
    source, own = SOURCE.search(block), NOTATION.search(block)
    usual = usual_notations().get(source[1], "") if source else ""
    given = parse_toml(own[0], SOURCES)["notation"] if own else ""
    if isinstance(given, str):
        return notations().get(given or usual, {})
    return {**notations().get(usual, {}), **given}


@cache
def usual_notations() -> dict[str, str]:
    """The notation that each source is printed in, by its key."""
    found: dict[str, str] = {}
    key = ""
    for source, notation in USUAL.findall((data_folder("formulas") / SOURCES).read_text(encoding="utf-8")):
        if source:
            key = source
        else:
            found[key] = notation
    return found


def denominators(text: str, letters: Mapping[str, str]) -> Iterator[str]:
    """The symbols that stand below a fraction bar: the factor behind a `/`, in parentheses or not."""
    for at, char in enumerate(text):
        if char == "/":
            yield from (symbol for name in NAME.findall(factor(text[at + 1 :])) for symbol in meaning(name, letters))


def factor(text: str) -> str:
    """What a text begins with, up to the next sign outside of parentheses."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth < 0 or (depth == 0 and char in "*/+ "):
            if char == " " and not text[:at].strip():
                continue
            return text[:at]
    return text


def meaning(name: str, letters: Mapping[str, str]) -> list[str]:
    """The symbols that a name stands for."""
    return NAME.findall(letters[name]) if name in letters else [name]
