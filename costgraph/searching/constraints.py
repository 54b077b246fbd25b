"""What plans and points must keep, as typed: `peak <= 0.92*hbm`, `ttft <= 1 s`, `cost <= 0.5 USD`, `T <= 8`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.bindings import split_list
from costgraph.algebra.named_letters import NO_LETTERS
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import quantity
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, NONE, Powers, powers, times, unit_named, unit_text
from costgraph.errors import UserError, each_text, shorten, unknown
from costgraph.records import dataclass, replace
from costgraph.searching.columns import Column, double
from costgraph.searching.exact import NEAR
from costgraph.searching.measures import SHARES, Measure
from costgraph.searching.ranges import meant

RELATION = re.compile(r"(<=|>=|==|=|<|>|≤|≥)")
MEANT = {"=": "==", "≤": "<=", "≥": ">="}
EXAMPLE = "'peak <= 0.92*hbm', 'ttft <= 1 s' or 'T <= 8'"
OF_MACHINES = {"hbm": BYTE, "lambda_flops": COMPUTE, "lambda_mem": BANDWIDTH, "lambda_comms": BANDWIDTH}
DERIVED = Measure("what is derived", NONE)
ZERO_LIMIT = Quotient(Polynomial.constant(0))
COMPARED = {"<=": np.less_equal, ">=": np.greater_equal, "==": np.equal, "<": np.less, ">": np.greater}


@dataclass(frozen=True)
class Constraint:
    """A limit on what a plan costs, or on one of its numbers.

    Args:
        text: as it was typed.
        name: what is limited.
        relation: how.
        limit: the number, in base units.
    """

    text: str
    name: str
    relation: str
    limit: Fraction

    def holds(self, values: Column) -> NDArray[np.bool_]:
        """Where it does, as far as doubles tell."""
        return np.asarray(COMPARED[self.relation](values, double(self.limit)))

    def near(self, values: Column) -> NDArray[np.bool_]:
        """Where doubles cannot tell."""
        return np.asarray(np.abs(values - double(self.limit)) <= NEAR * abs(double(self.limit)))

    def holds_exactly(self, value: Fraction) -> bool:
        """Whether it holds of one plan."""
        sign = (value > self.limit) - (value < self.limit)
        allowed = {"<=": (-1, 0), ">=": (0, 1), "==": (0,), "<": (-1,), ">": (1,)}
        return sign in allowed[self.relation]

    @property
    def upper(self) -> bool:
        """Whether it limits from above."""
        return self.relation in ("<=", "<")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Condition:
    """A limit as it was read: a number, or what is one on a machine, such as `0.92*hbm`.

    Args:
        text: as it was typed.
        name: what is limited.
        relation: how.
        limit: in base units, of quantities of a machine.
        right: the limit as it was typed, where it is read once the measure is derived, which says its unit.
    """

    text: str
    name: str
    relation: str
    limit: Quotient
    right: str = ""

    def __str__(self) -> str:
        """The limit as it was typed."""
        return self.text

    def measured_in(self, unit: str) -> Condition:
        """The same of a measure that was derived, in its unit; a plain number is in that, too.

        Raises:
            UserError: the limit is in something else.
        """
        if not self.right:
            return self
        of = Measure(self.name, unit_named(unit).dimension, unit=unit)
        return replace(self, limit=limit_of(f"--where '{shorten(self.text)}'", self.right, self.name, of), right="")

    def on(self, rates: Mapping[str, Polynomial]) -> Constraint:
        """The limit on a machine.

        Raises:
            UserError: nobody says on which, or it does not state such a rate.
        """
        if missing := [name for name in self.limit.symbols if name not in rates]:
            raise UserError(
                f"--where '{shorten(self.text)}': {missing[0]} of which machine? name one that states it with "
                "--hardware or --cluster"
            )
        return Constraint(self.text, self.name, self.relation, Fraction(self.limit.substitute(rates).number or 0))


def read_condition(
    text: str, names: Mapping[str, Measure | None], letters: Mapping[str, Quotient] = NO_LETTERS
) -> Condition:
    """Read one.

    Args:
        text: as it was typed.
        names: what may be limited; None for a number of plans or points, `DERIVED` for what is derived first.
        letters: of the user's own, with what they stand for.

    Raises:
        UserError: no relation, an unknown name, or a limit that is no number.
    """
    found = RELATION.split(text)
    if len(found) != 3:
        raise UserError(f"--where '{shorten(text)}': write NAME <= LIMIT, as in {EXAMPLE}")
    name, relation, right = (part.strip() for part in found)
    name = meant(name, letters)
    if name not in names:
        raise unknown("name in --where", name, names)
    if names[name] is DERIVED:
        return Condition(text.strip(), name, MEANT.get(relation, relation), ZERO_LIMIT, right)
    limit = limit_of(f"--where '{shorten(text)}'", right, name, names[name])
    return Condition(text.strip(), name, MEANT.get(relation, relation), limit)


def limit_of(place: str, right: str, name: str, of: Measure | None) -> Quotient:
    """The right side in base units.

    Raises:
        UserError: it is none, is in something else, or has no unit where one is needed.
    """
    if of is not None and OF_MACHINES.keys() & set(re.findall(r"[A-Za-z_]+", right)):
        found = parse(right, OF_MACHINES)
        check_dimension(place, found, of.dimension)
        return found
    value = number_in(right.removesuffix("%")) if name in SHARES else number_in(right)
    if value is not None and (of is None or of.bare):
        return Quotient(Polynomial.constant(value / (100 if right.endswith("%") else 1)))
    if of is None:
        raise UserError(f"{place}: the limit of a number is a number, as in 'T <= 8'")
    if of.dimension == NONE:
        raise UserError(f"{place}: write a number" + (", as in 'mfu >= 0.4' or 'mfu >= 40 %'" * (name in SHARES)))
    return Quotient(Polynomial.constant(with_unit(place, right, of)))


def with_unit(place: str, right: str, of: Measure) -> Fraction:
    """A number with a unit; money alone is that of as many tokens as it is told of."""
    money = right.removesuffix(f"per {of.unit.partition(' per ')[2]}").strip() if of.unit else right
    if of.unit.startswith("USD") and re.search(r"USD$", money):
        return quantity(money, powers(USD=1), place).value
    return quantity(right, of.dimension, place).value * of.per


def number_in(text: str) -> Fraction | None:
    """A number as it is typed, or None."""
    try:
        found = parse(text).number
    except UserError:
        return None
    return None if found is None else Fraction(found)


def check_dimension(place: str, limit: Quotient, dimension: Powers) -> None:
    """Refuse a limit in quantities of a machine that is measured in something else; plain numbers may be any."""
    above, below = ({measured_in(one) for one in form.monomials()} for form in (limit.numerator, limit.denominator))
    found = {times(one, other, -1) for one in above for other in below} - {NONE}
    if found != {dimension}:
        units = " and ".join(sorted(map(unit_text, found))) or "a number"
        raise UserError(f"{place}: the limit is in {units}, not in {unit_text(dimension) or 'a number'}")


def measured_in(form: Polynomial) -> Powers:
    """The dimension of a product of quantities of a machine."""
    found = NONE
    for name, power in form.powers.items():
        found = times(found, OF_MACHINES[name], power)
    return found


def read_conditions(
    given: str | Iterable[str], names: Mapping[str, Measure | None], letters: Mapping[str, Quotient] = NO_LETTERS
) -> tuple[Condition, ...]:
    """Read several, each once; a text may have more than one, with commas between them."""
    several = [one for text in each_text(given, "T <= 8") for one in split_list(text)]
    return tuple(dict.fromkeys(read_condition(text, names, letters) for text in several))
