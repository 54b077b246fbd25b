"""Norms: LayerNorm with and without a shift, RMSNorm; as one kernel, or op by op."""

from __future__ import annotations

from typing import Literal

from costgraph.graph.builder import Builder, Extra
from costgraph.precision import FP32
from costgraph.records import dataclass


@dataclass(frozen=True)
class Norm:
    """A norm, with a scale for every element that it normalizes.

    Args:
        kind: `layer` with scale and shift, `layer_scale` with a scale alone, `rms` with a scale and no mean.
        steps: written op by op, as plain Python code does (RMSNorm): it keeps the input in fp32 and what is scaled.
        wide: in that code what is scaled is in fp32, and the result alone is not.

    Source: Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019 (RMSNorm).
    """

    kind: Literal["layer", "layer_scale", "rms"] = "rms"
    steps: bool = False
    wide: bool = False

    def write(self, b: Builder, name: str, x: str, over: str = "model", each: str = "") -> str:
        """Normalize `x`; parameters `<name>.scale` and perhaps `<name>.shift`.

        Args:
            b: where to.
            name: of the norm.
            x: what is normalized.
            over: the dims that it is normalized over.
            each: a dim of which every part is normalized for itself, with a scale of its own.
        """
        dims = (*each.split(), *over.split())
        scale = b.parameter(f"{name}.scale", dims, "norm")
        kept = tuple(dim for dim in b.names(x) if dim not in over.split())
        if self.kind == "rms" and self.steps:
            return steps(b, name, x, scale, kept, over, self.wide)
        one: Extra = {"rstd": (kept, "statistic", FP32)}
        if self.kind == "rms":
            return b.op(name, "rms_norm", x, scale, extra=one, over=over)
        shifts = [b.parameter(f"{name}.shift", dims, "norm")] if self.kind == "layer" else []
        return b.op(name, "layer_norm", x, scale, *shifts, extra={"mean": (kept, "statistic", FP32), **one}, over=over)


def steps(b: Builder, name: str, x: str, scale: str, kept: tuple[str, ...], over: str, all_wide: bool) -> str:
    """RMSNorm op by op: in fp32, x times one over the root of the mean of its squares; then times the scale."""
    wide = b.op(f"{name}.wide", "widen", x, itemsize=FP32)
    rstd = b.op(f"{name}.rstd", "rms", wide, letters=kept, over=over, role="statistic", itemsize=FP32)
    if not all_wide:
        return b.op(name, "product", b.op(f"{name}.normalized", "product", wide, rstd), scale)
    y = b.op(f"{name}.normalized", "product", wide, rstd, itemsize=FP32)
    return b.op(name, "narrow", b.op(f"{name}.scaled", "product", y, scale, itemsize=FP32))
