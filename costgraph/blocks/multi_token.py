"""Multi-token prediction: further blocks behind the stack, each of which predicts one more token."""

from __future__ import annotations

from costgraph.algebra.parser import Size
from costgraph.blocks.embedding import TOKEN, Embedding
from costgraph.blocks.head import Head
from costgraph.blocks.linear import as_wide
from costgraph.blocks.norm import Norm
from costgraph.blocks.stack import Block
from costgraph.graph.builder import Builder
from costgraph.records import dataclass


@dataclass(frozen=True)
class MultiToken:
    """Blocks that predict further tokens in training; the embedding and the head's matrix are those of the model.

    Args:
        block: each of them.
        times: how many, which is how many tokens more are predicted.
        norm: of what the block before gives, of the embedding of the next token, and before the head.

    Source: DeepSeek-AI 2024 (DeepSeek-V3), Sec. 2.2, eq. 21 to 24.
    """

    block: Block
    times: Size = 1
    norm: Norm = Norm()

    def write(self, b: Builder, x: str, embedding: Embedding, head: Head) -> None:
        """The blocks and their losses.

        Args:
            b: where to.
            x: what the last layer gives, batch, query, model.
            embedding: the model's.
            head: the model's.
        """
        with b.repeat(self.times, "mtp"):
            x = b.op("blocks.enter", "loop", x)
            with b.segment("block"):
                tokens = b.input("tokens", ("batch", "query"), "input", TOKEN)
                ahead = b.op("embed.tokens", "embedding", tokens, embedding.TABLE, letters=("batch", "query", "model"))
                halves = {"join.embed": ahead, "join.before": x}
                wide = [self.joined(b, name, half) for name, half in halves.items()]
                x = self.block.write(b, b.op("join.add", "add", *wide))
            head.write(b, self.norm.write(b, "norm.final", x), embedding, shared=True)

    def joined(self, b: Builder, name: str, half: str) -> str:
        """What one half of the joined vector adds, normalized before."""
        return as_wide(b, name, self.norm.write(b, f"norm.{name.partition('.')[2]}", half))
