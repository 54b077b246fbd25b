"""One plan exactly, in rationals: where doubles cannot tell whether it fits, or which of two is faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.estimation.account import Account, Charge, hidden
from costgraph.hardware.links import Layout, Span
from costgraph.searching.columns import Program
from costgraph.searching.evaluation import Rates
from costgraph.searching.forms import Forms, Sent, StageForms
from costgraph.searching.shares import Links
from costgraph.timing.network import latency, rate, steps

NEAR = 1e-9  # of each other: what doubles are not trusted with


class Exact:
    """The costs of one plan.

    Args:
        forms: of its structure.
        numbers: by symbol.
        axes: of devices, outermost first.
        links: over which collectives go.
        rates: what an estimate takes for granted.
    """

    def __init__(
        self, forms: Forms, numbers: Mapping[str, int], axes: Sequence[str], links: Links, rates: Rates
    ) -> None:
        self.forms, self.axes, self.links, self.rates = forms, axes, links, rates
        typed = {name: Polynomial.constant(value) for name, value in numbers.items()}
        self.numbers = settle(forms.definitions, typed)[0]
        self.stages = [one for one in forms.stages if one.place != "middle stage" or numbers.get("P") != 2]
        self.degrees = tuple((name, int(numbers[name])) for name in axes)

    def value(self, form: Polynomial) -> Fraction:
        """The value of a form."""
        return Fraction(form.substitute(self.numbers).number or 0)

    @property
    def needed(self) -> Fraction:
        """Bytes of the stage that needs most."""
        forms = [form for stage in self.stages for form in stage.alive]
        point = {name: np.array([float(value.number or 0)]) for name, value in self.numbers.items()}
        sizes = Program.of(forms).at(point)[:, 0]
        return max(
            self.value(form) for form, size in zip(forms, sizes, strict=True) if size >= sizes.max() * (1 - NEAR)
        )

    @property
    def bound(self) -> Fraction:
        """How long a step takes at least."""
        return max(seconds for stage in self.stages for seconds in self.arms(stage).values())

    def arms(self, stage: StageForms) -> dict[str, Fraction]:
        """Seconds that each resource of a stage is busy, or idle."""
        found = {
            "compute": self.value(stage.compute) + self.waited[0],
            "memory": self.value(stage.memory) + self.waited[1],
        }
        for one in stage.sent:
            volume = self.value(one.volume)
            for hop in self.span(one).hops:
                symbol = self.links.symbols[hop.level.name]
                seconds = volume * hop.share(one.kind) / self.links.exact_rates[symbol]
                found[symbol] = found.get(symbol, Fraction(0)) + seconds
        return found

    @cached_property
    def waited(self) -> tuple[Fraction, Fraction]:
        """Idle time: as if all stages were as cheap as the one that is, of FLOPs and of bytes."""
        flops = min(self.stages, key=lambda one: self.value(one.compute))
        bytes_ = min(self.stages, key=lambda one: self.value(one.memory))
        return self.value(flops.idle[0]), self.value(bytes_.idle[1])

    @property
    def estimate(self) -> Fraction:
        """How long a step takes at the efficiencies that were named."""
        return self.account(max(self.stages, key=self.size)).seconds

    def size(self, stage: StageForms) -> Fraction:
        """How long the ops of a stage take at the peak rates, one after the other."""
        ops = sum((max(self.value(one.flops), self.value(one.moved)) for one in stage.charged), Fraction(0))
        return ops + sum((self.on_slowest(one)[0] for one in stage.sent if one.counted), Fraction(0))

    def account(self, stage: StageForms) -> Account:
        """The sum of maxima."""
        flops, mem, comms = (Fraction(self.rates.efficiency.get(name, 1)) for name in ("flops", "mem", "comms"))
        charges = [
            Charge("ops", (constant(self.value(one.flops) / flops), constant(self.value(one.moved) / mem)), one.once)
            for one in stage.charged
        ]
        busy: dict[str, Polynomial] = {}
        for one in stage.sent:
            if one.counted:
                sent, delay, symbol = self.on_slowest(one)
                shown = (sent / comms + delay) * (1 - hidden(one.part, self.rates.overlap))
                charges.append(Charge(one.part, (constant(shown),), one.once))
                busy[symbol] = busy.get(symbol, ZERO) + sent / comms
        above, below = map(self.value, self.forms.bubble)
        return Account(tuple(charges), busy, above / below)

    def on_slowest(self, one: Sent) -> tuple[Fraction, Fraction, str]:
        """What collectives of one kind take on the link that takes longest, until its first bytes are there, and it."""
        hops = self.span(one).hops
        if not hops:
            return Fraction(0), Fraction(0), "lambda_comms"
        hop = max(hops, key=lambda hop: hop.share(one.kind) / rate(hop.level))
        delay = sum((steps(one.kind, hop, self.links.algorithm) * latency(hop.level) for hop in hops), Fraction(0))
        each = hop.share(one.kind) / Fraction(rate(hop.level))
        return self.value(one.volume) * each, self.value(one.runs) * delay, self.links.symbols[hop.level.name]

    def span(self, one: Sent) -> Span:
        """The links of the groups."""
        return self.layout.span(one.over)

    @cached_property
    def layout(self) -> Layout:
        """Where the devices stand."""
        return Layout(self.links.cluster, self.degrees, self.links.link)


def constant(value: Fraction) -> Polynomial:
    """A number as a form."""
    return Polynomial.constant(value)
