"""How long ops take on a device: the roofline, symbolic as long as anything is unbound.

An op takes the longer of computing its FLOPs and moving its bytes; a collective takes as long as sending its bytes.
Two totals are made of that:

    sum of maxima   each op by itself, one after the other, collectives not overlapped: the estimate
    max of sums     everything overlapped perfectly: the optimistic bound

Left out: latency of kernels and links, overheads of the framework.
Source: Williams et al. 2009 (roofline); "Decoder-Only Transformers", App. C and D.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError
from costgraph.records import dataclass, replace
from costgraph.timing.costs import CLASSES, Class, Cost

if TYPE_CHECKING:
    import sympy

Resource = Literal["compute", "memory", "link", "nothing"]


@dataclass(frozen=True, slots=True)
class Rates:
    """What a device does per second, as monomials: numbers, or symbols times an efficiency."""

    flops: Polynomial = Polynomial.symbol("lambda_flops")
    mem: Polynomial = Polynomial.symbol("lambda_mem")
    comms: Polynomial = ONE  # the share of the rate of any link that is reached

    def link(self, rate: str) -> Polynomial:
        """The rate of a link, by its symbol."""
        return Polynomial.symbol(rate) * self.comms

    def derated(self, efficiency: Mapping[str, Rational]) -> Rates:
        """The rates times what share of each is reached: `{"flops": 1/2, "mem": 4/5, "comms": 1}`."""
        return Rates(*(getattr(self, name) * Fraction(efficiency.get(name, 1)) for name in EFFICIENCIES))


EFFICIENCIES = ("flops", "mem", "comms")


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds that one op, or ops that scale alike, would need for each resource alone; the longest counts."""

    name: str
    kind: Class
    compute: Polynomial
    memory: Polynomial
    link: Polynomial

    @property
    def sides(self) -> dict[Resource, Polynomial]:
        """The resources that it needs at all."""
        by_name: dict[Resource, Polynomial] = {"compute": self.compute, "memory": self.memory, "link": self.link}
        return {name: seconds for name, seconds in by_name.items() if seconds}

    @property
    def seconds(self) -> Fraction:
        """How long it takes.

        Raises:
            UserError: a symbol is unbound.
        """
        return max((number(side) for side in self.sides.values()), default=Fraction(0))

    @property
    def bound(self) -> Resource:
        """What it waits for."""
        return max(self.sides, key=lambda name: number(self.sides[name]), default="nothing")


def number(seconds: Polynomial) -> Fraction:
    """The value of a bound form.

    Raises:
        UserError: symbols are left; the message lists them.
    """
    value = seconds.number
    if value is None:
        raise UserError(f"a number is needed here; bind {', '.join(seconds.symbols)}, as in --limit {example(seconds)}")
    return Fraction(value)


def example(form: Polynomial) -> str:
    """How the missing symbols could be bound."""
    usual = {"B": "1", "S": "2048", "p": "2", "T": "1"}
    return ",".join(f"{name}={usual.get(name, '...')}" for name in form.symbols)


