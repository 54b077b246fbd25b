"""`costgraph search`: the best plans of a model on a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli.output import remark
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.cli.waiting import waiting
from costgraph.searching.table import needed

MANY = 10_000  # plans, of which it is said beforehand how many they are


@arg.of_setup(
    without=("mesh", "symbolic"),
    phase="train, or generate (prefill, then new tokens).  [default: train]",
    limit="Sizes, exactly: 'S=8192'. Repeatable.",
)
@answers(*REPORT)
def search(
    named: arg.Words = None,
    asked: arg.Asked = arg.NOTHING,
    cluster: Annotated[str | None, typer.Option(help="Nodes of a machine, 'h100-sxm:8x128', or a file.")] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Sequences of a step on all devices.  [default: searched, where tokens are generated]"),
    ] = None,
    minimize: Annotated[str, typer.Option(help="step_time, cost (USD with --price) or devices.")] = "step_time",
    where: Annotated[
        list[str] | None,
        typer.Option(help="What plans must keep: 'peak <= 0.92*hbm', 'ttft <= 1 s, T <= 8'. Repeatable."),
    ] = None,
    top: Annotated[int, typer.Option(help="How many plans are shown.")] = 10,
    over: Annotated[
        str, typer.Option(help="What is tried, in place of all that may be: 'T=[4, 8], zero=[1, 3], recompute=none'.")
    ] = "",
    dtype: Annotated[
        str | None, typer.Option(help="Whose peak counts, and how wide p is.  [default: bf16 or fp16]")
    ] = None,
    link: Annotated[str | None, typer.Option(help="Over which link collectives go.  [default: the first]")] = None,
    collectives: Annotated[str, typer.Option(help="Algorithm of collectives, ring or tree.")] = "ring",
    efficiency: Annotated[
        str, typer.Option(help="Shares of the peaks that are reached: 'flops=0.5,mem=0.8,comms=0.7'; ranks by them.")
    ] = "",
    overlap: Annotated[
        str, typer.Option(help="What collectives hide behind something else, by axis: 'data=all,tensor=0.5'.")
    ] = "",
    new: Annotated[int | None, typer.Option("--new", help="How many tokens are generated.  [default: 1]")] = None,
    price: Annotated[str | None, typer.Option(help="Of one device, such as '2.5 USD/h'.")] = None,
    plot: arg.Plot = None,
    engine: arg.Engine = "plain",
    scheduler: arg.Scheduler = None,
    to: To = STDOUT,
) -> None:
    """Find the best plans of a model on a cluster.

    The exit code is 1 if none fits.
    """
    check_plot(plot, to.force)
    asked, place = arg.named("search", named, asked, cluster)
    needed("numpy", "search", "search")
    from costgraph.reports.search import report
    from costgraph.searching.engines import engine as chosen
    from costgraph.searching.reading import read_search
    from costgraph.searching.search import search as run

    question = read_search(
        cluster_of=place or cluster, batch=batch, minimize=minimize, where=where or (), top=top, over=over, dtype=dtype,
        link=link, collectives=collectives, efficiency=efficiency, overlap=overlap, new=new, price=price,
        **asked.options,
    )  # fmt: skip
    with chosen(engine, scheduler) as engine_:
        found = run(question, searched, engine_, said)
    to.tell(lambda: report(found), found.to_json)
    if plot is not None and found.candidates:
        write_plot(found.plot(), plot)
    if not found.candidates:
        raise typer.Exit(1)


def said(graphs: int, plans: int) -> None:
    """Says how much there is to do, where that is much."""
    if plans > MANY:
        remark(f"{plans:_} plans at most, of {graphs:_} graphs".replace("_", " "))


def searched(done: int, of: int) -> None:
    """Says how far it is."""
    waiting.doing = f"searching, {done} of {of} graphs done"
