"""What is done to many sums that share their terms, such as what is alive at one instant or another: once a term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import inf, lcm, prod
from operator import mul

from costgraph.algebra import monomial
from costgraph.algebra.monomial import Packed
from costgraph.algebra.polynomial import ONE, Polynomial, about, exact, without_zeros
from costgraph.algebra.symbols import SYMBOLS, Rational

ABOUT = 1 - 1e-9  # what is smaller by less than that may be as large, as far as floats tell


class PutIn:
    """Sizes that are put into one sum after the other: `PutIn(sizes)(sum)` is `sum.substitute(sizes)`.

    What a product of numbers comes to is worked out once for all sums in which it occurs.
    """

    def __init__(self, sizes: Mapping[str, Polynomial]) -> None:
        self.sizes = sizes
        numbers = {name: size.number for name, size in sizes.items()}
        self.numbers = {name: Fraction(number) for name, number in numbers.items() if number}
        self.plain = len(self.numbers) == len(sizes)  # a sum may cancel, and 0 has no inverse
        self.known: dict[Packed, tuple[Packed, Rational]] = {}

    def __call__(self, one: Polynomial) -> Polynomial:
        """The sum with the sizes in it.

        Raises:
            UserError: a symbol in a denominator is replaced by a sum or by zero.
        """
        if not self.plain:
            return one.substitute(self.sizes)
        terms: dict[Packed, Rational] = {}
        for m, c in one._terms.items():
            left, number = self.known.get(m) or self._of(m)
            terms[left] = terms.get(left, 0) + c * number
        return Polynomial(without_zeros(terms), one._reach)

    def _of(self, m: Packed) -> tuple[Packed, Rational]:
        """What is left of a monomial, and the number in front of it."""
        put_in = {name: power for name, power in monomial.powers(m) if name in self.numbers}
        number = Fraction(1)
        for name, power in put_in.items():
            number *= self.numbers[name] ** power
        found = self.known[m] = m - monomial.packed(put_in), exact(number)
        return found


def whole(sums: Iterable[Polynomial]) -> Polynomial:
    """The smallest number by which all sums become whole ones: those are compared many times as fast."""
    return ONE * lcm(*(c.denominator for one in sums for c in one.coefficients))


def without_shared(sums: Sequence[Polynomial]) -> list[Polynomial]:
    """Each sum without what all of them have: what is larger than what stays as it is, and is seen sooner."""
    if not sums:
        return []
    shared = dict(min(sums, key=len)._terms)
    for one in sums:
        shared = {m: min(c, own) for m, c in shared.items() if (own := one._terms.get(m)) is not None}
    # never below: what only some have is no part of it, and stays as it is
    return [
        Polynomial({m: rest for m, c in one._terms.items() if (rest := exact(c - shared.get(m, 0)))}, one._reach)
        for one in sums
    ]


def looked_at(sums: Iterable[Polynomial], points: Iterable[Mapping[str, float]]) -> list[tuple[float, ...]]:
    """About the values of each sum at some points; to see quickly what cannot be. What no float holds is infinite."""
    parts = [(list(one._terms), list(map(about, one._terms.values()))) for one in sums]
    every = {m for monomials, _ in parts for m in monomials}
    columns = []
    for point in points:
        size = {m: magnitude(m, point) for m in every}
        columns.append([sum(map(mul, numbers, map(size.__getitem__, monomials))) for monomials, numbers in parts])
    return list(zip(*columns, strict=True))


def typical(sums: Iterable[Polynomial]) -> dict[str, float]:
    """A point of usual sizes, for all symbols that occur."""
    return {name: float(SYMBOLS[name].typical) for name in sorted({name for one in sums for name in one.symbols})}


def magnitude(m: Packed, point: Mapping[str, float]) -> float:
    """About the value of a monomial at a point."""
    try:
        return prod(point[name] ** power for name, power in monomial.powers(m))
    except OverflowError:
        return inf
