"""The axis over which routed experts are split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import EXPERTS, Axis, Split
from costgraph.records import dataclass


@dataclass(frozen=True)
class ExpertsAxis(Axis):
    """Each device has some of the routed experts; outside of them it works on its own part of the batch.

    So tokens go to the devices of their experts, and come back.

    Args:
        degree: number of devices X; must divide the experts and the batch.
        tensor: whether a tensor axis splits the width of each expert, too; if not, experts are whole on its devices, of
            which each sends the tokens that rest there (it needs `sequence=True`).

    Source: Lepikhin et al. 2020 (GShard), Rajbhandari et al. 2022 (DeepSpeed-MoE).
    """

    kind: ClassVar[str] = "experts"
    symbol: ClassVar[str] = "X"
    degree: Size = "X"
    tensor: bool = True

    @property
    def computes(self) -> tuple[str, ...]:
        """The batch."""
        return ("batch",)

    @property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """Experts, in the experts."""
        return {EXPERTS: ("expert",)}

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, of the batch outside and of the experts inside."""
        if "expert" not in dims:
            raise UserError(f"{self}: there are no experts in this graph to split")
        return super().splits(name, dims)
