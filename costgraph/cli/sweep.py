"""`costgraph sweep`: measures at all combinations of sizes and choices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
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
    from costgraph.searching.engines import Run
    from costgraph.searching.sweep import Block, Finish, Sweep
    from costgraph.searching.tally import Tally

REPORTS = ("text", "markdown", "latex", "html")
PICTURES = ("svg", "png", "pdf")
MANY = 1000  # points, of which it is said beforehand how many they are
BINARY = ("parquet", "xlsx", *PICTURES)


@arg.of_setup(
    without=("symbolic",), phase="train, forward, prefill, decode or generate.  [default: train]",
    limit="Sizes that are the same everywhere: 'S=8192'. Repeatable.",
)  # fmt: skip
@answers(*REPORTS, "csv", "jsonl", "parquet", "xlsx", *PICTURES)
def sweep(
    named: arg.Words = None,
    asked: arg.Asked = arg.NOTHING,
    over: Annotated[
        str, typer.Option(help="Over what: 'B=1..64, S=1Ki..8Ki..*2, hardware=[a100-80gb-sxm, h100-sxm]'.")
    ] = "",
    measures: Annotated[
        str, typer.Option(help="What is measured: 'peak,step_time,cost', or whatever derive has.")
    ] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="Points that are told of: 'peak <= 80 GiB, B >= 2'. Repeatable.")
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
    asked, place = arg.named("sweep", named, asked, hardware, cluster)
    hardware, cluster = (place, cluster) if place and ":" not in place else (hardware, place or cluster)
    needed("numpy", "sweep", "search")
    from costgraph.pictures import SWEPT, spelled
    from costgraph.reports.sweep import size
    from costgraph.searching.engines import engine as chosen
    from costgraph.searching.sweep_reading import read_sweep

    if picture and spelled(picture) not in SWEPT:
        raise unknown("picture", picture, SWEPT)
    own = {
        "hardware": hardware, "cluster": cluster, "dtype": dtype, "link": link, "collectives": collectives,
        "efficiency": efficiency, "overlap": overlap, "new": new, "price": price,
    }  # fmt: skip
    typed = {**asked.options, **{name: value for name, value in own.items() if value not in (None, "")}}
    question = read_sweep(over, measures, where or (), pareto, typed)
    if question.grid.size > MANY:
        remark(size(question.grid))
    with chosen(engine, scheduler) as run:
        if plot is not None or to.format in PICTURES:
            draw(question, run, to, plot, picture, top)
        elif to.format in REPORTS:
            tell(question, run, to, top)
        else:
            write(question, run, to, in_parts=engine == "dask" and not pareto)


def draw(question: Sweep, run: Run, to: To, plot: Path | None, picture: str, top: int) -> None:
    """Draw all rows, which are held at once, and write them beside unless the picture is all that is asked for."""
    from costgraph.cli import sweep_files
    from costgraph.reports.sweep import report
    from costgraph.searching.asking import bounded
    from costgraph.searching.points import Points

    blocks, tally = looked_at(question, run, None)
    points = Points(question, tuple(bounded(blocks, tally)), tally)
    if plot is not None:
        write_plot(points.plot(picture), plot)
    if to.format in PICTURES:
        deliver(points.plot(picture).content(f"sweep.{to.format}"), to.path)
    elif to.format in REPORTS:
        to.tell(lambda: report(points, top))
    else:
        sweep_files.write(iter(points.blocks), question.names, to.format, to.path)
        remark_left_out(question, tally)


def tell(question: Sweep, run: Run, to: To, top: int) -> None:
    """Write a report with the first rows."""
    from costgraph.reports.sweep import report
    from costgraph.searching.points import First, Points, head

    blocks, tally = looked_at(question, run, None if question.pareto else First(top))
    points = Points(question, head(blocks, top), tally)
    to.tell(lambda: report(points, top))


def write(question: Sweep, run: Run, to: To, in_parts: bool) -> None:
    """Write all rows, block by block; Parquet in parts if whoever looks at a piece is to write it."""
    from costgraph.cli import sweep_files
    from costgraph.searching.parts import Writing
    from costgraph.searching.points import head

    if in_parts and to.format == "parquet" and to.path is not None:
        with sweep_files.folder(to.path) as folder:
            blocks, tally = looked_at(question, run, Writing(folder, question.names))
            head(blocks, 0)
    else:
        blocks, tally = looked_at(question, run, None)
        sweep_files.write(blocks, question.names, to.format, to.path)
    remark_left_out(question, tally)


def looked_at(question: Sweep, run: Run, finish: Finish | None) -> tuple[Iterator[Block], Tally]:
    """The rows, as they come, and what is counted on the way."""
    from costgraph.searching.sweep import Looking
    from costgraph.searching.sweep import sweep as look
    from costgraph.searching.tally import Tally

    tally = Tally()
    return look(question, tally, counted(question.grid.size), run, Looking(question, finish)), tally


def remark_left_out(question: Sweep, tally: Tally) -> None:
    """Say of a table what is not in it."""
    from costgraph.reports.sweep import left_out
    from costgraph.searching.no_points import why_none

    for line in [*left_out(tally), *(() if tally.told else why_none(question))]:
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
