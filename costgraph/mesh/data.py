"""The axis over which the batch is split."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import ClassVar, Literal

from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import Axis, Split
from costgraph.precision import State
from costgraph.records import dataclass


@dataclass(frozen=True)
class DataAxis(Axis):
    """Each device works on its own part of the batch.

    Args:
        degree: number of devices N_d; must divide the batch.
        zero: 1 cuts the optimizer's state over them, 2 the gradients too, 3 the weights too.

    Source: Rajbhandari et al. 2020 (ZeRO), Zhao et al. 2023 (FSDP).
    """

    kind: ClassVar[str] = "data"
    symbol: ClassVar[str] = "N_d"
    degree: Size = "N_d"
    zero: Literal[0, 1, 2, 3] = 0

    @property
    def computes(self) -> tuple[str, ...]:
        """The batch."""
        return ("batch",)

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, of the batch."""
        if "batch" not in dims:
            raise UserError(f"{self}: there is no batch to split in this graph")
        return super().splits(name, dims)

    @property
    def shards(self) -> Container[State]:
        """As many as the ZeRO stage says."""
        order: tuple[State, ...] = ("optimizer", "gradients", "weights")
        return order[: self.zero]
