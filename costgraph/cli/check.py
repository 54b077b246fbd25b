"""`costgraph check`: does what was printed follow? The library, a file, an entry, or a formula of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.cli.output import check_target, deliver, progress
from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    from costgraph.library.entry import Entry
    from costgraph.library.own import Comparison

FORMATS = ("table", "json", "junit")


def check(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|FILE]...", help="Entries by id, or TOML files; all if none.")
    ] = None,
    formula: Annotated[str | None, typer.Option(help="Check this formula instead: '6*N_params*B*S'.")] = None,
    measure: Annotated[str | None, typer.Option(help="What the formula gives; see `costgraph list measures`.")] = None,
    notation: Annotated[str | None, typer.Option(help="How to read its letters, such as kaplan.")] = None,
    op_set: Annotated[str, typer.Option(help="The model of the formula, with options.")] = "decoder",
    phase: Annotated[str | None, typer.Option(help="train, forward, prefill or decode.  [default: train]")] = None,
    passes: Annotated[list[str] | None, typer.Option("--pass", help="A rewrite; repeatable, in order.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="Values to put in: 'E=4,p=2'. Repeatable.")] = None,
    when: Annotated[str | None, typer.Option(help="A regime, 'S << D': compare with the leading term.")] = None,
    convention: Annotated[str, typer.Option(help="What is counted: notes, exact or table_a1.")] = "notes",
    precision: Annotated[str, typer.Option(help="Training state: mixed_adam or fp32_adam.")] = "mixed_adam",
    outcome: Annotated[str | None, typer.Option(help="Show the entries with this outcome in full.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or junit.")] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
) -> None:
    """Derive again what the literature printed, and judge it; exit with 1 if something differs.

    Example: costgraph check --formula '6*N_params*B*S' --measure flops --when 'S << D'
    """
    if format_ not in FORMATS:
        raise unknown("format", format_, FORMATS)
    check_target(output, force)
    if formula is not None:
        if what or outcome or format_ != "table":
            raise UserError("--formula checks one formula: leave out entries, --outcome and --format")
        if measure is None:
            raise UserError("--formula needs --measure: what does the formula give? See `costgraph list measures`")
        from costgraph.library.own import compare

        compared = compare(
            formula, measure, op_set=op_set, phase=phase, passes=passes or (), limit=limit or (), when=when,
            convention=convention, precision=precision, notation=notation,
        )  # fmt: skip
        deliver(comparison(compared, when), output)
        raise typer.Exit(0 if compared.agrees else 1)
    if measure or notation or when or limit or passes or phase:
        raise UserError("--measure, --notation, --phase, --pass, --limit and --when are for --formula")
    raise typer.Exit(entries(what or [], outcome, format_, output))


def entries(what: list[str], outcome: str | None, format_: str, output: Path | None) -> int:
    """Judge entries and report; the exit code."""
    from costgraph.library.judge import OUTCOMES, judge
    from costgraph.library.report import as_json, detailed, junit, table

    if outcome is not None and outcome not in OUTCOMES:
        raise unknown("outcome", outcome, OUTCOMES)
    chosen = once(wanted(what))
    verdicts = [judge(entry) for entry in progress(chosen, "checking")]
    text = {"table": table, "json": as_json, "junit": junit}[format_](verdicts)
    if outcome is not None and format_ == "table":
        shown = [line for v in verdicts if v.outcome == outcome for line in (*detailed(v), "")]
        text = "\n".join([*shown, text])
    deliver(text, output)
    return int(any(verdict.failed for verdict in verdicts))


def wanted(what: Iterable[str]) -> Iterator[Entry]:
    """The entries that files and ids name; `000-A1-01` also names its cells, `000-A1-01.gflop` and so on."""
    from costgraph.library.reading import files, from_file, library, named

    if not what:
        yield from library()
    for name in what:
        if name.endswith(".toml") and name in [file.name for file in files()] and not Path(name).exists():
            yield from (entry for entry in library() if entry.file == name)
        elif name.endswith(".toml") or Path(name).exists():
            yield from from_file(Path(name))
        else:
            yield from named(name)


def once(found: Iterable[Entry]) -> list[Entry]:
    """Entries that were named twice, once; refused are two entries of one id."""
    from costgraph.library.reading import unique

    return list(unique({(made.file, made.line, made.id): made for made in found}.values()))


def comparison(compared: Comparison, when: str | None) -> str:
    """A formula of one's own against the engine, as text."""
    from costgraph.printers import python
    from costgraph.provenance import explain

    lines = [f"formula   {python(compared.printed)}", f"derived   {python(compared.exactly)} {compared.unit}"]
    if compared.neglected is not None:
        lines += [
            f"leading   {python(compared.derived)}  ({when}; first neglected: {python(compared.neglected)} of it)"
        ]
    if compared.agrees:
        exactly = compared.printed == compared.exactly
        return "\n".join([*lines, "agrees" if exactly else f"agrees to leading order in {when}"])
    lines += [f"differs by {python(compared.difference, 'factored')}"]
    if compared.slip:
        lines += [f"nearest slip: {compared.slip}"]
    return "\n".join([*lines, "", "the terms it comes from:", explain(compared.responsible, write=python)])
