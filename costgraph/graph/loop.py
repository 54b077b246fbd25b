"""Stretches of a model: loops, which run several times without being unrolled, and segments, which passes choose by."""

from __future__ import annotations

from typing import Literal

from costgraph.algebra.assumption import IsSize
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.records import dataclass, replace

Rounds = Literal["", "later", "every"]


@dataclass(frozen=True, slots=True)
class Loop:
    """A stretch that runs several times, such as L blocks.

    Args:
        kind: of what it repeats, where a model has several kinds of layers (`dense`, `moe`); the ops inside have it in
            their path. Empty in a model with one.
        times: how often it runs in all, loops around it included.
        number: which loop of its graph; what stands outside of all is in loop 0, which runs once.
        rounds: in which of its rounds, of what does not run in all of them: in those behind the first (`later`), or in
            every n-th. It then has the number of the loop, and `times` says how often it runs.
        group: how many rounds are replayed together before the backward pass of these, where they are replayed.
    """

    kind: str = ""
    times: Polynomial = ONE
    number: int = 0
    rounds: Rounds = ""
    group: Polynomial = ONE

    def __hash__(self) -> int:
        return hash((self.kind, self.number))

    @property
    def claim(self) -> IsSize:
        """That it runs a whole number of times."""
        return IsSize(self.kind, self.times, layers=True)

    @property
    def later(self) -> Loop:
        """The same, of what does not run in the first round."""
        return replace(self, times=self.times - ONE, rounds="later")

    def share(self, part: Polynomial, first: bool) -> Loop:
        """The same with a share of the rounds, which the first one is among, or not."""
        if self.rounds != "later":
            return replace(self, times=self.times * part)
        return replace(self, times=(self.times + ONE) * part - (ONE if first else 0))

    def every(self, group: Polynomial) -> Loop:
        """The same, of what runs once for each group of rounds."""
        return replace(self, times=self.times / group, rounds="every")

    @property
    def path(self) -> str:
        """What names of ops and tensors inside begin with: `moe/`, or nothing."""
        return f"{self.kind}/" if self.kind else ""


ONCE = Loop()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of ops that belong together, such as an `attention_core`: what it is, and which one of its graph."""

    name: str
    number: int = 0


def label(name: str) -> str:
    """The name of an op or tensor without the path of its loop: `attn.q` for `moe/attn.q`."""
    return name.rpartition("/")[2]


def place(name: str) -> str:
    """The part of the model that an op stands in: `attn` for `moe/attn.q`."""
    return label(name).partition(".")[0]
