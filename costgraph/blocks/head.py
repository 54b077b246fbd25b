"""What stands behind the blocks: the language-model head and the loss."""

from __future__ import annotations

from typing import ClassVar, Literal

from costgraph.blocks.embedding import TOKEN, Embedding
from costgraph.blocks.linear import as_wide, biased, contract, linear
from costgraph.blocks.mlp import Activation
from costgraph.blocks.norm import Norm
from costgraph.graph.builder import Builder, Extra
from costgraph.records import dataclass


@dataclass(frozen=True)
class Head:
    """The head.

    Args:
        tied: it shares its matrix with the token embedding.
        positions: outside of training, logits of all positions, or of the last one alone; all where nothing is said,
            and the last where an estimate generates.
        bias: one for every word.
        transform: a dense layer with an activation and a LayerNorm before it (BERT).
        act: that activation.
        softcap: logits go through a tanh.
        loss: cross-entropy against targets, in training.
    """

    tied: bool = True
    positions: Literal["", "all", "last"] = ""
    bias: bool = False
    transform: bool = False
    act: Activation = "gelu"
    softcap: bool = False
    loss: bool = True

    TABLE: ClassVar[str] = "head.table"

    def write(self, b: Builder, x: str, embedding: Embedding, shared: bool = False) -> str:
        """Ops `head.logits`, `loss.*`; returns the loss, or the logits.

        Args:
            b: where to.
            x: what is read, with the dim model last.
            embedding: the model's.
            shared: the matrix is there, even if it is not that of the embedding.
        """
        if self.positions == "last" and b.phase != "train":
            x = b.op("head.last", "slice", x, letters=("batch", "model"))
        if self.transform:
            x = self.transformed(b, x)
        of = embedding.dim(b)
        if of != "model":
            x = linear(b, "head.out", x, (of,))
        table = embedding.TABLE if self.tied else self.TABLE
        table = table if self.tied or shared else b.parameter(table, ("vocab", of))
        rows = tuple(dim for dim in b.names(x) if dim != of)
        logits = contract(b, "head.logits", x, table, (*rows, "vocab"))
        logits = biased(b, "head.logits", logits, ("vocab",)) if self.bias else logits
        logits = b.op("head.softcap", "tanh", logits) if self.softcap else logits
        return loss(b, logits, rows) if self.loss else logits

    def transformed(self, b: Builder, x: str) -> str:
        """A dense layer as wide as the model, an activation and a norm."""
        y = as_wide(b, "head.transform", x, bias=True)
        return Norm("layer").write(b, "head.norm", b.op("head.act", self.act, y))


def loss(b: Builder, logits: str, rows: tuple[str, ...]) -> str:
    """Cross-entropy against targets. The normalizer is an op of its own, so that a split vocabulary sums just that."""
    normalizer = b.op("loss.normalizer", "logsumexp", logits, letters=rows)
    targets = b.input("targets", rows, "input", TOKEN)
    extra: Extra = {"log_probs": ((*rows, "vocab"), "activation", "p")}
    return b.op("loss.cross_entropy", "cross_entropy", logits, normalizer, targets, letters="", extra=extra)
