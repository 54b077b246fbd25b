"""Points that no other one beats in everything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from costgraph.searching.columns import Column


def front(columns: Sequence[Column]) -> NDArray[np.intp]:
    """The places of the rows that no other one beats: is as small in every column, and smaller in one.

    Of rows that are alike in all columns each is there.

    >>> front([np.array([1.0, 2.0, 3.0, 2.0]), np.array([3.0, 2.0, 1.0, 3.0])]).tolist()
    [0, 1, 2]
    """
    table = np.stack(columns, axis=1)
    kept = np.arange(len(table))
    if len(columns) == 2:
        return kept[of_two(table)]
    return kept[unbeaten(table[kept])]


def of_two(table: NDArray[np.float64]) -> NDArray[np.intp]:
    """The same of two columns: in the order of the first, what is below all before it."""
    order = np.lexsort((table[:, 1], table[:, 0]))
    first, second = table[order, 0], table[order, 1]
    starts = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]]))
    least = np.minimum.reduceat(second, starts)  # of rows with one first value
    before = np.concatenate([[np.inf], np.minimum.accumulate(least)[:-1]])
    which = np.repeat(np.arange(len(starts)), np.diff(np.concatenate([starts, [len(first)]])))
    return np.sort(order[(second == least[which]) & (least[which] < before[which])])


def unbeaten(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other one beats, each compared with each."""
    found = np.ones(len(table), dtype=bool)
    for at, row in enumerate(table):
        if found[at]:
            found &= ~((row <= table).all(axis=1) & (row < table).any(axis=1))
    return found
