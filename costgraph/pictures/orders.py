"""Schedules of a pipeline, run: the order in which every stage works, who waits for whom, and what is alive meanwhile.

Orders are written as their authors define them; times and microbatches in flight are what comes out. Nothing here knows
a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Literal, NamedTuple

from costgraph.errors import BugError
from costgraph.records import dataclass

Kind = Literal["F", "B", "W"]  # forward; gradients of inputs; gradients of weights


class Job(NamedTuple):
    """What a stage does at once: one pass of a microbatch through one chunk of layers."""

    kind: Kind
    microbatch: int
    chunk: int = 0


def gpipe(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Huang et al. 2019: all forward, then all backward, the last one first."""
    yield from (Job("F", one) for one in range(M))
    for one in reversed(range(M)):
        yield from (Job("B", one), Job("W", one))


def one_forward_one_backward(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Narayanan et al. 2021, figure 4: as many forward as there are stages behind, then one of each."""
    ahead = min(P - 1 - stage, M)
    yield from (Job("F", one) for one in range(ahead))
    for one in range(M):
        if ahead + one < M:
            yield Job("F", ahead + one)
        yield from (Job("B", one), Job("W", one))


def interleaved(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Megatron-LM's `forward_backward_pipelining_with_interleaving`, groups of P microbatches a chunk.

    All stages take a group through all chunks but one before the first backward pass, and two more for every stage
    behind them; a stage with no more than that takes everything forward first.
    """
    table = [(one, chunk) for group in range(0, M, P) for chunk in range(v) for one in range(group, group + P)]
    ahead = min(2 * (P - 1 - stage) + (v - 1) * P, len(table))
    yield from (Job("F", *at) for at in table[:ahead])
    for done, (microbatch, chunk) in enumerate(table):
        if ahead + done < len(table):
            yield Job("F", *table[ahead + done])
        yield from (Job(kind, microbatch, v - 1 - chunk) for kind in ("B", "W"))


def zero_bubble_h1(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Qi et al. 2023: as 1F1B, the gradients of weights `stage` microbatches later."""
    for job in one_forward_one_backward(stage, P, M, v):
        if job.kind != "W":
            yield job
        elif job.microbatch >= stage:
            yield Job("W", job.microbatch - stage)
    yield from (Job("W", one) for one in range(max(M - stage, 0), M))


@dataclass(frozen=True)
class Order:
    """The jobs of each stage in order, and whether what was before hears of gradients of inputs first."""

    jobs: Callable[[int, int, int, int], Iterator[Job]]
    apart: bool = False


ORDERS = {
    "gpipe": Order(gpipe),
    "1f1b": Order(one_forward_one_backward),
    "interleaved": Order(interleaved),
    "zb-h1": Order(zero_bubble_h1, apart=True),
}


class Alive(NamedTuple):
    """The chunks of microbatches that a stage holds at one instant, by chunk."""

    chunks: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.chunks)


class Slot(NamedTuple):
    """When a stage works on a job."""

    stage: int
    job: Job
    begin: Fraction
    end: Fraction


@dataclass(frozen=True)
class Run:
    """A step of a schedule with numbers."""

    P: int
    M: int
    v: int
    stages: list[list[Job]]
    apart: bool

    def span(self, durations: Mapping[Kind, int]) -> Fraction:
        """How long the step takes, where a pass through all chunks of a stage takes so long.

        Counted in parts of a chunk, so that times are whole.
        """
        return self.makespan(lambda _, job: Fraction(durations[job.kind])) / self.v

    def makespan(self, took: Callable[[int, Job], Fraction], after: Sequence[Fraction] = ()) -> Fraction:
        """How long the step takes, where each job of a stage takes as long as `took` says.

        A stage begins its next job as soon as it is free and what the job waits for has ended.

        Args:
            took: seconds of a job, by its stage.
            after: what each stage does once its jobs are done, such as an update.
        """
        free = [Fraction(0)] * self.P
        for slot in self.slots(took):
            free[slot.stage] = slot.end
        return max(end + more for end, more in zip(free, after or [Fraction(0)] * self.P, strict=True))

    def slots(self, took: Callable[[int, Job], Fraction]) -> Iterator[Slot]:
        """Each job with its stage and its times, those of a stage in their order."""
        ends: dict[tuple[Kind, int, int], Fraction] = {}  # by kind, microbatch, and chunk along the whole model
        free, todo = [Fraction(0)] * self.P, [list(reversed(jobs)) for jobs in self.stages]
        while any(todo):
            before = sum(map(len, todo))
            for stage, jobs in enumerate(todo):
                while jobs and ((needed := self.needed(stage, jobs[-1])) is None or needed in ends):
                    job = jobs.pop()
                    begin = free[stage] if needed is None else max(free[stage], ends[needed])
                    free[stage] = begin + took(stage, job)
                    ends[job.kind, job.microbatch, job.chunk * self.P + stage] = free[stage]
                    yield Slot(stage, job, begin, free[stage])
            if sum(map(len, todo)) == before:
                raise BugError("every stage waits for another")

    def needed(self, stage: int, job: Job) -> tuple[Kind, int, int] | None:
        """What a job waits for besides its stage."""
        at = job.chunk * self.P + stage
        if job.kind == "F":
            return ("F", job.microbatch, at - 1) if at else None
        if job.kind == "W":
            return "B", job.microbatch, at
        if at == self.P * self.v - 1:
            return "F", job.microbatch, at
        return "B" if self.apart else "W", job.microbatch, at + 1

    def bubble(self, durations: Mapping[Kind, int]) -> Fraction:
        """The time that a stage is idle over the time that it is busy."""
        busy = self.M * sum(durations.values())
        return self.span(durations) / busy - 1

    def alive(self, stage: int, until: Kind) -> list[Alive]:
        """What a stage holds after every forward job, if a job of some kind is the last that reads it."""
        chunks, seen = [0] * self.v, []
        for job in self.stages[stage]:
            if job.kind == "F":
                chunks[job.chunk] += 1
                seen.append(Alive(tuple(chunks)))
            elif job.kind == until:
                chunks[job.chunk] -= 1
        assert not any(chunks)
        return seen

    def worst(self, stage: int, until: Kind = "W") -> list[Alive]:
        """The instants at which a stage holds most."""
        seen = self.alive(stage, until)
        most = max(each.total for each in seen)
        return [one for one in seen if one.total == most]

    def sent(self, stage: int) -> tuple[int, int]:
        """How often a stage sends to another one, forward and backward."""
        sends = {"F": 0, "B": 0, "W": 0}
        for job in self.stages[stage]:
            needed_by = job.chunk * self.P + stage + (1 if job.kind == "F" else -1)
            if 0 <= needed_by < self.P * self.v and needed_by % self.P != stage:
                sends[job.kind] += 1
        return sends["F"], sends["B"]


@cache
def run(schedule: str, P: int, M: int, v: int = 1) -> Run:
    """A step of a schedule."""
    order = ORDERS[schedule]
    return Run(P, M, v, [list(order.jobs(stage, P, M, v)) for stage in range(P)], order.apart)
