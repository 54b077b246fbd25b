"""The axis along which a step takes its batch in parts, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import Axis, Split
from costgraph.records import dataclass


@dataclass(frozen=True)
class MicrobatchesAxis(Axis):
    """The batch of a step goes through the model in parts, one after the other on the same devices.

    It is an axis in time: what is summed over it is accumulated, and nothing is sent.

    Args:
        degree: number of microbatches M; must divide the batch of a device.

    Source: Huang et al. 2019 (GPipe).
    """

    kind: ClassVar[str] = "microbatches"
    symbol: ClassVar[str] = "M"
    degree: Size = "M"
    in_time: ClassVar[bool] = True

    @property
    def computes(self) -> tuple[str, ...]:
        """The batch."""
        return ("batch",)

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, of the batch."""
        if "batch" not in dims:
            raise UserError(f"{self}: there is no batch to take in parts in this graph")
        return super().splits(name, dims)
