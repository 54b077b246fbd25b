"""Points of a sweep: all combinations of numbers and choices, those of numbers in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from costgraph.records import dataclass
from costgraph.searching.open_mesh import OpenMesh, meshes


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

    def blocks(self) -> Iterator[OpenMesh]:
        """All points of one combination, some thousand at a time, the last name changing first."""
        return meshes(self.numbers)
