"""Sums over a growing context, of many plans at once: what all decode steps take, without taking them one by one.

`estimation.generation` does the same of one plan in rationals. Here a stretch of contexts is two columns, and what is a
straight line in each of them is known by its values at both ends: the largest of several lines changes where two of
them meet, and so does the least of several sizes, `S_w = min(S, W)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from costgraph.algebra.definition import Definition
from costgraph.searching.columns import Column, quotient, with_defined
from costgraph.searching.evaluation import Evaluator, Step
from costgraph.searching.forms import Forms
from costgraph.searching.stage_times import timed

CONTEXT = "S"  # how many positions a token sees, its own included


class Stretch(NamedTuple):
    """Contexts from one to another, which are whole numbers; none where the last is below the first."""

    first: Column
    last: Column

    @property
    def many(self) -> Column:
        """How many there are."""
        return np.maximum(self.last - self.first + 1, 0.0)

    def at(self, line: Line, context: Column) -> Column:
        """The value of a line between its ends."""
        far = (context - self.first) / np.maximum(self.last - self.first, 1.0)
        return line.first + (line.last - line.first) * far


class Line(NamedTuple):
    """What is a straight line in a stretch: its values at both ends."""

    first: Column
    last: Column


class Maxima(NamedTuple):
    """What a step takes: a sum of maxima, which is never below some floors."""

    sides: Sequence[Sequence[Line]]
    floors: Sequence[Line]


Flat = Mapping[str, Column]


def decoded(steps: Evaluator, columns: Flat, first: Column, last: Column) -> Column:
    """Seconds of the decode steps at contexts from one to another, of as many in each plan.

    Args:
        steps: the forms of a step, in the context S.
        columns: the plans.
        first: of the contexts.
        last: of the contexts.
    """
    at_last = steps.step({**columns, CONTEXT: last})
    if not steps.rates.efficiency:
        return summed(steps, columns, Stretch(first, last), None)
    found = np.zeros(1)
    for stage, longest in enumerate(at_last.longest):  # as estimated, the one stage that is the longest at last
        if longest.any():
            found = np.where(longest, summed(steps, columns, Stretch(first, last), stage), found)
    return found


def summed(steps: Evaluator, columns: Flat, whole: Stretch, stage: int | None) -> Column:
    """The same of the maxima of one stage, or of how long all resources are busy at least."""
    forms, found = steps.forms, np.zeros(1)
    parts = stretches(whole, forms.definitions, columns) if straight(forms) else one_by_one(whole)
    for stretch in parts:
        if stretch.many.any():
            ends = [steps.step({**columns, CONTEXT: context}) for context in stretch]
            found = found + over(stretch, taken(ends, stage))
    return found


def taken(ends: Sequence[Step], stage: int | None) -> Maxima:
    """What a step takes in a stretch, by the steps at both ends."""
    if stage is None:
        return Maxima([lines([arm.seconds for arm in end.arms] for end in ends)], [])
    maxima = zip(*(end.stages[stage].maxima(end.bubble) for end in ends), strict=True)
    return Maxima([lines(sides) for sides in maxima], lines(end.floors for end in ends))


def lines(ends: Iterable[Sequence[Column]]) -> list[Line]:
    """Lines by their values at both ends."""
    return [Line(*pair) for pair in zip(*ends, strict=True)]


def over(stretch: Stretch, of: Maxima) -> Column:
    """The same where all sides are straight lines."""
    if not of.floors:
        found: Column = np.zeros(1)
        for sides in of.sides:
            found = found + over_one(stretch, sides)
        return found
    pairs = [pair for sides in (*of.sides, of.floors) for pair in combinations(sides, 2)]
    found = np.zeros(1)
    for part in cut(stretch, pairs):
        whole, floor = (Line(*(total(stretch, maxima, end) for end in part)) for maxima in (of.sides, (of.floors,)))
        found = found + over_one(part, (whole, floor))
    return found


def over_one(stretch: Stretch, sides: Sequence[Line]) -> Column:
    """The sum of the largest of several lines."""
    found: Column = np.zeros(1)
    for part in cut(stretch, list(combinations(sides, 2))):
        low, high = (total(stretch, (sides,), end) for end in part)
        found = found + (low + high) / 2 * part.many
    return found


def total(stretch: Stretch, maxima: Sequence[Sequence[Line]], context: Column) -> Column:
    """A sum of maxima at one context."""
    found: Column = np.zeros(1)
    for sides in maxima:
        found = found + np.maximum.reduce([stretch.at(side, context) for side in sides])
    return found


def cut(stretch: Stretch, pairs: Sequence[tuple[Line, Line]]) -> Iterator[Stretch]:
    """Parts in which the same one of each pair is the larger one."""
    first, last = stretch
    if not pairs:
        yield stretch
        return
    meetings = np.sort(np.stack(np.broadcast_arrays(*(meeting(stretch, *pair) for pair in pairs))), axis=0)
    for end in meetings:
        yield Stretch(first, end)
        first = np.maximum(first, end + 1)
    yield Stretch(first, last)


def meeting(stretch: Stretch, one: Line, other: Line) -> Column:
    """The last context before two lines have changed places; the last of all where they do not."""
    before, after = one.first - other.first, one.last - other.last
    far = np.where(before * after < 0, before / np.where(before == after, 1.0, before - after), 1.0)
    return np.floor(stretch.first + (stretch.last - stretch.first) * far)


# --- where all are straight lines -------------------------------------------------------------------------------------


def straight(forms: Forms) -> bool:
    """Whether all are straight lines in the context as long as no symbol is another side of its definition."""
    grown = growing_with(forms.definitions)
    jumps = any(one.jumps and one.name in grown for one in forms.definitions)
    sides = [side for one in forms.definitions for side in one.arguments]
    sides += [form for stage in forms.stages for form in timed(stage)]
    powers = (
        [power for name, power in term.powers.items() if name in grown] for side in sides for term in side.monomials()
    )
    return not jumps and all(found in ([], [1]) for found in powers)


def growing_with(definitions: Iterable[Definition]) -> set[str]:
    """The context, and the symbols that depend on it."""
    grown = {CONTEXT}
    for one in definitions:
        if not grown.isdisjoint(one.symbols):
            grown.add(one.name)
    return grown


def one_by_one(whole: Stretch) -> Iterator[Stretch]:
    """Stretches of one context each."""
    for more in range(int(whole.many.max())):
        yield Stretch(whole.first + more, whole.first + more)


def stretches(whole: Stretch, definitions: Sequence[Definition], columns: Flat) -> Iterator[Stretch]:
    """Parts of the contexts in each of which every symbol stands for the same side of its definition."""
    found, grown = [whole], growing_with(definitions)
    for at, one in enumerate(definitions):
        if one.name in grown:
            found = [
                part for stretch in found for part in cut(stretch, sides_of(one, definitions[:at], stretch, columns))
            ]
    yield from found


def sides_of(one: Definition, before: Sequence[Definition], stretch: Stretch, columns: Flat) -> list[tuple[Line, Line]]:
    """The sides of a definition as lines, two and two."""
    ends = [with_defined({**columns, CONTEXT: context}, before) for context in stretch]
    return list(combinations([Line(*(quotient(side, end) for end in ends)) for side in one.arguments], 2))
