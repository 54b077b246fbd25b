"""`costgraph formulas`: the library of published formulas, to read."""

from __future__ import annotations

from typing import Annotated

import typer

from costgraph.cli.once import Once
from costgraph.cli.output import deliver, remark
from costgraph.cli.plain_values import PlainGroup
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.cli.waiting import progress
from costgraph.errors import UserError

formulas = typer.Typer(
    cls=PlainGroup,
    help="Read the library of published formulas.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@formulas.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Read the library of published formulas."""
    if context.invoked_subcommand is None:
        deliver(context.get_help())


@formulas.command("list", cls=Once)
@answers(*REPORT)
def show_list(
    source: Annotated[str | None, typer.Option(help="Only those of this source; 'all' lists the sources.")] = None,
    to: To = STDOUT,
) -> None:
    """List the entries: id, place, title and what was printed."""
    from costgraph.library.entries.finding import found
    from costgraph.library.entries.reading import library
    from costgraph.reports.formulas import cited_sources, entries, entries_json, sources_json

    if source == "all":
        to.tell(cited_sources, sources_json)
        return
    listed = library() if source is None else found(source=source)
    to.tell(lambda: entries(listed), lambda: entries_json(listed))


@formulas.command(cls=Once)
@answers(*REPORT)
def show(id_: Annotated[str, typer.Argument(metavar="ID", help="The entry.")], to: To = STDOUT) -> None:
    """Show an entry: what was printed, and how it is derived."""
    from costgraph.library.entries.reading import named
    from costgraph.library.judging.judge import judge
    from costgraph.reports.formulas import in_full, in_full_json

    judged = [judge(entry) for entry in named(id_)]
    to.tell(lambda: in_full(judged), lambda: in_full_json(judged))


@formulas.command(cls=Once)
@answers(*REPORT)
def search(
    words: Annotated[list[str] | None, typer.Argument(help="All of these must occur, in any case.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="What it is about: cache, communication, pipeline, moe, ... Repeatable.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model it is about, such as llama-3 or PaLM. Repeatable.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="The source, part of its name or title, or its number on arXiv; see `formulas list --source all`."
        ),
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="A letter that is printed, of costgraph or of the source. Repeatable.")
    ] = None,
    to: To = STDOUT,
) -> None:
    """Find entries by words, topic, model, source and symbol."""
    from costgraph.library.entries.finding import found, why_none
    from costgraph.reports.formulas import entries, entries_json

    matching = found(words or (), topic or (), model or (), source, symbol or ())
    if not matching:
        remark(why_none(words or ()))
        raise typer.Exit(1)
    to.tell(lambda: entries(matching), lambda: entries_json(matching))


@formulas.command(cls=Once)
@answers("markdown", "latex")
def errata(to: To = STDOUT) -> None:
    """Write the page of errata: what was printed, and what follows.

    With why, and what it changes.
    """
    from costgraph.library.entries.reading import library
    from costgraph.library.judging.together import judged
    from costgraph.library.pages.errata import page

    wrong = [entry for entry in library() if entry.erratum]
    found = dict(progress(judged(wrong), "proving", len(wrong)))
    verdicts = [found[at] for at in range(len(wrong))]
    if failed := [verdict for verdict in verdicts if verdict.failed]:
        raise UserError(f"{failed[0].entry.where}: {failed[0].reason}; mend the entry first (costgraph check)")
    deliver(page(verdicts, to.format), to.path, document=True)
