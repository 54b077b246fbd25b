"""DualPipe, run: how long its devices are idle, against what its authors print, and what the engine has instead.

Microbatches come from both ends of the pipeline; a device holds a stage of either direction. The engine has what is
left if one direction is folded onto the other, DualPipeV, whose pairs of passes take as long as both: how long they
take where they overlap is measured, and is no function of what each takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal, NamedTuple

import pytest

from costgraph.pictures.orders import run

Kind = Literal["forward", "inputs", "both", "weights"]  # gradients of inputs alone, or of weights as well


class Pass(NamedTuple):
    """What a device does for one microbatch: of which direction, and which of those."""

    kind: Kind
    way: int
    microbatch: int


class Costs(NamedTuple):
    """How long passes take: forward, whole backward, that of weights alone, and a forward beside a whole backward."""

    F: int
    B: int
    W: int
    FB: int

    def of(self, passes: tuple[Pass, ...]) -> int:
        """How long what overlaps takes."""
        alone = {"forward": self.F, "both": self.B, "inputs": self.B - self.W, "weights": self.W}
        return self.FB if len(passes) == 2 else alone[passes[0].kind]


class Device:
    """The passes of a device in the order of the authors' program (deepseek-ai/DualPipe, dualpipe.py, bb214e8).

    `near` is the direction whose first stages are nearer to the device.
    """

    def __init__(self, rank: int, P: int, M: int) -> None:
        self.near = int(rank >= P // 2)
        self.begun, self.ended = [0, 0], [0, 0]
        self.waiting: list[Pass] = []  # gradients of weights that are put off
        ahead = min(rank, P - 1 - rank)  # devices between it and its end
        self.passes = list(self.order(ahead, P // 2 - 1 - ahead, M // 2 - P + ahead + 1))

    def order(self, ahead: int, behind: int, pairs: int) -> Iterator[tuple[Pass, ...]]:
        """All passes: to the middle, in pairs, and back."""
        near, far = self.near, 1 - self.near
        for _ in range(2 * behind):
            yield (self.forward(near),)
        for _ in range(ahead + 1):
            yield (self.forward(near),)
            yield (self.forward(far),)
        for _ in range(behind):
            yield (self.inputs(far),)
            yield (self.weights(),)
            yield (self.forward(far),)
        for at in range(pairs):
            first = self.forward(near), self.both(far)
            yield from [(one,) for one in first] if at == 0 and not behind else [first]
            yield self.forward(far), self.both(near)
        for _ in range(behind):
            yield (self.both(far),)
            yield self.forward(far), self.both(near)
        for at in range(2 * (ahead + 1)):  # the second half puts gradients of weights off
            way = (far, near)[at % 2]
            yield (self.both(way) if at < ahead + 1 else self.inputs(way),)
        for _ in range(behind):
            yield (self.weights(),)
            yield (self.inputs(near),)
        while self.waiting:
            yield (self.weights(),)

    def forward(self, way: int) -> Pass:
        self.begun[way] += 1
        return Pass("forward", way, self.begun[way])

    def both(self, way: int) -> Pass:
        self.ended[way] += 1
        return Pass("both", way, self.ended[way])

    def inputs(self, way: int) -> Pass:
        found = self.both(way)._replace(kind="inputs")
        self.waiting.append(found._replace(kind="weights"))
        return found

    def weights(self) -> Pass:
        return self.waiting.pop(0)


def idle(P: int, M: int, costs: Costs) -> list[int]:
    """How long each device is idle: until it has ended its passes, each of which begins as soon as it can."""
    devices = [Device(rank, P, M).passes for rank in range(P)]
    ends: dict[tuple[bool, int, int, int], int] = {}  # by whether it is forward, direction, microbatch, stage
    free, todo = [0] * P, [list(reversed(passes)) for passes in devices]
    while any(todo):
        before = sum(map(len, todo))
        for rank, left in enumerate(todo):
            while left and all(one in ends for one in needed(left[-1], rank, P)):
                passes = left.pop()
                begin = max([free[rank], *(ends[one] for one in needed(passes, rank, P))])
                free[rank] = begin + costs.of(passes)
                for kind, way, microbatch in passes:
                    if kind != "weights":
                        ends[kind == "forward", way, microbatch, (P - 1 - rank) if way else rank] = free[rank]
        assert sum(map(len, todo)) < before, "every device waits for another"
    return [max(free) - sum(map(costs.of, passes)) for passes in devices]


def needed(passes: tuple[Pass, ...], rank: int, P: int) -> Iterator[tuple[bool, int, int, int]]:
    """What other passes wait for."""
    for kind, way, microbatch in passes:
        stage = (P - 1 - rank) if way else rank
        if kind == "forward" and stage:
            yield True, way, microbatch, stage - 1
        elif kind in ("inputs", "both"):
            yield (False, way, microbatch, stage + 1) if stage < P - 1 else (True, way, microbatch, stage)


def printed(P: int, costs: Costs) -> int:
    """The README's bubble."""
    return (P // 2 - 1) * (costs.FB + costs.B - 3 * costs.W)


def balanced() -> Iterator[Costs]:
    """Gradients of inputs take as long as a forward pass, those of weights no longer, a pair its backward at least."""
    for F in (2, 3, 5):
        for W in range(1, F + 1):
            yield from (Costs(F, F + W, W, FB) for FB in range(F + W, 2 * F + W + 1))


@pytest.mark.parametrize(("P", "M"), [(P, M) for P in (2, 4, 6, 8) for M in (2 * P, 2 * P + 2, 4 * P)])
def test_the_bubble_of_dualpipe(P: int, M: int) -> None:
    """As printed, for the devices in the middle; no other is idle longer, and none where a pair saves nothing."""
    for costs in balanced():
        found = idle(P, M, costs)
        assert max(found) == found[P // 2] == found[P // 2 - 1] == printed(P, costs)
        if costs.FB == costs.F + costs.B:
            assert set(found) == {printed(P, costs)}


@pytest.mark.parametrize("costs", [Costs(10, 20, 8, 25), Costs(10, 22, 7, 26), Costs(2, 5, 3, 3)])
def test_it_is_another_where_passes_are_not_balanced(costs: Costs) -> None:
    assert max(idle(4, 8, costs)) != printed(4, costs)


@pytest.mark.parametrize(("P", "M"), list(product((2, 4, 6, 8), (16, 32))))
def test_microbatches_in_flight(P: int, M: int) -> None:
    """One more than there are stages, on each device, of both directions together."""
    for rank in range(P):
        held = most = 0
        for passes in Device(rank, P, M).passes:
            held += sum(one.kind == "forward" for one in passes)
            most = max(most, held)
            held -= sum(one.kind in ("both", "weights") for one in passes)
        assert (held, most) == (0, P + 1)


@pytest.mark.parametrize(("P", "M"), [(P, M) for P in (2, 4, 6, 8) for M in (2 * P, 2 * P + 2, 4 * P)])
def test_it_is_two_of_dualpipe_v(P: int, M: int) -> None:
    """Over half of the devices each, with half of the microbatches: as idle, whatever passes cost, and as full."""
    folded = run("dualpipev", P // 2, M // 2)
    for costs in (*balanced(), *(Costs(F, B, W, F + B) for F, B, W in ((10, 22, 7), (2, 9, 2), (7, 9, 5)))):
        if costs.FB != costs.F + costs.B:
            continue
        busy = M // 2 * 2 * (costs.F + costs.B)
        span = folded.span({"F": costs.F, "B": costs.B - costs.W, "W": costs.W}) * folded.v
        assert max(idle(P, M, costs)) == span - busy
    assert {folded.worst(stage)[0].total for stage in range(P // 2)} == {P + 1}
