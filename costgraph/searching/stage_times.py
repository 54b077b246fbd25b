"""The times of one stage of a structure, as columns: what each resource is busy, what an estimate sums up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.asked import Request
from costgraph.measures.idle import Waiting, forms_of, idle, waiting_of
from costgraph.records import dataclass
from costgraph.searching.columns import Column, double
from costgraph.searching.shares import Group, Links, Over
from costgraph.searching.stage_forms import Sent, StageForms

Spread = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Rates:
    """What an estimate takes for granted.

    Args:
        asked: the question, with shares of the peaks that are reached, none where no estimate is asked for; and with
            the share of what goes over an axis that hides behind something else.
    """

    asked: Request

    @property
    def efficiency(self) -> Mapping[str, Fraction]:
        """Shares of the peaks."""
        return self.asked.efficiency

    def reached(self, name: str) -> float:
        """The share of a peak."""
        return double(self.efficiency.get(name, 1))

    def shown(self, part: str) -> float:
        """The share of what goes over some axes that hides behind nothing."""
        return float(1 - self.asked.hidden(part))

    @property
    def floored(self) -> bool:
        """Whether a sum may be less than what one resource takes, as something hides."""
        return bool(self.asked.overlap)


def timed(stage: StageForms) -> Iterator[Polynomial]:
    """The forms of a stage's times, in the order in which `taken` takes them."""
    yield from (stage.compute, stage.memory)
    if stage.order:
        yield from (stage.order.ahead, stage.order.stages, stage.order.per)
        yield from (form for one in stage.waiting for form in forms_of(one))
    for one in stage.sent:
        yield from (one.volume, one.runs)
    for op in stage.charged:
        yield from (op.flops, op.moved)


def taken(stage: StageForms, values: Iterator[Column]) -> Iterator[Column]:
    """The rows of a stage."""
    for _ in timed(stage):
        yield next(values)


def longest_of(rows: Iterable[Column]) -> Column:
    """The largest of some rows."""
    return reduce(np.maximum, rows)


class Crossings:
    """What a byte of each kind of collective takes on the links, in a block of plans; worked out once for all stages.

    Args:
        links: of the cluster.
        groups: by the axes along which they are.
        spread: gives what was worked out of each mesh of devices to all plans.
    """

    def __init__(self, links: Links, groups: Mapping[Over, Group], spread: Spread) -> None:
        self.links, self.groups, self.spread = links, groups, spread
        self._busy: dict[tuple[str, Over], dict[str, Column]] = {}
        self._slowest: dict[tuple[str, Over], Slowest] = {}

    def busy(self, kind: str, over: Over) -> dict[str, Column]:
        """Seconds that a byte keeps each link busy, by the symbol of its rate."""
        alike = kind if kind in ("send", "all_to_all") else ""
        if (alike, over) not in self._busy:
            found: dict[str, Column] = {}
            for hop in self.groups[over].levels:
                if not hop.there.any():
                    continue
                symbol = self.links.symbols[hop.level.name]
                seconds = hop.share(kind) / self.links.rates[symbol]
                found[symbol] = found[symbol] + seconds if symbol in found else seconds
            self._busy[alike, over] = {symbol: self.spread(seconds) for symbol, seconds in found.items()}
        return self._busy[alike, over]

    def slowest(self, kind: str, over: Over) -> Slowest:
        """The link on which a byte takes longest."""
        if (kind, over) not in self._slowest:
            levels, of, _ = self.groups[over]
            worst, delay = np.zeros_like(of), np.zeros_like(of)
            for hop in levels:
                worst = np.maximum(worst, hop.share(kind) / self.links.speed(hop.level))
                if late := self.links.latency(hop.level):
                    delay = delay + hop.steps(kind, self.links.algorithm) * late
            self._slowest[kind, over] = Slowest(self.spread(worst), self.spread(delay))
        return self._slowest[kind, over]


