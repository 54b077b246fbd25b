"""Points of a sweep: all combinations of numbers and choices, those of numbers in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, product
from math import prod

from costgraph.records import dataclass
from costgraph.searching.open_mesh import BLOCK, OpenMesh, meshes

STRETCH = 32 * BLOCK  # points of one combination that are looked at by one task


@dataclass(frozen=True)
class Piece:
    """A stretch of the points of one combination of choices; small, as it may be sent to others.

    Args:
        number: which one it is among all.
        part: of which combination of choices, counted as `Grid.parts` gives them.
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

    def parts(self, degrees: Sequence[str]) -> Iterator[tuple[dict[str, str], tuple[str, ...], Grid]]:
        """The combinations of choices, each once more for every set of degrees that are 1, with the numbers left open.

        Args:
            degrees: the numbers of which 1 changes which ops there are.
        """
        may = [name for name in degrees if 1 in self.numbers.get(name, ())]
        for choices in self.chosen():
            for which in product((True, False), repeat=len(may)):
                ones = tuple(name for name, one in zip(may, which, strict=True) if one)
                left = {
                    name: tuple(value for value in values if name not in may or value != 1)
                    for name, values in self.numbers.items()
                    if name not in ones
                }
                if all(left.values()):
                    yield choices, ones, Grid({}, left)

    def pieces(self, degrees: Sequence[str]) -> Iterator[Piece]:
        """All points, in stretches that are looked at one by one."""
        numbers = count()
        for part, (_, _, grid) in enumerate(self.parts(degrees)):
            for first in range(0, grid.each, STRETCH):
                yield Piece(next(numbers), part, first, min(first + STRETCH, grid.each))

    def blocks(self, first: int = 0, last: int | None = None, block: int = BLOCK) -> Iterator[OpenMesh]:
        """Points of one combination, all or some of them, some thousand at a time, the last name changing first."""
        return meshes(self.numbers, first, last, block)
