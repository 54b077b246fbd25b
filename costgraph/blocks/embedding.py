"""What stands before the blocks: tokens, positions, token types as vectors."""

from __future__ import annotations

from typing import ClassVar

from costgraph.algebra.assumption import AtMost
from costgraph.algebra.parser import Size, size
from costgraph.blocks.linear import CONTEXT, dropout, linear
from costgraph.blocks.norm import Norm
from costgraph.graph.builder import Builder
from costgraph.records import dataclass

TOKEN = 8  # bytes of a token's number


@dataclass(frozen=True)
class Embedding:
    """The embedding.

    Args:
        positions: the longest sequence of a learned table of positions, such as K; none unless given.
        offset: rows of that table before the first position (OPT has 2).
        types: token types with a vector each; 0 for none.
        norm: of the sum.
        width: of the tables where that is not the model's; then a matrix leads into the model, and one out of it.
        dropout: of the sum.
    """

    positions: Size | None = None
    offset: int = 0
    types: int = 0
    norm: Norm | None = None
    width: Size | None = None
    dropout: bool = False

    TABLE: ClassVar[str] = "embed.tokens.table"

    def dim(self, b: Builder) -> str:
        """The dim of the tables' vectors."""
        return "model" if self.width is None else b.dim("embedded", self.width)

    def table(self, b: Builder) -> str:
        """A vector for every word, which a tied head reads, too."""
        return b.parameter(self.TABLE, ("vocab", self.dim(b)))

    def write(self, b: Builder, table: str, at: str = "query") -> str:
        """Ops `embed.tokens`, ...; returns batch, position, model.

        Args:
            b: where to.
            table: what `table` gave; an encoder and its decoder may share it.
            at: what the dim of positions is called.
        """
        to = self.dim(b)
        dims = ("batch", at)
        x = b.op("embed.tokens", "embedding", b.input("tokens", dims, "input", TOKEN), table, letters=(*dims, to))
        if self.types:
            kinds = b.parameter("embed.types.table", (b.dim("type", self.types), to))
            types = b.input("types", dims, "input", TOKEN)
            x = b.op("embed.types_add", "add", x, b.op("embed.types", "embedding", types, kinds, letters=(*dims, to)))
        if to != "model":
            x = linear(b, "embed.in", x, ("model",), (to,))
        if self.positions is not None:
            b.assume(AtMost(b.size(CONTEXT[at]), size(self.positions), CONTEXT[at]))
            rows = b.dim("position", size(self.positions) + self.offset)
            learned = b.parameter("embed.positions.table", (rows, "model"))
            x = b.op("embed.add", "add", x, b.op("embed.positions", "positions", learned, letters=(at, "model")))
        x = self.norm.write(b, "norm.embed", x) if self.norm else x
        return dropout(b, "embed.dropout", x, self.dropout)
