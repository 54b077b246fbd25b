"""The BERT encoder layer: post-norm, attention to every position, biases, dropout, ReLU."""

from __future__ import annotations

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import size
from costgraph.blocks.attention import Attention
from costgraph.blocks.mlp import Mlp
from costgraph.blocks.norm import Norm
from costgraph.blocks.stack import Block, Layers
from costgraph.graph.graph import Graph
from costgraph.models.architecture import Architecture
from costgraph.op_sets.decoder import EVERY


def encoder() -> Graph:
    """L encoder layers; queries, keys and values are made by one product and stored as one tensor.

    The softmax scales its scores, so that nothing but its result is written.

    Source: Devlin et al. 2019 (BERT); the ops as in Ivanov et al. 2021, Table A.1.
    """
    attention = Attention(
        kv_heads="A", width="D/A", biases=EVERY, fused=True, causal=False, scale=False, dropout=True
    )  # fmt: skip
    block = Block(attention, Mlp("E*D", "relu", biases=True, dropout=True), Norm("layer"), "post", dropout=True)
    divides = Divides(size("A"), size("D"))
    return Architecture((Layers("L", block),), None, None, None, name="encoder", assumptions=(divides,)).build()
