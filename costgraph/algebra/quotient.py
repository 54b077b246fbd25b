"""Quotients of two polynomials: what a ratio of two sums, such as an arithmetic intensity, is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, as_polynomial
from costgraph.algebra.symbols import Rational, in_order
from costgraph.errors import UserError

if TYPE_CHECKING:
    import sympy


class Quotient:
    """`numerator / denominator`, common monomials cancelled. `1/0` and `-1/0` stand for growth without bound."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Polynomial | Rational, denominator: Polynomial | Rational = ONE) -> None:
        numerator, denominator = as_polynomial(numerator), as_polynomial(denominator)
        if denominator is ONE:  # as nearly always
            pass
        elif not numerator and denominator:
            denominator = ONE
        elif denominator.is_monomial:
            numerator, denominator = numerator / denominator, ONE
        elif exactly := numerator.divide(denominator):
            numerator, denominator = exactly, ONE
        elif inverse := denominator.divide(numerator):
            numerator, denominator = ONE, inverse
        if denominator is not ONE and denominator and denominator != ONE:
            above, below = (numerator.content / denominator.content).fraction()
            numerator = numerator / numerator.content * above
            denominator = denominator / denominator.content * below
        self.numerator: Polynomial = numerator
        self.denominator: Polynomial = denominator

    @property
    def is_polynomial(self) -> bool:
        """Whether nothing is left below the line."""
        return self.denominator is ONE or self.denominator == ONE

    @property
    def is_infinite(self) -> bool:
        """Whether this stands for unbounded growth."""
        return not self.denominator

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that occur, in the order of the table."""
        return tuple(in_order({*self.numerator.symbols, *self.denominator.symbols}))

    @property
    def number(self) -> Rational | None:
        """The exact value when no symbol is left, else None."""
        above, below = self.numerator.number, self.denominator.number
        return None if above is None or not below else Fraction(above) / Fraction(below)

    def __add__(self, other: Quotient) -> Quotient:
        if self.denominator is ONE and other.denominator is ONE:
            return undivided(self.numerator + other.numerator)
        if self.denominator == other.denominator:
            return Quotient(self.numerator + other.numerator, self.denominator)
        above = self.numerator * other.denominator + other.numerator * self.denominator
        return Quotient(above, self.denominator * other.denominator)

    def __sub__(self, other: Quotient) -> Quotient:
        return self + Quotient(-other.numerator, other.denominator)

    def __mul__(self, other: Quotient) -> Quotient:
        if self.denominator is ONE and other.denominator is ONE:
            return undivided(self.numerator * other.numerator)
        return Quotient(self.numerator * other.numerator, self.denominator * other.denominator)

    def __truediv__(self, other: Quotient) -> Quotient:
        if not other.numerator:
            raise UserError("cannot divide by zero")
        return Quotient(self.numerator * other.denominator, self.denominator * other.numerator)

    def __pow__(self, power: int) -> Quotient:
        if power < 0:
            return Quotient(1) / self**-power
        return Quotient(self.numerator**power, self.denominator**power)

    def __eq__(self, other: object) -> bool:
        """Equal as functions: the cross products agree term by term."""
        if not isinstance(other, Quotient):
            return NotImplemented
        if self.is_infinite or other.is_infinite:
            return self.is_infinite and other.is_infinite and self.numerator == other.numerator
        if self.denominator == other.denominator:
            return self.numerator == other.numerator
        return self.numerator * other.denominator == other.numerator * self.denominator

    def __hash__(self) -> int:
        return hash(self.is_infinite)  # equal quotients may be written differently

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Quotient:
        """Replace symbols, all at once and exactly."""
        if not bindings or self.is_infinite:
            return self
        above, below = self.numerator, self.denominator
        for name in (name for name, value in bindings.items() if value and not value.is_monomial):
            if (lowest := min((*above.exponents(name), *below.exponents(name)))) < 0:  # which a sum cannot be raised to
                by = Polynomial.symbol(name) ** -lowest
                above, below = above * by, below * by
        if below is ONE:
            return undivided(above.substitute(bindings))
        below = below.substitute(bindings)
        if not below:
            raise UserError(f"these values make the divisor {self.denominator} zero")
        return Quotient(above.substitute(bindings), below)

    def at_infinity(self, name: str) -> Quotient:
        """The limit as the symbol `name` grows without bound; `1/0` where it diverges."""
        if not self.numerator or not self.denominator:
            return self
        above, below = self.numerator.collect(name), self.denominator.collect(name)
        if max(above) > max(below):
            return MINUS_INFINITE if above[max(above)].signs == {-1} else INFINITE
        if max(above) < max(below):
            return Quotient(ZERO)
        return Quotient(above[max(above)], below[max(below)])

    def to_sympy(self) -> sympy.Expr:
        """The same quotient as a sympy expression."""
        import sympy

        if self.is_infinite:
            return sympy.oo if self.numerator == ONE else -sympy.oo
        return self.numerator.to_sympy() / self.denominator.to_sympy()

    def __str__(self) -> str:
        if self.is_infinite:
            return "oo" if self.numerator == ONE else "-oo"
        if self.is_polynomial:
            return str(self.numerator)
        return f"({self.numerator})/({self.denominator})"

    def __repr__(self) -> str:
        return f"Quotient({self})"


def undivided(value: Polynomial) -> Quotient:
    """`value/1`, which the constructor would look at."""
    quotient = Quotient.__new__(Quotient)
    quotient.numerator, quotient.denominator = value, ONE
    return quotient


def unbounded(sign: Polynomial) -> Quotient:
    """`sign/0`, which the constructor would refuse to divide."""
    quotient = Quotient.__new__(Quotient)
    quotient.numerator, quotient.denominator = sign, ZERO
    return quotient


INFINITE, MINUS_INFINITE = unbounded(ONE), unbounded(-ONE)
