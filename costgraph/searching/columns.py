"""Closed forms on columns of numbers: each product of powers is computed once, each form is a sum of them.

A block of points is a column of doubles for every symbol that is open. Forms that share terms share their columns, so
that evaluating many of them is a product of a small matrix of coefficients with the matrix of these columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError
from costgraph.records import dataclass

Column: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = Mapping[str, Column]
Powers: TypeAlias = tuple[tuple[str, int], ...]

BLOCK = 8192  # points that are evaluated together, so that their columns stay in the cache


@dataclass(frozen=True)
class Program:
    """Forms as a matrix: a row of coefficients for each, a column for each product of powers that occurs.

    >>> x, y = Polynomial.symbol("B"), Polynomial.symbol("S")
    >>> Program.of([x * y * 2 + 1, x / y]).at({"B": np.array([3.0]), "S": np.array([4.0])}).tolist()
    [[25.0], [0.75]]
    """

    products: tuple[Powers, ...]
    coefficients: NDArray[np.float64]

    @classmethod
    def of(cls, forms: Sequence[Polynomial]) -> Program:
        """The matrix of some forms."""
        places: dict[Powers, int] = {}
        entries: list[tuple[int, int, float]] = []
        for row, form in enumerate(forms):
            for term in form.monomials():
                powers = tuple(term.powers.items())
                entries.append((row, places.setdefault(powers, len(places)), double(term.leading_coefficient)))
        found = np.zeros((len(forms), len(places)))
        for row, column, value in entries:
            found[row, column] = value
        return cls(tuple(places), found)

    def at(self, columns: Columns) -> NDArray[np.float64]:
        """A row of values for each form; those of forms without open symbols are as long as the others."""
        length = max((len(column) for column in columns.values()), default=1)
        table = np.empty((len(self.products), length))
        known: dict[Powers, Column] = {}
        for row, powers in enumerate(self.products):
            table[row] = product(powers, columns, known) if powers else 1.0
        return self.coefficients @ table


def double(value: Rational) -> float:
    """The nearest double.

    Raises:
        UserError: there is none, or it is 0 and the value is not.
    """
    try:
        found = float(value)
    except OverflowError:
        found = 0.0
    if value and not found:
        raise UserError("a size or share is beyond the numbers that columns hold; ask of one plan or point by itself")
    return found


def product(powers: Powers, columns: Columns, known: dict[Powers, Column]) -> Column:
    """A product of powers; what several begin with is computed once."""
    if powers not in known:
        *others, (name, power) = powers
        last = known.get(((name, power),))
        if last is None:
            positive = columns[name] ** abs(power) if abs(power) != 1 else columns[name]
            last = known[(name, power),] = positive if power > 0 else 1.0 / positive
        known[powers] = product(tuple(others), columns, known) * last if others else last
    return known[powers]


DIGITS = 12  # of a value in doubles: as many as are sure


def sure(values: Column) -> Column:
    """Values without the digits that doubles are not sure of, so that what is equal stays equal."""
    size = np.abs(values)
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0))))
    return np.asarray(np.round(values * scale) / scale)


FUNCTIONS = {"min": np.minimum, "max": np.maximum}
ROUNDED = {"ceil": np.ceil, "floor": np.floor}


def with_defined(columns: Columns, definitions: Iterable[Definition]) -> dict[str, Column]:
    """The columns with those of symbols that stand for minima, maxima and what is rounded, in order."""
    found = dict(columns)
    for one in definitions:
        sides = quotients(one.arguments, found)
        if one.function in ROUNDED:
            found[one.name] = ROUNDED[one.function](sides[0])
            continue
        least = sides[0]
        for side in sides[1:]:
            least = FUNCTIONS[one.function](least, side)
        found[one.name] = least
    return found


def quotients(forms: Sequence[Polynomial], columns: Columns) -> list[Column]:
    """Values with one division each, so that what is whole stays whole in doubles."""
    found = []
    for form in forms:
        above, below = (Program.of([part]).at(columns)[0] for part in form.fraction())
        found.append(above / below)
    return found
