"""`costgraph solve`: for which batch, length, degree does a relation hold?"""

from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.telling import REPORT, STDOUT, To, answers


@bounded()
@arg.of_setup(
    phase="train, forward, prefill or decode.  [default: train; decode with the cache]",
    limit="Values to put in: 'E=4,p=2'. Repeatable.",
)
@answers(*REPORT)
def solve(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="LEFT <= RIGHT; or with >=, <, > or ==.")],
    for_: Annotated[
        str,
        typer.Option("--for", help="The symbol to solve for, or a product such as B*S."),
    ],
    asked: arg.Asked = arg.NOTHING,
    hardware: Annotated[
        str | None,
        typer.Option(help="A machine whose hbm, lambda_flops, lambda_mem, lambda_comms are put in."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Whose peak lambda_flops is, and how wide p is.  [default: bf16 or fp16, p open]")
    ] = None,
    link: Annotated[str | None, typer.Option(help="Which link lambda_comms is.  [default: the first]")] = None,
    to: To = STDOUT,
) -> None:
    """Solve a relation between costs, as a formula with its domain.

    Names are symbols, measures such as activations(p=2), states(mixed_adam), flops(attn), and the machine's hbm,
    lambda_flops, lambda_mem, lambda_comms.
    """
    from costgraph.reports.solve import report
    from costgraph.solving.solution import solve as run

    answer = run(question, for_, hardware=hardware, dtype=dtype, link=link, **asked.options)
    to.tell(lambda: report(answer), answer.to_json)
