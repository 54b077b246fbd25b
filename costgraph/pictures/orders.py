"""Schedules of a pipeline, run: who waits for whom, and what is alive meanwhile.

Times and microbatches in flight are what comes out of the orders of jobs. Nothing here knows a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from costgraph.errors import BugError
from costgraph.pictures.folded_jobs import dualpipe_v, v_half, v_min, zero_bubble_v
from costgraph.pictures.jobs import (
    Job,
    Kind,
    gpipe,
    interleaved,
    one_forward_one_backward,
    zero_bubble_h1,
    zero_bubble_h2,
)
from costgraph.records import dataclass


@dataclass(frozen=True)
class Order:
    """The jobs of each stage in order.

    Args:
        jobs: of a stage, P, M and v.
        apart: whether what was before hears of gradients of inputs before those of weights are there.
        folded: whether chunks lie from the first stage to the last and back.
        waits: whether a stage begins a step only when all have ended the one before.
    """

    jobs: Callable[[int, int, int, int], Iterator[Job]]
    apart: bool = False
    folded: bool = False
    waits: bool = True


ORDERS = {
    "gpipe": Order(gpipe),
    "1f1b": Order(one_forward_one_backward),
    "interleaved": Order(interleaved),
    "zb-h1": Order(zero_bubble_h1, apart=True),
    "zb-h2": Order(zero_bubble_h2, apart=True, waits=False),
    "zb-v": Order(zero_bubble_v, apart=True, folded=True, waits=False),
    "v-half": Order(v_half, apart=True, folded=True),
    "v-min": Order(v_min, apart=True, folded=True),
    "dualpipev": Order(dualpipe_v, apart=True, folded=True),
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
    folded: bool = False
    waits: bool = True

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
        free, todo = [Fraction(0)] * self.P, [list(reversed(together(jobs))) for jobs in self.stages]
        while any(todo):
            before = sum(map(len, todo))
            for stage, left in enumerate(todo):
                while left and (needed := self.all_needed(stage, left[-1])) <= ends.keys():
                    jobs = left.pop()
                    free[stage] = max([free[stage], *(ends[one] for one in needed)])
                    for job in jobs:
                        begin, free[stage] = free[stage], free[stage] + took(stage, job)
                        yield Slot(stage, job, begin, free[stage])
                    ends |= {(job.kind, job.microbatch, self.at(stage, job.chunk)): free[stage] for job in jobs}
            if sum(map(len, todo)) == before:
                raise BugError("every stage waits for another")

    def at(self, stage: int, chunk: int) -> int:
        """Where a chunk of a stage stands along the whole model."""
        return chunk * self.P + (self.P - 1 - stage if self.folded and chunk % 2 else stage)

    def all_needed(self, stage: int, jobs: Sequence[Job]) -> set[tuple[Kind, int, int]]:
        """What jobs that end together wait for besides their stage."""
        own = {(job.kind, job.microbatch, self.at(stage, job.chunk)) for job in jobs}
        return {one for job in jobs if (one := self.needed(stage, job)) is not None} - own

    def needed(self, stage: int, job: Job) -> tuple[Kind, int, int] | None:
        """What a job waits for besides its stage."""
        at = self.at(stage, job.chunk)
        if job.kind == "F":
            return ("F", job.microbatch, at - 1) if at else None
        if job.kind == "W":
            return "B", job.microbatch, at
        if at == self.P * self.v - 1:
            return "F", job.microbatch, at
        return "B" if self.apart else "W", job.microbatch, at + 1

    def bubble(self, durations: Mapping[Kind, int]) -> Fraction:
        """The time that a stage is idle over the time that it is busy.

        Where stages do not wait for others to end a step, of the one that is idle longest within its own.
        """
        busy = self.M * sum(durations.values())
        return max(self.steps(list(self.slots(lambda _, job: Fraction(durations[job.kind]))))) / self.v / busy - 1

    def steps(self, slots: Sequence[Slot]) -> list[Fraction]:
        """How long the step of each stage is: as that of all, or, where none waits for others, from its first job."""
        begins = [min(one.begin for one in slots if one.stage == stage) for stage in range(self.P)]
        ends = [max(one.end for one in slots if one.stage == stage) for stage in range(self.P)]
        if self.waits:
            return [max(ends)] * self.P
        return [end - begin for begin, end in zip(begins, ends, strict=True)]

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
            needed_by = self.at(stage, job.chunk) + (1 if job.kind == "F" else -1)
            mine = {self.at(stage, chunk) for chunk in range(self.v)}
            if 0 <= needed_by < self.P * self.v and needed_by not in mine:
                sends[job.kind] += 1
        return sends["F"], sends["B"]


def together(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs in groups that end together."""
    found: list[list[Job]] = []
    joined = False
    for job in jobs:
        if joined:
            found[-1].append(job)
        else:
            found.append([job])
        joined = job.joined
    return found


@cache
def run(schedule: str, P: int, M: int, v: int = 1) -> Run:
    """A step of a schedule; one that is folded has two chunks."""
    order = ORDERS[schedule]
    chunks = 2 if order.folded else v
    jobs = [list(order.jobs(stage, P, M, chunks)) for stage in range(P)]
    return Run(P, M, chunks, jobs, order.apart, order.folded, order.waits)
