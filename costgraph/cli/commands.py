"""The table of commands: what each does, in a line, and where it stands.

`--help` needs no more than the lines; a command is imported, and its options are read, when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from costgraph.cli.completion import ASKED
from costgraph.cli.examples import shown
from costgraph.cli.once import Once
from costgraph.cli.pager import OWN
from costgraph.cli.plain_values import PlainGroup
from costgraph.cli.version import print_version
from costgraph.cli.waiting import waiting
from costgraph.errors import Heard, UserError

COMMANDS = {  # name -> module, function or typer group in it, the first line of its help
    "derive": ("derive", "derive", "Derive closed forms of a model's costs."),
    "estimate": ("estimate", "estimate", "Does it fit, what bounds it, how long: a model on a machine."),
    "fits": (
        "fits", "fits",
        "Does it fit? One line; exit code 0 if it does, else 1.",
    ),
    "compare": (
        "compare", "compare",
        "Compare two models, conventions or setups of one model.",
    ),
    "graph": ("graph", "graph", "Show the ops of a model and what each of them costs."),
    "export": ("export", "export", "Write closed forms as code, data or documents."),
    "explore": (
        "explore", "explore",
        "Write one offline page: costs, with sizes as sliders.",
    ),
    "cheatsheet": (
        "cheatsheet", "cheatsheet", "Write the cheat sheet of an op set, to print or as text.",
    ),
    "list": (
        "listing", "show",
        "List what there is to choose from, with options and meaning.",
    ),
    "solve": ("solve", "solve", "Solve a relation between costs, as a formula with its domain."),
    "search": ("search", "search", "Find the best plans of a model on a cluster."),
    "sweep": ("sweep", "sweep", "Make a table of measures over sizes, machines and choices."),
    "check": (
        "check", "check",
        "Judge what the literature printed, or a formula of your own.",
    ),
    "reconcile": (
        "reconcile", "reconcile",
        "Find out what separates two numbers for one thing.",
    ),
    "audit": (
        "audit", "audit",
        "Compare formulas of code or a paper with what is derived.",
    ),
    "completion": (
        "completion", "completion", "Print what makes a shell complete commands and names.",
    ),
    "formulas": ("formulas", "formulas", "Read the library of published formulas."),
}  # fmt: skip

DOING = {  # what a person who waits is told, until a command says more
    "derive": "deriving", "estimate": "estimating", "fits": "estimating", "compare": "deriving both sides",
    "graph": "building the graph", "export": "deriving", "explore": "deriving the plans of the page",
    "cheatsheet": "deriving the rows of the sheet", "solve": "solving", "search": "reading", "sweep": "reading",
    "check": "deriving", "reconcile": "counting in every known way", "audit": "reading, and deriving what names say",
    "formulas": "reading the library",
}  # fmt: skip


@cache
def made(name: str) -> Any:
    """A command as typer makes it of its function, or a group of commands, once for a process."""
    module, attribute, _ = COMMANDS[name]
    found = getattr(import_module(f"costgraph.cli.{module}"), attribute)
    if ASKED in os.environ:  # a shell asks what may stand next
        found = import_module("costgraph.cli.offered").completing(name, found)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(name, cls=Once, epilog=shown(name))(found)
        return get_command(alone)
    group: Any = get_command(found)
    group.name, group.epilog = name, shown(name)
    for inner, one in group.commands.items():
        one.epilog = shown(f"{name} {inner}")
    return group


class Table(PlainGroup):
    """The commands as lines of help, of which the one that is asked for is made."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first argument names, and the arguments behind it."""
        name, line, rest = super().resolve_command(ctx, args)
        waiting.doing = DOING.get(name or "", waiting.doing)
        found: Any = made(name) if name in COMMANDS else line
        Heard.flags = frozenset(one for param in found.params for one in param.opts) if found else frozenset()
        return name, found, rest


app = typer.Typer(
    cls=Table,
    help="Derive what transformers cost, as closed forms: parameters, FLOPs, memory, traffic, communication.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def line_of_help() -> None:
    """What stands in the table for a command that nobody asked for; it is never run."""


for _name, (_, _, _line) in COMMANDS.items():
    app.command(_name, help=_line)(line_of_help)


def version_asked(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        print_version()
        raise typer.Exit


def no_pager_asked(asked: bool) -> None:
    """Let no pager be started."""
    if asked:
        os.environ[OWN] = ""


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=version_asked, is_eager=True, help="Show the version.")
    ] = False,
    no_pager: Annotated[
        bool,
        typer.Option("--no-pager", callback=no_pager_asked, help="Print long answers without a pager (see PAGER)."),
    ] = False,
) -> None:
    """Derive what transformers cost, as closed forms: parameters, FLOPs, memory, traffic, communication."""


@cache
def command() -> Any:
    """What typer makes of the table, once for a process: `app()` would do so each time that it is called."""
    return get_command(app)


def answer(arguments: Sequence[str]) -> int:
    """Run a command; the exit code.

    Raises:
        UserError: what the user can mend.
    """
    waiting.begin()
    try:
        if ASKED in os.environ:  # a shell asks what may stand next
            import_module("typer.completion").completion_init()
            return command()(arguments, standalone_mode=False, complete_var=ASKED) or 0
        return command()(arguments or ["--help"], standalone_mode=False) or 0
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise UserError(said(error)) from None
    finally:
        waiting.end()


def said(error: Any) -> str:
    """What typer says about commands, options and arguments, with the remedy."""
    from costgraph.cli.usage import remedy  # only where something is wrong

    return remedy(error)
