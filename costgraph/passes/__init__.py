"""Graph -> Graph, one file each. This table is all there is to register; `rewrite.py` holds order and phases."""

from costgraph.passes.autocast import Autocast
from costgraph.passes.backward import Backward
from costgraph.passes.decode import Decode
from costgraph.passes.flash_attention import FlashAttention
from costgraph.passes.lora import Lora
from costgraph.passes.place import Place, TensorParallel
from costgraph.passes.prefill import Prefill
from costgraph.passes.recompute import Recompute
from costgraph.passes.rewrite import IN_WORDS, ORDER, PHASES, Pass, names_of, phase_of, place
from costgraph.passes.update import Update
from costgraph.passes.widths import Widths

PASSES: dict[str, type[Pass]] = {
    step.name: step
    for step in (Lora, FlashAttention, Autocast, Backward, Prefill, Decode, Recompute, Widths, TensorParallel)
}

__all__ = [
    "IN_WORDS", "ORDER", "PASSES", "PHASES", "Autocast", "Backward", "FlashAttention", "Lora", "Pass", "Place",
    "TensorParallel", "Update", "Widths", "names_of", "phase_of", "place",
]  # fmt: skip
