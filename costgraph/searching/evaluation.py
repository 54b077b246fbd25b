"""Plans of one structure, many at once: what they need, how long they take at least, how long they are estimated to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.asked import Request
from costgraph.estimation.bound import EFFICIENCIES_OF
from costgraph.measures.idle import Waiting, forms_of, idle, waiting_of
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Columns, Program, double, with_defined
from costgraph.searching.forms import Forms, Sent, StageForms
from costgraph.searching.open_mesh import OpenMesh
from costgraph.searching.shares import Group, Ints, Links, Over

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


@dataclass(frozen=True)
class Arm:
    """How long one resource of a stage is busy at least: a row of seconds."""

    stage: str
    resource: str
    seconds: Column


@dataclass(frozen=True)
class Evaluated:
    """A block of plans.

    Args:
        needed: bytes of the stage that needs most.
        arms: what each resource takes, by stage.
        bound: how long a step takes at least.
        estimate: how long at the efficiencies that were named; None without.
        joined: whether links join all groups that send.
    """

    needed: Column
    arms: tuple[Arm, ...]
    bound: Column
    estimate: Column | None
    joined: NDArray[np.bool_]


class Evaluator:
    """The forms of a structure in a phase, ready for columns.

    Args:
        forms: of the structure.
        axes: of devices, outermost first, each with a column of its degrees; of one that is cut twice each part.
        links: over which collectives go.
        rates: what an estimate takes for granted.
    """

    def __init__(self, forms: Forms, axes: Sequence[str], links: Links, rates: Rates) -> None:
        self.forms, self.links, self.rates = forms, links, rates
        self.axes = tuple(axes)
        self.overs = tuple(dict.fromkeys(one.over for stage in forms.stages for one in stage.sent))
        self.room = Program.of([form for stage in forms.stages for form in stage.alive])
        self.time = Program.of([form for stage in forms.stages for form in timed(stage)])
        self.bubble = Program.of(self.forms.bubble)

    @property
    def outputs(self) -> int:
        """How many values are computed of each plan."""
        return len(self.room.coefficients) + len(self.time.coefficients)

    def needed(self, columns: Columns) -> Column:
        """Bytes of the stage that needs most."""
        return self._alive(with_defined(columns, self.forms.definitions))

    def _alive(self, columns: Columns) -> Column:
        """The largest of what is alive at any instant, in the stages that there are."""
        rows = self.room.at(columns)
        if "middle stage" not in self.places or not self.may_lack_middle(columns):
            return np.asarray(rows.max(axis=0))
        found: Column | None = None
        at = 0
        for stage in self.forms.stages:
            mine = rows[at : at + len(stage.alive)].max(axis=0)
            at += len(stage.alive)
            if stage.place == "middle stage":
                mine = np.where(columns["P"] == 2, 0.0, mine)
            found = mine if found is None else np.maximum(found, mine)
        assert found is not None
        return found

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The stages."""
        return tuple(stage.place for stage in self.forms.stages)

    def may_lack_middle(self, columns: Columns) -> bool:
        """Whether some of the plans have two stages, so that none is in the middle."""
        return "P" in columns and bool((columns["P"] == 2).any())

    def at(self, columns: Columns) -> Evaluated:
        """All that is asked of a block of plans."""
        columns = with_defined(columns, self.forms.definitions)
        alive = self._alive(columns)
        length = len(alive)
        groups, spread = self.groups(columns, length)
        joined = np.ones(length, dtype=bool)
        for group in groups.values():
            joined &= spread(group.joined)
        values = iter(self.time.at(columns))
        crossings = Crossings(self.links, groups, spread)
        stages = [Timed(stage, list(taken(stage, values)), crossings, self.rates) for stage in self.forms.stages]
        absent = [
            np.broadcast_to(columns["P"] == 2, length)
            if one.forms.place == "middle stage" and "P" in columns
            else np.zeros(length, dtype=bool)
            for one in stages
        ]
        arms = tuple(self.arms(stages, absent))
        bound = longest_of(arm.seconds for arm in arms)
        estimate = None
        if self.rates.efficiency:
            estimate = self.estimate(stages, absent, columns)
            if self.rates.floored or len(stages) > 1:
                reached = (arm.seconds / self.rates.reached(EFFICIENCIES_OF.get(arm.resource, "comms")) for arm in arms)
                estimate = np.maximum(estimate, longest_of(reached))
        return Evaluated(alive, arms, bound, estimate, joined)

    def groups(self, columns: Columns, length: int) -> tuple[dict[Over, Group], Spread]:
        """Which links the groups along some axes use, of each mesh of devices once; and what gives it to all plans."""
        spread: Spread = np.asarray
        if isinstance(columns, OpenMesh):
            part = columns.part(self.axes)
            spread = partial(columns.spread, part=part)
            columns, length = part, part.length
        degrees: dict[str, Ints] = {
            name: np.broadcast_to(np.asarray(columns[name], dtype=np.int64), length) for name in self.axes
        }
        return {over: self.links.group(self.axes, degrees, over) for over in self.overs}, spread

    # --- at least -----------------------------------------------------------------------------------------------------

    def arms(self, stages: Sequence[Timed], absent: Sequence[NDArray[np.bool_]]) -> Iterator[Arm]:
        """What each resource takes on each stage, idle time included where stages wait."""
        for name, at in (("compute", 0), ("memory", 1)):
            others = [one.waiting(at, gone) for one, gone in zip(stages, absent, strict=True)]
            for one, gone in zip(stages, absent, strict=True):
                seconds = one.busy[at] + one.idle(at, others)
                yield Arm(one.forms.place, name, np.where(gone, 0.0, seconds) if gone.any() else seconds)
        for one, gone in zip(stages, absent, strict=True):
            for symbol, seconds in one.links().items():
                yield Arm(one.forms.place, symbol, np.where(gone, 0.0, seconds) if gone.any() else seconds)

    # --- as estimated -------------------------------------------------------------------------------------------------

    def estimate(self, stages: Sequence[Timed], absent: Sequence[NDArray[np.bool_]], columns: Columns) -> Column:
        """Seconds of the stage that takes longest at the peak rates, op by op, at the efficiencies that were named."""
        bubble = self.bubble.at(columns)
        share = bubble[0] / bubble[1]
        longest: Column | None = None
        found: Column | None = None
        for one, gone in zip(stages, absent, strict=True):
            size, seconds = np.where(gone, -1.0, one.size()), one.estimate(share)
            if longest is None or found is None:
                longest, found = size, seconds
            else:
                found = np.where(size > longest * (1 + 1e-12), seconds, found)
                longest = np.maximum(longest, size)
        assert found is not None
        return found


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

    def estimate(self, bubble: Column) -> Column:
        """Seconds at the efficiencies that were named, with idle time."""
        flops, mem, comms = (1.0 / self.rates.reached(name) for name in ("flops", "mem", "comms"))
        whole: list[Column | float] = [0.0, 0.0]  # what is done for each microbatch, and once a step
        for op, compute, memory in self.ops:
            whole[op.once] = whole[op.once] + np.maximum(compute * flops, memory * mem)
        for one, volume, runs, each in self.slowest:
            taken = (volume * comms * each.seconds + runs * each.delay) * self.rates.shown(one.part)
            whole[one.once] = whole[one.once] + taken
        return np.asarray(whole[0] * (1.0 + bubble) + whole[1])
