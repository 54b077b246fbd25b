"""Plans of one structure, many at once: what they need, how long they take at least, how long they are estimated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.estimation.account import hidden
from costgraph.searching.columns import Column, Columns, Program, with_defined
from costgraph.searching.forms import Forms, Sent, StageForms
from costgraph.searching.shares import Group, Ints, Links, Over

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """What an estimate takes for granted.

    Args:
        efficiency: shares of the peaks that are reached; empty where no estimate is asked for.
        overlap: which share of what goes over an axis hides behind something else.
    """

    efficiency: Mapping[str, Fraction]
    overlap: Mapping[str, Fraction]

    def reached(self, name: str) -> float:
        """The share of a peak."""
        return float(self.efficiency.get(name, 1))


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
        axes: of devices, outermost first, each with a column of its degrees.
        links: over which collectives go.
        rates: what an estimate takes for granted.

    Raises:
        UserError: a tensor axis with copies of key/value heads, which is two axes.
    """

    def __init__(self, forms: Forms, axes: Sequence[str], links: Links, rates: Rates) -> None:
        self.forms, self.links, self.rates = forms, links, rates
        self.axes = tuple(axes)
        self.overs = tuple(dict.fromkeys(one.over for stage in forms.stages for one in stage.sent))
        if any(name == "T" and cut for over in self.overs for name, cut in over):
            raise UserError("tensor(replicate_kv=True) is not searched or swept; estimate it by itself")
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
        groups, joined = self.groups(columns, length)
        values = iter(self.time.at(columns))
        crossings = Crossings(self.links, groups)
        stages = [Timed(stage, list(taken(stage, values)), crossings, self.rates) for stage in self.forms.stages]
        absent = [
            np.broadcast_to(columns["P"] == 2, length)
            if one.forms.place == "middle stage" and "P" in columns
            else np.zeros(length, dtype=bool)
            for one in stages
        ]
        arms = tuple(self.arms(stages, absent))
        bound = arms[0].seconds
        for arm in arms[1:]:
            bound = np.maximum(bound, arm.seconds)
        estimate = self.estimate(stages, absent, columns) if self.rates.efficiency else None
        return Evaluated(alive, arms, bound, estimate, joined)

    def groups(self, columns: Columns, length: int) -> tuple[dict[Over, Group], NDArray[np.bool_]]:
        """Which links the groups along some axes use, and whether there are such."""
        degrees: dict[str, Ints] = {
            name: np.broadcast_to(np.asarray(columns[name], dtype=np.int64), length) for name in self.axes
        }
        found = {over: self.links.group(self.axes, degrees, over) for over in self.overs}
        joined = np.ones(length, dtype=bool)
        for group in found.values():
            joined &= group.joined
        return found, joined

    # --- at least -----------------------------------------------------------------------------------------------------

    def arms(self, stages: Sequence[Timed], absent: Sequence[NDArray[np.bool_]]) -> Iterator[Arm]:
        """What each resource takes on each stage, idle time included where stages wait."""
        for name, at in (("compute", 0), ("memory", 1)):
            waited = cheapest([(one.busy[at], one.idle[at], gone) for one, gone in zip(stages, absent, strict=True)])
            for one, gone in zip(stages, absent, strict=True):
                seconds = one.busy[at] + waited
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
    yield from (stage.compute, stage.memory, *stage.idle)
    for one in stage.sent:
        yield from (one.volume, one.runs)
    for op in stage.charged:
        yield from (op.flops, op.moved)


def taken(stage: StageForms, values: Iterator[Column]) -> Iterator[Column]:
    """The rows of a stage."""
    for _ in range(4 + 2 * len(stage.sent) + 2 * len(stage.charged)):
        yield next(values)


def cheapest(of_stages: Sequence[tuple[Column, Column, NDArray[np.bool_]]]) -> Column:
    """What is waited for: as if all stages were as cheap as the one that is."""
    least, waited, _ = of_stages[0]
    for busy, idle, gone in of_stages[1:]:
        less = (busy < least * (1 - 1e-12)) & ~gone
        least, waited = np.where(less, busy, least), np.where(less, idle, waited)
    return waited


class Crossings:
    """What a byte of each kind of collective takes on the links, in a block of plans; worked out once for all stages.

    Args:
        links: of the cluster.
        groups: by the axes along which they are.
    """

    def __init__(self, links: Links, groups: Mapping[Over, Group]) -> None:
        self.links, self.groups = links, groups
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
            self._busy[alike, over] = found
        return self._busy[alike, over]

    def slowest(self, kind: str, over: Over) -> Slowest:
        """The link on which a byte takes longest."""
        if (kind, over) not in self._slowest:
            levels, of, _ = self.groups[over]
            worst, which, delay = (np.zeros_like(of) for _ in range(3))
            for at, hop in enumerate(levels):
                each = hop.share(kind) / self.links.speed(hop.level)
                longer = each > worst
                worst, which = np.where(longer, each, worst), np.where(longer, float(at), which)
                if late := self.links.latency(hop.level):
                    delay = delay + hop.steps(kind, self.links.algorithm) * late
            busy = {
                self.links.symbols[level.name]: np.where(which == at, worst, 0.0)
                for at, level in enumerate(self.links.levels)
            }
            self._slowest[kind, over] = Slowest(worst, delay, busy)
        return self._slowest[kind, over]


class Slowest(NamedTuple):
    """What a byte takes on the slowest link that it crosses, the delay of a run, and the same by link."""

    seconds: Column
    delay: Column
    busy: Mapping[str, Column]


class Timed:
    """The times of one stage, as rows."""

    def __init__(self, forms: StageForms, rows: Sequence[Column], crossings: Crossings, rates: Rates) -> None:
        self.forms, self.crossings, self.rates = forms, crossings, rates
        self.busy, self.idle = rows[:2], rows[2:4]
        ends = 4 + 2 * len(forms.sent)
        self.sent = list(zip(forms.sent, rows[4:ends:2], rows[5:ends:2], strict=True))
        self.ops = list(zip(forms.charged, rows[ends::2], rows[ends + 1 :: 2], strict=True))

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
        """How long ops take one after the other at the peak rates; by that the stage is chosen."""
        found: Column = np.zeros_like(self.busy[0])
        for _, compute, memory in self.ops:
            found = found + np.maximum(compute, memory)
        for _, volume, _, each in self.slowest:
            found = found + volume * each.seconds
        return found

    def estimate(self, bubble: Column) -> Column:
        """Seconds at the efficiencies that were named, with idle time."""
        rates = self.rates
        flops, mem, comms = (1.0 / rates.reached(name) for name in ("flops", "mem", "comms"))
        whole: list[Column | float] = [0.0, 0.0]  # what is done for each microbatch, and once a step
        for op, compute, memory in self.ops:
            whole[op.once] = whole[op.once] + np.maximum(compute * flops, memory * mem)
        busy: dict[str, Column] = {}
        for one, volume, runs, each in self.slowest:
            sent = volume * comms
            shown = 1.0 - float(hidden(one.part, rates.overlap))
            whole[one.once] = whole[one.once] + (sent * each.seconds + runs * each.delay) * shown
            for symbol, of_byte in each.busy.items():
                busy[symbol] = busy[symbol] + sent * of_byte if symbol in busy else sent * of_byte
        found: Column = np.asarray(whole[0] * (1.0 + bubble) + whole[1])
        for seconds in busy.values():
            found = np.maximum(found, seconds)
        return found
