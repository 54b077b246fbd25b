"""What stands before the blocks: tokens, positions, token types as vectors."""

from __future__ import annotations

from dataclasses import dataclass

from costgraph.algebra.parser import Size
from costgraph.blocks.norm import Norm
from costgraph.builder import Builder


@dataclass(frozen=True)
class Embedding:
    """The embedding.

    Args:
        positions: rows of a learned table of positions, such as K or K+2; none unless given.
        types: token types with a vector each; 0 for none.
        norm: of the sum.
        width: of the tables where that is not the model's; then a matrix leads into the model, and one out of it.
        dropout: of the sum.
    """

    positions: Size | None = None
    types: int = 0
    norm: Norm | None = None
    width: Size | None = None
    dropout: bool = False

    def write(self, b: Builder) -> str:
        """Ops `embed.tokens`, ...; returns batch, query, model."""
        raise NotImplementedError
