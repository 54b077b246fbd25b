"""A sweep as a folder of Parquet files, one of each piece, which whoever looks at the piece writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from costgraph.errors import UserError
from costgraph.records import dataclass
from costgraph.searching.grid import Piece
from costgraph.searching.sweep import Block
from costgraph.searching.table import needed

SUFFIX = ".parquet"


def arrow(block: Block, names: Sequence[str]) -> Any:
    """A block as an Arrow table: texts, whole numbers, and doubles in base units.

    Raises:
        UserError: pyarrow is missing.
    """
    table = needed("pyarrow", "Parquet", "parquet").table
    choices = {name: [block.choices[name]] * len(block) for name in names if name in block.choices}
    return table({name: choices[name] if name in choices else block.columns[name] for name in names})


@dataclass(frozen=True)
class Writing:
    """Writes the rows of a piece into a file of a folder, and hands on none of them.

    Args:
        folder: where; all machines have to see it.
        names: of the columns.
    """

    folder: Path
    names: tuple[str, ...]

    def __call__(self, piece: Piece, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """Write a file, if there are rows.

        Raises:
            UserError: the folder is not there, as on a machine with other disks.
        """
        if not blocks:
            return ()
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: a worker does not see this folder; name one that all machines share")
        parquet = needed("pyarrow.parquet", "Parquet", "parquet")
        whole = needed("pyarrow", "Parquet", "parquet").concat_tables([arrow(block, self.names) for block in blocks])
        path = self.folder / f"part-{piece.number:08}{SUFFIX}"
        parquet.write_table(whole, path.with_suffix(".half"))
        os.replace(path.with_suffix(".half"), path)  # a task may run twice, where a worker was lost
        return ()
