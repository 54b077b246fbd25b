"""Two numbers or formulas for one thing: which ways of counting give each, and what separates them by name."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cached_property
from typing import Any, Unpack

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.work import bounded
from costgraph.derivation import Derivation, derived
from costgraph.errors import UserError, unknown
from costgraph.given import Options
from costgraph.library.checking.other_readings import OtherCounts
from costgraph.library.checking.readings import PERS, WORKS, Counts, Reading
from costgraph.library.checking.steps import Step, closest, path
from costgraph.library.judging.calculator import calculate
from costgraph.library.judging.statement import decimal
from costgraph.records import dataclass
from costgraph.setup import Setup

SCHEMA = "costgraph.reconcile/1"
ROUNDED = re.compile(r"\d[\d,]*\.\d*(e[+-]?\d+)?|\d[\d,]*e[+-]?\d+")  # a number that shows to how many digits it holds
WHOLE, GROUPED = re.compile(r"\d{1,3}([,_ ]\d{3})+"), re.compile("[,_ ]")  # 37,578,559,488


@dataclass(frozen=True)
class Side:
    """One of the two: what was typed, what it comes to, and the ways of counting that give it, the simplest first.

    `left` is what is left over the reading that is chosen: nothing where one gives it exactly.
    """

    typed: str
    value: Quotient
    found: tuple[Reading, ...]
    chosen: Reading
    left: Quotient

    @property
    def reproduced(self) -> bool:
        """Whether some way of counting gives it."""
        return bool(self.found)


@dataclass(frozen=True)
class Reconciliation:
    """Both sides, and what leads from the first to the second."""

    measure: str
    unit: str
    head: str
    a: Side
    b: Side
    steps: tuple[Step, ...]
    searched: int
    space: str

    @property
    def reproduced(self) -> bool:
        """Whether both are."""
        return self.a.reproduced and self.b.reproduced

    @property
    def difference(self) -> Quotient:
        """The second minus the first."""
        return self.b.value - self.a.value

    @property
    def left(self) -> Quotient:
        """What of the difference no step explains."""
        found = self.difference
        for step in self.steps:
            found = found - step.amount
        return found

    def to_json(self) -> dict[str, Any]:
        """The contract `costgraph.reconcile/1`; see docs/json.md."""
        return {
            "schema": SCHEMA,
            "measure": self.measure,
            "unit": self.unit,
            "reproduced": self.reproduced,
            **{name: side_json(side) for name, side in (("a", self.a), ("b", self.b))},
            "difference": python(self.difference),
            "terms": [{"what": step.what, "amount": python(step.amount)} for step in self.steps],
            "left": python(self.left),
            "searched": {"readings": self.searched, "space": self.space},
        }


def side_json(side: Side) -> dict[str, Any]:
    """One side as JSON."""
    return {
        "typed": side.typed,
        "value": python(side.value),
        "reproduced": side.reproduced,
        "readings": [str(reading) for reading in side.found],
        "nearest": str(side.chosen),
        "left": python(side.left),
    }


@bounded()
def reconcile(a: str, b: str, measure: str = "flops", *, per: str = "", **of: Unpack[Options]) -> Reconciliation:
    """Find out how two numbers or formulas for one thing were counted, and what separates them.

    Args:
        a: a number, which is exact unless it has a point or an exponent, or a formula; `N_params` counts parameters.
        b: the other one.
        measure: what they are of.
        per: `token` or `sequence`, if they are of one; of a step, or of any of these, unless given.
        of: the model and its sizes, as for `derive`; no convention, which is what is looked for.

    Raises:
        UserError: anything unreadable, or a share that is none.
    """
    return Question(measure, per, of).reconcile(a, b)


@dataclass(frozen=True)
class Question:
    """What numbers are of: a measure of a model, per step or per something else. What it comes to is counted once."""

    measure: str
    per: str
    of: Options

    @cached_property
    def setup(self) -> Setup:
        """The model as it was asked for."""
        return Setup.of(**self.of)

    @cached_property
    def asked(self) -> Derivation:
        """The measure under the usual convention."""
        return derived(self.setup, [self.measure])

    @cached_property
    def counts(self) -> Counts | OtherCounts:
        """The ways of counting the measure."""
        if self.per and self.per not in PERS:
            raise unknown("share", self.per, PERS)
        (measure,) = self.asked.forms
        if measure != "flops":
            if self.per:
                raise UserError(f"--per is for flops, not for {measure}")
            return OtherCounts(self.of, measure)
        pers = tuple(one for one in PERS if one == self.per) or PERS
        if self.setup.phase != "train":
            return Counts(self.of, ("forward",), pers)
        return Counts(self.of, WORKS if self.of.get("phase") is None else ("train",), pers)

    @cached_property
    def known(self) -> list[tuple[Reading, Quotient]]:
        """Every way of counting with what it comes to."""
        return list(self.counts.readings())

    def value(self, text: str) -> Quotient:
        """What was typed, with the sizes put in."""
        count = self.asked.params
        names = {"N_params": count.value} if count is not None and count.value.numerator else {}
        bound = {name: one for name, one in self.setup.bindings.items() if isinstance(one, Polynomial)}
        return calculate(text, names).substitute(bound)

    def reconcile(self, a: str, b: str) -> Reconciliation:
        """What separates two numbers or formulas."""
        typed = [GROUPED.sub("", text) if WHOLE.fullmatch(text.strip()) else text for text in (a, b)]
        values = [self.value(text) for text in typed]
        found = [candidates(text, value, self.known) for text, value in zip(typed, values, strict=True)]
        chosen = closest(*[readings for readings, _ in found])
        one, other = (
            Side(text, value, tuple(readings) if exact else (), reading, self.left(text, value, reading, exact))
            for text, value, (readings, exact), reading in zip(typed, values, found, chosen, strict=True)
        )
        (name,) = self.asked.forms
        unit = self.asked.forms[name].unit + (f" per {self.per}" if self.per else "")
        steps = tuple(path(self.counts, *chosen))
        return Reconciliation(name, unit, str(self.setup), one, other, steps, len(self.known), described(self.counts))

    def left(self, text: str, value: Quotient, reading: Reading, exact: bool) -> Quotient:
        """What is left of a side over its reading."""
        return Quotient(0) if exact and ROUNDED.fullmatch(text.strip()) else value - self.counts.value(reading)


def described(counts: Counts | OtherCounts) -> str:
    """What was searched, in words."""
    if isinstance(counts, OtherCounts):
        return "the conventions by name, with every precision policy and recomputation that the measure depends on"
    return (
        "the conventions by name with up to 2 options changed, notes and exact with any "
        f"({', '.join(counts.options)}); {'; '.join(counts.works)}; per {', '.join(counts.pers)}"
    )


# --- which readings -------------------------------------------------------------------------------------------------


def candidates(text: str, value: Quotient, known: list[tuple[Reading, Quotient]]) -> tuple[list[Reading], bool]:
    """The readings that give a value, and True; else the nearest one, and False."""
    found = sorted((reading for reading, one in known if gives(text, value, one)), key=lambda reading: reading.far)
    if found:
        return found, True
    numbers = [
        (abs(Fraction((one - value).number or 0)), reading)
        for reading, one in known
        if (one - value).number is not None
    ]
    if not numbers:
        shortest = min(known, key=lambda pair: (size(pair[1] - value), pair[0].far))
        return [shortest[0]], False
    return [min(numbers, key=lambda pair: (pair[0], pair[1].far))[1]], False


def size(form: Quotient) -> int:
    """How many terms a form has."""
    return len(form.numerator) + len(form.denominator)


def gives(text: str, value: Quotient, found: Quotient) -> bool:
    """Whether a reading gives what was typed: exactly, or to its last digit."""
    if not ROUNDED.fullmatch(text.strip()):
        return found == value
    stated, half = decimal(text)
    return found.number is not None and abs(Fraction(found.number) - stated) <= half
