"""One operation of a graph. It says what is computed; what that costs follows from `rules` and the shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.algebra.polynomial import ONE, Polynomial

Phase = Literal["forward", "recompute", "backward"]


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the graph: reads tensors, writes tensors.

    Args:
        name: unique in its graph, `place.what` (`attn.scores`).
        kind: `einsum`, or a row of the rule table.
        inputs, outputs: names of tensors.
        spec: for an einsum, its index specification (`bsd,df->bsf`).
        phase: the part of a training step it belongs to.
        times: how often it runs (L inside the repeated block).
        origin: the forward op that a backward or replayed op belongs to; itself for a forward op.
        segments: named stretches of the model it is part of, outermost first; recomputation and fusion choose by them.
        body: for a fused op, the ops it runs without writing their results to memory.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    spec: str | None = None
    phase: Phase = "forward"
    times: Polynomial = ONE
    origin: str = ""
    segments: tuple[str, ...] = ()
    body: tuple[Op, ...] = ()

    @property
    def source(self) -> str:
        """The name of the forward op this one stems from."""
        return self.origin or self.name

    @property
    def place(self) -> str:
        """The part of the model it stands in: `attn` for `attn.scores`."""
        return self.source.partition(".")[0]
