"""A graph with what each op costs, as what Graphviz and Mermaid read.

Ops are boxes in the colour of their phase with shape, FLOPs and bytes of one run, and what they keep for the backward
pass; loops are frames with how often they run; collectives have an outline of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.printers import unicode
from costgraph.conventions import EXACT, Convention
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Loop
from costgraph.graph.op import Op, Phase
from costgraph.graph.rules import rule
from costgraph.measures import op_costs
from costgraph.measures.activations import KEPT, readers
from costgraph.records import dataclass

FILLS: dict[Phase, str] = {
    "forward": "#d6e8f5", "recompute": "#fdf0c4", "backward": "#fbdcc6", "update": "#d3efe4",
}  # fmt: skip
NAMES: dict[Phase, str] = {"forward": "blue", "recompute": "yellow", "backward": "orange", "update": "green"}
Row = tuple[str, str]  # what is written, and in which colour; the first of a box is its name
EDGE, SENT, FRAME, INK, GREY, KEEPS = "#7a7a7a", "#9b2f7c", "#9a9a9a", "#222222", "#555555", "#a33c00"


@dataclass(frozen=True)
class Box:
    """An op with what is written into its box.

    Args:
        op: the op.
        lines: what follows its name: what it is, its shape and costs of one run, what it keeps.
    """

    op: Op
    lines: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is written, line by line."""
        lines = ((line, KEEPS if line.startswith("keeps ") else GREY) for line in self.lines)
        return ((self.op.name, INK), *lines)

    @property
    def sends(self) -> bool:
        """Whether it is a collective."""
        return rule(self.op.kind).traffic == "network" if self.op.kind != "einsum" else False


def boxes(graph: Graph, convention: Convention = EXACT) -> Iterator[Box]:
    """The ops in order."""
    kept = kept_by(graph)
    for op in graph.ops:
        made = graph.tensors[op.outputs[0]]
        work = op_costs.flops(op, graph.tensors, convention)
        moved = op_costs.traffic(op, graph.tensors, convention)
        shape = f"{made.letters} ({', '.join(unicode(dim.size) for dim in made.dims)})" if made.dims else "a number"
        costs = [f"{unicode(work)} FLOP"] if work else []
        costs += [f"{unicode(moved)} B moved"] if moved else []
        sent = [f"over {'·'.join(str(cut.degree) for cut in op.cuts)}"] if op.cuts else []
        saved = [f"keeps {unicode(kept[op.name])} B"] if op.name in kept else []
        yield Box(op, (" ".join([op.spec or op.kind, *sent]), shape, *costs, *saved))


def kept_by(graph: Graph) -> dict[str, Polynomial]:
    """Bytes that forward ops keep in one run, each tensor at the op whose backward reads it first."""
    kept: dict[str, Polynomial] = {}
    for name, read_by in readers(graph).items():
        tensor, made = graph.tensors[name], graph.producer.get(name)
        if (made is None or made.phase == "forward") and tensor.role in KEPT and not tensor.gradient:
            kept[read_by[0].source] = kept.get(read_by[0].source, ZERO) + tensor.nbytes
    return kept


def stretches(found: Iterable[Box]) -> Iterator[tuple[Phase, Loop, list[Box]]]:
    """The boxes by phase and loop, in the order of the ops."""
    of_phase: dict[Phase, list[Box]] = {}
    for box in found:
        of_phase.setdefault(box.op.phase, []).append(box)
    for phase, alike in of_phase.items():
        alike.sort(key=lambda box: box.op.loop.number)
        for _, inside in groupby(alike, key=lambda box: box.op.loop.number):
            members = list(inside)
            yield phase, members[0].op.loop, members


def frame(phase: Phase, loop: Loop) -> str:
    """What a frame says: the phase, and how often what is in it runs."""
    if loop.number == 0:
        return ""
    times = loop.times + ONE if loop.rounds == "later" else loop.times
    return f"{unicode(times)} × {loop.kind or 'layer'}, {phase}"


