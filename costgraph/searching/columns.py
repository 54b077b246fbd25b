"""Closed forms on columns of numbers: each product of powers is computed once, each form is a sum of them.

A block of points is a column of doubles for every symbol that is open. Forms that share terms share their columns, so
that evaluating many of them is a product of a small matrix of coefficients with the matrix of these columns. Of the
points of an open mesh each product is computed on the sides on which its symbols are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, reduce
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError
from costgraph.records import dataclass
from costgraph.searching.open_mesh import BLOCK as BLOCK
from costgraph.searching.open_mesh import Column as Column
from costgraph.searching.open_mesh import OpenMesh, Powers, product

Columns: TypeAlias = Mapping[str, Column]


class Sides(NamedTuple):
    """Terms of forms on an open mesh: `coefficients` is a matrix for each form, of what is inside and what is outside.

    Args:
        both: what they have in common that is on neither side alone.
        forms: which of the forms have such terms.
        outer, inner: products of powers on each side.
        coefficients: by form, inner and outer product.
    """

    both: Powers
    forms: list[int]
    outer: tuple[Powers, ...]
    inner: tuple[Powers, ...]
    coefficients: NDArray[np.float64]

    def weights(self, mesh: OpenMesh) -> NDArray[np.float64]:
        """What products on the inner side are multiplied by: by outer point, form and product."""
        return (self.coefficients @ mesh.outer.table(self.outer)).transpose(2, 0, 1)

    def at(self, mesh: OpenMesh) -> NDArray[np.float64]:
        """The sum of these terms, a row for each of the forms; what depends on one side is multiplied there."""
        left, right = mesh.outer.table(self.outer), mesh.inner.table(self.inner)
        if len(self.outer) < len(self.inner):  # the shorter sum last, as it is that of each point
            rows = np.matmul(left.T, self.coefficients.transpose(0, 2, 1) @ right)
        else:
            weights = np.ascontiguousarray((self.coefficients @ left).transpose(0, 2, 1))
            rows = weights.reshape(-1, len(self.inner)) @ right
        found: NDArray[np.float64] = rows.reshape(len(self.forms), -1)
        if self.both:
            found *= product(self.both, mesh.both, mesh.known)
        return found


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

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Those that occur."""
        return tuple(dict.fromkeys(name for powers in self.products for name, _ in powers))

    def at(self, columns: Columns) -> NDArray[np.float64]:
        """A row of values for each form; those of forms without open symbols are as long as the others."""
        if isinstance(columns, OpenMesh):
            return self.on_mesh(columns)
        length = max((len(column) for column in columns.values()), default=1)
        table = np.empty((len(self.products), length))
        known: dict[Powers, Column] = {}
        for row, powers in enumerate(self.products):
            table[row] = product(powers, columns, known) if powers else 1.0
        return self.coefficients @ table

    def on_mesh(self, mesh: OpenMesh) -> NDArray[np.float64]:
        """The same of the points of an open mesh."""
        found: NDArray[np.float64] | None = None
        for terms in self.sides(frozenset(mesh.outer.columns), frozenset(mesh.both)):
            rows = terms.at(mesh)
            if found is None and len(rows) == len(self.coefficients):
                found = rows
                continue
            found = np.zeros((len(self.coefficients), mesh.length)) if found is None else found
            for form, row in zip(terms.forms, rows, strict=True):
                found[form] += row
        return np.zeros((len(self.coefficients), mesh.length)) if found is None else found

    def sides(self, outer: frozenset[str], both: frozenset[str]) -> tuple[Sides, ...]:
        """The terms by what they have on neither side alone, split between the sides; once for all blocks."""
        if (outer, both) not in self._sides:
            self._sides[outer, both] = tuple(self.split(outer, both))
        return self._sides[outer, both]

    @cached_property
    def _sides(self) -> dict[tuple[frozenset[str], frozenset[str]], tuple[Sides, ...]]:
        return {}

    def split(self, outer: frozenset[str], both: frozenset[str]) -> Iterator[Sides]:
        """The same."""
        groups: dict[Powers, list[tuple[Powers, Powers, NDArray[np.float64]]]] = {}
        for powers, column in zip(self.products, self.coefficients.T, strict=True):
            neither = tuple(one for one in powers if one[0] in both)
            outside = tuple(one for one in powers if one[0] in outer and one[0] not in both)
            inside = tuple(one for one in powers if one[0] not in outer and one[0] not in both)
            groups.setdefault(neither, []).append((outside, inside, column))
        for neither, terms in sorted(groups.items(), key=lambda group: len(group[0])):
            which = np.flatnonzero(np.any([column != 0 for _, _, column in terms], axis=0))
            forms = np.arange(len(self.coefficients)) if not neither else which
            lefts = tuple(dict.fromkeys(term[0] for term in terms))
            rights = tuple(dict.fromkeys(term[1] for term in terms))
            if len(rights) == 1 < len(lefts) or len(lefts) == len(rights) == 1:
                rights = (*rights, ())  # NumPy multiplies matrices of one column by itself, and slowly
            elif len(lefts) == 1:
                lefts = (*lefts, ())
            found = np.zeros((len(forms), len(rights), len(lefts)))
            for outside, inside, column in terms:
                found[:, rights.index(inside), lefts.index(outside)] += column[forms]
            yield Sides(neither, forms.tolist(), lefts, rights, found)


@lru_cache(maxsize=1024)
def program_of(form: Polynomial) -> Program:
    """One form by itself."""
    return Program.of([form])


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


DIGITS = 12  # of a value in doubles: as many as are sure


FUNCTIONS = {"min": np.minimum, "max": np.maximum}
ROUNDED = {"ceil": np.ceil, "floor": np.floor}


def with_defined(columns: Columns, definitions: Iterable[Definition]) -> Columns:
    """The columns with those of symbols that stand for minima, maxima and what is rounded, in order."""
    for one in definitions:
        sides = [quotient(form, columns) for form in one.arguments]
        rounded = ROUNDED.get(one.function)
        values = rounded(sides[0]) if rounded else reduce(FUNCTIONS[one.function], sides)
        if isinstance(columns, OpenMesh):
            columns = columns.with_column(one.name, values)
        else:
            columns = {**columns, one.name: values}
    return columns


def quotient(form: Polynomial, columns: Columns) -> Column:
    """Its value with one division, so that what is whole stays whole in doubles.

    On an open mesh it has an axis for each side, of length 1 where nothing depends on that side.
    """
    mesh = columns.part(form.symbols) if isinstance(columns, OpenMesh) else None
    above, below = (program_of(part).at(columns if mesh is None else mesh)[0] for part in form.fraction())
    values: Column = above / below
    return values if mesh is None else values.reshape(mesh.shape)
