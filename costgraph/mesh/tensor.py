"""The axis over which heads, widths and vocabulary are split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError
from costgraph.mesh.axis import Axis, Split
from costgraph.mesh.cut import Cut
from costgraph.records import dataclass

WIDTHS = ("ffn", "expert_ffn", "shared_ffn")  # of the MLPs that a layer may have


@dataclass(frozen=True)
class TensorAxis(Axis):
    """Heads, MLP width and vocabulary are split.

    Args:
        degree: number of devices T; must divide the sizes it splits.
        sequence: let tensors without a split dim rest with their sequence dim split (sequence parallelism).
        keep_gathered: with `sequence`, keep gathered inputs for the backward instead of gathering them again.
        replicate_kv: for T > G, give every device one key/value head, so that T/G devices hold the same one.

    Source: Shoeybi et al. 2019 (tensor parallel), Korthikanti et al. 2022 (sequence parallel).
    """

    kind: ClassVar[str] = "tensor"
    symbol: ClassVar[str] = "T"
    degree: Size = "T"
    sequence: bool = False
    keep_gathered: bool = False
    replicate_kv: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep_gathered and not self.sequence:
            raise UserError(f"{self.kind}: keep_gathered is for sequence=True; nothing is gathered without it")

    @property
    def computes(self) -> tuple[str, ...]:
        """Heads, widths of MLPs, vocabulary."""
        return ("head", "kv_head", "ssm_group", *WIDTHS, "vocab")

    @property
    def keeps(self) -> bool:
        """As `keep_gathered` says."""
        return self.keep_gathered

    @property
    def rests(self) -> str:
        """The sequence, with `sequence=True`."""
        return "query" if self.sequence else ""

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, or with copies of key/value heads two: those heads over G devices, what shares one over T/G."""
        (whole,) = super().splits(name, dims)
        if not self.replicate_kv or self.size == ONE:
            return (whole,)
        if not {"kv_head", "group"} <= dims.keys():
            raise UserError(f"{self.kind}: replicate_kv is for fewer key/value heads than heads (kv_heads=G)")
        groups, copies = dims["kv_head"], self.size / dims["kv_head"]
        if (enough := (groups / self.size).number) is not None and enough >= 1:
            return (whole,)  # as many heads as devices or more: there is nothing to copy
        enough_heads = "with as many key/value heads as devices nothing is copied; leave replicate_kv=True out"
        copied = Divides(groups, self.size, enough_heads)
        outer = [copied if claim.dim == "kv_head" else claim for claim in whole.claims]
        inner = Divides(self.size, groups * dims["group"], dim="group")
        return (
            Split(Cut(name, groups, 0), self.computes, tuple(outer)),
            Split(Cut(name, copies, 1), ("group", *WIDTHS, "vocab"), (inner,)),
        )
