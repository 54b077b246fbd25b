"""`costgraph estimate`: a model on a machine."""

from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.output import remark
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.errors import unknown
from costgraph.pictures import KINDS, Kind


@bounded()
@arg.of_setup(
    phase="generate (prefill, then new tokens), prefill, decode or train.  [default: generate]",
    limit="Sizes, exactly: 'B=8,S=2048'; N_params for the rule of thumb. Repeatable.",
)
@answers(*REPORT)
def estimate(
    named: arg.Words = None,
    asked: arg.Asked = arg.NOTHING,
    hardware: Annotated[
        str | None,
        typer.Option(help="A machine (see `costgraph list hardware`), a file, or 'flops=..., mem_bw=..., mem=...'."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Whose peak counts, and how wide p is.  [default: bf16 or fp16]")
    ] = None,
    link: Annotated[str | None, typer.Option(help="Over which link collectives go.  [default: the first]")] = None,
    collectives: Annotated[
        str, typer.Option(help="Algorithm of collectives, ring or tree: how long first bytes are under way.")
    ] = "ring",
    efficiency: Annotated[
        str, typer.Option(help="Shares of the peaks that are reached, for an estimate: 'flops=0.5,mem=0.8,comms=0.7'.")
    ] = "",
    overlap: Annotated[
        str, typer.Option(help="What collectives hide behind something else, by axis: 'data=all,tensor=0.5'.")
    ] = "",
    cluster: Annotated[
        str | None, typer.Option(help="Nodes of a machine, 'h100-sxm:8x128', or a file, in place of --hardware.")
    ] = None,
    tokens: Annotated[str | None, typer.Option(help="Of a whole run: '15T'.")] = None,
    measured: Annotated[
        str, typer.Option(help="What somebody measured: 'step=13.75 s', 'tokens/s=4000', 'ttft=...', 'tpot=...'.")
    ] = "",
    new: Annotated[int | None, typer.Option("--new", help="How many tokens are generated.  [default: 1]")] = None,
    price: Annotated[str | None, typer.Option(help="Of one device, such as '2.5 USD/h'.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every op: its time and what it waits for.")] = False,
    plot: arg.Plot = None,
    picture: Annotated[
        str, typer.Option(help="What --plot draws: roofline, memory, or the schedule of a pipeline.")
    ] = "roofline",
    to: To = STDOUT,
) -> None:
    """Does it fit, what bounds it, how long: a model on a machine.

    How many sequences at once, what it costs, what to change where it does not fit; several machines with --cluster.
    """
    check_plot(plot, to.force)
    asked, place = arg.named("estimate", named, asked, hardware, cluster)
    hardware, cluster = (place, cluster) if place and ":" not in place else (hardware, place or cluster)
    picture_ = chosen_picture(picture)
    from costgraph.estimation.estimate import estimate as run
    from costgraph.estimation.reading import request
    from costgraph.reports.estimate import report

    result = run(
        request(
            hardware=hardware, dtype=dtype, link=link, collectives=collectives, efficiency=efficiency, overlap=overlap,
            cluster=cluster, new=new, price=price, tokens=tokens, measured=measured, **asked.options,
        )
    )  # fmt: skip
    if explain and (not result.ready):
        remark("--explain shows every op's time once everything is bound and --hardware is named")
    if plot is not None:
        from costgraph.pictures.plot import of_estimate

        write_plot(of_estimate(result, picture_), plot)
    to.tell(lambda: report(result, explain), result.to_json)


def chosen_picture(name: str) -> Kind:
    """The picture of that name."""
    found = next((kind for kind in KINDS if kind == name), None)
    if found is None:
        raise unknown("picture", name, KINDS)
    return found
