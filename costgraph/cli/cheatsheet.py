"""`costgraph cheatsheet`: the cheat sheet of an op set as pages to print, or as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.output import check_target, deliver, on_terminal, remark
from costgraph.cli.telling import width
from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    from costgraph.exporting.targets import Target
    from costgraph.setup import Setup

PAGES = (".pdf", ".png")


@bounded()
@arg.of_setup(
    without=("notation",),
    phase="Only costs of train, prefill or decode.  [default: all of them]",
    limit="Sizes at which worked numbers are computed: 'B=8,S=4096'. Repeatable.",
)
def cheatsheet(
    asked: arg.Asked = arg.NOTHING,
    notation: Annotated[
        str | None, typer.Option(help="Letters: notes, megatron, scaling-book, or a TOML file.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="What makes the pages: latex or typst.  [default: what is installed]")
    ] = None,
    exporters: Annotated[Path | None, typer.Option(metavar="FOLDER", help="A folder with other templates.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .pdf, .png, .tex, .typ, .md, .html or .txt file.")
    ] = None,
    force: arg.Force = False,
) -> None:
    """Write the cheat sheet of an op set, to print or as text.

    Plain text when no file is named.
    """
    from costgraph.exporting.documents.sheet import sheet
    from costgraph.exporting.targets import load

    check_target(output, force)
    suffix = output.suffix.lower() if output else ".txt"
    name = typesetter(suffix, engine) if suffix in PAGES else written_as(suffix, engine, exporters)
    text = sheet(load(name, exporters), sheet_setup(asked), notation, asked.phase, columns(output))
    if output is None or suffix not in PAGES:
        deliver(text, output, document=True)
        return
    from costgraph.exporting.documents import typeset  # starts programs

    if name == "latex":
        deliver(typeset.pdflatex(text), output)
    else:
        deliver_pages(typeset.typst(text, "png" if suffix == ".png" else "pdf"), output, force)


def columns(output: Path | None) -> int:
    """Characters on a line of plain text: those of a narrow terminal or of `COLUMNS`, else as many as usual."""
    from costgraph.exporting.documents.sheet import WIDTH

    return min(width(seen=output is None and on_terminal()) or WIDTH, WIDTH)


def sheet_setup(asked: arg.Asked) -> Setup:
    """The setup of a sheet: any symbol may be typed, because rows have passes of their own."""
    from costgraph.algebra.symbols import SYMBOLS

    return asked.setup(also=SYMBOLS)


def typesetter(suffix: str, engine: str | None) -> str:
    """What makes pages of this kind.

    Raises:
        UserError: an unknown program, one that makes no such pages, or none is installed.
    """
    from costgraph.exporting.documents import typeset

    if engine is not None and engine not in typeset.ENGINES:
        raise unknown("engine", engine, typeset.ENGINES)
    if suffix == ".png" and engine == "latex":
        raise UserError("pdflatex makes no PNG; leave --engine out, or name a .pdf file")
    return typeset.engine("typst" if suffix == ".png" else engine)


def written_as(suffix: str, engine: str | None, exporters: Path | None) -> str:
    """The target that writes text with this suffix.

    Raises:
        UserError: no target does, or a program to make pages was asked for.
    """
    from costgraph.exporting.targets import available, load, mentions

    if engine is not None:
        raise UserError(f"--engine makes pages, and {suffix or 'a file without suffix'} has none")
    found: list[Target] = []
    known = available(exporters)
    likely = sorted(known, key=lambda name: not any(mentions(folder, suffix) for folder in known[name]))
    for target in (load(name, exporters) for name in likely):
        if target.kind == "sheet" and target.suffix == suffix:
            return target.name
        found += [target] if target.kind == "sheet" else []
    choices = ", ".join(dict.fromkeys([*PAGES, *(target.suffix for target in found)]))
    raise UserError(f"'{suffix}': the suffix says what is written; choose from {choices}")


def deliver_pages(pages: list[bytes], output: Path, force: bool) -> None:
    """Write pages, those of more than one with their number in the name."""
    numbered = [output.with_stem(f"{output.stem}-{i}") for i in range(1, len(pages) + 1)]
    paths = [output] if len(pages) == 1 else numbered
    for path in paths:
        check_target(path, force)
    for path, page in zip(paths, pages, strict=True):
        deliver(page, path)
    if paths != [output]:
        remark(f"one file for each page: {', '.join(map(str, paths))}")
