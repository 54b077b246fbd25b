"""One operation of a graph. It says what is computed; what that costs follows from `rules` and the shapes."""

from __future__ import annotations

from typing import Literal

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.graph.loop import ONCE, Loop, Segment, label, place
from costgraph.mesh import Cut
from costgraph.records import dataclass

CORE = "attention_core"  # the segment of scores, softmax and weighted sum
Phase = Literal["forward", "recompute", "backward", "update"]


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the graph: reads tensors, writes tensors.

    Args:
        name: unique in its graph, its path: `attn.scores`, or `moe/attn.scores` inside a loop of a kind of its own.
        kind: `einsum`, or a row of the rule table.
        inputs, outputs: names of tensors.
        spec: for an einsum, its index specification (`bsd,df->bsf`); its letters are bound to dims by position.
        phase: the part of a training step it belongs to.
        loop: the stretch that it is part of; it runs as often as that.
        origin: the forward op that a backward or replayed op belongs to; itself for a forward op.
        segments: stretches of the model it is part of, outermost first; recomputation and fusion choose by them.
        body: for a fused op, the ops it runs without writing their results to memory.
        over: the dims that it works along, such as those that a norm normalizes; whole on every device.
        cuts: for a collective, the axes over which it goes.
        repeats: how often all of that happens in a step: once for each microbatch, or once.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    spec: str | None = None
    phase: Phase = "forward"
    loop: Loop = ONCE
    origin: str = ""
    segments: tuple[Segment, ...] = ()
    body: tuple[Op, ...] = ()
    over: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    repeats: Polynomial = ONE

    @property
    def times(self) -> Polynomial:
        """How often it runs in a step (L inside the repeated block)."""
        return self.loop.times if self.repeats is ONE else self.loop.times * self.repeats

    @property
    def source(self) -> str:
        """The name of the forward op this one stems from."""
        return self.origin or self.name

    @property
    def label(self) -> str:
        """The same without the path of its loop; what layers of several kinds have alike shares it."""
        return label(self.source)

    @property
    def place(self) -> str:
        """The part of the model it stands in: `attn` for `attn.scores`."""
        return place(self.source)

    @property
    def core(self) -> Segment | None:
        """The attention core that it is part of."""
        return next((part for part in self.segments if part.name == CORE), None)

    def within(self, segment: str) -> bool:
        """Whether it is part of a stretch of that name."""
        return any(part.name == segment for part in self.segments)
