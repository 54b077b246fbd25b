"""`costgraph audit`: the formulas of a Python or LaTeX file, each against what is derived."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli.telling import REPORT, STDOUT, To, answers


@arg.of_setup()
@answers(*REPORT, "junit")
def audit(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Python or LaTeX files; FILE.py:FUNCTION for one function.")
    ],
    measure: Annotated[str | None, typer.Option(help="What the formulas give.  [default: what names say]")] = None,
    asked: arg.Asked = arg.NOTHING,
    per: Annotated[
        str | None, typer.Option(help="token or sequence, if they are of one.  [default: as names say]")
    ] = None,
    to: To = STDOUT,
) -> None:
    """Compare formulas of code or a paper with what is derived.

    Code is read and not run; the exit code is 1 if a formula differs.
    """
    from costgraph.library.auditing.audit import audit as run
    from costgraph.reports.audit import junit, report, to_json

    options = asked.options
    found = [one for file in files for one in run(file, measure or "", per=per or "", **options)]
    to.tell(lambda: report(found), lambda: to_json(found), junit=lambda: junit(found))
    raise typer.Exit(int(any(one.outcome == "differs" for one in found)))
