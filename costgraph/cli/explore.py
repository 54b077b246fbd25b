"""`costgraph explore`: one offline page with sliders."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, deliver, on_terminal
from costgraph.errors import UserError


@arg.of_setup(
    without=("op_set", "passes", "symbolic"),
    phase="What is shown first: decode, prefill or train.  [default: decode]",
    mesh="Axes that the page has, with these choices: 'data(8, zero=1), tensor(8)'.  [default: all that it can have]",
    limit="Where sliders stand first: 'B=8,S=2048,T=2'. Repeatable.",
)
def explore(
    named: arg.Words = None,
    asked: arg.Asked = arg.NOTHING,
    hardware: Annotated[
        str | None,
        typer.Option(help="The machine that is chosen first: a name, a file, or figures.  [default: h100-sxm]"),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Whose peak counts, and how wide p is.  [default: bf16 or fp16]")
    ] = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Write one offline page: costs, with sizes as sliders.

    Every formula stands beside its number.
    """
    check_target(output, force)
    asked, place = arg.named("explore", named, asked, hardware)
    if output is None and on_terminal():
        raise UserError("a page is no text for a terminal; name a file, as in -o page.html")
    formats.chosen(None, ("html",), output)
    from costgraph.exploring.page import explore as written

    deliver(written(asked.options, place or hardware, dtype), output, document=True)
