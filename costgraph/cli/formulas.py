"""`costgraph formulas`: the library of published formulas, to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.once import Once
from costgraph.cli.output import check_target, deliver, progress, remark
from costgraph.cli.plain_values import PlainGroup
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
def show_list(
    source: Annotated[str | None, typer.Option(help="Only those of this source; 'all' lists the sources.")] = None,
) -> None:
    """List the entries, one per line: id, place, title and what was printed."""
    from costgraph.library.entries.reading import library, sources
    from costgraph.library.pages.errata import cited

    if source == "all":
        deliver("\n".join(f"{key:28}  {cited(item)}" for key, item in sources().items()))
        return
    if source is not None and source not in sources():
        raise unknown("source", source, sources())
    deliver(lines([entry for entry in library() if source in (None, entry.source)]))


@formulas.command(cls=Once)
def show(id_: Annotated[str, typer.Argument(metavar="ID", help="The entry.")]) -> None:
    """Show one entry: what was printed, where, and what follows."""
    from costgraph.library.entries.reading import named, sources
    from costgraph.library.judging.judge import judge
    from costgraph.library.pages.errata import cited
    from costgraph.library.pages.report import detailed

    for entry in named(id_):
        deliver("\n".join([*detailed(judge(entry)), f"  {'cited':8}  {cited(sources()[entry.source])}"]))


@formulas.command(cls=Once)
def search(words: Annotated[list[str], typer.Argument(help="All of these must occur, in any case.")]) -> None:
    """Search ids, titles, places, sources and formulas."""
    from costgraph.library.entries.reading import library

    found = [entry for entry in library() if all(word.lower() in haystack(entry) for word in words)]
    if not found:
        remark(f"no entry has {' and '.join(words)}")
        raise typer.Exit(1)
    deliver(lines(found))


@formulas.command(cls=Once)
def errata(
    format_: Annotated[str | None, formats.option(("markdown", "latex"))] = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Write the page of errata: what was printed, what follows, why, and what it changes."""
    from costgraph.library.entries.reading import library
    from costgraph.library.judging.judge import judge
    from costgraph.library.pages.errata import FORMATS, page

    format_ = formats.chosen(format_, FORMATS, output)
    check_target(output, force)
    wrong = [entry for entry in library() if entry.erratum]
    verdicts = [judge(entry) for entry in progress(wrong, "proving")]
    if failed := [verdict for verdict in verdicts if verdict.failed]:
        raise UserError(f"{failed[0].entry.where}: {failed[0].reason}; mend the entry first (costgraph check)")
    deliver(page(verdicts, format_), output, document=True)


def haystack(entry: Entry) -> str:
    """Everything of an entry that is searched."""
    from costgraph.library.entries.reading import sources

    source = sources()[entry.source]
    texts = (entry.id, entry.title, entry.place, entry.source, source.title, source.authors, source.year)
    return " ".join((*texts, entry.statement, entry.quantity, entry.remark)).lower()


def lines(entries: list[Entry]) -> str:
    """One line per entry."""
    widths = [max((len(text) for text in column), default=0) for column in zip(*map(cells, entries), strict=True)]
    rows = ("  ".join(f"{text:{width}}" for text, width in zip(cells(e), widths, strict=True)) for e in entries)
    return "\n".join(row.rstrip() for row in rows)


def cells(entry: Entry) -> tuple[str, str, str, str]:
    """The columns of a list."""
    return entry.id, entry.place, entry.title, entry.statement
