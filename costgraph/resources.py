"""Where the data folders are: inside an installed package, or beside the package in a source tree."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from costgraph.errors import BugError


def data_folder(name: str) -> Traversable:
    """The folder `formulas` or `exporters`.

    Raises:
        BugError: it is in neither place; the installation is incomplete.
    """
    installed, source = files("costgraph") / "_data" / name, Path(__file__).parents[1] / name
    for folder in (installed, source):
        if folder.is_dir():
            return folder
    raise BugError(f"data folder '{name}' is missing: neither {installed} nor {source} is there")
