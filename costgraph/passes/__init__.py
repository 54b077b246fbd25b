"""Graph -> Graph, one file each. This table is all there is to register; `rewrite.py` holds order and phases.

A pass is imported when it is asked for: most questions need two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costgraph.later import Later, of_module
from costgraph.passes.rewrite import IN_WORDS, ORDER, PHASES, PLACING, Pass, names_of, phase_of, read_phase

if TYPE_CHECKING:
    from costgraph.passes.autocast import Autocast as Autocast
    from costgraph.passes.backward import Backward as Backward
    from costgraph.passes.decode import Decode as Decode
    from costgraph.passes.flash_attention import FlashAttention as FlashAttention
    from costgraph.passes.lora import Lora as Lora
    from costgraph.passes.place import Place as Place
    from costgraph.passes.place import TensorParallel as TensorParallel
    from costgraph.passes.prefill import Prefill as Prefill
    from costgraph.passes.recompute import Recompute as Recompute
    from costgraph.passes.update import Update as Update
    from costgraph.passes.widths import Widths as Widths

PLACES = {
    "lora": "lora.Lora",
    "flash_attention": "flash_attention.FlashAttention",
    "autocast": "autocast.Autocast",
    "backward": "backward.Backward",
    "prefill": "prefill.Prefill",
    "decode": "decode.Decode",
    "recompute": "recompute.Recompute",
    "widths": "widths.Widths",
    "tensor_parallel": "place.TensorParallel",
}
PASSES: Mapping[str, type[Pass]] = Later("costgraph.passes", PLACES)
CLASSES = {place.rpartition(".")[2]: place for place in (*PLACES.values(), "place.Place", "update.Update")}

__all__ = ["IN_WORDS", "ORDER", "PASSES", "PHASES", "PLACING", "Pass", "names_of", "phase_of", "read_phase"]


def __getattr__(name: str) -> Any:
    if name not in CLASSES:
        raise AttributeError(f"module 'costgraph.passes' has no attribute '{name}'")
    return of_module("costgraph.passes", CLASSES[name])
