"""The options that several commands share, each with its text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costgraph.errors import UserError, unknown

OpSet = Annotated[str, typer.Option(help="The model, with options: 'decoder(head=True, kv_heads=G)'.")]
Model = Annotated[str | None, typer.Option(help="A named size (see `costgraph list models`), or a file of sizes.")]
ModelOpSet = Annotated[
    str | None, typer.Option("--op-set", help="The graph, with options.  [default: that of the model, else decoder]")
]
Phase = Annotated[str | None, typer.Option(help="train, forward, prefill or decode.  [default: train]")]
Passes = Annotated[
    list[str] | None, typer.Option("--pass", help="A rewrite such as 'tensor_parallel(T)'; repeatable, in order.")
]
Limit = Annotated[
    list[str] | None, typer.Option(help="Values to put in, exactly: 'E=4,p=2'; a true limit: 'T->oo'. Repeatable.")
]
When = Annotated[str | None, typer.Option(help="A regime, 'S << D': keep the leading term.")]
Convention = Annotated[str, typer.Option(help="What is counted: notes, exact or table_a1.")]
Precision = Annotated[
    str,
    typer.Option(help="Training state: a policy (see `costgraph list precisions`), a file, or bytes: 'weights=2,...'."),
]
Form = Annotated[str, typer.Option(help="expanded, factored, leading, auto, or a symbol to collect by.")]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]


def chosen_format(name: str, known: tuple[str, ...], json: bool = False) -> str:
    """The output format that `--format` and `--json` ask for together."""
    if name not in known:
        raise unknown("format", name, known)
    if json and name not in ("json", known[0]):
        raise UserError(f"--json and --format {name} contradict each other")
    return "json" if json else name
