"""One plan exactly, in rationals: where doubles cannot tell whether it fits, or which of two is faster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.estimation.account import Account, Charge
from costgraph.estimation.generation import of_lines, stretches
from costgraph.hardware.links import Layout, Span
from costgraph.measures.idle import Waiting, forms_of, idle, waiting_of
from costgraph.searching.columns import Program
from costgraph.searching.forms import Forms
from costgraph.searching.growing import CONTEXT, straight
from costgraph.searching.shares import Links
from costgraph.searching.stage_forms import Sent, StageForms
from costgraph.searching.stage_times import Rates
from costgraph.timing.network import latency, rate, span_of, steps

ZERO_S = Fraction(0)
NEAR = 1e-9  # of each other: what doubles are not trusted with


class Exact:
    """The costs of one plan.

    Args:
        forms: of its structure.
        numbers: by symbol.
        axes: symbol and degree of each axis of devices, outermost first; one that is cut twice stands there twice.
        links: over which collectives go.
        rates: what an estimate takes for granted.
    """

    def __init__(
        self, forms: Forms, numbers: Mapping[str, int], axes: Sequence[tuple[str, int]], links: Links, rates: Rates
    ) -> None:
        self.forms, self.degrees, self.links, self.rates = forms, tuple(axes), links, rates
        typed = {name: Polynomial.constant(value) for name, value in numbers.items()}
        self.typed, self.numbers = typed, settle(forms.definitions, typed)[0]
        self.stages = [one for one in forms.stages if one.place != "middle stage" or numbers.get("P") != 2]

    def value(self, form: Polynomial) -> Fraction:
        """The value of a form."""
        return Fraction(form.substitute(self.numbers).number or 0)

    @property
    def needed(self) -> Fraction:
        """Bytes of the stage that needs most."""
        forms = [form for stage in self.stages for form in stage.alive]
        numbers = settle(self.forms.room_definitions, self.typed)[0]
        point = {name: np.array([float(value.number or 0)]) for name, value in numbers.items()}
        sizes = Program.of(forms).at(point)[:, 0]
        largest = [form for form, size in zip(forms, sizes, strict=True) if size >= sizes.max() * (1 - NEAR)]
        return max(Fraction(form.substitute(numbers).number or 0) for form in largest)

    @property
    def seconds(self) -> Fraction:
        """How long a step takes: as estimated where efficiencies are named, else at least."""
        return self.account(self.longest).seconds if self.rates.efficiency else self.bound

    @property
    def bound(self) -> Fraction:
        """How long a step takes at least."""
        return max(seconds for stage in self.stages for seconds in self.arms(stage).values())

    def arms(self, stage: StageForms) -> dict[str, Fraction]:
        """Seconds that each resource of a stage is busy, or idle."""
        found = {
            "compute": self.value(stage.compute) + self.idle(stage, 0),
            "memory": self.value(stage.memory) + self.idle(stage, 1),
        }
        for one in stage.sent:
            volume = self.value(one.volume)
            for hop in self.span(one).hops:
                symbol = self.links.symbols[hop.level.name]
                seconds = volume * hop.share(one.kind) / self.links.exact_rates[symbol]
                found[symbol] = found.get(symbol, Fraction(0)) + seconds
        return found

    def idle(self, stage: StageForms, at: int) -> Fraction:
        """Idle time of a resource."""
        order = stage.order
        if order is None:
            return Fraction(0)
        numbers = tuple(map(self.value, (order.ahead, order.stages, order.per)))
        others = [self.waits(one, at) for one in self.stages]
        there, back = idle((numbers[0], numbers[1], numbers[2]), order, self.waits(stage, at), others, min)
        return Fraction(there + max(back, 0))

    def waits(self, stage: StageForms, at: int) -> Waiting:
        """What idle time follows from."""
        return waiting_of([self.value(form) for form in forms_of(stage.waiting[at])])

    @property
    def longest(self) -> StageForms:
        """The stage that takes longest at the efficiencies that were named."""
        return max(self.stages, key=self.size)

    def size(self, stage: StageForms) -> Fraction:
        """How long the ops of a stage take at the efficiencies, but for what hides; by that it is chosen."""
        flops, mem, comms = self.reached
        ops = sum((max(self.value(one.flops) / flops, self.value(one.moved) / mem) for one in stage.charged), ZERO_S)
        sent = [(one, self.on_slowest(one)[0]) for one in stage.sent if one.counted]
        return ops + sum(((1 - self.rates.asked.hidden(one.part)) * seconds / comms for one, seconds in sent), ZERO_S)

    @property
    def reached(self) -> tuple[Fraction, Fraction, Fraction]:
        """The shares of the peaks."""
        flops, mem, comms = (Fraction(self.rates.efficiency.get(name, 1)) for name in ("flops", "mem", "comms"))
        return flops, mem, comms

    def account(self, stage: StageForms) -> Account:
        """The sum of maxima."""
        flops, mem, comms = self.reached
        charges = [
            Charge("ops", (constant(self.value(one.flops) / flops), constant(self.value(one.moved) / mem)), one.once)
            for one in stage.charged
        ]
        for one in stage.sent:
            if one.counted:
                sent, delay = self.on_slowest(one)
                shown = (sent / comms + delay) * (1 - self.rates.asked.hidden(one.part))
                charges.append(Charge(one.part, (constant(shown),), one.once))
        above, below = map(self.value, self.forms.bubble)
        return Account(tuple(charges), self.floors, above / below)

    @property
    def floors(self) -> tuple[Polynomial, ...]:
        """What the sum is never below; nothing on devices that all do the same, where nothing hides."""
        if not self.rates.floored and len(self.stages) == 1:
            return ()
        reached = {"compute": self.reached[0], "memory": self.reached[1]}
        arms = (arm for stage in self.stages for arm in self.arms(stage).items())
        return tuple(constant(seconds / reached.get(name, self.reached[2])) for name, seconds in arms)

    def on_slowest(self, one: Sent) -> tuple[Fraction, Fraction]:
        """What collectives of one kind take on the link that takes longest, and until their first bytes are there."""
        hops = self.span(one).hops
        if not hops:
            return Fraction(0), Fraction(0)
        hop = max(hops, key=lambda hop: hop.share(one.kind) / rate(hop.level))
        delay = sum((steps(one.kind, hop, self.links.algorithm) * latency(hop.level) for hop in hops), Fraction(0))
        each = hop.share(one.kind) / Fraction(rate(hop.level))
        return self.value(one.volume) * each, self.value(one.runs) * delay

    def span(self, one: Sent) -> Span:
        """The links of the groups."""
        return span_of(self.layout, tuple(one.over))

    @cached_property
    def layout(self) -> Layout:
        """Where the devices stand."""
        return Layout(self.links.cluster, self.degrees, self.links.link)


class Steps:
    """Decode steps of one plan, in each of which a token sees one position more.

    Args:
        forms: of a step, in the context S.
        numbers: by symbol, without S.
        axes: as of `Exact`; so are the rest.
        links: over which collectives go.
        rates: what an estimate takes for granted.
    """

    def __init__(
        self, forms: Forms, numbers: Mapping[str, int], axes: Sequence[tuple[str, int]], links: Links, rates: Rates
    ) -> None:
        self.forms, self.links, self.rates, self.axes = forms, links, rates, axes
        self.numbers = {name: value for name, value in numbers.items() if name != CONTEXT}

    def at(self, context: int) -> Exact:
        """The step whose token sees so many positions."""
        return Exact(self.forms, {**self.numbers, CONTEXT: context}, self.axes, self.links, self.rates)

    def seconds(self, first: int, last: int) -> Fraction:
        """How long the steps take at contexts from one to another."""
        longest = self.at(last).longest if self.rates.efficiency else None
        return sum((self.stretch(longest, *ends) for ends in self.stretches(first, last)), Fraction(0))

    def stretches(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Stretches in which all that it takes is a straight line."""
        if not straight(self.forms):
            yield from ((context, context) for context in range(first, last + 1))
            return
        typed = {name: constant(value) for name, value in self.numbers.items()}
        for low, high, _ in stretches(settle(self.forms.definitions, typed)[1], first, last):
            yield low, high

    def stretch(self, longest: StageForms | None, first: int, last: int) -> Fraction:
        """The sum over one of them: all sides are known by their values at both ends."""
        ends = [self.at(context) for context in (first, last)]
        if longest is None:
            arms = [[seconds for stage in end.stages for seconds in end.arms(stage).values()] for end in ends]
            return of_lines([tuple(line(a, b, first, last) for a, b in zip(*arms, strict=True))], (), first, last)
        one, other = (end.account(longest) for end in ends)
        maxima = [
            tuple(line(a.number, b.number, first, last) for a, b in zip(*sides, strict=True))
            for sides in zip(one.maxima, other.maxima, strict=True)
        ]
        floors = tuple(line(a.number, b.number, first, last) for a, b in zip(one.floors, other.floors, strict=True))
        return of_lines(maxima, floors, first, last)


def line(at_first: Rational | None, at_last: Rational | None, first: int, last: int) -> Polynomial:
    """The straight line in the context with two values."""
    low, high = Fraction(at_first or 0), Fraction(at_last or 0)
    slope = (high - low) / max(last - first, 1)
    return Polynomial.symbol(CONTEXT) * slope + (low - slope * first)


def constant(value: Rational) -> Polynomial:
    """A number as a form."""
    return Polynomial.constant(value)
