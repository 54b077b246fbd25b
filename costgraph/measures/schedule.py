"""In which order the ops of a training step run on a device: the graph's, but for what waits or hurries.

What is replayed runs when the gradients of an op need it, a segment at a time; what keeps a gradient, and the
collectives before that, as soon as the gradient is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import ACCUMULATING, COLLECTIVES

PASSING = (*COLLECTIVES, *ACCUMULATING, "widen", "narrow")  # what may stand between a gradient and what keeps it


def scheduled(graph: Graph) -> list[Op]:
    """The ops, in the order in which they run."""
    middle = list(graph.phase("backward"))
    keeping = keepers(middle)
    waiting = list(graph.phase("recompute"))
    found = [*graph.phase("forward")]
    if waiting or keeping:
        order = [op for op in middle if op.name not in keeping]
        found += Ordered(graph, waiting, order, followers(graph, middle, keeping)).run(order)
    else:
        found += middle
    return [*found, *graph.phase("update")]


def keepers(ops: list[Op]) -> set[str]:
    """The ops that keep a gradient, and those that do nothing but bring it there."""
    readers: dict[str, list[str]] = defaultdict(list)
    found: set[str] = set()
    for op in reversed(ops):
        passes = op.kind in PASSING and all(readers[name] and found.issuperset(readers[name]) for name in op.outputs)
        if op.kind == "accumulate" or passes:
            found.add(op.name)
        for name in op.inputs:
            readers[name].append(op.name)
    return found


def followers(graph: Graph, ops: Iterable[Op], keeping: set[str]) -> dict[str, list[Op]]:
    """For each op what runs right behind it, of those that keep gradients."""
    found: dict[str, list[Op]] = defaultdict(list)
    position = {op.name: at for at, op in enumerate(graph.ops)}
    for op in ops:
        if op.name in keeping:
            made = [graph.producer[name].name for name in op.inputs if name in graph.producer]
            found[max(made, key=position.__getitem__, default="")].append(op)
    return found


class Ordered:
    """Ops of the backward pass, with what runs before and behind each."""

    def __init__(self, graph: Graph, waiting: list[Op], order: list[Op], behind: dict[str, list[Op]]) -> None:
        self.producer, self.behind = graph.producer, behind
        self.reads: dict[str, list[str]] = defaultdict(list)  # by all gradients of an op, which are one call
        for op in order if waiting else ():
            self.reads[op.source] += op.inputs
        whole = not all(op.core for op in waiting)
        self.group: dict[str, list[Op]] = {}  # of a replayed op, what is replayed at once
        groups: dict[object, list[Op]] = defaultdict(list)
        for op in waiting:
            key = (op.loop, op.segments[0] if whole else op.core) if op.segments else op.name
            self.group[op.name] = groups[key]
            groups[key].append(op)

    def run(self, ops: Iterable[Op]) -> Iterator[Op]:
        """The ops with those that they wait for before them."""
        yield from self.behind.get("", ())
        for op in ops:
            yield from self.before(op)
            yield op
            yield from self.after(op)

    def before(self, op: Op) -> Iterator[Op]:
        """What is replayed for an op, and for what else the op is differentiated by, unless it has been."""
        for name in (*op.inputs, *(self.reads.get(op.source, ()) if op.phase == "backward" else ())):
            made = self.producer.get(name)
            if made is not None and made.name in self.group:
                group = list(self.group[made.name])
                for one in group:
                    self.group.pop(one.name, None)
                yield from self.run(group)

    def after(self, op: Op) -> Iterator[Op]:
        """What keeps the gradients that an op has made."""
        for one in self.behind.get(op.name, ()):
            yield one
            yield from self.after(one)
