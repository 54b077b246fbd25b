"""Shapes in which a polynomial can be written: expanded, factored, collected by a symbol, leading term first.

No normal form prints like a paper. `auto` takes the shape with the fewest operations. All of them are exact and take no
sympy: factors are found by grouping terms under their largest common monomial and by trial division.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import log10

from costgraph.algebra.polynomial import CONSTANT, NAMES, ONE, ZERO, Polynomial
from costgraph.algebra.symbols import INDEX, SYMBOLS
from costgraph.errors import unknown


@dataclass(frozen=True)
class Product:
    """A monomial times sums in parentheses."""

    monomial: Polynomial
    sums: tuple[Sum, ...] = ()

    @cached_property
    def operations(self) -> int:
        """Multiplications, divisions and powers, and what the sums take."""
        ((exponents, coefficient),) = self.monomial.terms.items()
        powers = [abs(e) for e in exponents if e]
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
    at = INDEX[name]
    parts = []
    for power in sorted(poly.exponents(name), reverse=True):
        part = Polynomial({e: c for e, c in poly.terms.items() if e[at] == power})
        parts.append(factor(part))
    return Sum(tuple(parts))


def leading_first(poly: Polynomial) -> Sum:
    """The term that is largest in a typical large model, times 1 + the others relative to it."""
    if len(poly.terms) < 2:
        return expanded(poly)
    largest = max(poly.monomials(), key=magnitude)
    rest = (poly - largest) / largest
    order = sorted(rest.monomials(), key=magnitude, reverse=True)
    return Sum((Product(largest, (Sum((Product(ONE), *map(Product, order))),)),))


def magnitude(term: Polynomial) -> float:
    """The logarithm of a term's size in a typical large model."""
    ((exponents, value),) = term.terms.items()
    return (
        log10(abs(value.numerator))
        - log10(value.denominator)
        + sum(power * log10(symbol.typical) for symbol, power in zip(SYMBOLS.values(), exponents, strict=True))
    )


def factor(poly: Polynomial) -> Product:
    """A non-zero polynomial as monomial times sums that have no common monomial."""
    common = poly.content()
    if all(c < 0 for c in poly.terms.values()):
        common = -common
    rest = poly / common
    if rest == ONE:
        return Product(common)
    whole = group(rest)
    for part in sorted(inner_sums(whole), key=lambda p: len(p.terms)):
        if part != rest and (quotient := rest.divide(part)) is not None:
            other, this = factor(quotient), factor(part)
            return Product(common * other.monomial * this.monomial, (*other.sums, *this.sums))
    return Product(common, (whole,))


def inner_sums(written: Sum) -> list[Polynomial]:
    """The sums in parentheses inside a sum: candidates for a common factor."""
    found = {factor.expand(): None for part in written.products for factor in part.sums}
    return list(found)


def group(poly: Polynomial) -> Sum:
    """Terms grouped, again and again, under the symbol whose common monomial saves most."""
    if len(poly.terms) < 2:
        return expanded(poly)
    best: tuple[int, list[tuple[int, ...]]] = (0, [])
    for at in range(len(NAMES)):
        for sign in (1, -1):
            members = [e for e in poly.terms if e[at] * sign > 0]
            if len(members) > 1:
                common = Polynomial({e: poly.terms[e] for e in members}).content()
                ((exponents, coefficient),) = common.terms.items()
                saved = (len(members) - 1) * (sum(map(abs, exponents)) + (coefficient != 1))
                if saved > best[0]:
                    best = (saved, members)
    if not best[1]:
        return expanded(poly)
    inside = Polynomial({e: poly.terms[e] for e in best[1]})
    outside = Polynomial({e: c for e, c in poly.terms.items() if e not in inside.terms})
    parts = [*group(outside).products, grouped(inside)]
    return Sum(tuple(sorted(parts, key=position(poly))))


def grouped(inside: Polynomial) -> Product:
    """Terms with a common monomial as that monomial times the grouped rest."""
    common = inside.content()
    if all(c < 0 for c in inside.terms.values()):
        common = -common
    rest = group(inside / common)
    if len(rest.products) == 1:  # the rest is a product itself
        (only,) = rest.products
        return Product(common * only.monomial, only.sums)
    return Product(common, (rest,))


def position(poly: Polynomial) -> Callable[[Product], int]:
    """Where the first of a product's terms stands in the expanded polynomial; plain numbers come last."""
    order = {next(iter(term.terms)): i for i, term in enumerate(poly.monomials())}

    def first(part: Product) -> int:
        places = [order.get(e, len(order)) for e in part.expand().terms]
        return len(order) if list(part.expand().terms) == [CONSTANT] else min(places)

    return first


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
