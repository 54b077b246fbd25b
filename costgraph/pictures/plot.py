"""One function for all pictures: what is drawn depends on what is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from costgraph.comparing.comparison import Comparison
from costgraph.derivation import Derivation
from costgraph.errors import UserError, unknown
from costgraph.estimation.estimate import Estimate
from costgraph.graph.graph import Graph
from costgraph.pictures import KINDS, SWEPT, Kind, SweptKind, spelled
from costgraph.pictures.picture import Picture
from costgraph.searching.table import Tabular


def plot(
    subject: Estimate | Mapping[str, Estimate] | Derivation | Comparison | Graph | Tabular,
    kind: Kind | SweptKind | None = None,
) -> Picture:
    """Draw an answer; a notebook shows the picture, `save("memory.svg")` writes it.

    Args:
        subject: an estimate; several by name, whose memory is drawn; a derivation or a comparison with one size open,
            over which its costs are drawn; a graph, for which Graphviz has to be installed; a search or a sweep, whose
            own `plot` draws further kinds.
        kind: of an estimate `roofline`, which it is unless said, `memory`, or the `schedule` of its pipeline; of a
            sweep `lines`, `heatmap`, `pareto` or `winner`.

    Raises:
        UserError: matplotlib or Graphviz is missing, there is no such picture of the subject, or something is open that
            has to be bound.
    """
    asked, kind = kind, None if kind is None else cast("Kind", spelled(kind))
    if asked is not None and kind not in KINDS:
        from costgraph.searching.points import Points  # only where its kinds are asked for

        if isinstance(subject, Points):
            return subject.plot(asked)
        if spelled(asked) in SWEPT:
            raise UserError(f"{asked} is a picture of a sweep: cg.plot(cg.sweep(...), '{kind}')")
    if isinstance(subject, Estimate):
        if asked is not None and kind not in KINDS:
            raise unknown("picture", asked, KINDS)
        return of_estimate(subject, kind or "roofline")
    if isinstance(subject, Mapping):
        from costgraph.pictures import memory

        check_kind(kind, "several estimates has their memory", ("memory",))
        for name, one in subject.items():
            if not isinstance(one, Estimate):
                raise UserError(f"several are drawn of estimates, by name, and '{name}' is a {type(one).__name__}")
        return memory.draw(subject)
    if isinstance(subject, Derivation | Comparison):
        from costgraph.pictures import curves

        check_kind(kind, f"a {type(subject).__name__.lower()} has its costs over the size that is open")
        return curves.draw(subject)
    if isinstance(subject, Graph):
        from costgraph.pictures import graphviz

        check_kind(kind, "a graph has its ops")
        return graphviz.draw(subject)
    if isinstance(subject, Tabular):
        check_kind(kind, "a search or a sweep has its points")
        return subject.plot()
    kinds = "estimates, derivations, comparisons, graphs, searches, sweeps"
    raise UserError(f"there is no picture of a {type(subject).__name__}: {kinds}")


def check_kind(kind: Kind | None, has: str, possible: tuple[Kind, ...] = ()) -> None:
    """Refuse a kind that there is not of this."""
    if kind is not None and kind not in KINDS:
        raise UserError(f"unknown picture '{kind}': a picture of {has}")
    if kind is not None and kind not in possible:
        raise UserError(f"a picture of {has}, no {kind}, which is of one estimate: cg.plot(cg.estimate(...), '{kind}')")


def of_estimate(result: Estimate, kind: Kind) -> Picture:
    """One of the pictures of an estimate."""
    from costgraph.pictures import memory, roofline, timeline

    draw = {"roofline": roofline.draw, "memory": memory.draw, "schedule": timeline.draw}[kind]
    return draw(result)
