"""The models, as functions that write einsums. One file each; this table is all there is to register."""

from collections.abc import Callable

from costgraph.graph import Graph
from costgraph.op_sets.decoder import decoder

OP_SETS: dict[str, Callable[..., Graph]] = {"decoder": decoder}

__all__ = ["OP_SETS", "decoder"]
