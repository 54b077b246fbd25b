"""How long each op takes: the longest of computing, moving bytes and sending them, as closed forms."""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError
from costgraph.exporting.documents.cheatsheet import asked_of, at
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.mathematics import Record, maximum
from costgraph.largest import Largest
from costgraph.measures import MEASURES
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
        rows = [] if layout.math.paged else [*whole_step(found, layout)]
        rows += [timed(group, layout) for group in groups.values()]
        if groups:
            yield {
                "title": title,
                "note": (NOTE if layout.math.paged else NOTE_OF_BOUND) if phase == "prefill" else "",
                "rows": rows,
                "compact": True,
            }


NOTE = "In seconds, each op by itself, all its runs; ops that take equally long share a line."
NOTE_OF_BOUND = f"{NOTE} Before them the bound of a step, all at once."


def whole_step(setup: Setup, layout: Layout) -> Iterator[Record]:
    """How long a step takes at least, all resources at once; nothing where nothing has to be done."""
    try:
        form = MEASURES["step_time"](setup.graph, setup.convention).limited(setup.bindings)
    except UserError:
        return
    forms = form.candidates if isinstance(form, Largest) else (form,)
    sides = [(one.at[-1], one.value) for one in forms]
    numbers = [at(value, layout.sizes) for _, value in sides]
    longest = max(range(len(sides)), key=lambda i: numbers[i] or 0)
    yield layout.made("step, at least", "s", (), maximum(sides, layout.math), sides[longest][1])


def timed(group: list[Span], layout: Layout) -> Record:
    """Ops that take equally long, and how long that is."""
    sides = [(NAMES[name], Quotient(seconds)) for name, seconds in group[0].sides.items()]
    numbers = [at(value, layout.sizes) for _, value in sides]
    longest = max(range(len(sides)), key=lambda i: numbers[i] or 0)
    return layout.made(together([span.name for span in group]), "s", (), maximum(sides, layout.math), sides[longest][1])


def together(names: list[str]) -> str:
    """`attn.q, k, v` for ops of one place."""
    by_place: dict[str, list[str]] = {}
    for name in names:
        place, _, what = name.partition(".")
        by_place.setdefault(place, []).append(what)
    return "; ".join(f"{place}.{', '.join(found)}" if found[0] else place for place, found in by_place.items())
