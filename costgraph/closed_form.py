"""Closed forms: sums that remember where every term came from, and what they take for granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from costgraph.algebra.assumption import Assumption, InDomain
from costgraph.algebra.bindings import Binding, bound, check_bindings, parse_regime
from costgraph.algebra.parser import Size, parse
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime, leading
from costgraph.algebra.symbols import INFINITY, Rational
from costgraph.conventions import Convention
from costgraph.errors import UserError
from costgraph.provenance import Term, explain, substituted

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class ClosedForm:
    """A sum of terms, or a quotient of two sums, with everything needed to read it.

    Args:
        name: the measure, such as `activations`.
        unit: of the value, such as `byte`.
        terms: the contributions to the sum (above the line).
        convention: what was counted.
        assumptions: what must hold.
        remainder: what the convention neglects: this form plus the remainder is the exact one.
        over: for a quotient, the contributions below the line.
        at_infinity: symbols whose limit to infinity is taken of the whole, not term by term.
    """

    name: str
    unit: str
    terms: tuple[Term, ...]
    convention: Convention
    assumptions: tuple[Assumption, ...] = ()
    remainder: Quotient = Quotient(0)
    over: tuple[Term, ...] = ()
    at_infinity: tuple[str, ...] = ()

    @cached_property
    def value(self) -> Quotient:
        """The form, exact."""
        below = total(term.amount for term in self.over) if self.over else ONE
        above = total(term.amount for term in self.terms)
        if not below:
            raise UserError(f"{self.name}: nothing is below the line")
        quotient = Quotient(above, below)
        for name in self.at_infinity:
            quotient = quotient.at_infinity(name)
        return quotient

    @property
    def number(self) -> Rational | None:
        """The exact value once every symbol is bound, else None."""
        return self.value.number

    @property
    def expr(self) -> sympy.Expr:
        """A plain sympy expression in the symbols of the table."""
        return self.value.to_sympy()

    # --- limits -----------------------------------------------------------------------------------------------------

    def limit(self, **values: Size) -> ClosedForm:
        """Substitute exactly: `form.limit(E=4, p=2)`; `form.limit(T="oo")` is the true limit.

        Raises:
            UserError: unknown symbol, a value outside its domain, or values that break an assumption (`T | A`).
        """
        bindings: dict[str, Binding] = {n: "oo" if v == INFINITY else bound(n, v) for n, v in values.items()}
        check_bindings(bindings)
        return self.limited(bindings)

    def limited(self, bindings: Mapping[str, Binding]) -> ClosedForm:
        """The same for bindings that have been read already."""
        finite = {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}
        infinite = tuple(name for name, value in bindings.items() if value == INFINITY)
        rest = self.remainder.substitute(finite)
        for name in infinite:
            rest = rest.at_infinity(name)
        kept = [a if isinstance(a, str) else a.substitute(finite) for a in self.assumptions]
        kept += [InDomain(name, value) for name, value in finite.items()]
        form = replace(
            self,
            terms=substituted(self.terms, finite),
            over=substituted(self.over, finite),
            remainder=rest,
            assumptions=tuple(a for a in kept if isinstance(a, str) or not a.settled),
        )
        for name in infinite:
            form = form._at_infinity(name)
        return form

    def _at_infinity(self, name: str) -> ClosedForm:
        """The true limit: term by term where every term has one, else of the whole."""
        limits = [Quotient(term.amount).at_infinity(name) for term in self.terms]
        if self.over or any(limit.is_infinite for limit in limits):
            return replace(self, at_infinity=(*self.at_infinity, name))
        terms = (replace(t, amount=limit.numerator) for t, limit in zip(self.terms, limits, strict=True))
        return replace(self, terms=tuple(term for term in terms if term.amount))

    def when(self, regime: str) -> Regime:
        """The leading term for `S << D` and the like, and the exact ratio of what is neglected first to it."""
        small, large, _ = parse_regime(regime)
        found = leading(self.value, small, large)
        return replace(
            found, unit=self.unit, regime=regime, convention=self.convention.name, assumptions=self.assumptions
        )

    # --- comparison -------------------------------------------------------------------------------------------------

    def same_as(self, other: ClosedForm | str) -> bool:
        """Whether two forms are identical functions: their difference cancels to 0."""
        return self.value == (parse(other) if isinstance(other, str) else other.value)

    def minus(self, other: ClosedForm) -> ClosedForm:
        """The difference of two sums; the terms of `other` come with the opposite sign."""
        negative = tuple(replace(term, amount=-term.amount) for term in other.terms)
        return self._joined("-", other, negative, self.remainder - other.remainder)

    def plus(self, other: ClosedForm) -> ClosedForm:
        """The sum of two sums, such as weights and cache."""
        return self._joined("+", other, other.terms, self.remainder + other.remainder)

    __add__, __sub__ = plus, minus

    def _joined(self, sign: str, other: ClosedForm, terms: tuple[Term, ...], remainder: Quotient) -> ClosedForm:
        if self.over or other.over or self.at_infinity or other.at_infinity:
            raise UserError(f"{self.name} {sign} {other.name}: only sums can be added, not quotients or limits")
        if self.unit != other.unit:
            raise UserError(f"{self.name} is in {self.unit}, {other.name} in {other.unit}")
        assumptions = {str(a): a for a in (*self.assumptions, *other.assumptions)}
        mixed = replace(self.convention, name=f"{self.convention.name} {sign} {other.convention.name}")
        return replace(
            self,
            name=f"{self.name} {sign} {other.name}",
            convention=self.convention if self.convention == other.convention else mixed,
            terms=(*self.terms, *terms),
            remainder=remainder,
            assumptions=tuple(assumptions.values()),
        )

    def per(self, other: ClosedForm) -> Quotient:
        """The exact quotient by another form: `flops.per(params)`."""
        return self.value / other.value

    # --- presentation -----------------------------------------------------------------------------------------------

    def explain(self) -> str:
        """The terms by place and op, as text."""
        return explain(self.terms, self.over)

    def text(self, shape: str = "auto") -> str:
        """Python syntax in the table's symbols, in one of the shapes of `shapes.SHAPES`."""
        return python(self.value, shape)

    def latex(self, shape: str = "auto") -> str:
        """LaTeX, every symbol with its own TeX."""
        return latex(self.value, shape)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{self.name} = {self.text()} {self.unit}>"
