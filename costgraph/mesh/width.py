"""The axis over which the hidden width is split: with a tensor axis, matrices are split along both of their sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import Axis, Split
from costgraph.records import dataclass


@dataclass(frozen=True)
class WidthAxis(Axis):
    """Each device has a part of the hidden width, of activations and of matrices: two-dimensional tensor parallelism.

    A product that sums over the width leaves a sum to be taken; a norm, which needs all of it, gathers the activations.

    Args:
        degree: number of devices Y; must divide the width.

    Source: Pope et al. 2022 (2D weight-stationary).
    """

    kind: ClassVar[str] = "width"
    symbol: ClassVar[str] = "Y"
    degree: Size = "Y"

    @property
    def computes(self) -> tuple[str, ...]:
        """The hidden width."""
        return ("model",)

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, of the width."""
        if "model" not in dims:
            raise UserError(f"{self}: there is no hidden width to split in this graph")
        return super().splits(name, dims)
