"""Exact division of sums that have whole coefficients, no negative powers and no common factor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from heapq import heapify, heappop, heappush
from math import prod

from costgraph.algebra.monomial import Packed, common_multiple, is_whole, powers
from costgraph.algebra.symbols import INDEX, Rational
from costgraph.algebra.work import spend, weight

Terms = Mapping[Packed, Rational]  # whole
MAX_BITS = 20_000  # of a value that is computed to save a division


def possible(above: Terms, below: Terms) -> bool:
    """Whether the first and the last term, in the order of their numbers, are divisible; those of a product are."""
    for end in (max, min):
        a, b = end(above), end(below)
        if not is_whole(a - b) or above[a].numerator % below[b].numerator:
            return False
    return True


def divided(above: Terms, below: Terms) -> dict[Packed, int] | None:
    """The quotient, None if there is a remainder. By Gauss's lemma its coefficients are whole, or there is none."""
    room = common_multiple(above) - common_multiple(below)  # for the powers of the quotient
    if not is_whole(room):
        return None
    lead = max(below)
    leading = below[lead].numerator
    others = [(monomial - lead, c.numerator) for monomial, c in below.items() if monomial != lead]
    rest, found = {monomial: c.numerator for monomial, c in above.items()}, dict[Packed, int]()
    queue = [-monomial for monomial in rest]
    heapify(queue)
    while queue:
        top = -heappop(queue)
        coefficient, remainder = divmod(rest.pop(top, 0), leading)
        if remainder:
            return None
        if not coefficient:
            continue
        if not (is_whole(top - lead) and is_whole(room - top + lead)):
            return None
        found[top - lead] = coefficient
        spend(len(below) * weight(coefficient.bit_length()))
        for step, c in others:
            at = top + step
            if at not in rest:
                heappush(queue, -at)
            rest[at] = rest.get(at, 0) - coefficient * c
    return found


def value(terms: Terms) -> int | None:
    """The value at certain small integers, None if it is huge: that of a divisor divides that of the whole."""
    highest = powers(common_multiple(terms))
    if sum(at(name).bit_length() * power for name, power in highest) > MAX_BITS:
        return None
    total = 0
    for monomial, coefficient in terms.items():
        total += coefficient.numerator * prod(at(name) ** power for name, power in powers(monomial))
    return total


@cache
def at(name: str) -> int:
    """The small integer for a symbol; neither the integers nor their differences are alike."""
    return 101 + INDEX[name] ** 2
