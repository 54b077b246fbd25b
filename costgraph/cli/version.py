"""`costgraph --version`."""

from __future__ import annotations

from costgraph import __version__
from costgraph.cli.output import deliver


def print_version() -> None:
    """Print the version."""
    deliver(f"costgraph {__version__}")