def dot(graph: Graph, title: str, convention: Convention = EXACT) -> str:
    """The graph for Graphviz."""
    found = list(boxes(graph, convention))
    lines = [
        "digraph costgraph {",
        f'  graph [label="{quoted(title)}\\l{quoted(legend(found))}\\l", labelloc=t, labeljust=l,',
        '    fontname="DejaVu Sans", fontsize=14, ranksep=0.28, nodesep=0.25];',
        '  node [shape=box, style="filled,rounded", fontname="DejaVu Sans", fontsize=10, color="#9a9a9a",',
        '    margin="0.1,0.05"];',
        f'  edge [color="{EDGE}", arrowsize=0.6];',
    ]
    return "\n".join([*lines, *body(found, edges(graph)), "}"])


def legend(found: Iterable[Box]) -> str:
    """What numbers and colours mean."""
    every = list(found)
    said = ", ".join(f"{phase} {NAMES[phase]}" for phase in dict.fromkeys(box.op.phase for box in every))
    return f"FLOP and bytes of one run; {said}" + ("; outlined: collectives" if any(box.sends for box in every) else "")


def body(
    found: Iterable[Box], arrows: Iterable[tuple[str, str]], rows: Callable[[Box], Sequence[Row]] = lambda box: box.rows
) -> Iterator[str]:
    """Boxes in their frames, and arrows between them, for Graphviz."""
    for number, (phase, loop, inside) in enumerate(stretches(found)):
        if name := frame(phase, loop):
            yield f"  subgraph cluster_{number} {{"
            yield f'    label="{quoted(name)}"; color="{FRAME}";'
        for box in inside:
            yield f"    {node(box, rows(box))}"
        if name:
            yield "  }"
    for a, b in arrows:
        yield f'  "{quoted(a)}" -> "{quoted(b)}";'


def edges(graph: Graph) -> Iterator[tuple[str, str]]:
    """Who reads what whom makes, each pair once; what is kept for a later phase is said in the boxes, not drawn."""
    for a, b in dict.fromkeys((a, b) for a, b, _ in graph.nx.edges(keys=True)):
        if graph.by_name[a].phase != "forward" or graph.by_name[b].phase == "forward":
            yield a, b


def node(box: Box, written: Iterable[Row]) -> str:
    """One box for Graphviz."""
    rows = [
        f"<B>{escape(line)}</B>" if color == INK else f'<FONT COLOR="{color}">{escape(line)}</FONT>'
        for line, color in written
    ]
    look = f', color="{SENT}", penwidth=2' if box.sends else ""
    return f'"{quoted(box.op.name)}" [label=<{"<BR/>".join(rows)}>, fillcolor="{FILLS[box.op.phase]}"{look}];'


def mermaid(graph: Graph, convention: Convention = EXACT) -> str:
    """The same as a flowchart of Mermaid."""
    number = {op.name: f"n{i}" for i, op in enumerate(graph.ops)}
    lines = ["flowchart TD"]
    for at, (phase, loop, inside) in enumerate(stretches(boxes(graph, convention))):
        said = frame(phase, loop)
        lines += [f'  subgraph s{at}["{escape(said)}"]'] if said else []
        for box in inside:
            words = "<br/>".join(map(escape, (box.op.name, *box.lines)))
            lines.append(f'  {number[box.op.name]}["{words}"]:::{"sent" if box.sends else phase}')
        lines += ["  end"] if said else []
    lines += [f"  {number[a]} --> {number[b]}" for a, b in edges(graph)]
    lines += [f"  classDef {phase} fill:{fill},stroke:{FRAME},color:{INK}" for phase, fill in FILLS.items()]
    return "\n".join([*lines, f"  classDef sent fill:#f3dcec,stroke:{SENT},color:{INK}"])


def quoted(text: str) -> str:
    """Text inside of Graphviz' quotation marks."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
