"""`costgraph derive`: closed forms of a model's costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from costgraph.cli.output import check_target, chosen_format, deliver, on_terminal, remark, writes_unicode
from costgraph.errors import unknown

FORMATS = ("text", "json", "latex", "markdown")


def derive(
    measures: Annotated[
        list[str] | None, typer.Argument(metavar="[MEASURE]...", help="What to derive; see `costgraph list measures`.")
    ] = None,
    op_set: Annotated[str, typer.Option(help="The model, with options: 'decoder(head=True, kv_heads=G)'.")] = "decoder",
    phase: Annotated[str | None, typer.Option(help="train, forward, prefill or decode.  [default: train]")] = None,
    passes: Annotated[
        list[str] | None, typer.Option("--pass", help="A rewrite such as 'tensor_parallel(T)'; repeatable, in order.")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="Values to put in, exactly: 'E=4,p=2'; a true limit: 'T->oo'. Repeatable.")
    ] = None,
    when: Annotated[str | None, typer.Option(help="A regime, 'S << D': keep the leading term.")] = None,
    convention: Annotated[str, typer.Option(help="What is counted: notes or exact.")] = "notes",
    precision: Annotated[str, typer.Option(help="Training state: mixed_adam or fp32_adam.")] = "mixed_adam",
    form: Annotated[str, typer.Option(help="expanded, factored, leading, auto, or a symbol to collect by.")] = "auto",
    explain: Annotated[bool, typer.Option("--explain", help="Show which op and tensor each term came from.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text, json, latex or markdown.")] = "text",
    json_: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
) -> None:
    """Derive closed forms of a model's costs.

    Example: costgraph derive --op-set decoder --limit E=4,p=2
    """
    format_ = chosen_format(format_, json_, FORMATS)
    check_target(output, force)
    from costgraph import printers, shapes
    from costgraph.cli import derive_text
    from costgraph.derivation import derive as run
    from costgraph.library.published import published
    from costgraph.symbols import SYMBOLS

    if form not in shapes.SHAPES and form not in SYMBOLS:
        raise unknown("form", form, shapes.SHAPES)
    result = run(
        *(measures or ()), op_set=op_set, phase=phase, passes=passes or (), limit=limit or (), when=when,
        convention=convention, precision=precision,
    )  # fmt: skip
    for name in result.unused:
        remark(f"{name} does not occur in {', '.join(result.forms)}")
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
