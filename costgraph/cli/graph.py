"""`costgraph graph`: the ops of a model, as a text tree, DOT or Mermaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from costgraph.algebra.work import bounded
from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, deliver, writes_unicode
from costgraph.cli.plot import check_plot, write_plot

if TYPE_CHECKING:
    from costgraph.conventions import Convention
    from costgraph.graph.graph import Graph
    from costgraph.graph.op import Op

FORMATS = ("text", "dot", "mermaid")


@bounded()
@arg.of_setup(
    phase="train, forward, prefill or decode.  [default: forward]",
    limit="Sizes to put in: 'E=4,p=2'. Repeatable.",
)
def graph(
    asked: arg.Asked = arg.NOTHING,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    plot: arg.Plot = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Show the ops of a model and what each of them costs."""
    format_ = formats.chosen(format_, FORMATS, output)
    check_target(output, force)
    check_plot(plot, force)
    setup = asked.setup(usual_phase="forward")
    shown = setup.graph.substitute(**setup.finite("a graph"))
    if plot is not None:
        from costgraph.pictures.graphviz import draw

        write_plot(draw(shown, str(setup)), plot)
    if format_ == "text":
        text = tree(shown, setup.convention, writes_unicode(output))
    else:
        from costgraph.pictures import annotated

        title = str(setup)
        text = annotated.dot(shown, title) if format_ == "dot" else annotated.mermaid(shown)
    sign = {"text": "", "dot": "// ", "mermaid": "%% "}[format_]
    at = ", ".join(f"{name}={value}" for name, value in setup.bindings.items())
    head = [f"{sign}{setup}" + (f" at {at}" if at else ""), *([""] if format_ == "text" else [])]
    said = [f"{sign}note: {remark}" for remark in setup.remarks(setup.graph.own_symbols, "the graph")]
    deliver("\n".join([*head, text, *said]), output)


def tree(graph: Graph, convention: Convention, pretty: bool) -> str:
    """Ops by phase and place, with their shapes and costs per run."""
    from costgraph.algebra.polynomial import ONE
    from costgraph.algebra.printers import python, unicode
    from costgraph.measures import op_costs

    write = unicode if pretty else python
    sign = "×" if pretty else "x"

    rows: list[tuple[str, ...]] = [("op", "kind", "runs", "result", "FLOPs", "bytes moved")]
    for name in ("forward", "recompute", "backward", "update"):
        places: dict[str, list[Op]] = {}
        for op in graph.phase(name):
            places.setdefault(op.place, []).append(op)
        if places:
            rows.append((name,) + ("",) * 5)
        for place, ops in places.items():
            rows.append((f"  {place}",) + ("",) * 5)
            for op in ops:
                made = graph.tensors[op.outputs[0]]
                work = op_costs.flops(op, graph.tensors, convention)
                moved = op_costs.traffic(op, graph.tensors, convention)
                shape = f"{made.letters} ({', '.join(write(dim.size) for dim in made.dims)})"
                runs = "" if op.times == ONE else f"{sign} {write(op.times)}"
                rows.append((f"    {op.name}", op.spec or op.kind, runs, shape, write(work), write(moved)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
