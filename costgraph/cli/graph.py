"""`costgraph graph`: the ops of a model, as a table, DOT or Mermaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli.plot import check_plot, write_plot
from costgraph.cli.telling import REPORT, STDOUT, To, answers

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.setup import Setup


@bounded()
@arg.of_setup(
    phase="train, forward, prefill or decode.  [default: forward]",
    limit="Sizes to put in: 'E=4,p=2'. Repeatable.",
)
@answers(*REPORT, "dot", "mermaid")
def graph(
    named: arg.Word = None,
    asked: arg.Asked = arg.NOTHING,
    plot: arg.Plot = None,
    to: To = STDOUT,
) -> None:
    """Show the ops of a model and what each of them costs."""
    check_plot(plot, to.force)
    asked, _ = arg.named("graph", named, asked)
    from costgraph.reports.graph import report, to_json

    setup = asked.setup(usual_phase="forward")
    shown = setup.graph.substitute(**setup.finite("a graph"))
    if plot is not None:
        from costgraph.pictures.graphviz import draw

        write_plot(draw(shown, str(setup)), plot)

    to.tell(
        lambda: report(shown, setup),
        lambda: to_json(setup, shown),
        dot=lambda: as_dot(setup, shown),
        mermaid=lambda: as_mermaid(setup, shown),
    )


def as_dot(setup: Setup, shown: Graph) -> str:
    """What Graphviz reads."""
    from costgraph.pictures.annotated import dot

    return commented("//", setup, dot(shown, str(setup)))


def as_mermaid(setup: Setup, shown: Graph) -> str:
    """What Mermaid reads."""
    from costgraph.pictures.annotated import mermaid

    return commented("%%", setup, mermaid(shown))


def commented(sign: str, setup: Setup, text: str) -> str:
    """A picture with what was asked above it and what was typed without effect below it."""
    from costgraph.reports.graph import remarks, title

    return "\n".join([f"{sign} {title(setup)}", text, *(f"{sign} note: {one}" for one in remarks(setup))])
