"""recompute: replay whole segments in the backward instead of keeping what is inside them.

Before (segment: b, c):
    b = f(a) ; c = g(b) ; ... ; a.grad = f_grad(b.grad, b)
After:
    b = f(a) ; c = g(b) ; ... ; b' = f(a) ; c' = g(b') ; a.grad = f_grad(b.grad, b')

The inputs of a segment and what later ops read of it are kept; everything between is replayed as ops of phase
`recompute`, and those backward ops that read it read the replay.

With `recompute(every=n)` n blocks are replayed together. The input of every n-th is kept; the others read what the
replay of the block before gives. A loop that is replayed like that says how many rounds such a `group` has.

Source: Korthikanti et al. 2022, Sec. 5 (selective and full recomputation); Chen et al. 2016, Sec. 4 (several together).
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import ClassVar, Literal

from costgraph.algebra.assumption import Divides
from costgraph.algebra.parser import Size, size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError, shorten
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Loop, Segment
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass, replace

SEGMENTS = {"selective": "attention_core", "full": "block"}


@dataclass(frozen=True)
class Recompute(Pass):
    """Replay segments: `selective` is scores to values of the attention, `full` the whole block.

    Args:
        segment: which segments; unless given `selective`, and `full` with `every`.
        every: how many blocks are replayed together, of which the input of the first alone is kept.
    """

    name: ClassVar[str] = "recompute"
    requires: ClassVar[tuple[str, ...]] = ("backward",)
    segment: Literal["", "selective", "full"] = ""
    every: Size | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        number = self.group.number
        if number is not None and (number < 1 or Fraction(number).denominator != 1):
            raise UserError(f"{self.name}: every={shorten(str(self.every))} must be a positive integer")
        if self.every is not None and self.segment == "selective":
            raise UserError(f"{self.name}: selective replays within each layer; every={self.every} is for full")
        usual = "" if self.segment == "selective" else self.segment
        object.__setattr__(self, "segment", usual if self.every is None else "full")

    @property
    def group(self) -> Polynomial:
        """How many blocks are replayed together."""
        return ONE if self.every is None else size(self.every)

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with replays between forward and backward.

        Raises:
            UserError: there is no such segment, or groups of blocks do not come out even.
        """
        segment, group, forward = SEGMENTS[self.segment or "selective"], self.group, list(graph.phase("forward"))
        inside = {op.name for op in forward if op.within(segment)}
        if not inside:
            raise UserError(f"{graph.name} has no segment '{segment}' to replay")
        kept = {x for op in forward if op.name not in inside for x in op.inputs}
        rounds = rounds_read(graph, segment, kept)
        again = [op for op in forward if not rounds.keys().isdisjoint(op.segments)]
        first = [] if group == ONE else entering(forward, again)
        new = {name: f"{name}.replay" for op in (*first, *again) for name in op.outputs}
        replays = [once_in(group, op, new) for op in first] + [rerun(op, new, rounds) for op in again]

        tensors = dict(graph.tensors)
        for op, replay in zip((*first, *again), replays, strict=True):
            loop = op.loop if op in first else replay.loop
            tensors |= {new[old]: replace(tensors[old], name=new[old], loop=loop) for old in op.outputs}
        instead = {old: name for old, name in new.items() if old not in kept}
        ops = [*forward, *replays, *(renamed(op, instead) for op in graph.phase("backward"))]
        return grouped(graph, ops, tensors, {op.loop.number: op.loop for op in first}, group)


def rounds_read(graph: Graph, name: str, kept: Collection[str]) -> dict[Segment, bool]:
    """The segments of which the backward pass reads what is not kept: whether it does so in the first layer, too."""
    found: dict[Segment, bool] = {}
    for op in graph.phase("backward"):
        for made in (graph.producer[x] for x in op.inputs if x in graph.producer and x not in kept):
            for part in made.segments if made.phase == "forward" else ():
                if part.name == name:
                    found[part] = found.get(part, False) or op.loop.rounds != "later"
    return found


def entering(forward: Iterable[Op], again: Iterable[Op]) -> list[Op]:
    """The ops that lead into the loops of replayed blocks; a block that runs once is a group of its own."""
    loops = {op.loop.number for op in again if op.loop.times != ONE}
    return [op for op in forward if op.kind == "loop" and op.loop.number in loops]


def once_in(group: Polynomial, op: Op, new: Mapping[str, str]) -> Op:
    """What a group of blocks begins with: the input of its first, which is kept."""
    (x,) = op.outputs
    loop = op.loop.every(group)
    return replace(
        op, name=f"{op.name}.replay", inputs=(x,), outputs=(new[x],), phase="recompute", loop=loop, origin=op.name
    )


def rerun(op: Op, new: Mapping[str, str], rounds: Mapping[Segment, bool]) -> Op:
    """The replay of a forward op: the same op on replayed inputs, in the layers in which it is read."""
    loop = op.loop if any(rounds.get(part) for part in op.segments) else op.loop.later
    return replace(renamed(op, new), name=f"{op.name}.replay", phase="recompute", loop=loop, origin=op.name)


def grouped(
    graph: Graph, ops: Iterable[Op], tensors: Mapping[str, Tensor], loops: Mapping[int, Loop], group: Polynomial
) -> Graph:
    """The graph with these ops, where the rounds of these loops are replayed in groups of so many."""
    mark = functools.cache(lambda loop: replace(loop, group=group) if loop.number in loops else loop)
    if loops:
        ops = [replace(op, loop=mark(op.loop)) for op in ops]
        tensors = {name: replace(tensor, loop=mark(tensor.loop)) for name, tensor in tensors.items()}
    advice = "recompute(every=n) replays groups of n layers"
    return graph.rewritten(ops, tensors, [Divides(group, loop.times, advice, "layers") for loop in loops.values()])


def renamed(op: Op, instead: Mapping[str, str]) -> Op:
    """An op, with all that it fuses, that reads and writes replays in place of what has one."""
    return replace(
        op,
        inputs=tuple(instead.get(name, name) for name in op.inputs),
        outputs=tuple(instead.get(name, name) for name in op.outputs),
        body=tuple(renamed(step, instead) for step in op.body),
    )
