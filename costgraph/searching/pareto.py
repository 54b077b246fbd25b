"""Points that no other one beats in everything: doubles say what is certainly beaten, rationals decide the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from costgraph.searching.columns import Column
from costgraph.searching.exact import NEAR

Exactly = Callable[[int, int], Fraction]  # of a row and a column
Ranks = NDArray[np.int64]


def front(columns: Sequence[Column], exactly: Exactly | None = None) -> NDArray[np.intp]:
    """The places of the rows that no other one beats: is as small in every column, and smaller in one.

    Of rows that are alike in all columns each is there.

    >>> front([np.array([1.0, 2.0, 3.0, 2.0]), np.array([3.0, 2.0, 1.0, 3.0])]).tolist()
    [0, 1, 2]

    Args:
        columns: values, rounded as doubles are.
        exactly: what they are, asked of rows whose doubles are too near to each other; the doubles unless given.
    """
    of = exactly or (lambda row, column: Fraction(float(columns[column][row])))
    ranks = np.stack([ranked(column) for column in columns], axis=1)
    left = np.flatnonzero(~clearly_beaten(ranks))
    found: list[int] = []
    kept = np.empty((len(left), len(columns)), dtype=np.int64)
    for rows in alike(ranks[left]):
        group = left[rows].tolist()
        before = [found[at] for at in np.flatnonzero((kept[: len(found)] <= ranks[group[0]]).all(axis=1)).tolist()]
        if before or len(group) > 1:
            group = [row for row in group if not any(beats(other, row, ranks, of) for other in (*before, *group))]
        kept[len(found) : len(found) + len(group)] = ranks[group]
        found += group
    return np.sort(np.array(found, dtype=np.intp))


def ranked(column: Column) -> Ranks:
    """The place of each value among all, where those that doubles cannot tell apart have the same."""
    order = np.argsort(column, kind="stable")
    values = column[order]
    apart = np.diff(values) > NEAR * np.abs(values[1:])
    ranks = np.empty(len(column), dtype=np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(apart)])
    return ranks


def clearly_beaten(ranks: Ranks) -> NDArray[np.bool_]:
    """Rows that another one is below in every column."""
    if ranks.shape[1] == 1:
        return np.asarray(ranks[:, 0] > ranks[:, 0].min())
    if ranks.shape[1] == 2:
        first, second = ranks[:, 0], ranks[:, 1]
        least = np.full(int(first.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(least, first, second)
        before = np.concatenate([[np.iinfo(np.int64).max], np.minimum.accumulate(least)[:-1]])
        return np.asarray(second > before[first])
    beaten = np.zeros(len(ranks), dtype=bool)
    for at in np.argsort(ranks.sum(axis=1), kind="stable"):
        if not beaten[at]:  # else who beats it beats all that it beats
            beaten |= (ranks[at] < ranks).all(axis=1)
    return beaten


def alike(ranks: Ranks) -> Iterator[NDArray[np.intp]]:
    """The places of rows with the same ranks, those first that may beat others."""
    order = np.lexsort(ranks.T[::-1])
    changes = np.flatnonzero((np.diff(ranks[order], axis=0) != 0).any(axis=1)) + 1
    yield from np.split(order, changes) if len(order) else []


def beats(one: int, other: int, ranks: Ranks, exactly: Exactly) -> bool:
    """Whether a row is as small in every column, and smaller in one; what is near is compared exactly."""
    if one == other:
        return False
    smaller = False
    for column in range(ranks.shape[1]):
        if (difference := int(ranks[one, column] - ranks[other, column])) > 0:
            return False
        if difference == 0:
            a, b = exactly(one, column), exactly(other, column)
            if a > b:
                return False
            smaller |= a < b
        smaller |= difference < 0
    return smaller
