"""`costgraph reconcile`: two numbers or formulas for one thing, and what separates them."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.errors import UserError


@bounded()
@arg.of_setup(without=("convention",))
@answers(*REPORT)
def reconcile(
    a: Annotated[str, typer.Argument(metavar="A", help="A number or a formula.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one for the same thing.")],
    asked: arg.Asked = arg.NOTHING,
    measure: Annotated[str, typer.Option(help="What both are of, such as flops.")] = "flops",
    per: Annotated[str | None, typer.Option(help="token or sequence, if they are of one.  [default: any]")] = None,
    to: To = STDOUT,
) -> None:
    """Find out what separates two numbers for one thing.

    Names the ways of counting that give each; the exit code is 1 unless both are found.
    """
    if asked.model is None and asked.op_set is None:
        raise UserError("of which model are they? name it with --model, or an op set with --op-set")
    from costgraph.library.reconciling.reconciliation import reconcile as run
    from costgraph.reports.reconcile import report, to_json

    found = run(a, b, measure, per=per or "", **asked.options)
    to.tell(lambda: report(found), lambda: to_json(found))
    raise typer.Exit(int(not found.reproduced))
