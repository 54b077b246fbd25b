"""`costgraph list`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli.output import deliver
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.errors import UserError


@answers(*REPORT)
def show(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="op-sets, passes, measures, symbols, conventions, precisions, hardware, models, notations, schemas."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(help="One machine or model in full, with sources: list hardware h100-sxm; or one schema."),
    ] = None,
    to: To = STDOUT,
) -> None:
    """List what there is to choose from, with options and meaning.

    Without KIND, what can be listed.
    """
    from costgraph.aliases import understood
    from costgraph.reports.layout import WIDTH
    from costgraph.reports.listing import listed, one, one_json, report, to_json

    kind = kind and understood("kind of thing to list", kind)
    if kind == "schemas" and name is not None:
        write_schema(name, to)
    elif kind is not None and name is not None:
        found = one(kind, name)
        to.tell(lambda: found, lambda: one_json(kind, name, found), otherwise=80)
    else:
        rows = listed(kind)
        to.tell(lambda: report(rows), lambda: to_json(kind, rows), otherwise=WIDTH)


def write_schema(name: str, to: To) -> None:
    """Write what an answer holds, as JSON Schema.

    Raises:
        UserError: there is none of that name, or it was asked for as something else.
    """
    from costgraph.schemas import text

    if to.format not in ("text", "json"):
        raise UserError(f"a schema is JSON; write it with -o {name.replace('/', '-')}.json, or leave --format out")
    deliver(text(name).rstrip("\n"), to.path, document=True)
