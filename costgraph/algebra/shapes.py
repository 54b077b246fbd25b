"""Shapes in which a polynomial can be written: expanded, factored, collected by a symbol, leading term first.

No normal form prints like a paper. `auto` takes the shape with the fewest operations. All of them are exact and take no
sympy: factors are found by grouping terms under their largest common monomial and by trial division.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from math import gcd, log10
from operator import itemgetter

from costgraph.algebra.polynomial import ONE, Polynomial, product, total
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.errors import unknown
from costgraph.records import dataclass

SEVERAL = 6  # terms, from which on a product of two sums is looked for symbol by symbol
DEEP = 60  # parentheses in parentheses, beyond which nobody reads on: as many as the parser takes


@dataclass(frozen=True)
class Product:
    """A monomial times sums in parentheses."""

    monomial: Polynomial
    sums: tuple[Sum, ...] = ()

    @property
    def operations(self) -> int:
        """Multiplications, divisions and powers, and what the sums take."""
        coefficient, powers = self.monomial.leading_coefficient, list(self.monomial.powers.values())
        parts = len(powers) + len(self.sums) + (abs(coefficient.numerator) != 1) + (coefficient.denominator != 1)
        higher = len(powers) - powers.count(1) - powers.count(-1)
        return max(parts - 1, 0) + higher + sum([s.operations for s in self.sums])

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        expansion = self.monomial
        for factor in self.sums:
            expansion = expansion * factor.expand()
        return expansion


@dataclass(frozen=True)
class Sum:
    """A sum of products, in printing order."""

    products: tuple[Product, ...]

    @property
    def operations(self) -> int:
        """Additions, and what the products take."""
        return max(len(self.products) - 1, 0) + sum([p.operations for p in self.products])

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        return total([part.expand() for part in self.products])


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
    terms = rest.monomials()
    if len(terms) > DEEP and degree(terms[0]) > DEEP:  # no parentheses are nested deeper: each level takes a power out
        return Product(common, (expanded(rest),))
    whole = Grouping(terms).whole()
    inner = [part for one in whole.products for part in one.sums if within(leading(part), terms[0])]
    for part in sorted([*(part.expand() for part in inner), *of_powers(rest)], key=len):
        if part != rest and (quotient := rest.divide(part)) is not None:
            other, this = factor(quotient), factor(part)
            return Product(common * other.monomial * this.monomial, (*other.sums, *this.sums))
    return Product(common, (Sum(tuple([in_factors(part) for part in whole.products])),))


def in_factors(part: Product) -> Product:
    """A product in a sum, its own sum as a product where it is one."""
    if len(part.sums) != 1 or len(poly := part.sums[0].expand()) < SEVERAL or not of_powers(poly):
        return part
    again = factor(poly)
    found = Product(part.monomial * again.monomial, again.sums)
    return found if found.operations < part.operations else part


def of_powers(poly: Polynomial) -> list[Polynomial]:
    """What may be a factor that lacks a symbol: what stands at the power of it that has the fewest terms.

    Such as what `P + M - 1` multiplies, in which grouping terms sees no sum that they share: it stands at P.
    """
    if len(poly) < SEVERAL:
        return []
    found = [min(poly.collect(name).values(), key=len) for name in poly.symbols]
    return list({part / common_monomial(part) for part in found if len(part) > 1 and len(poly) % len(part) == 0})


def degree(term: Polynomial) -> int:
    """The degree of a monomial, of a sum in printing order highest in the first."""
    return sum(term.powers.values())


def common_monomial(poly: Polynomial) -> Polynomial:
    """The content, negative if all terms are."""
    return -poly.content if poly.signs == {-1} else poly.content


def leading(written: Sum) -> Polynomial:
    """The term of a grouped sum that is printed first: of a factor it divides that of the whole."""
    first = written.products[0]
    return product([first.monomial, *map(leading, first.sums)])


def within(divisor: Polynomial, term: Polynomial) -> bool:
    """Whether a monomial divides another without negative powers."""
    return min((term / divisor).powers.values(), default=0) >= 0


FEW = 5  # terms: only what these share is looked for in all


class Grouping:
    """Groups the terms of a sum, again and again, under the symbol whose common monomial saves most.

    Coefficients are whole, no power is negative, terms are in printing order. A set of terms is an integer with a bit
    for each. So is a set of factors, the steps from one power of a symbol to the next that occurs: of `D**2 + S*D**5`
    they are S, D**2 and then D**3. What is taken out of the terms of a set is not divided out of them, but kept beside.
    """

    def __init__(self, terms: list[Polynomial]) -> None:
        self.terms = terms
        self.coefficients = [term.leading_coefficient.numerator for term in terms]
        powers = [term.powers.items() for term in terms]
        occurring: dict[str, list[int]] = {}
        for name, power in sorted(set[tuple[str, int]]().union(*powers)):
            occurring.setdefault(name, []).append(power)
        self.factors: list[tuple[str, int]] = []
        self.first = 0  # the factors that are the first of a symbol
        of_power: dict[tuple[str, int], int] = {}
        for name in in_order(occurring):
            before = 1 << len(self.factors)
            self.first |= before
            for lower, power in pairwise((0, *occurring[name])):
                self.factors.append((name, power - lower))
                of_power[name, power] = (1 << len(self.factors)) - before
        # for each term the factors that it has, and for each factor the terms that have it
        self.having = [sum([of_power[part] for part in of_term]) for of_term in powers]
        self.had = transposed(self.having, len(self.factors))
        # what factors have beyond the first degree, digit by digit: those that have a 1 there
        beyond = [step - 1 for _, step in self.factors]
        digits = range(max(beyond, default=0).bit_length())
        self.beyond = [sum((step >> digit & 1) << i for i, step in enumerate(beyond)) for digit in digits]

    def whole(self) -> Sum:
        """All of them."""
        return self.sum((1 << len(self.terms)) - 1, 0, ONE)

    def sum(self, left: int, taken: int, out: Polynomial) -> Sum:
        """The terms of a set over the monomial that was taken out, which has the factors in `taken`."""
        parts: list[tuple[int, Product]] = []
        following = taken << 1 | self.first  # of each symbol the factor after those that are taken
        groups = [self.had[i] for i in indices(self.repeated(left) & following & ~taken)]
        while groups := list(dict.fromkeys([g for group in groups if (g := group & left).bit_count() > 1])):
            members, factors, divisor = self.best(groups, taken, abs(out.leading_coefficient.numerator))
            if not members:
                break
            parts.append((members & -members, self.product(members, taken, out, factors, divisor)))
            left &= ~members
        parts += [(1 << i, Product(self.terms[i] / out)) for i in indices(left)]
        return Sum(tuple([part for _, part in sorted(parts, key=itemgetter(0))]))

    def best(self, groups: list[int], taken: int, number: int) -> tuple[int, int, int]:
        """The group whose common monomial saves most multiplications, with the factors and the number in it.

        Nobody is in it if nothing is saved.
        """
        most, found = 0, (0, 0, 0)
        having, coefficients = self.having, self.coefficients
        for members in groups:
            factors, divisor, rest = ~taken, 0, members
            for _ in range(FEW):
                last = rest.bit_length() - 1
                factors &= having[last]
                if divisor != number:
                    divisor = gcd(divisor, coefficients[last])
                rest ^= 1 << last
                if not rest:
                    break
            times = members.bit_count() - 1
            if rest and times * (self.degree(factors) + (divisor != number)) > most:
                factors = self.common(rest, factors)
                if times * (self.degree(factors) + (divisor != number)) > most:
                    divisor = self.gcd(rest, divisor, number)
            saved = times * (self.degree(factors) + (divisor != number))
            if saved > most:
                most, found = saved, (members, factors, divisor)
        return found

    def product(self, members: int, taken: int, out: Polynomial, factors: int, divisor: int) -> Product:
        """Terms with a common monomial as that monomial times the grouped rest."""
        powers: dict[str, int] = {}
        for name, step in [self.factors[i] for i in indices(factors)]:
            powers[name] = powers.get(name, 0) + step
        number = out.leading_coefficient.numerator
        coefficient = divisor // abs(number)
        if all((self.coefficients[i] < 0) == (number > 0) for i in indices(members)):
            coefficient = -coefficient
        common = Polynomial.monomial(powers, coefficient)
        rest = self.sum(members, taken | factors, out * common)
        if len(rest.products) == 1:  # the rest is a product itself
            (only,) = rest.products
            return Product(common * only.monomial, only.sums)
        return Product(common, (rest,))

    def repeated(self, members: int) -> int:
        """The factors that more than one term of a set has."""
        once = twice = 0
        for i in indices(members):
            twice |= once & self.having[i]
            once |= self.having[i]
        return twice

    def common(self, members: int, factors: int) -> int:
        """Those of some factors that all terms of a set have."""
        for i in indices(factors):
            if members & ~self.had[i]:
                factors ^= 1 << i
        return factors

    def degree(self, factors: int) -> int:
        """The degree of the product of factors."""
        degree = factors.bit_count()
        for digit, those in enumerate(self.beyond):
            degree += (factors & those).bit_count() << digit
        return degree

    def gcd(self, members: int, divisor: int, number: int) -> int:
        """The greatest common divisor of coefficients and a number, which is at least what divides all of them."""
        for i in indices(members):
            if divisor == number:
                break
            divisor = gcd(divisor, self.coefficients[i])
        return divisor


def transposed(rows: list[int], width: int) -> list[int]:
    """For each bit the set of the rows that have it."""
    digits = zip(*[f"{row:0{width}b}" for row in reversed(rows)], strict=True)  # the highest bit and row come first
    return [int("".join(column), 2) for column in digits][::-1]


def indices(members: int) -> Iterator[int]:
    """The places of the bits of a set, from low to high."""
    while members:
        yield (members & -members).bit_length() - 1
        members &= members - 1


MANY = 400  # terms beyond which a sum is expanded: nobody reads it, and factors would take seconds to find
SHAPES: tuple[str, ...] = ("auto", "expanded", "factored", "leading")


@lru_cache(maxsize=1024)  # what is asked how wide it is, is written then
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
