"""Points of a sweep: all combinations of numbers and choices, those of numbers in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.records import dataclass
from costgraph.searching.open_mesh import BLOCK, OpenMesh, meshes

STRETCH = 32 * BLOCK  # points of one combination that are looked at by one task


@dataclass(frozen=True)
class Piece:
    """A stretch of the points of one combination of choices; small, as it may be sent to others.

    Args:
        number: which one it is among all.
        part: of which combination of choices, counted as `Grid.chosen` gives them.
        first, last: of its points the first, and the first that is no more.
    """

    number: int
    part: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class Grid:
    """What is swept over.

    Args:
        choices: by name, what is no number, as text; or numbers that change which ops there are.
        numbers: by symbol, numbers in the order typed.
    """

    choices: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """How many points there are."""
        return self.combinations * self.each

    @property
    def combinations(self) -> int:
        """How many combinations of choices there are."""
        return prod(map(len, self.choices.values()))

    @property
    def each(self) -> int:
        """How many points each of them has."""
        return prod(map(len, self.numbers.values()))

    def chosen(self) -> Iterator[dict[str, str]]:
        """The combinations of choices, the last name changing first."""
        for values in product(*self.choices.values()):
            yield dict(zip(self.choices, values, strict=True))

    def pieces(self) -> Iterator[Piece]:
        """All points, in stretches that are looked at one by one."""
        numbers = count()
        for part, _ in enumerate(self.chosen()):
            for first in range(0, self.each, STRETCH):
                yield Piece(next(numbers), part, first, min(first + STRETCH, self.each))

    def parts(self, degrees: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Grid]]:
        """The points of one combination of choices, for every set of degrees that are 1 those with the others above.

        Args:
            degrees: the numbers of which 1 changes which ops there are.
        """
        may = self.ones(degrees)
        for which in product((True, False), repeat=len(may)):
            ones = tuple(name for name, one in zip(may, which, strict=True) if one)
            left = {
                name: tuple(value for value in values if name not in may or value != 1)
                for name, values in self.numbers.items()
                if name not in ones
            }
            if all(left.values()):
                yield ones, Grid({}, left)

    def ones(self, degrees: Sequence[str]) -> tuple[str, ...]:
        """Those of the degrees that may be 1."""
        return tuple(name for name in degrees if 1 in self.numbers.get(name, ()))

    def before(self, at: int, part: Grid) -> int:
        """How many points of a part stand before a point of all; a part has them in the same order."""
        if at == self.each:
            return part.each
        found, each, of_part = 0, self.each, part.each
        for name, values in self.numbers.items():
            each //= len(values)
            place, at = divmod(at, each)
            if name in part.numbers and len(part.numbers[name]) == len(values):
                fewer, there = place, True
            else:  # 1 alone, or all but 1
                one = values.index(1)
                alone = name not in part.numbers
                fewer = int(one < place) if alone else place - (one < place)
                there = (place == one) == alone
            of_part //= len(part.numbers.get(name, (1,)))
            found += fewer * of_part
            if not there:
                break
        return found

    def order(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Which place points of these numbers have among each other."""
        places = []
        for name, values in self.numbers.items():
            sorted_ = np.argsort(values)
            places.append(sorted_[np.searchsorted(values, columns[name], sorter=sorted_)])
        return np.lexsort(places[::-1])

    def blocks(self, first: int = 0, last: int | None = None, block: int = BLOCK) -> Iterator[OpenMesh]:
        """Points of one combination, all or some of them, some thousand at a time, the last name changing first."""
        return meshes(self.numbers, first, last, block)
