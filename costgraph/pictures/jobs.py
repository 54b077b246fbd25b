"""The order of jobs of each stage of a pipeline, as its authors define it. Nothing here knows a formula."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["F", "B", "W"]  # forward; gradients of inputs; gradients of weights


class Job(NamedTuple):
    """What a stage does at once: one pass of a microbatch through one chunk of layers."""

    kind: Kind
    microbatch: int
    chunk: int = 0
    joined: bool = False  # whether it ends with the next job of the stage


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


def zero_bubble_h2(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Qi et al. 2023, figure 3: forward passes until the first gradient is back, weights twice as late as in ZB-H1."""
    ahead, late = 2 * (P - stage) - 1, 2 * stage
    yield from (Job("F", one) for one in range(min(ahead, M)))
    for one in range(M):
        yield Job("B", one)
        if one >= late:
            yield Job("W", one - late)
        if ahead + one < M:
            yield Job("F", ahead + one)
    yield from (Job("W", one) for one in range(max(M - late, 0), M))