@dataclass(frozen=True)
class Time:
    """How long a list of ops takes.

    >>> from costgraph import decoder
    >>> from costgraph.timing.costs import costs
    >>> time = spans(costs(decoder().only("attn.scores")))
    >>> print(time)
    Max(2*B*S**2*L*D/lambda_flops, B*S*L*p*(S*A + 2*D)/lambda_mem)
    """

    spans: tuple[Span, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that are unbound."""
        return total(side for span in self.spans for side in span.sides.values()).symbols

    @property
    def seconds(self) -> Fraction:
        """The sum over ops of the longest side of each."""
        return sum((span.seconds for span in self.spans), Fraction(0))

    @property
    def optimistic(self) -> Fraction:
        """The longest of the three sums: everything overlapped."""
        return max(map(number, self.sums.values()))

    @property
    def sums(self) -> dict[Resource, Polynomial]:
        """Seconds that each resource is busy."""
        return {
            "compute": total(span.compute for span in self.spans),
            "memory": total(span.memory for span in self.spans),
            "link": total(span.link for span in self.spans),
        }

    @property
    def by_class(self) -> dict[Class, Time]:
        """The same, split by class of op."""
        parts = {kind: Time(tuple(s for s in self.spans if s.kind == kind)) for kind in CLASSES}
        return {kind: time for kind, time in parts.items() if time.spans}

    @property
    def bound(self) -> Resource:
        """What most of the time is spent waiting for."""
        waits: dict[Resource, Fraction] = {}
        for span in self.spans:
            waits[span.bound] = waits.get(span.bound, Fraction(0)) + span.seconds
        return max(waits, key=lambda name: waits[name], default="nothing")

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Time:
        """The same with symbols replaced."""
        return Time(
            tuple(
                replace(
                    s,
                    compute=s.compute.substitute(bindings),
                    memory=s.memory.substitute(bindings),
                    link=s.link.substitute(bindings),
                )
                for s in self.spans
            )
        )

    # --- as a formula -----------------------------------------------------------------------------------------------

    @property
    def maxima(self) -> list[tuple[Polynomial, ...]]:
        """The sum of maxima in as few maxima as it can be written; a single side is a plain term."""
        plain: dict[Resource, Polynomial] = {}
        found: list[tuple[Polynomial, ...]] = []
        for span in self.spans:
            sides = tuple(span.sides.values())
            if len(sides) == 1:
                (name,) = span.sides
                plain[name] = plain.get(name, ZERO) + sides[0]
                continue
            for at, other in enumerate(found):
                if (scale := proportion(sides, other)) is not None:
                    found[at] = tuple(side * (1 + scale) for side in other)
                    break
            else:
                found.append(sides)
        return found + [(side,) for side in plain.values()]

    @property
    def most(self) -> list[tuple[Polynomial, ...]]:
        """The max of sums, in the same shape: one maximum."""
        return [tuple(side for side in self.sums.values() if side)]

    @property
    def expr(self) -> sympy.Expr:
        """The sum of maxima as a sympy expression with `Max`."""
        import sympy

        return sympy.Add(*(sympy.Max(*(side.to_sympy() for side in sides)) for sides in self.maxima))

    def text(self, optimistic: bool = False) -> str:
        """Python syntax: `Max(2*B*..., ...) + ...`."""
        return " + ".join(self.parts(python, "Max({})", optimistic)) or "0"

    def latex(self, optimistic: bool = False) -> str:
        """LaTeX for math mode."""
        return " + ".join(self.parts(latex, r"\max\left({}\right)", optimistic)) or "0"

    def parts(self, write: Callable[[Polynomial], str], form: str, optimistic: bool = False) -> list[str]:
        """The summands as text; `form` is how a maximum looks."""
        return [maximum(sides, write, form) for sides in (self.most if optimistic else self.maxima) if sides]

    def __str__(self) -> str:
        return self.text()


def maximum(sides: tuple[Polynomial, ...], write: Callable[[Polynomial], str], form: str) -> str:
    """`Max(a, b)`, or `a` alone."""
    written = [write(side) for side in sides]
    return written[0] if len(written) == 1 else form.replace("{}", ", ".join(written))


def proportion(sides: tuple[Polynomial, ...], other: tuple[Polynomial, ...]) -> Rational | None:
    """The number by which all of `other` must be multiplied to give `sides`, if there is one."""
    if len(sides) != len(other):
        return None
    ratios = {ratio(a, b) for a, b in zip(sides, other, strict=True)}
    return ratios.pop() if len(ratios) == 1 else None


def ratio(a: Polynomial, b: Polynomial) -> Rational | None:
    """`a / b` if that is a number."""
    if len(a) != len(b):
        return None
    ratios = {Fraction(a.coefficient(term)) / Fraction(term.leading_coefficient) for term in b.monomials()}
    return ratios.pop() if len(ratios) == 1 and 0 not in ratios else None


def spans(found: Iterable[Cost], rates: Rates | None = None) -> Time:
    """The time of these costs at these rates; those of an unnamed machine unless given."""
    return Time(tuple(timed(found, rates or Rates())))


def timed(found: Iterable[Cost], rates: Rates) -> Iterator[Span]:
    """One span per cost."""
    for cost in found:
        link = cost.sent / rates.link(cost.rate) if cost.sent else ZERO
        yield Span(cost.name, cost.kind, cost.flops / rates.flops, cost.moved / rates.mem, link)


def mfu(model_flops: Rational, tokens: Rational, tokens_per_second: Rational, devices: int, peak: Rational) -> Fraction:
    """Model FLOPs utilisation: useful FLOPs per second over what the devices could do.

    Args:
        model_flops: FLOPs of one step of the model, nothing replayed counted.
        tokens: how many tokens that step works on (B*S in training).
        tokens_per_second: throughput of all devices together.
        devices: how many.
        peak: FLOP/s of one.

    Source: "Decoder-Only Transformers", eq. 3.5 divided by the B*S tokens of the batch, without which it has a
    dimension; Chowdhery et al. 2022, App. B.
    """
    return Fraction(model_flops) * Fraction(tokens_per_second) / (Fraction(tokens) * devices * Fraction(peak))
