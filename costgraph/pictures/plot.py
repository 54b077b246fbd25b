"""One function for all pictures: what is drawn depends on what is given."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.comparing.comparison import Comparison
from costgraph.derivation import Derivation
from costgraph.errors import UserError, unknown
from costgraph.estimation.estimate import Estimate
from costgraph.graph.graph import Graph
from costgraph.pictures import KINDS, Kind
from costgraph.pictures.picture import Picture
from costgraph.searching.table import Tabular


def plot(
    subject: Estimate | Mapping[str, Estimate] | Derivation | Comparison | Graph | Tabular, kind: Kind = "roofline"
) -> Picture:
    """Draw an answer; a notebook shows the picture, `save("memory.svg")` writes it.

    Args:
        subject: an estimate; several by name, whose memory is drawn; a derivation or a comparison with one size open,
            over which its costs are drawn; a graph, for which Graphviz has to be installed; a search or a sweep, whose
            own `plot` draws further kinds.
        kind: of an estimate `roofline`, `memory`, or the `schedule` of its pipeline.

    Raises:
        UserError: matplotlib or Graphviz is missing, or something is open that has to be bound.
    """
    if kind not in KINDS:
        raise unknown("picture", kind, KINDS)
    if isinstance(subject, Estimate):
        return of_estimate(subject, kind)
    if isinstance(subject, Derivation | Comparison):
        from costgraph.pictures import curves

        return curves.draw(subject)
    if isinstance(subject, Graph):
        from costgraph.pictures import graphviz

        return graphviz.draw(subject)
    if isinstance(subject, Tabular):
        return subject.plot()
    if isinstance(subject, Mapping):
        from costgraph.pictures import memory

        return memory.draw(subject)
    kinds = "estimates, derivations, comparisons, graphs, searches, sweeps"
    raise UserError(f"there is no picture of a {type(subject).__name__}: {kinds}")


def of_estimate(result: Estimate, kind: Kind) -> Picture:
    """One of the pictures of an estimate."""
    from costgraph.pictures import memory, roofline, timeline

    draw = {"roofline": roofline.draw, "memory": memory.draw, "schedule": timeline.draw}[kind]
    return draw(result)
