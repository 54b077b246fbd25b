"""`costgraph export`: closed forms as code, data or documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from costgraph.cli.output import check_target, deliver, remark
from costgraph.errors import UserError


def export(
    target: Annotated[str | None, typer.Argument(help="numpy, c, latex, ...; see --list.", show_default=False)] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the targets and stop.")] = False,
    measures: Annotated[
        list[str] | None, typer.Option(help="What to derive: 'flops,activations'; see `costgraph list measures`.")
    ] = None,
    op_set: Annotated[str, typer.Option(help="The model, with options: 'decoder(head=True, kv_heads=G)'.")] = "decoder",
    phase: Annotated[str | None, typer.Option(help="train, forward, prefill or decode.  [default: train]")] = None,
    passes: Annotated[
        list[str] | None, typer.Option("--pass", help="A rewrite such as 'tensor_parallel(T)'; repeatable, in order.")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="Values to put in, exactly: 'E=4,p=2'; a true limit: 'T->oo'. Repeatable.")
    ] = None,
    when: Annotated[str | None, typer.Option(help="A regime, 'S << D': export the leading terms.")] = None,
    convention: Annotated[str, typer.Option(help="What is counted: notes or exact.")] = "notes",
    precision: Annotated[str, typer.Option(help="Training state: mixed_adam or fp32_adam.")] = "mixed_adam",
    form: Annotated[str, typer.Option(help="expanded, factored, leading, auto, or a symbol to collect by.")] = "auto",
    symbols_as: Annotated[str, typer.Option(help="How functions take symbols: args or dataclass.")] = "args",
    dialect: Annotated[str | None, typer.Option(help="For sql: another dialect than DuckDB's, by sqlglot.")] = None,
    notation: Annotated[
        str | None, typer.Option(help="For documents: notes, megatron, scaling-book, or a TOML file.")
    ] = None,
    fragment: Annotated[
        bool, typer.Option("--fragment", help="For latex-derivation: to be \\input, without a preamble.")
    ] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Read the forms from a file that the target json wrote.")
    ] = None,
    exporters: Annotated[Path | None, typer.Option(help="A folder with more targets or other templates.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
) -> None:
    """Write closed forms as code, data or documents.

    Example: costgraph export numpy --measures flops,activations --pass 'tensor_parallel(T)' -o costs.py
    """
    from costgraph.exporting.targets import available, load

    if list_:
        for line in listed({name: load(name, exporters).title for name in available(exporters)}):
            typer.echo(line)
        return
    if target is None:
        raise UserError(f"name a target: {', '.join(available(exporters))}")
    check_target(output, force)
    chosen = load(target, exporters)
    names = [name.strip() for text in measures or () for name in text.split(",") if name.strip()]
    derivation: dict[str, Any] = {
        "op_set": op_set, "phase": phase, "passes": passes or (), "limit": limit or (), "when": when,
        "convention": convention, "precision": precision,
    }  # fmt: skip
    document = chosen.kind in ("sheet", "appendix")
    given = {"--symbols-as": symbols_as != "args", "--dialect": dialect is not None, "--from": from_ is not None}
    unfit = {"--notation": notation is not None, "--fragment": fragment} if not document else given
    if chosen.kind == "sheet":
        unfit |= {
            "--measures": bool(names), "--phase": phase is not None, "--pass": bool(passes), "--limit": bool(limit),
            "--when": when is not None, "--form": form != "auto", "--fragment": fragment,
        }  # fmt: skip
    if from_ is not None and not document:
        usual = {"op_set": "decoder", "convention": "notes", "precision": "mixed_adam"}
        changed = [name for name, value in derivation.items() if value and value != usual.get(name)]
        unfit |= {f"--{name.replace('_', '-')} (with --from)": True for name in changed}
        unfit["--measures (with --from)"] = bool(names)
    for option, wrong in unfit.items():
        if wrong:
            raise UserError(f"{option} has no meaning for {target}, {what(chosen.kind)}; leave it out")
    if document:
        from costgraph.exporting import appendix, documents

        if chosen.kind == "sheet":
            deliver(documents.sheet(chosen, op_set, convention, precision, notation), output)
        else:
            deliver(appendix.appendix(chosen, names, derivation, form, notation, fragment), output)
        return
    from costgraph.exporting import dress

    if from_ is not None:
        from costgraph.exporting.exchange import read_forms

        deliver(dress(chosen, read_forms(read(from_)), symbols_as, form, dialect), output)
        return
    from costgraph.derivation import derive

    result = derive(*names, **derivation)
    for name in result.unused:
        remark(f"{name} does not occur in {', '.join(result.forms)}")
    deliver(dress(chosen, result, symbols_as, form, dialect), output)


def listed(rows: dict[str, str]) -> list[str]:
    """Names and titles in two columns."""
    width = max(map(len, rows))
    return [f"{name:{width}}  {title}" for name, title in rows.items()]


def what(kind: str) -> str:
    """A kind of target in words."""
    from costgraph.exporting.targets import KINDS

    return KINDS[kind]


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        UserError: it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text file") from None
