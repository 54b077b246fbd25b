"""What symbols, forms and common subexpressions are called in a target."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError
from costgraph.exporting.forms import Form
from costgraph.exporting.targets import Target

TOGETHER = "costs"  # the function that computes all forms at once


def spelled(letters: Iterable[str], target: Target) -> dict[str, str]:
    """What every symbol is called in the target.

    Raises:
        UserError: a name is reserved, or no name in any programming language.
    """
    letters = list(letters)
    known = {*letters, *SYMBOLS}
    spelling = {}
    for letter in letters:
        name = letter
        if not target.case_sensitive and letter.islower() and letter.upper() in known:
            name = f"lower_{letter}"
        spelling[letter] = legal(target.prefix + name, f"symbol '{letter}'", target)
    return spelling


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


def legal(name: str, what: str, target: Target) -> str:
    """`name`, if a symbol or form can be called so."""
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.ASCII):
        raise UserError(f"{what} cannot be a name in {target.name}: a letter first, then letters, digits and _ only")
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
