"""True limits of quotients as one symbol, or several together, grow without bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from operator import ge

from costgraph.algebra.polynomial import ZERO, Polynomial, total
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import INFINITE, MINUS_INFINITE, Quotient
from costgraph.errors import UserError

Reach = tuple[int, ...]  # the powers of the growing symbols in a term


def limit(value: Quotient, names: Sequence[str]) -> Quotient:
    """The limit as the symbols `names` grow without bound, however they grow against each other.

    Raises:
        UserError: there is none, because it depends on which of them grows faster.
    """
    growing = [name for name in names if name in value.symbols]
    if len(growing) < 2 or value.is_infinite:
        return value.at_infinity(growing[0]) if growing else value
    found = dominated(by_reach(value.numerator, growing), by_reach(value.denominator, growing))
    if found is None:
        raise undetermined(value, growing)
    return found


def by_reach(side: Polynomial, names: Sequence[str]) -> dict[Reach, Polynomial]:
    """The terms of a sum by their powers of some symbols, these taken out."""
    found: dict[Reach, list[Polynomial]] = {}
    for term in side.monomials():
        powers = term.powers
        reach = tuple(powers.get(name, 0) for name in names)
        growing = Polynomial.monomial({name: power for name, power in zip(names, reach, strict=True) if power})
        found.setdefault(reach, []).append(term / growing)
    return {reach: total(terms) for reach, terms in found.items()}


def dominated(above: dict[Reach, Polynomial], below: dict[Reach, Polynomial]) -> Quotient | None:
    """The limit where some term outgrows, or keeps up with, all those it has to in each of the symbols; else None.

    On a side whose terms have one sign the others only add to it, so that it has to outgrow those of the other side.
    """
    signs = [{sign for part in side.values() for sign in part.signs} for side in (above, below)]
    if len(signs[1]) == 1 and outgrows(below, above):
        return Quotient(ZERO)
    if len(signs[0]) == len(signs[1]) == 1 and outgrows(above, below):
        return INFINITE if signs[0] == signs[1] else MINUS_INFINITE
    top = tuple(map(max, zip(*above, *below, strict=True)))
    if top in below:
        return Quotient(above.get(top, ZERO), below[top])
    if top not in above or len(signs[1]) > 1 or len(above[top].signs) > 1:
        return None
    return INFINITE if above[top].signs == signs[1] else MINUS_INFINITE


def outgrows(side: Iterable[Reach], other: Iterable[Reach]) -> bool:
    """Whether a term of one side is larger than all of the other, however the symbols grow."""
    return any(all(reach != low and all(map(ge, reach, low)) for low in other) for reach in side)


def sign_at_infinity(side: Polynomial, names: Sequence[str]) -> int | None:
    """The sign of a sum of positive symbols from some point on; None if it depends on the others or how they grow."""
    if len(side.signs) < 2:
        return next(iter(side.signs), 0)
    parts = by_reach(side, names)
    top = tuple(map(max, zip(*parts, strict=True)))
    return next(iter(parts[top].signs)) if top in parts and len(parts[top].signs) == 1 else None


def undetermined(value: Quotient, names: Sequence[str]) -> UserError:
    """The error for a limit that does not exist, with what it is one way and another."""
    orders = list(permutations(names))[:6]
    limits = [one_by_one(value, order) for order in orders]
    first, other = orders[0], next((o for o, each in zip(orders, limits, strict=True) if each != limits[0]), None)
    arrows = " and ".join(f"{name}->oo" for name in names)
    if other is None:
        return UserError(f"whether there is a limit for {arrows} together cannot be told; take one after the other")
    ways = ", ".join(f"{python(one_by_one(value, order))} when {order[0]} grows first" for order in (first, other))
    advice = f"take one of them, or say how they grow, as in --when '{names[0]} << {names[1]}'"
    return UserError(f"there is no limit for {arrows} together: {ways}; {advice}")


def one_by_one(value: Quotient, names: Sequence[str]) -> Quotient:
    """The limit for one symbol after the other."""
    for name in names:
        value = value.at_infinity(name)
    return value
