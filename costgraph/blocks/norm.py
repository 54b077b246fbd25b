"""Norms: LayerNorm with and without a shift, RMSNorm; as one kernel, or op by op."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.builder import Builder


@dataclass(frozen=True)
class Norm:
    """A norm, with a scale for every element that it normalizes.

    Args:
        kind: `layer` with scale and shift, `layer_scale` with a scale alone, `rms` with a scale and no mean.
        steps: written op by op, as plain Python code does, which keeps what is between; else one kernel.

    Source: Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019 (RMSNorm).
    """

    kind: Literal["layer", "layer_scale", "rms"] = "rms"
    steps: bool = False

    def write(self, b: Builder, name: str, x: str, over: str = "model") -> str:
        """Normalize `x` over dims; parameters `<name>.scale` and perhaps `<name>.shift`."""
        raise NotImplementedError
