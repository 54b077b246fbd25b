"""Shapes in which a polynomial can be written: expanded, factored, collected by a symbol, leading term first.

No normal form prints like a paper. `auto` takes the shape with the fewest operations. All of them are exact and take no
sympy: factors are found by grouping terms under their largest common monomial and by trial division.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log10
from operator import itemgetter

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, content, total
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.errors import unknown


@dataclass(frozen=True)
class Product:
    """A monomial times sums in parentheses."""

    monomial: Polynomial
    sums: tuple[Sum, ...] = ()

    @cached_property
    def operations(self) -> int:
        """Multiplications, divisions and powers, and what the sums take."""
        coefficient = self.monomial.leading_coefficient
        powers = [abs(power) for power in self.monomial.powers.values()]
        parts = len(powers) + len(self.sums) + (abs(coefficient.numerator) != 1) + (coefficient.denominator != 1)
        return max(parts - 1, 0) + sum(e > 1 for e in powers) + sum(s.operations for s in self.sums)

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        result = self.monomial
        for factor in self.sums:
            result = result * factor.expand()
        return result


@dataclass(frozen=True)
class Sum:
    """A sum of products, in printing order."""

    products: tuple[Product, ...]

    @cached_property
    def operations(self) -> int:
        """Additions, and what the products take."""
        return max(len(self.products) - 1, 0) + sum(p.operations for p in self.products)

    def expand(self) -> Polynomial:
        """The polynomial that this writes."""
        result = ZERO
        for part in self.products:
            result = result + part.expand()
        return result


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
    common = poly.content() * (-1 if poly.signs == {-1} else 1)
    rest = poly / common
    if rest == ONE:
        return Product(common)
    whole = group(rest)
    for part in sorted(inner_sums(whole), key=len):
        if part != rest and (quotient := rest.divide(part)) is not None:
            other, this = factor(quotient), factor(part)
            return Product(common * other.monomial * this.monomial, (*other.sums, *this.sums))
    return Product(common, (whole,))


def inner_sums(written: Sum) -> list[Polynomial]:
    """The sums in parentheses inside a sum: candidates for a common factor."""
    found = {factor.expand(): None for part in written.products for factor in part.sums}
    return list(found)


def group(poly: Polynomial) -> Sum:
    """Terms grouped, again and again, under the symbol whose common monomial saves most; none has a negative power."""
    terms = poly.monomials()
    place = {id(term): i for i, term in enumerate(terms)}
    parts: list[tuple[int, Product]] = []  # with the place of the first of their terms
    while members := best_group(terms):
        parts.append((place[id(members[0])], grouped(total(members))))
        inside = set(map(id, members))
        terms = [term for term in terms if id(term) not in inside]
    parts += [(place[id(term)], Product(term)) for term in terms]
    return Sum(tuple(part for _, part in sorted(parts, key=itemgetter(0))))


def best_group(terms: list[Polynomial]) -> list[Polynomial]:
    """The terms with the symbol whose common monomial saves most multiplications; none if nothing is saved."""
    best: tuple[int, list[Polynomial]] = (0, [])
    for name in in_order({name for term in terms for name in term.powers}):
        members = [term for term in terms if name in term.powers]
        if len(members) > 1:
            common = content(*members)
            saved = (len(members) - 1) * (sum(common.powers.values()) + (common.leading_coefficient != 1))
            if saved > best[0]:
                best = (saved, members)
    return best[1]


def grouped(inside: Polynomial) -> Product:
    """Terms with a common monomial as that monomial times the grouped rest."""
    common = inside.content() * (-1 if inside.signs == {-1} else 1)
    rest = group(inside / common)
    if len(rest.products) == 1:  # the rest is a product itself
        (only,) = rest.products
        return Product(common * only.monomial, only.sums)
    return Product(common, (rest,))


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
        case "factored":
            return factored(poly)
        case "leading":
            return leading_first(poly)
        case "auto":
            return min(factored(poly), expanded(poly), key=lambda written: written.operations)
    raise unknown("form", shape, SHAPES)
