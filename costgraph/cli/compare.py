"""`costgraph compare`: two things side by side."""

from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import REPORT, STDOUT, To, answers


@bounded()
@arg.of_setup()
@answers(*REPORT)
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A convention, model, phase, pass, precision or op set.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same; or options: 'mesh=data(8); attention=flash'.")],
    asked: arg.Asked = arg.NOTHING,
    plot: arg.Plot = None,
    measure: Annotated[list[str] | None, typer.Option(help="What to compare, such as flops; repeatable.")] = None,
    to: To = STDOUT,
) -> None:
    """Compare two models, conventions or setups of one model.

    Shows both forms, the difference by part, the ratio, and where one overtakes the other.
    """
    check_plot(plot, to.force)
    from costgraph.comparing.comparison import compare as run
    from costgraph.reports.compare import report

    found = run(a, b, *(measure or ()), **asked.options)
    if plot is not None:
        from costgraph.pictures.curves import draw

        write_plot(draw(found), plot)
    to.tell(lambda: report(found), found.to_json)
