"""The axis over which the layers are split, in stages that work on different microbatches at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import Axis, Split
from costgraph.records import dataclass
from costgraph.schedules import SCHEDULES, Schedule


@dataclass(frozen=True)
class PipelineAxis(Axis):
    """Each stage has some of the layers, and passes on what it computes.

    Args:
        degree: number of stages P.
        v: chunks of layers that a stage holds, more than one with `interleaved`; in the shape of a V it holds two.
        schedule: in which order a stage works on its microbatches.
        stage: whose costs are told: of the `first`, which has what stands before the layers, of one in the `middle`, of
            the `last`, which has what stands behind them, or of the `worst`, chosen for each measure.

    Source: Huang et al. 2019 (GPipe), Narayanan et al. 2021 (1F1B, interleaved), Qi et al. 2023 (zero bubble), Qi
    et al. 2024 (V-Half, V-Min), DeepSeek-AI 2025 (DualPipeV).
    """

    kind: ClassVar[str] = "pipeline"
    symbol: ClassVar[str] = "P"
    degree: Size = "P"
    v: Size = 1
    schedule: Literal["gpipe", "1f1b", "interleaved", "zb-h1", "zb-h2", "zb-v", "v-half", "v-min", "dualpipev"] = "1f1b"
    stage: Literal["first", "middle", "last", "worst"] = "worst"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size.number == 2 and self.stage == "middle":
            raise UserError(f"{self}: of two stages one is the first and one the last")

    @property
    def computes(self) -> tuple[str, ...]:
        """No dims."""
        return ()

    @property
    def chunks(self) -> Polynomial:
        """How many chunks of layers a stage holds.

        Raises:
            UserError: no positive integer.
        """
        chunks = bound("v", self.v)
        return Polynomial.constant(2) if self.order.folded and chunks == ONE else chunks

    @property
    def order(self) -> Schedule:
        """The schedule."""
        return SCHEDULES[self.schedule]

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """None: stages have different layers, and whole tensors."""
        if self.size != ONE and "memory" in dims:
            raise UserError(f"{self}: a pipeline of an encoder and a decoder is not modelled")
        return ()
