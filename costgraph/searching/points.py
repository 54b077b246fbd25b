"""The points of a sweep that are told of, as an answer: a table, a report, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from costgraph.records import dataclass
from costgraph.searching.grid import Piece
from costgraph.searching.sweep import Block, Sweep
from costgraph.searching.table import Tabular
from costgraph.searching.tally import Tally
from costgraph.shown import Shown

if TYPE_CHECKING:
    from costgraph.pictures.picture import Picture


@dataclass(frozen=True, repr=False)
class Points(Tabular, Shown):
    """A table of measures.

    Args:
        sweep: what was asked.
        blocks: the rows.
        tally: how many points there were, and why some are not told of.
    """

    sweep: Sweep
    blocks: tuple[Block, ...]
    tally: Tally

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def rows(self) -> Iterator[tuple[str | float, ...]]:
        """Row by row, in the order of `sweep.names`."""
        return chain.from_iterable(block.rows(self.sweep.names) for block in self.blocks)

    def columns(self) -> dict[str, Sequence[Any]]:
        """Choices as texts, numbers as whole ones, measures as doubles in base units."""
        return {name: self.column(name) for name in self.sweep.names}

    def column(self, name: str) -> Sequence[Any]:
        """One of the columns."""
        if name in self.sweep.grid.choices:
            return [block.choices[name] for block in self.blocks for _ in range(len(block))]
        parts = [block.columns[name] for block in self.blocks]
        found: Sequence[Any] = np.concatenate(parts) if parts else np.zeros(0)  # type: ignore[assignment]
        return found

    def plot(self, kind: str = "", measure: str = "") -> Picture:
        """A picture: lines, a heat map, what no other point beats, or which choice wins where.

        Args:
            kind: `lines`, `heatmap`, `pareto` or `winner`; unless said, what suits the axes.
            measure: what is drawn; the first unless said.

        Raises:
            UserError: matplotlib is missing, or the axes do not suit the kind.
        """
        from importlib import import_module  # pictures stand above what they show

        drawn: Picture = import_module("costgraph.pictures.sweeps").draw(self, kind, measure)
        return drawn


@dataclass(frozen=True)
class First:
    """Hands on the first rows of a piece alone."""

    top: int

    def __call__(self, piece: Piece, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """As many as are shown."""
        return head(iter(blocks), self.top)


def head(blocks: Iterator[Block], top: int) -> tuple[Block, ...]:
    """The first rows; all blocks are gone through, so that they are counted."""
    found, left = list[Block](), top
    for block in blocks:
        if left > 0:
            found.append(block.some(slice(left)))
            left -= len(found[-1])
    return tuple(found)
