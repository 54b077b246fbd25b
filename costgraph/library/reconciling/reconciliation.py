"""Two numbers or formulas for one thing: which ways of counting give each, and what separates them by name."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cached_property
from typing import Unpack

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.work import bounded
from costgraph.derivation import Derivation, derived
from costgraph.errors import UserError, shorten, unknown
from costgraph.given import Keywords, Options
from costgraph.library.checking.comparison import letters_over
from costgraph.library.checking.rounded import rounded
from costgraph.library.judging.calculator import calculate
from costgraph.library.readings.of_flops import PERS, WORKS, Counts, Reading
from costgraph.library.readings.of_others import MISTAKEN, OtherCounts
from costgraph.library.reconciling.steps import Step, closest, path
from costgraph.records import dataclass
from costgraph.setup import Setup

WHOLE, GROUPED = re.compile(r"\d{1,3}([,_ ]\d{3})+"), re.compile("[,_ ]")  # 37,578,559,488
MOST_NAMED = 60  # readings of a side that are told apart


@dataclass(frozen=True)
class Typed:
    """What was typed: a number, exact or to its last digit, or a formula.

    Args:
        text: as it was typed.
        value: what it comes to.
        half: half a unit of its last digit; 0 of what is exact.
        power: of which power of 1000 or 1024 bytes its unit is; 0 without one.
    """

    text: str
    value: Quotient
    half: Fraction = Fraction(0)
    power: int = 0

    def is_given(self, reading: Reading, found: Quotient) -> bool:
        """Whether a reading gives what was typed; half a unit of its last digit away is as well another number."""
        if (unit := dict(reading.ways).get("unit")) and abs(MISTAKEN[unit]) != self.power:
            return False
        if not self.half or self.value.number is None:
            return found == self.value
        return found.number is not None and abs(Fraction(found.number) - Fraction(self.value.number)) < self.half


def number(text: str) -> Typed | None:
    """A number that shows to how many digits it holds: `8.78e13`, `24 GiB`, `6.7B`; None if it is none.

    Raises:
        UserError: too many digits.
    """
    text = text.strip()
    found = rounded(text)
    return Typed(text, Quotient(found.value), found.half, found.power) if found else None


@dataclass(frozen=True)
class Side:
    """One of the two: what was typed, what it comes to, and the ways of counting that give it, the simplest first.

    `left` is what is left over the reading that is chosen: nothing where one gives it exactly. `open` are sizes that a
    number says nothing about, but what is derived depends on.
    """

    typed: str
    value: Quotient
    found: tuple[Reading, ...]
    chosen: Reading
    left: Quotient
    open: tuple[str, ...] = ()

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


@bounded()
def reconcile(a: str, b: str, measure: str = "flops", *, per: str = "", **of: Unpack[Keywords]) -> Reconciliation:
    """Find out how two numbers or formulas for one thing were counted, and what separates them.

    Args:
        a: a number, which is exact unless it has a point, an exponent or a unit (`24 GiB`, `6.7B`), or a formula;
            `N_params` counts parameters.
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
    powers: tuple[int, ...] = ()  # of 1000 or 1024 bytes, in which numbers were typed

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
            return OtherCounts(self.of, measure, self.powers)
        pers = tuple(one for one in PERS if one == self.per) or PERS
        if self.setup.phase != "train":
            return Counts(self.of, ("forward",), pers)
        return Counts(self.of, WORKS if self.of.get("phase") is None else ("train",), pers)

    @cached_property
    def known(self) -> list[tuple[Reading, Quotient]]:
        """Every way of counting with what it comes to."""
        return list(self.counts.readings())

    def typed(self, text: str) -> Typed:
        """What was typed, with the sizes put in."""
        text = GROUPED.sub("", text) if WHOLE.fullmatch(text.strip()) else text
        if found := number(text):
            (form,) = self.asked.forms.values()
            if found.power and form.unit != "byte":
                raise UserError(
                    f"'{shorten(text)}' are bytes, and {form.name} are in {form.unit}; write 6.7B for billions"
                )
            if found.text.endswith("B") and not found.power and form.unit == "byte":
                raise UserError(
                    f"'{shorten(text)}' has two readings; write {found.text[:-1]}GB or {found.text[:-1]}GiB"
                )
            return found
        count = self.asked.params
        names = {"N_params": count.value} if count is not None and count.value.numerator else {}
        names |= letters_over(names, self.of)
        bound = {name: one for name, one in self.setup.bindings.items() if isinstance(one, Polynomial)}
        return Typed(text, calculate(text, names).substitute(bound))

    def reconcile(self, a: str, b: str) -> Reconciliation:
        """What separates two numbers or formulas."""
        typed = [self.typed(text) for text in (a, b)]
        powers = tuple(sorted({one.power for one in typed if one.power}))
        if powers != self.powers:
            return Question(self.measure, self.per, self.of, powers).reconcile(a, b)
        found = [candidates(one, self.known) for one in typed]
        chosen = closest(*[readings for readings, _ in found])
        one, other = (
            Side(
                side.text,
                side.value,
                self.distinct(reading, readings) if exact else (),
                reading,
                self.left(side, reading, exact),
                self.open(side, reading),
            )
            for side, (readings, exact), reading in zip(typed, found, chosen, strict=True)
        )
        (name,) = self.asked.forms
        unit = self.asked.forms[name].unit + (f" per {self.per}" if self.per else "")
        steps = tuple(path(self.counts, *chosen))
        return Reconciliation(name, unit, str(self.setup), one, other, steps, len(self.known), described(self.counts))

    def distinct(self, chosen: Reading, found: list[Reading]) -> tuple[Reading, ...]:
        """Readings that count different things, the chosen one first; of those that count the same the simplest."""
        kinds: dict[object, Reading] = {}
        for reading in (chosen, *found[:MOST_NAMED]):
            kinds.setdefault(self.counts.same(reading), reading)
        return tuple(kinds.values())

    def open(self, side: Typed, reading: Reading) -> tuple[str, ...]:
        """Sizes without which nothing can be said of a number, as what is derived depends on them."""
        value = self.counts.value(reading)
        if side.value.number is None or value.number is not None:
            return ()
        (form,) = self.asked.limited.values()
        inner = {one.name: one for one in form.defined}
        names, seen = [*value.symbols], set()
        while names:
            seen.add(name := names.pop())
            names += [
                more for part in getattr(inner.get(name), "arguments", ()) for more in part.symbols if more not in seen
            ]
        return tuple(sorted(seen - {*inner}))

    def left(self, side: Typed, reading: Reading, exact: bool) -> Quotient:
        """What is left of a side over its reading."""
        return Quotient(0) if exact and side.half else side.value - self.counts.value(reading)


def described(counts: Counts | OtherCounts) -> str:
    """What was searched, in words."""
    if isinstance(counts, OtherCounts):
        return counts.described
    return (
        "the conventions by name with up to 2 options changed, notes and exact with any "
        f"({', '.join(counts.options)}); {'; '.join(counts.works)}; per {', '.join(counts.pers)}"
    )


# --- which readings -------------------------------------------------------------------------------------------------


def candidates(typed: Typed, known: list[tuple[Reading, Quotient]]) -> tuple[list[Reading], bool]:
    """The readings that give a value, and True; else the nearest one, and False.

    Where some give what was typed without rounding, those that do so when rounded are none.
    """
    given = [(reading, one) for reading, one in known if typed.is_given(reading, one)]
    if given:
        found = [reading for reading, one in given if one == typed.value] or [reading for reading, _ in given]
        return sorted(found, key=lambda reading: reading.far), True
    value, known = typed.value, [(reading, one) for reading, one in known if "unit" not in dict(reading.ways)]
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
