"""Regimes such as `S << D`: which terms lead, and by how much the first neglected ones are smaller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient

if TYPE_CHECKING:
    import sympy

Powers = Mapping[str, int]  # of a monomial, by symbol


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
    top = undominated(side, ratio)
    return top, undominated(side - top, ratio)


def undominated(side: Polynomial, ratio: Polynomial) -> Polynomial:
    """The terms that are not negligible against another one."""
    terms = side.monomials()
    return total(a for a in terms if not any(negligible(a.powers, b.powers, ratio.powers) for b in terms))


def negligible(term: Powers, other: Powers, small: Powers) -> bool:
    """Whether term/other goes to 0 with the ratio `small`.

    That is so if term/other is a positive power of the ratio times powers <= 0 of the symbols in the ratio, which are
    sizes and so at least 1; symbols that are not in the ratio stay as they are.
    """
    low, high = Fraction(0), None
    for name, weight in small.items():
        bound = Fraction(term.get(name, 0) - other.get(name, 0), weight)
        if weight > 0:
            low = max(low, bound)
        else:
            high = bound if high is None else min(high, bound)
    return high is not None and high > 0 and high >= low
