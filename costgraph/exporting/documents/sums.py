"""Sums of a model's widths that formulas of a document share: named once, and each formula written in the names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator
from fractions import Fraction
from math import gcd, lcm
from string import ascii_lowercase

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import COUNT, Rational, Symbol, declare
from costgraph.records import dataclass

FEW = 3  # terms of a sum that is worth a name
SAVED = 40  # terms that a name has to save in all
MOST = 6  # names that one keeps in mind

Sizes = tuple[tuple[str, int], ...]  # a product of sizes
Weights = dict[Sizes, Rational]  # a sum of such products


@dataclass(frozen=True)
class Sum:
    """A sum with a name.

    Args:
        name: a symbol.
        weights: its terms, in which earlier sums have their names.
        value: the same in the symbols of the model.
        widths: the symbols that may occur in any of the sums.
    """

    name: str
    weights: Weights
    value: Polynomial
    widths: Collection[str]

    @property
    def defined(self) -> Quotient:
        """What it stands for, in the names of those before it."""
        return Quotient(polynomial(self.weights))

    def put_into(self, value: Quotient) -> Quotient:
        """A value in which the name stands wherever all of the sum stands beside a factor."""
        return Quotient(self._written(value.numerator), self._written(value.denominator))

    def _written(self, poly: Polynomial) -> Polynomial:
        factors, rows = split(poly, {*self.widths, *NAMES})
        found = [put(row, self) for row in rows]
        if not any(found):
            return poly
        return total(factor * polynomial(row) for factor, row in zip(factors, rows, strict=True))


NAMES = tuple(f"w_{letter}" for letter in ascii_lowercase[:MOST])


class Names:
    """Writes values in the names of sums, each once.

    Args:
        sums: in the order in which they are put in.
    """

    def __init__(self, sums: Iterable[Sum] = ()) -> None:
        self.sums = tuple(sums)
        self._written: dict[int, tuple[Quotient, Quotient]] = {}

    def __call__(self, value: Quotient) -> Quotient:
        """The value in names."""
        if not self.sums:
            return value
        known = self._written.get(id(value))
        if known is None:
            found = value
            for one in self.sums:
                found = one.put_into(found)
            known = self._written[id(value)] = (value, found)  # which keeps the value, so that no other has its id
        return known[1]


NONE = Names()


def shared(values: Iterable[Quotient], widths: Collection[str]) -> tuple[Sum, ...]:
    """The sums that save most of what formulas repeat, each in terms of those before it."""
    rows = [row for value in values for side in (value.numerator, value.denominator) for row in split(side, widths)[1]]
    found: list[Sum] = []
    for name in NAMES:
        if (weights := best(rows)) is None:
            break
        declare(Symbol(name, f"w_{{{name[-1]}}}", "", "a sum of widths", COUNT, 10**8))
        value = polynomial(weights).substitute({one.name: one.value for one in found})
        found.append(Sum(name, weights, value, widths))
        for row in rows:
            put(row, found[-1])
    return tuple(found)


def put(row: Weights, one: Sum) -> bool:
    """Let a name stand for its terms, where a row has all of them in the same proportion; whether it has."""
    factor = proportion(row, one.weights)
    if factor is None:
        return False
    for sizes in one.weights:
        del row[sizes]
    row[((one.name, 1),)] = factor
    return True


def proportion(row: Weights, part: Weights) -> Rational | None:
    """How many times a row has all of a sum; None if it has not."""
    if not row.keys() >= part.keys():
        return None
    first = next(iter(part))
    above, below = row[first], part[first]
    if any(row[sizes] * below != weight * above for sizes, weight in part.items()):
        return None
    factor = Fraction(above) / below
    return factor.numerator if factor.denominator == 1 else factor


def best(rows: Iterable[Weights]) -> Weights | None:
    """Of all sums that two rows have in common, the one that saves most terms; None if none saves enough."""
    count = Counter(primitive(row) for row in rows if len(row) >= FEW)
    distinct = [(dict(row), times) for row, times in count.items()]
    most, found = SAVED - 1, None
    for terms in sorted(set(common([row for row, _ in distinct]))):
        part = dict(terms)
        uses = sum(times for row, times in distinct if proportion(row, part) is not None)
        if (saved := (uses - 1) * (len(part) - 1)) > most:
            most, found = saved, part
    return found


def common(rows: list[Weights]) -> Iterator[tuple[tuple[Sizes, Rational], ...]]:
    """Each sum, and what two of them share in one proportion."""
    for at, row in enumerate(rows):
        yield primitive(row)
        for other in rows[at + 1 :]:
            if len(there := row.keys() & other.keys()) < FEW:
                continue
            by: dict[Fraction, Weights] = {}
            for sizes in there:
                by.setdefault(Fraction(row[sizes]) / other[sizes], {})[sizes] = row[sizes]
            yield from (primitive(part) for part in by.values() if len(part) >= FEW)


def primitive(row: Weights) -> tuple[tuple[Sizes, Rational], ...]:
    """A sum in whole numbers without a common divisor, in one order."""
    below = lcm(*(weight.denominator for weight in row.values()))
    whole = {sizes: int(row[sizes] * below) for sizes in sorted(row)}
    by = gcd(*whole.values()) * (-1 if max(whole.values(), default=0) < 0 else 1)
    return tuple((sizes, weight // by) for sizes, weight in whole.items())


def split(poly: Polynomial, widths: Container[str]) -> tuple[list[Polynomial], list[Weights]]:
    """A polynomial as factors without widths, and the sum of widths beside each."""
    found: dict[Polynomial, Weights] = {}
    for term in poly.monomials():
        powers = term.powers
        factor = Polynomial.monomial({name: power for name, power in powers.items() if name not in widths})
        sizes = tuple(sorted((name, power) for name, power in powers.items() if name in widths))
        found.setdefault(factor, {})[sizes] = term.leading_coefficient
    return list(found), list(found.values())


def polynomial(row: Weights) -> Polynomial:
    """A sum as a polynomial."""
    return total(Polynomial.monomial(dict(sizes), weight) for sizes, weight in row.items())
