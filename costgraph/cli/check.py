"""`costgraph check`: does what was printed follow? The library, a file, an entry, or a formula of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os.path import lexists, realpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.check_formula import one_formula
from costgraph.cli.output import check_target, deliver, progress
from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    from costgraph.library.entries.entry import Entry
    from costgraph.library.entries.reading import Document

FORMATS = ("table", "json", "junit")


@arg.of_setup()
def check(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|FILE]...", help="Entries by id, or TOML files; all if none.")
    ] = None,
    formula: Annotated[str | None, typer.Option(help="Check this formula instead: '6*N_params*B*S'.")] = None,
    measure: Annotated[str | None, typer.Option(help="What the formula gives; see `costgraph list measures`.")] = None,
    asked: arg.Asked = arg.NOTHING,
    let: arg.Let = None,
    notation: arg.Notation = None,
    when: Annotated[str | None, typer.Option(help="A regime, 'S << D': compare with the leading term.")] = None,
    per: arg.Per = None,
    whole: arg.Whole = False,
    ops: arg.Ops = None,
    outcome: Annotated[str | None, typer.Option(help="Show the entries with this outcome in full.")] = None,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Derive again what the literature printed, and judge it; exit with 1 if something differs."""
    format_ = formats.chosen(format_, FORMATS, output)
    check_target(output, force)
    own = {name: text for name, text in (("measure", measure), ("when", when)) if text}
    shared = {name: value for name, value in (("per", per), ("whole", whole), ("ops", ops)) if value}
    options = {**own, **asked.in_letters(let, notation), **shared}
    if formula is None and (given := [*options]):
        raise UserError(f"{arg.flag(given[0])} is for --formula: entries say themselves how they are derived")
    if formula is not None and (what or outcome or format_ == "junit"):
        raise UserError("--formula checks one formula, as a table or as json: leave out entries and --outcome")
    if formula is None:
        text, failed = entries(what or [], outcome, format_)
    else:
        text, failed = one_formula(formula, options, format_)
    deliver(text, output, document=format_ != "table")
    raise typer.Exit(int(failed))


def entries(what: list[str], outcome: str | None, format_: str) -> tuple[str, bool]:
    """Judge entries: the report, and whether something differs."""
    from costgraph.library.judging.judge import OUTCOMES, judge
    from costgraph.library.pages.report import as_json, detailed, junit, table

    if outcome is not None and outcome not in OUTCOMES:
        raise unknown("outcome", outcome, OUTCOMES)
    if outcome is not None and format_ != "table":
        raise UserError(f"--outcome is for the table; {format_} has every entry in full")
    verdicts = [judge(entry) for entry in progress(once(wanted(what)), "checking")]
    text = {"table": table, "json": as_json, "junit": junit}[format_](verdicts)
    if outcome is not None:
        shown = [line for v in verdicts if v.outcome == outcome for line in (*detailed(v), "")]
        text = "\n".join([*shown, text])
    return text, any(verdict.failed for verdict in verdicts)


def wanted(what: Iterable[str]) -> Iterator[Entry]:
    """The entries that files and ids name; `000-A1-01` also names its cells, `000-A1-01.gflop` and so on."""
    from costgraph.library.entries.reading import agree, files, from_file, library, named

    if not what:
        yield from library()
    documents: dict[str, Document] = {}
    for name in what:
        if name.endswith(".toml") and name in [file.name for file in files()] and not lexists(name):
            yield from (entry for entry in library() if entry.file == name)
        elif name.endswith(".toml") or lexists(name):
            path = realpath(name)  # one file may have two names
            documents[path] = documents.get(path) or from_file(Path(name))
            agree(list(documents.values()))
            yield from documents[path].entries
        else:
            yield from named(name)


def once(found: Iterable[Entry]) -> list[Entry]:
    """Entries that were named twice, once; refused are two entries of one id."""
    from costgraph.library.entries.reading import unique

    return list(unique({(made.file, made.line, made.id): made for made in found}.values()))
