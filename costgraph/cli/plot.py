"""Pictures that commands write beside their text."""

from __future__ import annotations

from pathlib import Path

from costgraph.cli.output import check_target, write_whole
from costgraph.pictures.picture import Picture, suffix_of


def check_plot(path: Path | None, force: bool) -> None:
    """Refuse a picture's file that cannot or must not be written, before anything is computed."""
    check_target(path, force)
    if path is not None:
        suffix_of(path)


def write_plot(picture: Picture, path: Path) -> None:
    """Write the picture, whole or not at all."""
    write_whole(picture.content(path), path)
