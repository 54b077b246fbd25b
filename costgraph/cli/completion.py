"""`costgraph completion`: what a shell runs to complete commands, options and names; and the names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Annotated

import typer

from costgraph.cli.output import deliver
from costgraph.errors import unknown

SHELLS = ("bash", "zsh", "fish")
ASKED = "_COSTGRAPH_COMPLETE"  # an environment variable with which a shell asks


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print what makes a shell complete commands and names.

    Typed as eval "$(costgraph completion bash)".
    """
    if shell not in SHELLS:
        raise unknown("shell", shell, SHELLS)
    script = import_module("typer.completion").get_completion_script
    deliver(script(prog_name="costgraph", complete_var=ASKED, shell=shell))


def names(kind: str, behind: str = "") -> Callable[[str], list[str]]:
    """What completes names of a kind: in a list the last one; each with what stands `behind` it."""

    def found(incomplete: str) -> list[str]:
        from costgraph.known_names import known

        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}{behind}" for name in known(kind) if name.startswith(last)]

    return found
