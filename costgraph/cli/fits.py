"""`costgraph fits`: does a model fit on a machine, in one line and by the exit code."""

from typing import Annotated, Any

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.errors import UserError

WHAT = "A named model, or a file (see `costgraph list models`)."
WHERE = "A machine, which is one device, a cluster such as h100-sxm:8x16, or a file of either."


@bounded()
@arg.of_setup(
    without=("model", "symbolic", "convention"), phase="generate, prefill, decode or train.  [default: generate]"
)
@answers(*REPORT)
def fits(
    model: Annotated[str, typer.Argument(help=WHAT)],
    place: Annotated[str, typer.Argument(metavar="MACHINE_OR_CLUSTER", help=WHERE)],
    asked: arg.Asked = arg.NOTHING,
    dtype: Annotated[str | None, typer.Option(help="How wide p is.  [default: bf16 or fp16]")] = None,
    new: Annotated[int | None, typer.Option("--new", help="How many tokens are generated.  [default: 1]")] = None,
    to: To = STDOUT,
) -> None:
    """Does it fit? One line; exit code 0 if it does, else 1.

    Unless given B is 1, S 4096 or the most of the model.
    """
    from costgraph.estimation.estimate import estimate
    from costgraph.estimation.reading import request
    from costgraph.reports.estimate_json import fits_json
    from costgraph.reports.fits import report

    options: Any = asked.options | {"model": model}
    try:
        asked_for = request(cluster=place, dtype=dtype, new=new, usual=True, **options)
    except UserError:
        from costgraph.misplaced import kind_of  # only where something is wrong

        if kind_of(model) == "machines" or kind_of(place) == "models":
            raise UserError(f"the model stands first: costgraph fits {place} {model}") from None
        raise
    result = estimate(asked_for)
    found = report(result)
    to.tell(lambda: found, lambda: fits_json(result))
    if not result.verdict.fits:
        raise typer.Exit(1)
