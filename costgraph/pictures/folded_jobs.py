"""The order of jobs of each stage where a stage has two chunks of layers, as far from either end of the model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import count

from costgraph.pictures.jobs import Job, Kind

BLOCK = 6  # passes of a microbatch on a stage: of two chunks, forward and both gradients


class Passes:
    """The jobs of a stage, each kind of a chunk for one microbatch after the other."""

    def __init__(self) -> None:
        self.counts = {(kind, chunk): count() for kind in ("F", "B", "W") for chunk in (0, 1)}
        self.put_off: list[Job] = []  # gradients of weights that are still to be made

    def __call__(self, kind: Kind, chunk: int, joined: bool = False) -> Job:
        """The next one of a kind."""
        return Job(kind, next(self.counts[kind, chunk]), chunk, joined)

    def whole(self, chunk: int, joined: bool = True) -> Iterator[Job]:
        """Both gradients; whoever waits for those of inputs waits for both where they are joined."""
        yield self("B", chunk, joined)
        yield self("W", chunk)

    def inputs(self, chunk: int) -> Job:
        """Gradients of inputs alone."""
        found = self("B", chunk)
        self.put_off.append(found._replace(kind="W"))
        return found

    def weights(self, chunks: Collection[int] = (0, 1)) -> Iterator[Job]:
        """The first gradients of weights of these chunks that were put off, if there are any."""
        if job := next((one for one in self.put_off if one.chunk in chunks), None):
            self.put_off.remove(job)
            yield self("W", job.chunk)


def zero_bubble_v(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """PyTorch's `ScheduleZBVZeroBubble`: the handcrafted order of Qi et al. 2023, section 6."""
    passes, behind = Passes(), P - stage
    begun = 2 * behind - 1 + stage
    for _ in range(2 * behind - 1):
        yield passes("F", 0)
    for _ in range(stage):
        yield passes("F", 1)
        yield passes("F", 0)
    for _ in range(behind):
        yield passes("F", 1)
        yield from passes.whole(1, joined=False)
    for at in range(M - P):
        if begun + at < M:
            yield passes("F", 0)
        yield from passes.whole(0, joined=False)
        yield passes("F", 1)
        yield from passes.whole(1, joined=False)
    for _ in range(stage):
        yield passes.inputs(0)
        yield passes.inputs(1)
    for _ in range(behind):
        yield passes.inputs(0)
        yield from passes.weights((0,))
    for chunk in (1, 0):
        while any(job.chunk == chunk for job in passes.put_off):
            yield from passes.weights((chunk,))


def v_half(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Qi et al. 2024: building blocks in which a stage is two steps behind the one before on the way forward."""
    late = 0 if P % 2 else 3
    return repeated(2 * stage, 3 * P - stage - 2, 3 * P + late + 2 * stage - 1, 6 * P + late - stage - 2, M)


def v_min(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """Qi et al. 2024: building blocks in which a stage is one step behind the one before."""
    late = 0 if P % 3 else 2
    return repeated(stage, 2 * P - stage - 1, 2 * P + late + stage, 4 * P + late - stage - 1, M)


def repeated(first: int, second: int, back: int, back_first: int, M: int) -> Iterator[Job]:
    """A building block for each microbatch, so many steps apart that passes of each stage fit between one another.

    Gradients of weights take the steps that are free. Squeezed: each pass begins as soon as it can.

    Args:
        first: at which step a stage takes the first chunk forward.
        second: at which the second.
        back: at which it makes the gradients of inputs of the second chunk.
        back_first: at which those of the first.
        M: microbatches.
    """
    begins = {first: ("F", 0), second: ("F", 1), back: ("B", 1), back_first: ("B", 0)}
    steps = {at + BLOCK * one: of for at, of in begins.items() for one in range(M)}
    assert len(steps) == len(begins) * M
    passes = Passes()
    for step in range(max(steps) + 1):
        if step not in steps:
            yield from passes.weights()
            continue
        kind, chunk = steps[step]
        yield passes.inputs(chunk) if kind == "B" else passes("F", chunk)
    while passes.put_off:
        yield from passes.weights()


def dualpipe_v(stage: int, P: int, M: int, v: int) -> Iterator[Job]:
    """deepseek-ai/DualPipe, `dualpipev.py`, and PyTorch's `ScheduleDualPipeV`: to the end, in pairs, and back."""
    passes, behind, ahead = Passes(), P - 1 - stage, stage + 1
    for _ in range(2 * behind):
        yield passes("F", 0)
    for _ in range(ahead):
        yield passes("F", 0)
        yield passes("F", 1)
    for _ in range(behind):
        yield passes.inputs(1)
        yield from passes.weights()
        yield passes("F", 1)
    for at in range(M - 2 * P + ahead):
        yield passes("F", 0, joined=behind > 0 or at > 0)
        yield from passes.whole(1)
        yield passes("F", 1, joined=True)
        yield from passes.whole(0)
    for _ in range(behind):
        yield from passes.whole(1)
        yield passes("F", 1, joined=True)
        yield from passes.whole(0)
    for at in range(2 * ahead):  # the second half puts gradients of weights off
        chunk = 1 - at % 2
        yield from passes.whole(chunk) if at < ahead else [passes.inputs(chunk)]
    for _ in range(behind):
        yield from passes.weights()
        yield passes.inputs(0)
    while passes.put_off:
        yield from passes.weights()
