"""Pictures that commands write beside their text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from costgraph.cli.output import check_target, write_whole

if TYPE_CHECKING:  # most commands are asked for none
    from costgraph.pictures.picture import Picture


def check_plot(path: Path | None, force: bool) -> None:
    """Refuse a picture's file that cannot or must not be written, before anything is computed."""
    check_target(path, force)
    if path is not None:
        from costgraph.pictures.picture import suffix_of

        suffix_of(path)


def write_plot(picture: Picture, path: Path) -> None:
    """Write the picture, whole or not at all."""
    write_whole(picture.content(path), path)
