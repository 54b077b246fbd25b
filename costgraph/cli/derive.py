"""`costgraph derive`: closed forms of a model's costs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli.output import check_target, deliver, on_terminal, remark, writes_unicode
from costgraph.errors import unknown
from costgraph.remarks import without_effect

FORMATS = ("text", "json", "latex", "markdown")


def derive(
    measures: Annotated[
        list[str] | None, typer.Argument(metavar="[MEASURE]...", help="What to derive; see `costgraph list measures`.")
    ] = None,
    op_set: arg.OpSet = "decoder",
    phase: arg.Phase = None,
    passes: arg.Passes = None,
    limit: arg.Limit = None,
    when: arg.When = None,
    convention: arg.Convention = "notes",
    precision: arg.Precision = "mixed_adam",
    form: arg.Form = "auto",
    explain: Annotated[bool, typer.Option("--explain", help="Show which op and tensor each term came from.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text, json, latex or markdown.")] = "text",
    json_: arg.Json = False,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Derive closed forms of a model's costs.

    Example: costgraph derive --op-set decoder --limit E=4,p=2
    """
    format_ = arg.chosen_format(format_, FORMATS, json_)
    check_target(output, force)
    from costgraph.algebra import printers, shapes
    from costgraph.algebra.symbols import SYMBOLS
    from costgraph.cli import derive_text
    from costgraph.derivation import derive as run
    from costgraph.library.published import published

    if form not in shapes.SHAPES and form not in SYMBOLS:
        raise unknown("form", form, shapes.SHAPES)
    result = run(
        *(measures or ()), op_set=op_set, phase=phase, passes=passes or (), limit=limit or (), when=when,
        convention=convention, precision=precision,
    )  # fmt: skip
    for name in result.unused:
        remark(without_effect(name, ", ".join(result.forms)))
    known = published(result.limited, result.phase)
    pretty, style = (
        (printers.unicode, printers.UNICODE) if writes_unicode(output) else (printers.python, printers.PYTHON)
    )
    match format_:
        case "json":
            record = result.to_json(explain, form)
            for name, found in known.items():
                record["measures"][name]["published"] = [entry.id for entry in found]
            text = json.dumps(record, indent=2)
        case "text":
            text = derive_text.text(result, explain, form, style, output is None and on_terminal(), known)
        case "markdown":
            text = derive_text.markdown(result, explain, form, pretty, known)
        case _:
            text = derive_text.latex(result, explain, form, pretty, known)
    deliver(text, output)
