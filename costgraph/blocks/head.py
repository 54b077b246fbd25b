"""What stands behind the blocks: the language-model head and the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.blocks.embedding import Embedding
from costgraph.builder import Builder


@dataclass(frozen=True)
class Head:
    """The head.

    Args:
        tied: it shares its matrix with the token embedding.
        positions: outside of training, logits of all positions, or of the last one alone.
        bias: one for every word.
        transform: a dense layer with an activation and a LayerNorm before it (BERT).
        softcap: logits go through a tanh.
        loss: cross-entropy against targets, in training.
    """

    tied: bool = True
    positions: Literal["all", "last"] = "all"
    bias: bool = False
    transform: bool = False
    softcap: bool = False
    loss: bool = True

    def write(self, b: Builder, x: str, embedding: Embedding, phase: str = "train") -> str:
        """Ops `head.logits`, `loss.*`; returns the loss, or the logits."""
        raise NotImplementedError
