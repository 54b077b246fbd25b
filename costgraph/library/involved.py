"""Whether the engine has a say in what an entry is compared with: compared with itself, a print always agrees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from costgraph.errors import UserError, shorten
from costgraph.library.calculator import calculate
from costgraph.library.entry import Entry
from costgraph.library.evaluation import Names
from costgraph.parser import tree
from costgraph.quotient import Quotient

CHANGE = Quotient(10**40 + 1)
DERIVING = ("solve", "limit")  # what makes a derivation of an expression in symbols alone


def check_involved(entry: Entry, names: Names) -> None:
    """Raise if `derived` is nothing but a number, or would be the same whatever the engine says, or names are idle."""
    if idle := [name for name in (*entry.let, *entry.given) if name not in words(entry)]:
        raise UserError(f"nothing uses {idle[0]}; leave it out, or write it where it belongs")
    if not entry.derived:
        return
    _ = names.derived  # that it cannot be computed is no sign of being involved
    node = tree(entry.derived)
    if isinstance(node, ast.Constant):
        raise UserError(f"derived = '{shorten(entry.derived)}' computes nothing: it repeats a number")
    from_engine = [*entry.let, *(["derived", "N_params"] if entry.derive else [])]
    if not from_engine:
        if entry.printed and not any(isinstance(part, ast.Name) and part.id in DERIVING for part in ast.walk(node)):
            raise UserError("derived has nothing from the engine in it: name a derivation of let, or of derive")
        return
    if not any(depends(entry.derived, names, name) for name in from_engine if name in names.engine):
        raise UserError("derived is the same whatever the engine says: nothing would be derived")


def depends(text: str, names: Names, name: str) -> bool:
    """Whether what is derived changes with what the engine gives for `name`."""
    given = names.engine[name]
    try:
        return any(calculate(text, names.engine | {name: other}) != names.derived for other in changed(given))
    except UserError:  # what could be computed cannot be computed any more
        return True


def changed(value: Quotient) -> Iterator[Quotient]:
    """Other values, by a factor and by a summand that no rounding hides; the root of a form survives the factor."""
    yield value * CHANGE
    yield value + CHANGE


def words(entry: Entry) -> set[str]:
    """All names in the expressions of an entry."""
    return {word for text in expressions(entry) for word in re.findall(r"[A-Za-z_]\w*", text)}


def expressions(entry: Entry) -> Iterator[str]:
    """The expressions of an entry."""
    yield from (entry.printed, entry.claim, entry.derived, entry.drops, entry.constant, entry.right)
    yield from (*entry.given.values(), *entry.letters.values())
    if entry.erratum:
        yield entry.erratum.slip
