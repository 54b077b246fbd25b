"""`costgraph reconcile`: two numbers or formulas for one thing, and what separates them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, deliver
from costgraph.errors import UserError

if TYPE_CHECKING:
    from costgraph.algebra.quotient import Quotient
    from costgraph.library.checking.reconciliation import Reconciliation, Side

FORMATS = ("text", "json")
SHOWN = 4  # readings of a side


@bounded()
@arg.of_setup(without=("convention",))
def reconcile(
    a: Annotated[str, typer.Argument(metavar="A", help="A number or a formula.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one for the same thing.")],
    asked: arg.Asked = arg.NOTHING,
    measure: Annotated[str, typer.Option(help="What both are of, such as flops.")] = "flops",
    per: Annotated[str | None, typer.Option(help="token or sequence, if they are of one.  [default: any]")] = None,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    json_: arg.Json = False,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Find which ways of counting give two numbers, and what separates these; exit with 1 unless both are found."""
    format_ = formats.chosen(format_, FORMATS, output, json_)
    check_target(output, force)
    if asked.model is None and asked.op_set is None:
        raise UserError("of which model are they? name it with --model, or an op set with --op-set")
    from costgraph.library.checking.reconciliation import reconcile as run

    found = run(a, b, measure, per=per or "", **asked.options)
    said = json.dumps(found.to_json(), indent=2, ensure_ascii=False) if format_ == "json" else text(found)
    deliver(said, output, document=format_ != "text")
    raise typer.Exit(int(not found.reproduced))


def text(found: Reconciliation) -> str:
    """Both sides, the difference as named terms, and what is left."""
    lines = [f"asked of  {found.head}", *of_side("A", found.a, found.unit), *of_side("B", found.b, found.unit)]
    lines += [f"B - A     {amount(found.difference)}"]
    widths = max((len(amount(step.amount)) for step in found.steps), default=0)
    lines += [f"  {amount(step.amount):>{widths}}  {step.what}" for step in found.steps]
    lines += [f"left      {amount(found.left)}" + (f"  ({share(found)} of the difference)" if share(found) else "")]
    return "\n".join([*lines, f"searched  {found.searched} ways to count: {found.space}"])


def of_side(name: str, side: Side, unit: str) -> list[str]:
    """One side: its value, and the ways of counting that give it."""
    lines = [f"{name:8}  {amount(side.value)} {unit}"]
    if not side.reproduced:
        over = f"nearest is {side.chosen}, which is off by {amount(side.left)}"
        return [*lines, f"          no way to count gives it; {over}"]
    others = [reading for reading in side.found if reading != side.chosen]
    lines += [f"          = {side.chosen}"]
    lines += [f"          = {reading}" for reading in others[: SHOWN - 1]]
    return [*lines, *([f"          and {len(others) - SHOWN + 1} more"] if len(others) >= SHOWN else [])]


def amount(value: Quotient) -> str:
    """A number in full, or a form."""
    from costgraph.algebra.printers import python

    return python(value, "factored") if value.number is None else f"{value.number}"


def share(found: Reconciliation) -> str:
    """How much of the difference is left; "" if nothing is, or nothing can be said."""
    rest, whole = found.left.number, found.difference.number
    return f"{float(100 * rest / whole):.3g} %" if rest and whole else ""
