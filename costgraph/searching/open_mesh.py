"""Points of a mesh, open: two sides of it with a column each, of which every combination is a point.

Closed forms are sums of products of powers, and a product is one of what depends on the outer side with one of what
depends on the inner side. So each is computed on its own side, and the points of a block are one small product of
matrices, however many there are:

    outer (B, S) of 4 points, inner (D, E) of 2000: 12*B*S*D**2*E + 24*B*S**2*D is [4 x 2] @ [2 x 2000]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Powers = tuple[tuple[str, int], ...]

BLOCK = 8192  # points that are evaluated together, so that many columns of them stay in the cache
LARGE = 8 * BLOCK  # the same of one column
INNER = 2048  # points of the inner side, at most, unless it would have fewer than
NARROW = 64


class Side:
    """Columns of one side, and the products of powers of them, each computed once.

    Args:
        columns: by name.
        length: how many points it has.
    """

    def __init__(self, columns: Mapping[str, Column], length: int) -> None:
        self.columns, self.length = columns, length
        self.known: dict[Powers, Column] = {}
        self.tables: dict[tuple[Powers, ...], NDArray[np.float64]] = {}

    def table(self, products: tuple[Powers, ...]) -> NDArray[np.float64]:
        """A row for each product."""
        if products not in self.tables:
            found = np.empty((len(products), self.length))
            for row, powers in enumerate(products):
                found[row] = product(powers, self.columns, self.known) if powers else 1.0
            self.tables[products] = found
        return self.tables[products]

    def some(self, which: NDArray[np.bool_]) -> Side:
        """Those of its points that are chosen."""
        return Side({name: column[which] for name, column in self.columns.items()}, int(which.sum()))

    def stretch(self, first: int, last: int) -> Side:
        """Some of its points; products are computed for all of them at once."""
        return Stretch(self, first, last)


class Stretch(Side):
    """Some points of a side."""

    def __init__(self, side: Side, first: int, last: int) -> None:
        super().__init__({name: column[first:last] for name, column in side.columns.items()}, last - first)
        self.side, self.first, self.last = side, first, last

    def table(self, products: tuple[Powers, ...]) -> NDArray[np.float64]:
        """A row for each product."""
        return self.side.table(products)[:, self.first : self.last]


class OpenMesh(Mapping[str, Column]):
    """All combinations of two sides, the inner one changing first; as a mapping the columns of all these points.

    Args:
        outer, inner: the sides.
        both: columns of all points, of what depends on both sides.
    """

    def __init__(self, outer: Side, inner: Side, both: Mapping[str, Column] | None = None) -> None:
        self.outer, self.inner, self.both = outer, inner, dict(both or {})
        self.known: dict[Powers, Column] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """How many points each side has."""
        return self.outer.length, self.inner.length

    @property
    def length(self) -> int:
        """How many points there are."""
        return self.outer.length * self.inner.length

    def part(self, names: Iterable[str]) -> OpenMesh:
        """The least of it on which these columns are: one of its sides, or all of it."""
        used = set(names)
        if used & self.both.keys():
            return self
        outer = self.outer if used & self.outer.columns.keys() else ALONE
        inner = self.inner if used & self.inner.columns.keys() else ALONE
        return OpenMesh(outer, inner)

    def spread(self, values: NDArray[Any], part: OpenMesh) -> NDArray[Any]:
        """Values of a part of it at all of its points."""
        return np.broadcast_to(values.reshape(part.shape), self.shape).ravel()

    @cached_property
    def _flat(self) -> dict[str, Column]:
        return {}

    def __getitem__(self, name: str) -> Column:
        if name in self.both:
            return self.both[name]
        if name not in self._flat:
            inner = name in self.inner.columns
            column = self.inner.columns[name] if inner else self.outer.columns[name]
            self._flat[name] = np.tile(column, self.outer.length) if inner else np.repeat(column, self.inner.length)
        return self._flat[name]

    def __iter__(self) -> Iterator[str]:
        yield from (*self.outer.columns, *self.inner.columns, *self.both)

    def __len__(self) -> int:
        return len(self.outer.columns) + len(self.inner.columns) + len(self.both)

    def with_column(self, name: str, values: NDArray[np.float64]) -> OpenMesh:
        """The same with one more, which has an axis for each side."""
        if values.shape[1] == 1 and self.inner.length > 1:
            outer = Side({**self.outer.columns, name: values[:, 0]}, self.outer.length)
            return OpenMesh(outer, self.inner, self.both)
        if values.shape[0] == 1 and self.outer.length > 1:
            inner = Side({**self.inner.columns, name: values[0]}, self.inner.length)
            return OpenMesh(self.outer, inner, self.both)
        return OpenMesh(self.outer, self.inner, {**self.both, name: np.broadcast_to(values, self.shape).ravel()})


ALONE = Side({}, 1)


def product(powers: Powers, columns: Mapping[str, Column], known: dict[Powers, Column]) -> Column:
    """A product of powers; what several begin with is computed once."""
    if powers not in known:
        *others, (name, power) = powers
        last = known.get(((name, power),))
        if last is None:
            positive = columns[name] ** abs(power) if abs(power) != 1 else columns[name]
            last = known[(name, power),] = positive if power > 0 else 1.0 / positive
        known[powers] = product(tuple(others), columns, known) * last if others else last
    return known[powers]


def meshes(
    lists: Mapping[str, Sequence[float] | Column],
    first: int = 0,
    last: int | None = None,
    block: int = BLOCK,
    outside: int | None = None,
) -> Iterator[OpenMesh]:
    """The combinations of some lists from one to another, the last list changing first, in blocks.

    Args:
        lists: of numbers, by name.
        first: combination.
        last: the first that is no more.
        block: how many points one has at most.
        outside: how many lists are on the outer side; as many as leave a wide inner one unless given.
    """
    columns = {name: np.asarray(values, dtype=float) for name, values in lists.items()}
    names, lengths = list(columns), [len(column) for column in columns.values()]
    at = len(names) if outside is None else outside
    while outside is None and at and (prod(lengths[at - 1 :]) <= INNER or prod(lengths[at:]) < NARROW):
        at -= 1
    wide, points = prod(lengths[at:]), prod(lengths)
    outer, inner = ({name: columns[name] for name in part} for part in (names[:at], names[at:]))
    whole = of_lists(inner, 0, wide) if wide <= block else None
    end = points if last is None else min(last, points)
    while first < end:
        row, begins = divmod(first, wide)
        if begins or whole is None or end - first < wide:  # a part of one row
            ends = min(wide, begins + min(end - first, block))
            yield OpenMesh(of_lists(outer, row, row + 1), of_lists(inner, begins, ends))
            first += ends - begins
            continue
        rows = min((end - first) // wide, BLOCK)
        side = of_lists(outer, row, row + rows)
        for start in range(0, rows, block // wide):
            yield OpenMesh(side.stretch(start, min(start + block // wide, rows)), whole)
        first += rows * wide


def of_lists(lists: Mapping[str, Column], first: int, last: int) -> Side:
    """Some combinations of lists, as a side."""
    shape = tuple(map(len, lists.values()))
    places = np.unravel_index(np.arange(first, last), shape) if shape else ()
    return Side(
        {name: values[place] for (name, values), place in zip(lists.items(), places, strict=True)}, last - first
    )
