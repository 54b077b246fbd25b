"""`costgraph check`: does what was printed follow? The library, a file, an entry, or a formula of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from os.path import lexists, realpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.cli.waiting import progress
from costgraph.errors import UserError, shorten, unknown

if TYPE_CHECKING:
    from costgraph.library.entries.entry import Entry
    from costgraph.library.entries.reading import Document


@arg.of_setup()
@answers(*REPORT, "junit")
def check(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="ID|FILE", help="Entries by id, or TOML files; all if none.")
    ] = None,
    formula: Annotated[str | None, typer.Option(help="Check this formula instead: '6*N_params*B*S'.")] = None,
    measure: Annotated[str | None, typer.Option(help="What the formula gives; see `costgraph list measures`.")] = None,
    asked: arg.Asked = arg.NOTHING,
    when: Annotated[str | None, typer.Option(help="A regime, 'S << D': compare with the leading term.")] = None,
    per: arg.Per = None,
    whole: arg.Whole = False,
    ops: arg.Ops = None,
    outcome: Annotated[
        str | None, typer.Option(help="Show the entries with this outcome in full, or judged so, such as constant.")
    ] = None,
    to: To = STDOUT,
) -> None:
    """Judge what the literature printed, or a formula of your own.

    All is derived again; the exit code is 1 if something differs.
    """
    own = {name: text for name, text in (("measure", measure), ("when", when)) if text}
    shared = {name: value for name, value in (("per", per), ("whole", whole), ("ops", ops)) if value}
    options = {**own, **asked.options, **shared}
    if formula is None and (typed := next((one for one in what or [] if is_formula(one)), None)):
        raise UserError(
            f"'{shorten(typed)}' is no entry; check a formula of your own with --formula '{shorten(typed)}'"
        )
    if formula is not None and what and (remedy := arg.misplaced(what)):
        raise UserError(remedy)
    if formula is None and (given := [*options]):
        raise UserError(f"{arg.flag(given[0])} is for --formula: entries say themselves how they are derived")
    if formula is not None and (what or outcome or to.format == "junit"):
        raise UserError("--formula checks one formula, of which there is no junit: leave out entries and --outcome")
    failed = entries(what or [], outcome, to) if formula is None else one_formula(formula, options, to)
    raise typer.Exit(int(failed))


def is_formula(text: str) -> bool:
    """Whether what stands where ids and files do looks like a formula; ids have no signs but - and ."""
    return re.search(r"[*^=+/()\\]|^\d+[A-Z]", text) is not None and not text.endswith(".toml") and not lexists(text)


@bounded()
def one_formula(formula: str, options: Mapping[str, Any], to: To) -> bool:
    """Compare a formula with what the engine derives; whether it differs."""
    from costgraph.library.checking.comparison import check as run
    from costgraph.reports.check import report

    if "measure" not in options:
        raise UserError(
            "--formula needs --measure: what does the formula give? --measure flops, for instance; `costgraph list "
            "measures` has all"
        )
    found = run(formula, **options)
    to.tell(lambda: report(found), found.to_json)
    return not found.agrees


def entries(what: list[str], outcome: str | None, to: To) -> bool:
    """Judge entries; whether something differs."""
    from costgraph.library.judging.judge import OUTCOMES
    from costgraph.library.judging.judged_by import JUDGED
    from costgraph.library.judging.together import judged
    from costgraph.reports.judged import junit, report
    from costgraph.reports.judged_json import to_json

    known = dict.fromkeys((*OUTCOMES, *JUDGED))
    outcome = outcome and next((one for one in known if one.replace(" ", "-") == outcome), outcome)
    if outcome is not None and outcome not in known:
        raise unknown("outcome", outcome, known)
    if outcome is not None and to.format in ("json", "junit"):
        raise UserError(f"--outcome chooses what is shown; {to.format} has every entry in full")
    chosen = once(wanted(what))
    in_full = to.format in ("json", "junit") or outcome is not None
    found = dict(progress(judged(chosen, in_full), "checking", len(chosen)))
    verdicts = [found[at] for at in range(len(chosen))]
    to.tell(lambda: report(verdicts, outcome), lambda: to_json(verdicts), junit=lambda: junit(verdicts))
    return any(verdict.failed for verdict in verdicts)


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
