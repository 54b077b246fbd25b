"""`costgraph derive`: closed forms of a model's costs."""

from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.errors import unknown


@bounded()
@arg.of_setup()
@answers(*REPORT)
def derive(
    measures: Annotated[
        list[str] | None,
        typer.Argument(metavar="MEASURE", help="What to derive; see `costgraph list measures`."),
    ] = None,
    asked: arg.Asked = arg.NOTHING,
    when: arg.When = None,
    per: arg.Per = None,
    whole: arg.Whole = False,
    ops: arg.Ops = None,
    plot: arg.Plot = None,
    form: arg.Form = "auto",
    explain: Annotated[bool, typer.Option("--explain", help="Show which op and tensor each term came from.")] = False,
    flat: Annotated[bool, typer.Option("--flat", help="Show a model's forms as they are, not by part.")] = False,
    to: To = STDOUT,
) -> None:
    """Derive closed forms of a model's costs."""
    check_plot(plot, to.force)
    from costgraph.algebra import shapes
    from costgraph.algebra.symbols import SYMBOLS
    from costgraph.derivation import derived
    from costgraph.measures.per import read_share
    from costgraph.reports.derive import report

    if form not in shapes.SHAPES and form not in SYMBOLS:
        raise unknown("form", form, shapes.SHAPES)
    setup, share = asked.setup(), read_share(per, whole, ops or ())
    result = derived(setup, measures or (), when, share)
    if plot is not None:
        from costgraph.pictures.curves import draw

        write_plot(draw(result), plot)
    to.tell(lambda: report(result, form, explain, flat), lambda: result.to_json(explain, form, flat))
