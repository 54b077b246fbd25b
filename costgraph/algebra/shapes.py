"""Shapes in which a polynomial can be written: expanded, factored, collected by a symbol, leading term first.

No normal form prints like a paper. `auto` takes the shape with the fewest operations. All of them are exact and take no
sympy: factors are found by grouping terms under their largest common monomial and by trial division.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, log10
from operator import itemgetter

from costgraph.algebra.polynomial import ONE, Polynomial, product, total
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.errors import unknown

DEEP = 60  # parentheses in parentheses, beyond which nobody reads on: as many as the parser takes


@dataclass(frozen=True)
class Product:
    """A monomial times sums in parentheses."""

    monomial: Polynomial
    sums: tuple[Sum, ...] = ()

    @property
    def operations(self) -> int:
        """Multiplications, divisions and powers, and what the sums take."""
        coefficient = self.monomial.leading_coefficient
        powers = [abs(power) for power in self.monomial.powers.values()]
        parts = len(powers) + len(self.sums) + (abs(coefficient.numerator) != 1) + (coefficient.denominator != 1)
        return max(parts - 1, 0) + len(powers) - powers.count(1) + sum([s.operations for s in self.sums])

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        return product((self.monomial, *(factor.expand() for factor in self.sums)))


@dataclass(frozen=True)
class Sum:
    """A sum of products, in printing order."""

    products: tuple[Product, ...]

    @property
    def operations(self) -> int:
        """Additions, and what the products take."""
        return max(len(self.products) - 1, 0) + sum(p.operations for p in self.products)

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        return total(part.expand() for part in self.products)


def expanded(poly: Polynomial) -> Sum:
    """One product per term."""
    return Sum(tuple(map(Product, poly.monomials())))


def factored(poly: Polynomial) -> Sum:
    """Common factors pulled out, the rest grouped: `12*B*S*L*D*(S + D*(E + 2))`."""
    if not poly:
        return Sum(())
    whole = factor(poly)
    return whole.sums[0] if whole.monomial == ONE and len(whole.sums) == 1 else Sum((whole,))


def collected(poly: Polynomial, name: str) -> Sum:
    """One product per power of the symbol `name`, highest first."""
    symbol = Polynomial.symbol(name)
    return Sum(tuple(factor(part * symbol**power) for power, part in reversed(poly.collect(name).items())))


def leading_first(poly: Polynomial) -> Sum:
    """The term that is largest in a typical large model, times 1 + the others relative to it."""
    if len(poly) < 2:
        return expanded(poly)
    largest = max(poly.monomials(), key=magnitude)
    rest = (poly - largest) / largest
    order = sorted(rest.monomials(), key=magnitude, reverse=True)
    return Sum((Product(largest, (Sum((Product(ONE), *map(Product, order))),)),))


def magnitude(term: Polynomial) -> float:
    """The logarithm of a term's size in a typical large model."""
    value = term.leading_coefficient
    symbols = sum(power * log10(SYMBOLS[name].typical) for name, power in term.powers.items())
    return log10(abs(value.numerator)) - log10(value.denominator) + symbols


def factor(poly: Polynomial) -> Product:
    """A non-zero polynomial as monomial times sums that have no common monomial."""
    common = common_monomial(poly)
    rest = poly / common
    if rest == ONE:
        return Product(common)
    if len(rest) > DEEP and height(rest) > DEEP:
        return Product(common, (expanded(rest),))
    whole = group(rest)
    for part in sorted(inner_sums(whole), key=len):
        if part != rest and (quotient := rest.divide(part)) is not None:
            other, this = factor(quotient), factor(part)
            return Product(common * other.monomial * this.monomial, (*other.sums, *this.sums))
    return Product(common, (whole,))


def height(poly: Polynomial) -> int:
    """The highest degree of a term: no parentheses are nested deeper, for each level takes a power out."""
    return max(sum(term.powers.values()) for term in poly.monomials())


def common_monomial(poly: Polynomial) -> Polynomial:
    """The content, negative if all terms are."""
    return -poly.content if poly.signs == {-1} else poly.content


def inner_sums(written: Sum) -> list[Polynomial]:
    """The sums in parentheses inside a sum: candidates for a common factor."""
    found = {factor.expand(): None for part in written.products for factor in part.sums}
    return list(found)


def group(poly: Polynomial) -> Sum:
    """Terms grouped, again and again, under the symbol whose common monomial saves most.

    Coefficients are whole and no power is negative.
    """
    terms = poly.monomials()
    return Grouping([term.powers for term in terms], [term.leading_coefficient.numerator for term in terms]).whole()


