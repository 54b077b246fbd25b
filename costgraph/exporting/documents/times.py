"""How long each op takes: the longest of computing, moving bytes and sending them, as closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from costgraph.algebra.definition import Definition
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError
from costgraph.exporting.documents.cheatsheet import asked_of, at
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.markup import flat
from costgraph.exporting.documents.mathematics import Record, maximum
from costgraph.setup import Setup
from costgraph.timing.costs import costs
from costgraph.timing.roofline import Span, spans

TITLES = {"prefill": "Time of each op in prefill", "decode": "Time of each op in decode"}
NAMES = {"compute": "compute", "memory": "memory", "link": "link"}


def sections(setup: Setup, layout: Layout, only: str | None = None) -> Iterator[Record]:
    """A section for each phase that the op set has, or for one."""
    for phase, title in TITLES.items():
        if only not in (None, phase):
            continue
        try:
            found = Setup.of(**asked_of(setup, phase))
        except UserError:
            continue
        groups: dict[tuple[str, ...], list[Span]] = {}
        for span in spans(costs(found.graph, found.convention)).spans:
            groups.setdefault(tuple(map(str, span.sides.values())), []).append(span)
        rows = [timed(group, layout, found.graph.definitions) for group in groups.values()]
        if rows:
            yield {"title": title, "note": NOTE if phase == "prefill" else "", "rows": rows, "compact": True}


NOTE = "In seconds, each op by itself, all its runs; ops that take equally long share a line."


def timed(group: list[Span], layout: Layout, definitions: Sequence[Definition]) -> Record:
    """Ops that take equally long, and how long that is."""
    sides = [(NAMES[name], Quotient(seconds)) for name, seconds in group[0].sides.items()]
    longest = max((value for _, value in sides), key=lambda value: at(value, layout.sizes, definitions) or 0)
    lines = maximum(sides, flat(layout.math))
    for _, value in sides:
        layout.uses(value, definitions)
    return layout.made(together([span.name for span in group]), "s", (), lines, longest, definitions)


def together(names: list[str]) -> str:
    """`attn.q, k, v` for ops of one place."""
    by_place: dict[str, list[str]] = {}
    for name in names:
        place, _, what = name.partition(".")
        by_place.setdefault(place, []).append(what)
    return "; ".join(f"{place}.{', '.join(found)}" if found[0] else place for place, found in by_place.items())
