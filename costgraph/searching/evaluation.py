"""Plans of one structure, many at once: what they need, how long they take at least, how long they are estimated to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial, reduce

import numpy as np
from numpy.typing import NDArray

from costgraph.estimation.bound import EFFICIENCIES_OF
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Columns, Program, with_defined
from costgraph.searching.forms import Forms
from costgraph.searching.open_mesh import OpenMesh
from costgraph.searching.shares import Group, Ints, Links, Over
from costgraph.searching.stage_times import Crossings, Rates, Spread, Timed, taken, timed

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Arm:
    """How long one resource of a stage is busy at least: a row of seconds."""

    stage: str
    resource: str
    seconds: Column


class Step:
    """A step of each plan of a block.

    Args:
        stages: their times.
        absent: of which plans each stage is none.
        bubble: idle time over busy time, which an estimate adds.
        joined: whether links join all groups that send.
        rates: what an estimate takes for granted.
    """

    def __init__(
        self, stages: Sequence[Timed], absent: Sequence[Mask], bubble: Column | float, joined: Mask, rates: Rates
    ) -> None:
        self.stages, self.absent, self.bubble, self.joined, self.rates = stages, absent, bubble, joined, rates

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """What each resource takes on each stage, idle time included where stages wait."""
        return tuple(self._arms())

    def _arms(self) -> Iterator[Arm]:
        for name, at in (("compute", 0), ("memory", 1)):
            others = [one.waiting(at, gone) for one, gone in zip(self.stages, self.absent, strict=True)]
            for one, gone in zip(self.stages, self.absent, strict=True):
                seconds = one.busy[at] + one.idle(at, others)
                yield Arm(one.forms.place, name, np.where(gone, 0.0, seconds) if gone.any() else seconds)
        for one, gone in zip(self.stages, self.absent, strict=True):
            for symbol, seconds in one.links().items():
                yield Arm(one.forms.place, symbol, np.where(gone, 0.0, seconds) if gone.any() else seconds)

    @cached_property
    def bound(self) -> Column:
        """How long it takes at least."""
        return longest_of(arm.seconds for arm in self.arms)

    @cached_property
    def seconds(self) -> Column:
        """How long it takes: as estimated where efficiencies are named, else at least."""
        if not self.rates.efficiency:
            return self.bound
        found = self.stages[0].estimate(self.bubble)
        for one, longest in zip(self.stages[1:], self.longest[1:], strict=True):
            found = np.where(longest, one.estimate(self.bubble), found)
        return np.maximum(found, longest_of(self.floors)) if self.floors else found

    @cached_property
    def floors(self) -> tuple[Column, ...]:
        """What an estimate is never below: nothing where all devices do the same and nothing hides."""
        if not self.rates.efficiency or not (self.rates.floored or len(self.stages) > 1):
            return ()
        reached = (self.rates.reached(EFFICIENCIES_OF.get(arm.resource, "comms")) for arm in self.arms)
        return tuple(arm.seconds / share for arm, share in zip(self.arms, reached, strict=True))

    @cached_property
    def longest(self) -> tuple[Mask, ...]:
        """Of which plans each stage is the one that takes longest, op by op, at the efficiencies that were named."""
        if len(self.stages) == 1:
            return (~self.absent[0],)
        sizes = [np.where(gone, -1.0, one.size()) for one, gone in zip(self.stages, self.absent, strict=True)]
        longest, at = sizes[0], np.zeros(len(sizes[0]), dtype=np.int64)
        for place, size in enumerate(sizes[1:], 1):
            at = np.where(size > longest * (1 + 1e-12), place, at)
            longest = np.maximum(longest, size)
        return tuple(at == place for place in range(len(sizes)))


def longest_of(rows: Iterable[Column]) -> Column:
    """The largest of some rows."""
    return reduce(np.maximum, rows)


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

    # --- memory -------------------------------------------------------------------------------------------------------

    def needed(self, columns: Columns) -> Column:
        """Bytes of the stage that needs most: the largest of what is alive at any instant, in the stages there are."""
        rows = self.room.at(with_defined(columns, self.forms.room_definitions))
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

    # --- time ---------------------------------------------------------------------------------------------------------

    def step(self, columns: Columns) -> Step:
        """A step of each plan of a block."""
        columns = with_defined(columns, self.forms.definitions)
        rows = self.time.at(columns)
        length = rows.shape[1]
        groups, spread = self.groups(columns, length)
        joined = np.ones(length, dtype=bool)
        for group in groups.values():
            joined &= spread(group.joined)
        values, crossings = iter(rows), Crossings(self.links, groups, spread)
        stages = [Timed(stage, list(taken(stage, values)), crossings, self.rates) for stage in self.forms.stages]
        absent = [
            np.broadcast_to(columns["P"] == 2, length)
            if one.forms.place == "middle stage" and "P" in columns
            else np.zeros(length, dtype=bool)
            for one in stages
        ]
        return Step(stages, absent, self.idle_share(columns), joined, self.rates)

    def idle_share(self, columns: Columns) -> Column:
        """Idle time over busy time, which an estimate adds."""
        above, below = self.bubble.at(columns)
        share: Column = above / below
        return share

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
