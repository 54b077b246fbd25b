"""recompute: replay whole segments in the backward instead of keeping what is inside them.

Before (segment: b, c):
    b = f(a) ; c = g(b) ; ... ; a.grad = f_grad(b.grad, b)
After:
    b = f(a) ; c = g(b) ; ... ; b' = f(a) ; c' = g(b') ; a.grad = f_grad(b.grad, b')

The inputs of a segment and what later ops read of it are kept; everything between is replayed as ops of phase
`recompute`, and those backward ops that read it read the replay.

Source: Korthikanti et al. 2022, Sec. 5 (selective and full recomputation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.passes.rewrite import Pass

SEGMENTS = {"selective": "attention_core", "full": "block"}


@dataclass(frozen=True)
class Recompute(Pass):
    """Replay segments: `selective` is scores to values of the attention, `full` the whole block."""

    name: ClassVar[str] = "recompute"
    requires: ClassVar[tuple[str, ...]] = ("backward",)
    segment: Literal["selective", "full"] = "selective"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with replays between forward and backward."""
        if self.segment not in SEGMENTS:
            raise UserError(f"recompute: '{self.segment}' is no segment; choose from {', '.join(SEGMENTS)}")
        segment = SEGMENTS[self.segment]
        inside = [op for op in graph.phase("forward") if op.within(segment)]
        if not inside:
            raise UserError(f"{graph.name} has no segment '{segment}' to replay")
        replayed = {name: f"{name}.replay" for op in inside for name in op.outputs}
        names = {op.name for op in inside}
        kept = {x for op in graph.phase("forward") if op.name not in names for x in op.inputs}
        tensors = dict(graph.tensors)
        for old, new in replayed.items():
            tensors[new] = replace(tensors[old], name=new)
        instead = {old: new for old, new in replayed.items() if old not in kept}
        return graph.rewritten(
            (
                *graph.phase("forward"),
                *(rerun(op, replayed) for op in inside),
                *(renamed(op, instead) for op in graph.phase("backward")),
            ),
            tensors,
        )


def rerun(op: Op, replayed: dict[str, str]) -> Op:
    """The replay of a forward op: the same op on replayed inputs."""
    again = renamed(op, replayed)
    return replace(again, name=f"{op.name}.replay", phase="recompute", origin=op.name)


def renamed(op: Op, instead: dict[str, str]) -> Op:
    """An op, with all that it fuses, that reads and writes replays in place of what has one."""
    return replace(
        op,
        inputs=tuple(instead.get(name, name) for name in op.inputs),
        outputs=tuple(instead.get(name, name) for name in op.outputs),
        body=tuple(renamed(step, instead) for step in op.body),
    )
