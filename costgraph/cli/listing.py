"""`costgraph list`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli.telling import REPORT, STDOUT, To, answers


@answers(*REPORT)
def show(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="op-sets, passes, measures, symbols, conventions, precisions, hardware, models or notations."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(help="One machine or model, with all its figures and sources: list hardware h100-sxm."),
    ] = None,
    to: To = STDOUT,
) -> None:
    """List what there is to choose from, with options and meaning; without KIND, what can be listed."""
    from costgraph.reports.listing import listed, one, one_json, report, to_json

    if kind is not None and name is not None:
        found = one(kind, name)
        to.tell(lambda: found, lambda: one_json(kind, name, found), otherwise=80)
    else:
        rows = listed(kind)
        to.tell(lambda: report(rows), lambda: to_json(kind, rows))
