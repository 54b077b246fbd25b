"""Regimes such as `S << D`: which terms lead, and by how much the first neglected ones are smaller."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.polynomial import Exponents, Polynomial
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, slots=True)
class Regime:
    """The leading part of a form, and (first neglected terms) / (leading terms); 0 if nothing is neglected."""

    leading: Quotient
    neglected: Quotient
    unit: str = ""
    regime: str = ""
    convention: str = ""
    assumptions: tuple[Assumption, ...] = ()

    @property
    def expr(self) -> sympy.Expr:
        """The leading part as a plain sympy expression."""
        return self.leading.to_sympy()

    def __str__(self) -> str:
        return python(self.leading)

    def __repr__(self) -> str:
        return f"<{self} {self.unit} when {self.regime}, neglecting {python(self.neglected)} of it first>"

    def _repr_latex_(self) -> str:
        return f"${latex(self.leading)}$"


def leading(value: Quotient, small: Polynomial, large: Polynomial) -> Regime:
    """Keep the terms of `value` that no other term dominates when `small << large`."""
    if value.is_infinite:
        return Regime(value, Quotient(0))
    above, above_next = split(value.numerator, small / large)
    below, below_next = split(value.denominator, small / large)
    kept = Quotient(above, below)
    if not value.numerator:
        return Regime(kept, Quotient(0))
    return Regime(kept, Quotient(above_next, above) - Quotient(below_next, below))


def split(side: Polynomial, ratio: Polynomial) -> tuple[Polynomial, Polynomial]:
    """A sum as (leading terms, terms neglected first), for `ratio` -> 0."""
    ((small,),) = (ratio.terms,)
    top = undominated(dict(side.terms), small)
    rest = {e: c for e, c in side.terms.items() if e not in top.terms}
    return top, undominated(rest, small)


def undominated(terms: dict[Exponents, int | Fraction], small: Exponents) -> Polynomial:
    """The terms that are not negligible against another one."""
    return Polynomial({e: c for e, c in terms.items() if not any(negligible(e, other, small) for other in terms)})


def negligible(term: Exponents, other: Exponents, small: Exponents) -> bool:
    """Whether term/other goes to 0 with the ratio `small`.

    That is so if term/other is a positive power of the ratio times powers <= 0 of the symbols in the ratio, which are
    sizes and so at least 1; symbols that are not in the ratio stay as they are.
    """
    low, high = Fraction(0), None
    for mine, theirs, weight in zip(term, other, small, strict=True):
        power = mine - theirs
        if weight > 0:
            low = max(low, Fraction(power, weight))
        elif weight < 0:
            bound = Fraction(-power, -weight)
            high = bound if high is None else min(high, bound)
    return high is not None and high > 0 and high >= low
