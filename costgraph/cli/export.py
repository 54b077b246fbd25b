"""`costgraph export`: closed forms as code, data or documents."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.algebra.bindings import split_list
from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.cheatsheet import sheet_setup
from costgraph.cli.output import check_target, deliver
from costgraph.errors import UserError
from costgraph.user_files import MAX_JSON, read_text

if TYPE_CHECKING:
    from costgraph.exporting.forms import Form
    from costgraph.exporting.targets import Target


@bounded()
@arg.of_setup(without=("notation",))
def export(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="numpy, c, latex, ...; see --list.", show_default=False)] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the targets and stop.")] = False,
    measures: Annotated[
        list[str] | None, typer.Option(help="What to derive: 'flops,activations'; see `costgraph list measures`.")
    ] = None,
    asked: arg.Asked = arg.NOTHING,
    when: arg.When = None,
    form: arg.Form = "auto",
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
    exporters: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A folder with more targets or other templates.")
    ] = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Write closed forms as code, data or documents."""
    from costgraph.exporting.targets import available, load

    if list_:
        deliver("\n".join(listed({name: load(name, exporters).title for name in available(exporters)})))
        return
    if target is None:
        raise UserError(f"name a target: {', '.join(available(exporters))}")
    check_target(output, force)
    chosen = load(target, exporters)
    refuse_unfit(context, chosen, from_ is not None)
    if output is not None and output.suffix not in ("", chosen.suffix):
        raise formats.refused(output, f"{chosen.suffix} for {target}, or another target")
    names = [name.strip() for text in measures or () for name in split_list(text) if name.strip()]
    if chosen.kind == "sheet":
        from costgraph.exporting.documents.sheet import sheet

        deliver(sheet(chosen, sheet_setup(asked), notation, asked.phase), output, document=True)
        return
    if from_ is not None:
        from costgraph.exporting import dress

        deliver(dress(chosen, read(from_), symbols_as, form, dialect), output, document=True)
        return
    from costgraph.derivation import derived

    derivation = derived(asked.setup(), names, when)
    if chosen.kind == "appendix":
        from costgraph.exporting.documents.appendix import appendix

        deliver(appendix(chosen, derivation, form, notation, fragment), output, document=True)
    else:
        from costgraph.exporting import dress

        deliver(dress(chosen, derivation, symbols_as, form, dialect), output, document=True)


ALWAYS = {"target", "--exporters", "-o", "--force"}
SETUP = {arg.flag(field.name) for field in fields(arg.Asked)} - {"--notation"}  # which documents are written in
DERIVATION = {*SETUP, "--measures", "--when", "--form"}
MEANT: dict[str, set[str]] = {  # the options that say something to a kind of target
    "code": {*DERIVATION, "--symbols-as", "--dialect", "--from"},
    "data": {*DERIVATION, "--from"},
    "sheet": {*SETUP, "--notation"},
    "appendix": {*DERIVATION, "--notation", "--fragment"},
}


def refuse_unfit(context: typer.Context, target: Target, stored: bool) -> None:
    """Refuse an option that would be ignored.

    Raises:
        UserError: naming the first of them.
    """
    from costgraph.exporting.targets import KINDS

    source = context.get_parameter_source
    typed = [p.opts[0] for p in context.command.params if getattr(source(p.name or ""), "name", "") == "COMMANDLINE"]
    for option in typed:
        if option not in ALWAYS | MEANT[target.kind]:
            raise UserError(f"{option} has no meaning for {target.name}, {KINDS[target.kind]}; leave it out")
        if stored and option in DERIVATION - {"--form"}:
            raise UserError(f"{option} has no meaning with --from, which brings forms that are derived; leave it out")


def read(path: Path) -> list[Form]:
    """The forms in a file that the target json wrote.

    Raises:
        UserError: it is no text, or no such document.
    """
    from costgraph.exporting.exchange.reading import stored

    text = read_text(path, MAX_JSON)
    try:
        return stored(text)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def listed(rows: dict[str, str]) -> list[str]:
    """Names and titles in two columns."""
    width = max(map(len, rows))
    return [f"{name:{width}}  {title}" for name, title in rows.items()]
