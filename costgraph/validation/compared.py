"""A published run beside what is derived: memory, rates of FLOPs, and bound and estimate of times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import read
from costgraph.algebra.units import UNITS
from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request
from costgraph.library.judging.calculator import calculate
from costgraph.library.judging.statement import decimal, number
from costgraph.measures import MEASURES, joint
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.solving.question import Setting, form
from costgraph.validation.run import Asked, Run

EFFICIENCY = Fraction(71, 100)  # of the peak, in products of matrices; fitted on the run FITTED_ON and used for all
FITTED_ON = "korthikanti-2022-175b-present"
NEAR = Fraction(1, 200)


@dataclass(frozen=True)
class Compared:
    """A run with what is derived, in base units.

    Args:
        run: the run.
        measured: what was printed, or the time that follows from it.
        derived: what corresponds to it; of a time, its bound.
        explained: the same with the residuals that are known in bytes.
        half: half a unit of the last printed digit.
        estimate: of a time, what is estimated at `EFFICIENCY`.
        parts: what the estimate is the sum of, in seconds: `ops`, `sent` and `idle`.
    """

    run: Run
    measured: Fraction
    derived: Fraction
    explained: Fraction
    half: Fraction
    estimate: Fraction | None = None
    parts: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def ratio(self) -> Fraction:
        """Derived over measured."""
        return self.derived / self.measured

    @property
    def closed(self) -> Fraction:
        """The same with the residuals that are known in bytes."""
        return self.explained / self.measured

    @property
    def near(self) -> bool:
        """Whether it closes: to the printed digit, or within `NEAR` with the residuals that are known in bytes."""
        return self.to_the_digit or abs(self.closed - 1) <= NEAR

    @property
    def to_the_digit(self) -> bool:
        """Whether what is derived rounds to what was printed."""
        return abs(self.derived - self.measured) <= self.half

    @property
    def estimated(self) -> Fraction:
        """Estimate over measured."""
        assert self.estimate is not None
        return self.estimate / self.measured


def compared(run: Run) -> Compared:
    """What is derived for a run.

    Raises:
        UserError: what was asked cannot be derived, or a symbol is left; the message names the run.
    """
    try:
        return timed(run) if run.timed else counted(run)
    except UserError as error:
        raise UserError(f"run '{run.id}': {error}") from None


def counted(run: Run) -> Compared:
    """Memory, or a rate of FLOPs."""
    scale = scale_of(run)
    printed, half = decimal(run.printed)
    derived = most(run.ask) if run.derive == "peak" else value(run)
    known = sum((number(calculate(one.bytes)) for one in run.residuals if one.bytes), Fraction(0))
    return Compared(run, printed * scale, derived, derived + known, half * scale)


def value(run: Run) -> Fraction:
    """What measures of the model come to."""
    setup = Setup.of(**options(run.ask), convention=run.counted, usual_phase="decode")
    sizes = {name: bound for name, bound in setup.bindings.items() if isinstance(bound, Polynomial)}
    return number(form(read(joint(run.derive)), Setting(setup)).substitute(settled(setup, sizes)))


def settled(setup: Setup, sizes: Mapping[str, Polynomial]) -> dict[str, Polynomial]:
    """Sizes with what they make of minima, maxima and what is rounded."""
    return {**settle(setup.graph.definitions, sizes)[0], **sizes}


def most(ask: Asked) -> Fraction:
    """The most that is alive on one device."""
    needed = estimate(request(**options(ask), convention="exact")).verdict.needed
    if needed is None:
        raise UserError("a peak needs all sizes: give them in limit")
    return needed


def timed(run: Run, efficiency: Fraction = EFFICIENCY) -> Compared:
    """A time: its bound, and what is estimated where nothing hides.

    Args:
        run: the run.
        efficiency: which share of the peak products of matrices reach.
    """
    answer = answered(run, efficiency)
    printed, half = decimal(run.printed)
    names = {name: Quotient(size) for name, size in answer.request.bindings.items()}
    names |= {"devices": Quotient(answer.request.degree)}
    if "flops" in run.seconds:
        names["flops"] = Quotient(whole(run))
    seconds, off = (took(run, names, one) for one in (printed, printed + half))
    estimate, parts = answer.estimated(answer.main), made_of(answer)
    return Compared(run, seconds, answer.least, answer.least, abs(off - seconds), estimate, parts)


def answered(run: Run, efficiency: Fraction) -> Estimate:
    """What is estimated of a time.

    Raises:
        UserError: a size is open.
    """
    asked = options(run.ask)
    answer = estimate(request(**asked, cluster=run.cluster, dtype=run.dtype or None, efficiency=f"flops={efficiency}"))
    if answer.unbound:
        raise UserError(f"{', '.join(answer.unbound)} is open: give it in limit")
    return answer


def made_of(answer: Estimate) -> dict[str, Fraction]:
    """What an estimate is the sum of: ops with the update, what is sent, and what is idle or waits for what is busy."""
    account = answer.account(answer.main)
    found = dict.fromkeys(("ops", "sent", "idle"), Fraction(0))
    for name, seconds in (account.parts if account else {}).items():
        part = "ops" if name in ("ops", "update") else "sent" if name.startswith("communication") else "idle"
        found[part] += seconds
    return found


def took(run: Run, names: Mapping[str, Quotient], printed: Fraction) -> Fraction:
    """Seconds of a step."""
    return number(calculate(run.seconds, {**names, "printed": Quotient(printed * scale_of(run))}))


def scale_of(run: Run) -> Fraction:
    """How many base units its unit is; a rate is one in a second."""
    return Fraction(UNITS[run.unit.removesuffix("/s")].scale)


def whole(run: Run) -> Fraction:
    """FLOPs of a step of the whole model, as the source counts them."""
    asked = {name: value for name, value in options(run.ask).items() if name != "mesh"}
    setup = Setup.of(**asked, convention=run.counted)
    sizes = {name: bound for name, bound in setup.bindings.items() if isinstance(bound, Polynomial)}
    return number(MEASURES["flops"](setup.graph, setup.convention).value.substitute(settled(setup, sizes)))


def options(ask: Asked) -> dict[str, Any]:
    """What was run, as `Setup.of` takes it."""
    given = {name: getattr(ask, name) for name in Asked.__dataclass_fields__}
    return {name: value for name, value in given.items() if value}
