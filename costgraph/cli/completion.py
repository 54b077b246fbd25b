"""`costgraph completion`: what a shell runs to complete commands, options and names; `offered.py` has the names."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from costgraph.cli.output import deliver
from costgraph.errors import unknown

SHELLS = ("bash", "zsh", "fish")
ASKED = "_COSTGRAPH_COMPLETE"  # an environment variable with which a shell asks
# Bash takes words apart at = and :, so that it is told the whole line, as fish tells it, and gets what it has left.
BASH = f"""_costgraph_completion() {{
    local IFS=$'\\n' line="${{COMP_LINE:0:COMP_POINT}}" last="${{COMP_WORDS[COMP_CWORD]}}"
    COMPREPLY=($(env {ASKED}=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS="$line" "$1" 2>/dev/null))
    COMPREPLY=("${{COMPREPLY[@]%%$'\\t'*}}")
    [[ $last == [=:] ]] && last=""
    local word="${{line##* }}"
    COMPREPLY=("${{COMPREPLY[@]#"${{word%"$last"}}"}}")
    [[ ${{COMPREPLY[0]}} == *[=:] ]] && compopt -o nospace
    return 0
}}

complete -o default -F _costgraph_completion costgraph"""


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print what makes a shell complete commands and names.

    Typed as eval "$(costgraph completion bash)".
    """
    if shell not in SHELLS:
        raise unknown("shell", shell, SHELLS)
    script = import_module("typer.completion").get_completion_script
    deliver(BASH if shell == "bash" else script(prog_name="costgraph", complete_var=ASKED, shell=shell))
