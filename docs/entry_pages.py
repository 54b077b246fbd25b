"""A page of the site for each entry of formulas/: what was printed, and how it is derived; docs/ stays as it is."""

from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from itertools import groupby
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import global_toctree_for_doc

from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import library, sources
from costgraph.library.judging.judge import judge
from costgraph.library.pages.errata import cited
from costgraph.reports.formulas import of_one
from costgraph.reports.html import html
from costgraph.reports.nodes import Report

LIST = "formulas"  # the page of the list; those of entries are in a folder of that name
COLUMNS = {"entry": 20, "place": 20, "title": 30, "printed": 30}  # per cent


def setup(app: Sphinx) -> dict[str, Any]:
    """The list where a page says ```{published-formulas}, and the pages that it leads to."""
    app.add_directive("published-formulas", PublishedFormulas)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}


class PublishedFormulas(Directive):
    """Every entry, by source, as text that the search of the site finds."""

    def run(self) -> list[nodes.Node]:
        """A section for each source."""
        entries = sorted(library(), key=lambda one: sources()[one.source].title.lower())
        return [section(key, list(found)) for key, found in groupby(entries, lambda one: one.source)]


def section(key: str, found: list[Entry]) -> nodes.section:
    """The entries of a source."""
    made = nodes.section(ids=[f"source-{nodes.make_id(key)}"])
    made += nodes.title(text=sources()[key].title)
    made += nodes.paragraph("", "", *linked(cited(sources()[key]), sources()[key].url))
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in COLUMNS.values()), cols=len(COLUMNS))
    group += nodes.thead("", nodes.row("", *(cell(nodes.Text(name)) for name in COLUMNS)))
    group += nodes.tbody("", *map(row, found))
    made += nodes.table("", group)
    return made


def linked(text: str, url: str) -> list[nodes.Node]:
    """Text that leads to where the source is, if that is known."""
    return [nodes.reference("", text, refuri=url) if url else nodes.Text(text)]


def row(one: Entry) -> nodes.row:
    """An entry, with a link to its page."""
    link = nodes.reference("", one.id, refuri=f"{LIST}/{one.id}.html")
    texts = (nodes.Text(one.place), nodes.Text(one.title), nodes.literal(text=one.statement))
    return nodes.row("", *map(cell, (link, *texts)))


def cell(inside: nodes.Node) -> nodes.entry:
    """A cell of the list."""
    return nodes.entry("", nodes.paragraph("", "", inside))


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page of each entry."""
    contents = table_of_contents(app)
    for one in library():
        body = html(Report("", (of_one(judge(one), titled=False),)))
        back = f'<p><a href="../{LIST}.html">All published formulas</a></p>'
        context = {"title": escape(one.title), "body": f"<h1>{escape(one.title)}</h1>{body}{back}", "toctree": contents}
        yield f"{LIST}/{one.id}", context, "page.html"


def table_of_contents(app: Sphinx) -> Callable[..., str]:
    """The pages of the site as each of these shows them at its side: made once, as all lie in one folder."""

    @cache
    def contents(**options: Any) -> str:
        found = global_toctree_for_doc(app.env, f"{LIST}/index", app.builder, tags=app.tags, **options)
        return str(app.builder.render_partial(found)["fragment"])

    return contents
