"""The command line. One file per command; heavy modules are imported inside the commands, so that `--help` is fast."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, NoReturn

import typer

from costgraph import __version__
from costgraph.cli.cheatsheet import cheatsheet
from costgraph.cli.check import check
from costgraph.cli.derive import derive
from costgraph.cli.estimate import estimate
from costgraph.cli.export import export
from costgraph.cli.formulas import formulas
from costgraph.cli.graph import graph
from costgraph.cli.listing import show
from costgraph.cli.output import deliver
from costgraph.cli.solve import solve
from costgraph.errors import CostgraphError, UserError, shorten

app = typer.Typer(
    help="Derive what transformers cost, as closed forms: parameters, FLOPs, memory, traffic, communication.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(derive)
app.command()(estimate)
app.command()(graph)
app.command()(export)
app.command()(cheatsheet)
app.command("list")(show)
app.command()(solve)
app.command()(check)
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


def main() -> NoReturn:
    """Run the command line: results to stdout, remarks to stderr, exit code 2 for what the user can mend."""
    gc.disable()  # a short run: collecting costs more than it frees
    sys.set_int_max_str_digits(0)  # numbers are bounded where they are read
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the process
    sys.stderr = sys.stderr or sys.stdout
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
        sys.stdout.flush()
    except UserError as error:
        code = complain(str(error))
    except CostgraphError as error:
        code = complain(f"this is a bug in costgraph, please report it: {error}")
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:
        code = complain(f"{error.filename or 'output'}: {error.strerror or error}")
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        code = complain(error.format_message())  # what typer says about options and arguments
    sys.exit(code)


def complain(message: str) -> int:
    """One line on stderr; returns the exit code for bad input."""
    print(f"error: {shorten(message, 600)}", file=sys.stderr)
    return 2
