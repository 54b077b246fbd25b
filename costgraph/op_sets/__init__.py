"""The models, as functions that write einsums. One file each; this table is all there is to register."""

from collections.abc import Callable

from costgraph.graph.graph import Graph
from costgraph.op_sets.attention import attention
from costgraph.op_sets.decoder import decoder
from costgraph.op_sets.delta_rule import delta_rule
from costgraph.op_sets.elementwise import elementwise
from costgraph.op_sets.encoder import encoder
from costgraph.op_sets.matmul import matmul

OP_SETS: dict[str, Callable[..., Graph]] = {
    "decoder": decoder,
    "encoder": encoder,
    "attention": attention,
    "matmul": matmul,
    "elementwise": elementwise,
    "delta_rule": delta_rule,
}

__all__ = ["OP_SETS", "attention", "decoder", "delta_rule", "elementwise", "encoder", "matmul"]