class Slowest(NamedTuple):
    """What a byte takes on the slowest link that it crosses, and the delay of a run."""

    seconds: Column
    delay: Column


class Timed:
    """The times of one stage, as rows."""

    def __init__(self, forms: StageForms, rows: Sequence[Column], crossings: Crossings, rates: Rates) -> None:
        self.forms, self.crossings, self.rates = forms, crossings, rates
        self.busy, self.order, self.waits = rows[:2], rows[2:5], (rows[5:12], rows[12:19])
        start = 19 if forms.order else 2
        ends = start + 2 * len(forms.sent)
        self.sent = list(zip(forms.sent, rows[start:ends:2], rows[start + 1 : ends : 2], strict=True))
        self.ops = list(zip(forms.charged, rows[ends::2], rows[ends + 1 :: 2], strict=True))

    def waiting(self, at: int, gone: NDArray[np.bool_]) -> Waiting | None:
        """What idle time of a resource follows from; of a stage that is not there it is above all others."""
        if not self.forms.order:
            return None
        return waiting_of([np.where(gone, np.inf, row) for row in self.waits[at]] if gone.any() else self.waits[at])

    def idle(self, at: int, others: Sequence[Waiting | None]) -> Column | float:
        """Idle time of a resource."""
        if not self.forms.order:
            return 0.0
        ahead, stages, per = self.order
        there = [one for one in others if one]
        own = waiting_of(self.waits[at])
        forth, back = idle((ahead, stages, per), self.forms.order, own, there, np.minimum)
        found: Column = forth + np.maximum(back, 0.0)
        return found

    def links(self) -> dict[str, Column]:
        """Seconds that each link is busy, by the symbol of its rate."""
        found: dict[str, Column] = {}
        for one, volume, _ in self.sent:
            for symbol, each in self.crossings.busy(one.kind, one.over).items():
                found[symbol] = found[symbol] + volume * each if symbol in found else volume * each
        return found

    @cached_property
    def slowest(self) -> list[tuple[Sent, Column, Column, Slowest]]:
        """What an estimate counts of each kind of collective: bytes, runs, and what they take on the slowest link."""
        return [
            (one, volume, runs, self.crossings.slowest(one.kind, one.over))
            for one, volume, runs in self.sent
            if one.counted
        ]

    def size(self) -> Column:
        """How long ops take one after the other, but for what hides; by that the stage is chosen."""
        flops, mem, comms = (1.0 / self.rates.reached(name) for name in ("flops", "mem", "comms"))
        found: Column = np.zeros_like(self.busy[0])
        for _, compute, memory in self.ops:
            found = found + np.maximum(compute * flops, memory * mem)
        for one, volume, _, each in self.slowest:
            found = found + volume * each.seconds * (comms * self.rates.shown(one.part))
        return found

    def charges(self) -> Iterator[tuple[tuple[Column, ...], bool]]:
        """What an estimate sums up, at the efficiencies: of each the sides, and whether that is done once a step."""
        flops, mem, comms = (1.0 / self.rates.reached(name) for name in ("flops", "mem", "comms"))
        for op, compute, memory in self.ops:
            yield (compute * flops, memory * mem), op.once
        for one, volume, runs, each in self.slowest:
            shown = self.rates.shown(one.part)
            yield ((volume * comms * each.seconds + runs * each.delay) * shown,), one.once

    def estimate(self, bubble: Column | float) -> Column:
        """Seconds at the efficiencies that were named, with idle time."""
        whole: list[Column | float] = [0.0, 0.0]  # what is done for each microbatch, and once a step
        for sides, once in self.charges():
            whole[once] = whole[once] + reduce(np.maximum, sides)
        return np.asarray(whole[0] * (1.0 + bubble) + whole[1])

    def maxima(self, bubble: Column | float) -> list[tuple[Column, ...]]:
        """The same as maxima of which it is the sum."""
        return [tuple(side if once else side * (1.0 + bubble) for side in sides) for sides, once in self.charges()]
