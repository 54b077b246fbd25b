"""`costgraph derive`: closed forms of a model's costs."""

import json
from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.completion import names
from costgraph.cli.output import check_target, deliver
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import tell
from costgraph.errors import unknown

FORMATS = ("text", "json", "latex", "markdown", "html")


@bounded()
@arg.of_setup()
def derive(
    measures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MEASURE]...",
            help="What to derive; see `costgraph list measures`.",
            autocompletion=names("measures"),
        ),
    ] = None,
    asked: arg.Asked = arg.NOTHING,
    let: arg.Let = None,
    notation: arg.Notation = None,
    when: arg.When = None,
    per: arg.Per = None,
    whole: arg.Whole = False,
    ops: arg.Ops = None,
    plot: arg.Plot = None,
    form: arg.Form = "auto",
    explain: Annotated[bool, typer.Option("--explain", help="Show which op and tensor each term came from.")] = False,
    flat: Annotated[bool, typer.Option("--flat", help="Show a model's forms as they are, not by part.")] = False,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    json_: arg.Json = False,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Derive closed forms of a model's costs."""
    format_ = formats.chosen(format_, FORMATS, output, json_)
    check_target(output, force)
    check_plot(plot, force)
    from costgraph.algebra import shapes
    from costgraph.algebra.symbols import SYMBOLS
    from costgraph.derivation import derived
    from costgraph.measures.per import read_share
    from costgraph.reports.derive import report
    from costgraph.setup import Setup

    if form not in shapes.SHAPES and form not in SYMBOLS:
        raise unknown("form", form, shapes.SHAPES)
    setup, share = Setup.of(**asked.in_letters(let, notation)), read_share(per, whole, ops or ())
    result = derived(setup, measures or (), when, share)
    if plot is not None:
        from costgraph.pictures.curves import draw

        write_plot(draw(result), plot)
    if format_ != "json":
        tell(report(result, form, explain, flat), format_, output)
        return
    from costgraph.library.judging.published import published

    record = result.to_json(explain, form, flat)
    for name, found in published(result.limited, result.setup.phase).items():
        record["measures"][name]["published"] = [entry.id for entry in found]
    deliver(json.dumps(record, indent=2), output)
