"""`costgraph solve`: for which batch, length, degree does a relation hold?"""

import json
from typing import Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.completion import names
from costgraph.cli.output import check_target, deliver
from costgraph.cli.telling import tell

FORMATS = ("text", "json", "latex", "markdown", "html")


@bounded()
@arg.of_setup(
    phase="train, forward, prefill or decode.  [default: train; decode with the cache]",
    limit="Values to put in: 'E=4,p=2'. Repeatable.",
)
def solve(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="LEFT <= RIGHT; or with >=, <, > or ==.")],
    for_: Annotated[
        str,
        typer.Option(
            "--for", help="The symbol to solve for, or a product such as B*S.", autocompletion=names("symbols")
        ),
    ],
    asked: arg.Asked = arg.NOTHING,
    let: arg.Let = None,
    notation: arg.Notation = None,
    hardware: Annotated[
        str | None,
        typer.Option(
            help="A machine whose hbm, lambda_flops, lambda_mem, lambda_comms are put in.",
            autocompletion=names("machines"),
        ),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Whose peak lambda_flops is, and how wide p is.  [default: bf16 or fp16, p open]")
    ] = None,
    link: Annotated[str | None, typer.Option(help="Which link lambda_comms is.  [default: the first]")] = None,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    json_: arg.Json = False,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Solve a relation between costs, as a formula with its domain.

    Names are symbols, measures such as activations(p=2), states(mixed_adam), flops(attn), and the machine's hbm,
    lambda_flops, lambda_mem, lambda_comms.
    """
    format_ = formats.chosen(format_, FORMATS, output, json_)
    check_target(output, force)
    from costgraph.reports.solve import report
    from costgraph.solving.solution import solve as run

    answer = run(question, for_, hardware=hardware, dtype=dtype, link=link, **asked.in_letters(let, notation))
    if format_ == "json":
        from costgraph.cli.solve_json import to_json

        deliver(json.dumps(to_json(answer), indent=2, ensure_ascii=False), output)
    else:
        tell(report(answer), format_, output)
