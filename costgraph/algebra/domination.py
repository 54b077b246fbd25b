"""Which sums are never larger than others, term by term; sums as mappings from monomials to coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from costgraph.algebra.symbols import Rational

Terms = Mapping[int, Rational]


def covers(one: Terms, other: Terms) -> bool:
    """Whether every term of `one` is at least as large as that of `other`."""
    own = one.get
    for m, c in other.items():
        if own(m, 0) < c:
            return False
    return all(c >= 0 or m in other for m, c in one.items())


def mixture_covers(first: Terms, second: Terms, other: Terms) -> bool:
    """Whether some `x*first + (1 - x)*second` covers `other`, which then is never larger than the larger of the two."""
    low: Rational = 0
    below: Rational = 1
    high, above = low + 1, below  # low/below <= x <= high/above, which nobody has to reduce
    for m in chain(other, first, second):  # of what they share the second look changes nothing; most fail at the first
        a, b, c = first.get(m, 0), second.get(m, 0), other.get(m, 0)
        if a > b:
            if (c - b) * below > low * (a - b):
                low, below = c - b, a - b
        elif a < b:
            if (b - c) * above < high * (b - a):
                high, above = b - c, b - a
        elif c > a:
            return False
        if low * above > high * below:
            return False
    return True
