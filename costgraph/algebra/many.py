"""What is done to many sums that share their terms, such as what is alive at one instant or another: once a term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import inf, lcm, prod

from costgraph.algebra import monomial
from costgraph.algebra.monomial import Packed
from costgraph.algebra.polynomial import ONE, Polynomial, exact, without_zeros
from costgraph.algebra.symbols import Rational

LARGEST = 10**300  # what is larger may be beyond any float


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


def looked_at(sums: Iterable[Polynomial], point: Mapping[str, float]) -> list[float]:
    """About the value of each sum at a point; to see quickly what cannot be. What no float holds is infinite."""
    known: dict[Packed, float] = {}
    found = []
    for one in sums:
        value = 0.0
        for m, c in one._terms.items():
            size = known.get(m)
            if size is None:
                size = known[m] = magnitude(m, point)
            value += (float(c) if -LARGEST < c < LARGEST else inf if c > 0 else -inf) * size
        found.append(value)
    return found


def magnitude(m: Packed, point: Mapping[str, float]) -> float:
    """About the value of a monomial at a point."""
    try:
        return prod(point[name] ** power for name, power in monomial.powers(m))
    except OverflowError:
        return inf
