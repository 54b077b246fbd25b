"""The command line. One file per command; heavy modules are imported inside the commands, so that `--help` is fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer.main import get_command

from costgraph import __version__
from costgraph.algebra.work import bounded
from costgraph.cli.cheatsheet import cheatsheet
from costgraph.cli.check import check
from costgraph.cli.compare import compare
from costgraph.cli.derive import derive
from costgraph.cli.estimate import estimate
from costgraph.cli.export import export
from costgraph.cli.fits import fits
from costgraph.cli.formulas import formulas
from costgraph.cli.graph import graph
from costgraph.cli.listing import show
from costgraph.cli.once import Once
from costgraph.cli.output import deliver, print_what_can_be_printed
from costgraph.cli.solve import solve
from costgraph.errors import UserError

app = typer.Typer(
    help="Derive what transformers cost, as closed forms: parameters, FLOPs, memory, traffic, communication.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=Once)(bounded()(derive))
app.command(cls=Once)(bounded()(estimate))
app.command(cls=Once)(bounded()(fits))
app.command(cls=Once)(bounded()(compare))
app.command(cls=Once)(bounded()(graph))
app.command(cls=Once)(bounded()(export))
app.command(cls=Once)(bounded()(cheatsheet))
app.command("list", cls=Once)(show)
app.command(cls=Once)(bounded()(solve))
app.command(cls=Once)(check)
app.add_typer(formulas, name="formulas")


def print_version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        deliver(f"costgraph {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Derive what transformers cost, as closed forms: parameters, FLOPs, memory, traffic, communication."""


@cache
def command() -> Callable[..., int | None]:
    """What typer makes of all of this, once for a process: `app()` would do so each time that it is called."""
    return get_command(app)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code.

    Raises:
        UserError: what the user can mend.
    """
    print_what_can_be_printed()
    try:
        return command()(arguments or ["--help"], standalone_mode=False) or 0
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise UserError(said(error)) from None


def said(error: Any) -> str:
    """What typer says about options and arguments; of an option that there is not, what it is called here."""
    from costgraph.aliases import meant

    option = getattr(error, "option_name", "") or ""
    remedy = meant(option) if str(error.format_message()).startswith("No such option") else ""
    return f"No such option: {option}; write {remedy}" if remedy else str(error.format_message())
