"""Regimes such as `S << D`: which terms lead, and by how much the first neglected ones are smaller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.bindings import Order, parse_regime
from costgraph.algebra.definition import Definition, needed, variants
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.work import spend
from costgraph.records import dataclass

if TYPE_CHECKING:
    import sympy

Powers = Mapping[str, int]  # of a monomial, by symbol
Sides = Sequence[Mapping[str, Polynomial]]  # what defined symbols may be


@dataclass(frozen=True, slots=True)
class Regime:
    """The leading part of a form, and (first neglected terms) / (leading terms); 0 if nothing is neglected."""

    leading: Quotient
    neglected: Quotient
    name: str = ""
    unit: str = ""
    regime: str = ""
    convention: str = ""
    assumptions: tuple[Assumption, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @property
    def expr(self) -> sympy.Expr:
        """The leading part as a plain sympy expression."""
        return self.leading.to_sympy()

    def __str__(self) -> str:
        return python(self.leading)

    def __repr__(self) -> str:
        return f"<{self.name} = {self} {self.unit} when {self.regime}, neglecting {python(self.neglected)} of it first>"

    def _repr_latex_(self) -> str:
        name, unit = (text.replace("_", r"\_") for text in (self.name, self.unit))
        small, large, much = parse_regime(self.regime)
        sign = r"\ll" if much else r"\le"
        when = f"{latex(small)} {sign} {latex(large)}"
        return rf"$\text{{{name}}} = {latex(self.leading)}\ \text{{{unit}}} \quad ({when})$"


def leading(value: Quotient, order: Order, definitions: Iterable[Definition] = ()) -> Regime:
    """Keep the terms of `value` that no other term dominates when `small << large`.

    What `definitions` define may depend on the two; a term is neglected if it is negligible whatever side they take.
    """
    if value.is_infinite:
        return Regime(value, Quotient(0))
    ratio = order.small / order.large
    sides = variants(needed(definitions, value.symbols), ratio.symbols)
    above, above_next = split(value.numerator, ratio, sides)
    below, below_next = split(value.denominator, ratio, sides)
    kept = Quotient(above, below)
    if not value.numerator:
        return Regime(kept, Quotient(0))
    return Regime(kept, Quotient(above_next, above) - Quotient(below_next, below))


def split(side: Polynomial, ratio: Polynomial, sides: Sides) -> tuple[Polynomial, Polynomial]:
    """A sum as (leading terms, terms neglected first), for `ratio` -> 0."""
    top = undominated(side, ratio, sides)
    return top, undominated(side - top, ratio, sides)


def undominated(side: Polynomial, ratio: Polynomial, sides: Sides) -> Polynomial:
    """The terms that are not negligible against another one."""
    terms = side.monomials()
    spend(len(terms) ** 2 * len(sides))
    small = ratio.powers
    sizes = [[term.substitute(one).powers for one in sides] for term in terms]

    def neglected(mine: Sequence[Powers]) -> bool:
        return any(all(negligible(a, b, small) for a, b in zip(mine, other, strict=True)) for other in sizes)

    return total(term for term, mine in zip(terms, sizes, strict=True) if not neglected(mine))


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
