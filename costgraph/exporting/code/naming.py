"""What symbols, forms and common subexpressions are called in a target."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError, shorten
from costgraph.exporting.forms import Form
from costgraph.exporting.targets import Target

TOGETHER = "costs"  # the function that computes all forms at once
LONGEST = 128  # characters of a name
CELL = re.compile(r"[a-z]{1,3}\d+|r\d*(c\d*)?|c\d*", re.ASCII | re.IGNORECASE)  # A1, R1C1, R, C


def spelled(letters: Iterable[str], target: Target) -> dict[str, str]:
    """What every symbol is called in the target: by its own name, unless the target takes it for another symbol's.

    Of two names that differ in case alone, the one that stands first in the table keeps its own, whether both occur or
    not, so that a symbol is called the same in every module.

    Raises:
        UserError: a name is reserved, or no name in any programming language.
    """
    asked = list(letters)
    taken: set[str] = set()
    spelling = {}
    for letter in dict.fromkeys([*SYMBOLS, *sorted(asked)]):
        possible = (name for name in candidates(letter) if not is_cell(target.prefix + name, target))
        name = next(name for name in possible if fold(name, target) not in taken)
        taken.add(fold(name, target))
        spelling[letter] = name
    return {letter: legal(target.prefix + spelling[letter], f"symbol '{letter}'", target) for letter in asked}


def candidates(letter: str) -> Iterator[str]:
    """The names that a symbol may get, the best first."""
    yield letter
    distinct = f"lower_{letter}" if letter.islower() else f"upper_{letter}" if letter.isupper() else f"mixed_{letter}"
    yield distinct
    yield from (f"{distinct}_{number}" for number in count(2))


def function_names(forms: Sequence[Form], target: Target, spelling: dict[str, str]) -> dict[str, str]:
    """What every form is called in the target."""
    taken = {fold(name, target): f"symbol {letter}" for letter, name in spelling.items()}
    taken[fold(target.function_prefix + TOGETHER, target)] = "the function that computes all forms"
    called = {}
    for form in forms:
        plain = re.sub(r"\W+", "_", form.name, flags=re.ASCII).strip("_")
        name = legal(target.function_prefix + plain, f"form '{form.name}'", target)
        if fold(name, target) in taken:
            raise UserError(f"{target.name}: form '{form.name}' and {taken[fold(name, target)]} would both be '{name}'")
        taken[fold(name, target)] = f"form '{form.name}'"
        called[form.name] = name
    return called


def fold(name: str, target: Target) -> str:
    """A name as the target compares it."""
    return name if target.case_sensitive else name.lower()


def is_cell(name: str, target: Target) -> bool:
    """Whether a workbook would take a name for the address of cells."""
    return target.writer == "xlsx" and CELL.fullmatch(name) is not None


def legal(name: str, what: str, target: Target) -> str:
    """`name`, if a symbol or form can be called so."""
    what = shorten(what)
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.ASCII):
        raise UserError(f"{what} cannot be a name in {target.name}: a letter first, then letters, digits and _ only")
    if len(name) > LONGEST:
        raise UserError(f"{what} cannot be a name in {target.name}: it has more than {LONGEST} characters")
    if is_cell(name, target):
        raise UserError(f"{what} cannot be a name in {target.name}: '{name}' is a cell there")
    if fold(name, target) in {fold(word, target) for word in target.reserved}:
        raise UserError(f"{what}: '{name}' is a reserved word in {target.name}; rename it before exporting")
    return name


def unused_prefix(taken: Iterable[str]) -> str:
    """Beginning of the names of common subexpressions, different from all symbols."""
    taken = list(taken)
    prefix = "x"
    while any(re.fullmatch(rf"{prefix}\d+", name) for name in taken):
        prefix += "x"
    return prefix
