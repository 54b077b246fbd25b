"""`costgraph sweep`: measures at all combinations of sizes and choices."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli.output import deliver, remark
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import STDOUT, To, answers
from costgraph.cli.waiting import waiting
from costgraph.errors import UserError, unknown
from costgraph.searching.table import needed

if TYPE_CHECKING:
    from costgraph.searching.sweep import Finish

REPORTS = ("text", "markdown", "latex", "html")
PICTURES = ("svg", "png", "pdf")
BINARY = ("parquet", "xlsx", *PICTURES)


@arg.of_setup(
    without=("symbolic",), phase="train, forward, prefill, decode or generate.  [default: train]",
    limit="Sizes that are the same everywhere: 'S=8192'. Repeatable.",
)  # fmt: skip
@answers(*REPORTS, "csv", "jsonl", "parquet", "xlsx", *PICTURES)
def sweep(
    asked: arg.Asked = arg.NOTHING,
    over: Annotated[
        str, typer.Option(help="Over what: 'B=1..64, S=[2048, 8192], hardware=[a100-80gb-sxm, h100-sxm]'.")
    ] = "",
    measures: Annotated[
        str, typer.Option(help="What is measured: 'peak,step_time,cost', or whatever derive has.")
    ] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="Points that are told of: 'peak <= 80 GiB'. Repeatable.")
    ] = None,
    pareto: Annotated[
        str, typer.Option(help="Only points that no other one beats in all of these: 'step_time,cost'.")
    ] = "",
    hardware: Annotated[str | None, typer.Option(help="A machine, a file, or figures.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Nodes of a machine, in place of --hardware.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Whose peak counts, and how wide p is.")] = None,
    link: Annotated[str | None, typer.Option(help="Over which link collectives go.")] = None,
    collectives: Annotated[str | None, typer.Option(help="Algorithm of collectives, ring or tree.")] = None,
    efficiency: Annotated[str, typer.Option(help="Shares of the peaks that are reached, as for estimate.")] = "",
    overlap: Annotated[str, typer.Option(help="What collectives hide, as for estimate.")] = "",
    new: Annotated[int | None, typer.Option("--new", help="How many tokens are generated.")] = None,
    price: Annotated[str | None, typer.Option(help="Of one device, such as '2.5 USD/h'.")] = None,
    top: Annotated[int, typer.Option(help="How many rows of text are shown.")] = 40,
    plot: arg.Plot = None,
    picture: Annotated[
        str, typer.Option(help="What is drawn: lines, heatmap, pareto or winner.  [default: what suits the axes]")
    ] = "",
    engine: arg.Engine = "plain",
    scheduler: arg.Scheduler = None,
    to: To = STDOUT,
) -> None:
    """Make a table of measures over sizes, machines and choices.

    Choices are models, machines, passes, meshes and whatever else a question has.
    """
    refuse_on_terminal(to)
    if top < 1:
        raise UserError(f"--top {top}: write a number of rows from 1 on")
    check_plot(plot, to.force)
    needed("numpy", "sweep", "search")
    from costgraph.cli import sweep_files
    from costgraph.pictures.sweeps import KINDS
    from costgraph.reports.sweep import left_out, report, size
    from costgraph.searching.asking import bounded
    from costgraph.searching.engines import engine as chosen
    from costgraph.searching.parts import Writing
    from costgraph.searching.points import First, Points, head
    from costgraph.searching.sweep import Looking, Tally
    from costgraph.searching.sweep import sweep as run
    from costgraph.searching.sweep_reading import read_sweep

    if picture and picture not in KINDS:
        raise unknown("picture", picture, KINDS)
    own = {
        "hardware": hardware, "cluster": cluster, "dtype": dtype, "link": link, "collectives": collectives,
        "efficiency": efficiency, "overlap": overlap, "new": new, "price": price,
    }  # fmt: skip
    typed = {**asked.options, **{name: value for name, value in own.items() if value not in (None, "")}}
    question, tally = read_sweep(over, measures, where or (), pareto, typed), Tally()
    if question.grid.size > 1000:
        remark(size(question.grid))
    in_parts = to.format == "parquet" and engine == "dask" and to.path is not None and not pareto
    with chosen(engine, scheduler) as engine_, contextlib.ExitStack() as stack:
        drawn = plot is not None or to.format in PICTURES
        finish: Finish | None = First(top) if to.format in REPORTS and not pareto and not drawn else None
        if in_parts and to.path is not None:
            finish = Writing(stack.enter_context(sweep_files.folder(to.path)), question.names)
        blocks = run(question, tally, counted(question.grid.size), engine_, Looking(question, finish))
        if drawn:
            points = Points(question, tuple(bounded(blocks, tally)), tally)
            blocks = iter(points.blocks)
            if plot is not None:
                write_plot(points.plot(picture), plot)
            if to.format in PICTURES:
                deliver(points.plot(picture).content(f"sweep.{to.format}"), to.path)
                return
        if to.format in REPORTS:
            points = Points(question, head(blocks, top), tally)
            to.tell(lambda: report(points, top))
            return
        if in_parts:
            head(blocks, 0)
        else:
            out = stack.enter_context(sweep_files.target(to.path))
            sweep_files.WRITERS[to.format](blocks, question.names, out)
    for line in left_out(tally):
        remark(line)


def refuse_on_terminal(to: To) -> None:
    """Refuse to write what is no text to a terminal, before anything is computed."""
    if to.format in BINARY and to.path is None and sys.stdout.isatty():
        raise UserError(f"{to.format} is no text for a terminal; name a file with -o")


def counted(points: int) -> Callable[[int], None]:
    """Says how many points are done."""

    def count(done: int) -> None:
        waiting.doing = f"{100 * done // points} % of {points} points"

    return count