class Grouping:
    """Groups the terms of one sum. A set of terms is an integer with a bit for each, in printing order.

    What has been pulled out of the terms of a set is not divided out of them; it is kept beside the set.
    """

    def __init__(self, powers: list[dict[str, int]], coefficients: list[int]) -> None:
        self.powers, self.coefficients = powers, coefficients
        self.degrees = [sum(of_term.values()) for of_term in powers]  # from high to low
        self.names = in_order({name for of_term in powers for name in of_term})
        # for each symbol and each n the set of terms that have a power of n or more
        self.terms = {name: [(1 << len(powers)) - 1, 0] for name in self.names}
        for i, of_term in enumerate(powers):
            for name, power in of_term.items():
                sets = self.terms[name]
                sets += [0] * (power + 2 - len(sets))
                for n in range(1, power + 1):
                    sets[n] |= 1 << i

    def whole(self) -> Sum:
        """All of them."""
        return self.sum((1 << len(self.powers)) - 1, dict.fromkeys(self.names, 0), 1)

    def sum(self, left: int, taken: dict[str, int], number: int) -> Sum:
        """The terms of a set over `number` and the powers in `taken`."""
        parts: list[tuple[int, Product]] = []
        while members := self.best(left, taken, number):
            parts.append((members & -members, self.product(members, taken, number)))
            left &= ~members
        for i in indices(left):
            powers = {name: power - taken[name] for name, power in self.powers[i].items() if power > taken[name]}
            parts.append((1 << i, Product(Polynomial.monomial(powers, self.coefficients[i] // number))))
        return Sum(tuple(part for _, part in sorted(parts, key=itemgetter(0))))

    def best(self, left: int, taken: dict[str, int], number: int) -> int:
        """The set with the symbol whose common monomial saves most multiplications; empty if nothing is saved."""
        most, found, gone = 0, 0, sum(taken.values())
        seen: set[int] = set()
        for name in self.names:
            members = self.terms[name][taken[name] + 1] & left
            count = members.bit_count()
            if count < 2 or members in seen:
                continue
            seen.add(members)
            if (count - 1) * (self.degrees[members.bit_length() - 1] - gone + 1) <= most:
                continue  # the last term, which has the lowest degree, has no more to share
            degree = sum(self.common(members, taken).values())
            if (count - 1) * (degree + 1) > most:
                saved = (count - 1) * (degree + (self.gcd(members, number) != 1))
                if saved > most:
                    most, found = saved, members
        return found

    def product(self, members: int, taken: dict[str, int], number: int) -> Product:
        """Terms with a common monomial as that monomial times the grouped rest."""
        powers, coefficient = self.common(members, taken), self.gcd(members, number)
        if all((self.coefficients[i] < 0) == (number > 0) for i in indices(members)):
            coefficient = -coefficient
        rest = self.sum(members, {name: n + powers.get(name, 0) for name, n in taken.items()}, number * coefficient)
        common = Polynomial.monomial(powers, coefficient)
        if len(rest.products) == 1:  # the rest is a product itself
            (only,) = rest.products
            return Product(common * only.monomial, only.sums)
        return Product(common, (rest,))

    def common(self, members: int, taken: dict[str, int]) -> dict[str, int]:
        """The powers of the monomial that the terms of a set have in common, beyond what is taken."""
        powers = {}
        for name, power in self.powers[members.bit_length() - 1].items():  # those of the last term, which has fewest
            sets, shared = self.terms[name], taken[name]
            while shared < power and not members & ~sets[shared + 1]:
                shared += 1
            if shared > taken[name]:
                powers[name] = shared - taken[name]
        return powers

    def gcd(self, members: int, number: int) -> int:
        """The greatest common divisor of the coefficients of a set over `number`, which divides all of them."""
        found = 0
        for i in indices(members):
            found = gcd(found, self.coefficients[i])
            if found == abs(number):
                break
        return found // abs(number)


def indices(members: int) -> Iterator[int]:
    """The places of the bits of a set, from low to high."""
    while members:
        yield (members & -members).bit_length() - 1
        members &= members - 1


MANY = 400  # terms beyond which a sum is expanded: nobody reads it, and factors would take seconds to find
SHAPES: tuple[str, ...] = ("auto", "expanded", "factored", "leading")


def write(poly: Polynomial, shape: str = "auto") -> Sum:
    """`poly` in a shape: one of `SHAPES`, or the name of a symbol to collect by.

    Raises:
        UserError: no shape has that name.
    """
    if shape in SYMBOLS:
        return collected(poly, shape)
    match shape:
        case "expanded":
            return expanded(poly)
        case "auto" | "factored" if len(poly) > MANY:
            return expanded(poly)
        case "factored":
            return factored(poly)
        case "leading":
            return leading_first(poly)
        case "auto":
            return min(factored(poly), expanded(poly), key=lambda written: written.operations)
    raise unknown("form", shape, SHAPES)
