"""`costgraph formulas`: the library of published formulas, to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.aliases import TOPICS
from costgraph.cli.once import Once
from costgraph.cli.output import deliver, remark
from costgraph.cli.plain_values import PlainGroup
from costgraph.cli.telling import REPORT, STDOUT, To, answers
from costgraph.cli.waiting import progress
from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    from costgraph.library.entries.entry import Entry

formulas = typer.Typer(
    cls=PlainGroup,
    help="Read the library of published formulas: list, show, search, errata.",
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
    """List the entries, one per line: id, place, title and what was printed."""
    from costgraph.library.entries.reading import library, sources
    from costgraph.reports.formulas import cited_sources, entries, entries_json, sources_json

    if source == "all":
        to.tell(cited_sources, sources_json)
        return
    if source is not None and source not in sources():
        raise unknown("source", source, sources())
    found = [entry for entry in library() if source in (None, entry.source)]
    to.tell(lambda: entries(found), lambda: entries_json(found))


@formulas.command(cls=Once)
@answers(*REPORT)
def show(id_: Annotated[str, typer.Argument(metavar="ID", help="The entry.")], to: To = STDOUT) -> None:
    """Show one entry: what was printed, where, and what follows."""
    from costgraph.library.entries.reading import named
    from costgraph.library.judging.judge import judge
    from costgraph.reports.formulas import in_full, in_full_json

    judged = [judge(entry) for entry in named(id_)]
    to.tell(lambda: in_full(judged), lambda: in_full_json(judged))


@formulas.command(cls=Once)
@answers(*REPORT)
def search(
    words: Annotated[list[str], typer.Argument(help="All of these must occur, in any case.")], to: To = STDOUT
) -> None:
    """Search ids, titles, places, sources, formulas, models and symbols; `MLA` finds latent attention, too."""
    from costgraph.library.entries.reading import library
    from costgraph.reports.formulas import entries, entries_json

    texts = {entry.id: haystack(entry) for entry in library()}
    found = [entry for entry in library() if all(occurs(word, texts[entry.id]) for word in words)]
    if not found:
        remark(f"no entry has {' and '.join(words)}")
        raise typer.Exit(1)
    to.tell(lambda: entries(found), lambda: entries_json(found))


@formulas.command(cls=Once)
@answers("markdown", "latex")
def errata(to: To = STDOUT) -> None:
    """Write the page of errata: what was printed, what follows, why, and what it changes."""
    from costgraph.library.entries.reading import library
    from costgraph.library.judging.judge import judge
    from costgraph.library.pages.errata import page

    wrong = [entry for entry in library() if entry.erratum]
    verdicts = [judge(entry) for entry in progress(wrong, "proving")]
    if failed := [verdict for verdict in verdicts if verdict.failed]:
        raise UserError(f"{failed[0].entry.where}: {failed[0].reason}; mend the entry first (costgraph check)")
    deliver(page(verdicts, to.format), to.path, document=True)


def haystack(entry: Entry) -> str:
    """Everything of an entry that is searched: what it says, whose it is, and how it is derived."""
    from costgraph.library.entries.reading import sources

    source = sources()[entry.source]
    texts = [entry.id, entry.title, entry.place, entry.source, source.title, source.authors, source.year]
    texts += [entry.statement, entry.quantity, entry.says, entry.remark, *entry.assumptions, *entry.letters.values()]
    for asked in (*entry.let.values(), *([entry.derive] if entry.derive else [])):
        texts += [asked.measure, asked.tensor, asked.model, asked.op_set, asked.phase, asked.mesh, asked.convention]
        texts += [asked.limit, asked.symbolic, *asked.passes, *asked.ops]
    return " ".join((*texts, entry.erratum.why if entry.erratum else "")).lower()


def occurs(word: str, text: str) -> bool:
    """Whether a word is in a text, or what it is short for, as `MLA` is for latent attention."""
    return word.lower() in text or any(meaning in text for meaning in TOPICS.get(word.lower(), ()))
