"""`costgraph compare`: two things side by side."""

import json
from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, deliver
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import tell

FORMATS = ("text", "json", "latex", "markdown", "html")


@bounded()
@arg.of_setup()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A convention, model, phase, pass, precision or op set.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same; or options: 'mesh=data(8); attention=flash'.")],
    asked: arg.Asked = arg.NOTHING,
    plot: arg.Plot = None,
    measure: Annotated[list[str] | None, typer.Option(help="What to compare, such as flops; repeatable.")] = None,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    json_: arg.Json = False,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Compare two models, conventions, or setups of one model: forms, difference by part, ratio, crossover."""
    format_ = formats.chosen(format_, FORMATS, output, json_)
    check_target(output, force)
    check_plot(plot, force)
    from costgraph.comparing.comparison import compare as run
    from costgraph.reports.compare import report

    found = run(a, b, *(measure or ()), **asked.options)
    if plot is not None:
        from costgraph.pictures.curves import draw

        write_plot(draw(found), plot)
    if format_ == "json":
        from costgraph.cli.compare_json import to_json

        deliver(json.dumps(to_json(found), indent=2, ensure_ascii=False), output)
    else:
        tell(report(found), format_, output)
