"""Whether the engine has a say in what an entry states: compared with itself, a print always agrees."""

from __future__ import annotations

from collections.abc import Callable

from costgraph.algebra.expression import Call, Number, walk
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import read
from costgraph.errors import UserError, shorten
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.engine import CHANGE, Names
from costgraph.library.judging.recorded_slip import loose
from costgraph.library.judging.typed_letters import term_of_letters

DERIVING = ("solve", "limit")  # what makes a derivation of an expression in symbols alone


def check_named(entry: Entry, names: Names) -> None:
    """Raise if `derived` computes nothing, or has nothing from the engine in it, or if names are idle."""
    if idle := [name for name in (*entry.let, *entry.given, *entry.catalog) if name not in names.words]:
        raise UserError(f"nothing uses {idle[0]}; leave it out, or write it where it belongs")
    if not entry.derived:
        return
    _ = names.derived  # that it cannot be computed is no sign of being involved
    node = read(entry.derived).node
    if isinstance(node, Number):
        raise UserError(f"derived = '{shorten(entry.derived)}' computes nothing: it repeats a number")
    derives = any(isinstance(part, Call) and part.function in DERIVING for part in walk(node))
    if entry.printed and not from_engine(entry) and not derives:
        raise UserError("derived has nothing from the engine in it: name a derivation of let, or of derive")
    if term := term_of_letters(entry):
        reason = f"derived adds {shorten(term)}, which no graph gives: name a derivation of let, or what is given"
        raise UserError(reason)


def check_involved(entry: Entry, names: Names, follows: Callable[[Names], bool]) -> None:
    """Raise if the statement that should hold (whether it `follows` from names) holds whatever the engine says."""
    asked = [name for name in from_engine(entry) if name in names.engine]
    if not asked or not follows(names):
        return
    if not any(matters(name, names, follows, bool(entry.value)) for name in asked):
        raise UserError("what is stated would follow whatever the engine says: nothing is derived")


def from_engine(entry: Entry) -> list[str]:
    """The names of what the engine gives."""
    return [*entry.let, *(["derived", "N_params"] if entry.derive else [])]


def matters(name: str, names: Names, follows: Callable[[Names], bool], number: bool) -> bool:
    """Whether something else would follow if the engine gave more for `name` or less; of a number, for either.

    A number may be the larger one of the engine's and one that was typed in, and the root of a form survives factors.
    """
    more, plus, less, minus = names.changed(name)
    seen = (any(not still(other, follows) for other in side) for side in ((more, plus), (less, minus)[: 1 + number]))
    return all(seen) if number else any(seen)


def still(names: Names, follows: Callable[[Names], bool]) -> bool:
    """Whether the statement follows; not if it could be computed before, and cannot be any more."""
    try:
        return follows(names)
    except UserError:
        return False


def check_depends(entry: Entry, slip: str, names: Names) -> None:
    """Raise if a slip comes to the same whatever is right, derived or bound: it could give any print."""
    known, found = names.explaining, names.slipped(slip)
    kept = [name for name in names.engine if name not in loose(entry)]
    asked = [name for name in (*kept, "right", "derived") if name in known]
    others = [{name: other} for name in asked for other in (known[name] * CHANGE, known[name] + CHANGE)]
    if all(computed(names, slip, other) == found for other in others):
        raise UserError(f"erratum.slip '{shorten(slip)}' is the same whatever is right or derived: use these in it")


def computed(names: Names, slip: str, instead: dict[str, Quotient]) -> Quotient | None:
    """What a slip comes to with other values for some names; None if it cannot be computed any more."""
    try:
        return names.slipped(slip, instead)
    except UserError:
        return None
