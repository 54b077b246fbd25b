"""Where the data folders are: inside an installed package, or beside the package in a source tree."""

from __future__ import annotations

from pathlib import Path

from costgraph.errors import BugError

PACKAGE = Path(__file__).parent  # `importlib.resources`, which also reads archives, takes a while to import


def data_folder(name: str) -> Path:
    """The folder `formulas` or `exporters`.

    Raises:
        BugError: it is in neither place; the installation is incomplete.
    """
    installed, source = PACKAGE / "_data" / name, PACKAGE.parent / name
    for folder in (installed, source):
        if folder.is_dir():
            return folder
    raise BugError(f"data folder '{name}' is missing: neither {installed} nor {source} is there")
