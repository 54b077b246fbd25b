"""A causal convolution along positions, each channel for itself (depthwise)."""

from __future__ import annotations

from costgraph.blocks.linear import Names
from costgraph.graph.builder import Builder


def convolved(b: Builder, name: str, x: str, channels: Names, plain: bool) -> str:
    """Every channel of `x` convolved with its own kernel, `<name>.weight`.

    Outside of training the last positions, as many as the kernel is wide, are kept for the next step. A plain
    implementation computes more positions, which it throws away: in a scan those of the padding, in a step one.
    """
    at = ("batch", "query")
    kernel = b.parameter(f"{name}.weight", (*channels, "kernel"))
    if b.phase != "train":
        kept = b.op(f"{name}_kept", "roll", x, letters=("batch", "kernel", *channels), role="cache")
        x = kept if b.phase == "decode" else x
    along = b.names(x)[1]
    if not plain:
        return b.op(name, "conv", x, kernel, letters=(*at, *channels), over=along)
    padding = "1" if b.phase == "decode" else "kernel - 1"
    y = b.op(name, "conv", x, kernel, letters=("batch", b.dim("padded", f"query + {padding}"), *channels), over=along)
    return b.op(f"{name}_used", "slice", y, letters=(*at, *channels))
