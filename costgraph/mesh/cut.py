"""Over how many devices something is cut, and on behalf of which axis."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.polynomial import Polynomial, product
from costgraph.records import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """Over how many devices something is cut, on behalf of which axis of a mesh.

    Args:
        axis: the symbol of the axis, such as `T`.
        degree: how many devices.
        number: which cut of its axis; an axis may be made of two.
    """

    axis: str
    degree: Polynomial
    number: int = 0

    def __hash__(self) -> int:
        return hash(self.axis)


def devices(cuts: Iterable[Cut]) -> Polynomial:
    """The product of degrees."""
    return product(cut.degree for cut in cuts)
