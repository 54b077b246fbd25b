"""Exact sparse Laurent polynomials in the symbols of the table.

Sizes, rules and sums are all of this type: a mapping from monomials (powers may be negative) to rational coefficients.
Sums of a graph of n ops cost O(n); nothing here imports sympy until `to_sympy` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from math import gcd, inf, lcm, prod
from typing import TYPE_CHECKING

from costgraph.algebra import division, domination, monomial, work
from costgraph.algebra.monomial import LIMIT, Packed
from costgraph.algebra.symbols import Rational, lookup
from costgraph.errors import UserError

if TYPE_CHECKING:
    import sympy


SMALL = 2**32  # numbers by which to multiply costs as much for all


def exact(value: Rational) -> Rational:
    """`value` as int when it is whole, else as Fraction: integers are the fast path."""
    return value if value.__class__ is int or value.denominator != 1 else value.numerator


class Polynomial:
    """An immutable sum of terms `coefficient * product of symbol**power`.

    >>> B, D = Polynomial.symbol("B"), Polynomial.symbol("D")
    >>> print(2 * B * D + B * D)
    3*B*D
    """

    __slots__ = ("__dict__", "_reach", "_terms")
    _terms: Mapping[Packed, Rational]
    _reach: int

    def __init__(self, terms: Mapping[Packed, Rational], reach: int) -> None:
        """Take over `terms`, whose coefficients must be non-zero and exact.

        `reach` is a bound on the absolute powers in them, which no product may exceed unnoticed.

        Raises:
            UserError: a power is too large.
        """
        self._terms = terms
        self._reach = reach if reach <= LIMIT else monomial.largest_power(terms)

    @classmethod
    def constant(cls, value: Rational) -> Polynomial:
        """The polynomial that is the number `value`."""
        return cls({0: exact(value)} if value else {}, 0)

    @classmethod
    def symbol(cls, name: str) -> Polynomial:
        """The polynomial that is the symbol `name` of the table."""
        return cls.monomial({name: 1})

    @classmethod
    def monomial(cls, powers: Mapping[str, int], coefficient: Rational = 1) -> Polynomial:
        """The single term `coefficient * product of symbol**power`; 0 if the coefficient is."""
        for name in powers:
            lookup(name)
        reach = max(map(abs, powers.values()), default=0)
        return cls({monomial.packed(powers): exact(coefficient)} if coefficient else {}, reach)

    # --- arithmetic -------------------------------------------------------------------------------------------------

    def __add__(self, other: Polynomial | Rational) -> Polynomial:
        return total((self, as_polynomial(other)))

    def __sub__(self, other: Polynomial | Rational) -> Polynomial:
        other = as_polynomial(other)
        if not other._terms:
            return self
        terms = dict(self._terms)
        for m, c in other._terms.items():
            terms[m] = terms.get(m, 0) - c
        return Polynomial(without_zeros(terms), max(self._reach, other._reach))

    def __neg__(self) -> Polynomial:
        return Polynomial({m: -c for m, c in self._terms.items()}, self._reach)

    def __mul__(self, other: Polynomial | Rational) -> Polynomial:
        if other.__class__ is not Polynomial:
            other = as_polynomial(other)
        if other is ONE:  # what runs once, what is split over one device: no copy
            return self
        if self is ONE:
            return other
        reach = self._reach + other._reach
        if len(self._terms) == 1 and len(other._terms) == 1:  # sizes are monomials: nearly every product in a graph
            ((m1, c1),) = self._terms.items()
            ((m2, c2),) = other._terms.items()
            return Polynomial({m1 + m2: exact(c1 * c2)}, reach)
        for one, sum_ in ((self, other), (other, self)):  # as many of something, such as layers: nothing merges
            if len(one._terms) == 1:
                ((by, c),) = one._terms.items()
                if c == 1:
                    return Polynomial({m + by: own for m, own in sum_._terms.items()}, reach)
                if c.__class__ is int and -SMALL < c < SMALL:
                    return Polynomial({m + by: exact(own * c) for m, own in sum_._terms.items()}, reach)
        work.spend(len(self) * len(other) * work.weight(self._bits + other._bits))
        terms: dict[Packed, Rational] = {}
        for m1, c1 in self._terms.items():
            for m2, c2 in other._terms.items():
                terms[m1 + m2] = terms.get(m1 + m2, 0) + c1 * c2
        return Polynomial(without_zeros(terms), reach)

    def __truediv__(self, other: Polynomial | Rational) -> Polynomial:
        """Divide by a monomial. Use `divide` for a divisor of several terms."""
        other = as_polynomial(other)
        if other is ONE:
            return self
        if len(other._terms) != 1:
            raise UserError(f"cannot divide by '{other}': a divisor must be a single non-zero term")
        ((m2, c2),) = other._terms.items()
        if c2 == 1:
            terms = {m1 - m2: c1 for m1, c1 in self._terms.items()}
        else:
            terms = {m1 - m2: Fraction(c1) / c2 if c1 % c2 else c1 // c2 for m1, c1 in self._terms.items()}
        return Polynomial(terms, self._reach + other._reach)

    def __pow__(self, power: int) -> Polynomial:
        if power < 0:
            return ONE / self**-power
        if self.is_monomial:
            powers = {name: power * own for name, own in self.powers.items()}
            return Polynomial.monomial(powers, self.leading_coefficient**power)
        result = ONE
        for _ in range(power):
            result = result * self
        return result

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Rational) -> Polynomial:
        return -self + other

    def __rtruediv__(self, other: Rational) -> Polynomial:
        return as_polynomial(other) / self

    def divide(self, other: Polynomial) -> Polynomial | None:
        """The exact quotient, or None when `other` does not divide this polynomial without remainder."""
        if not other or not self:
            return self if other else None
        if other.is_monomial:
            return self / other
        above, below = self._primitive, other._primitive
        if not division.possible(above._terms, below._terms):
            return None
        divisor, whole = below._value, above._value
        if divisor is not None and whole is not None and (whole % divisor if divisor else whole):
            return None
        found = division.divided(above._terms, below._terms)
        return None if found is None else Polynomial(found, above._reach) * (self.content / other.content)

    # --- questions --------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Polynomial):
            return self is other or self._terms == other._terms
        return isinstance(other, int | Fraction) and self._terms == Polynomial.constant(other)._terms

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(frozenset(self._terms.items()))

    def __bool__(self) -> bool:
        return bool(self._terms)

    def __len__(self) -> int:
        """The number of terms."""
        return len(self._terms)

    @cached_property
    def _bits(self) -> int:
        """The length of the longest number in front of a term."""
        return max((max(c.numerator.bit_length(), c.denominator.bit_length()) for c in self._terms.values()), default=0)

    @property
    def is_monomial(self) -> bool:
        """Whether there is exactly one term."""
        return len(self._terms) == 1

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that occur, in the order of the table."""
        if len(self._terms) == 1:
            (m,) = self._terms
            return monomial.symbols_of(m)
        return self._symbols

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        """The same of a sum."""
        return monomial.symbols(self._terms)

    @property
    def number(self) -> Rational | None:
        """The value when no symbol is left, else None."""
        if not self._terms:
            return 0
        return self._terms.get(0) if len(self._terms) == 1 else None

    @property
    def powers(self) -> dict[str, int]:
        """The powers of the symbols in a monomial, in the order of the table: `{"B": 1, "T": -1}`."""
        (m,) = self._terms
        return dict(monomial.powers(m))

    @property
    def coefficients(self) -> list[Rational]:
        """The numbers in front of the terms, in no order."""
        return list(self._terms.values())

    @property
    def signs(self) -> set[int]:
        """The signs that occur among the coefficients: 1, -1, both, or none for 0."""
        return {1 if c > 0 else -1 for c in self._terms.values()}

    @property
    def leading_coefficient(self) -> Rational:
        """The number in front of the term that is printed first; 0 for none."""
        if self.is_monomial:
            return next(iter(self._terms.values()))
        return self._terms[min(self._terms, key=monomial.printing_order)] if self._terms else 0

    @property
    def largest_power(self) -> int:
        """The largest absolute power of any symbol."""
        return monomial.largest_power(self._terms)

    def has_power_beyond(self, limit: int) -> bool:
        """Whether the absolute power of any symbol is larger; mostly the bound on them says that none is."""
        return self._reach > limit and self.largest_power > limit

    def has_number_beyond(self, limit: int) -> bool:
        """Whether what stands above or below the line in front of a term is as large as that, whatever its sign."""
        for c in self._terms.values():
            if c.__class__ is int:
                if not -limit < c < limit:
                    return True
            elif abs(c.numerator) >= limit or c.denominator >= limit:
                return True
        return False

    def coefficient(self, monomial: Polynomial) -> Rational:
        """The number in front of a monomial here, whatever the monomial's own coefficient is; 0 where it is missing."""
        (wanted,) = monomial._terms
        return self._terms.get(wanted, 0)

    def exponents(self, name: str) -> set[int]:
        """The powers in which the symbol `name` occurs, 0 included when a term is without it."""
        return {monomial.power(m, name) for m in self._terms}

    def collect(self, name: str) -> dict[int, Polynomial]:
        """The coefficient of each power of the symbol `name`, lowest power first."""
        found: dict[int, dict[Packed, Rational]] = {}
        symbol = monomial.packed({name: 1})
        for m, c in self._terms.items():
            power = monomial.power(m, name)
            found.setdefault(power, {})[m - power * symbol] = c
        return {power: Polynomial(found[power], self._reach) for power in sorted(found)}

    def derivative(self, name: str) -> Polynomial:
        """The derivative by the symbol `name`."""
        x = Polynomial.symbol(name)
        return total(part * x ** (power - 1) * power for power, part in self.collect(name).items())

    def monomials(self) -> list[Polynomial]:
        """The terms one by one, in printing order."""
        return [Polynomial({m: self._terms[m]}, self._reach) for m in sorted(self._terms, key=monomial.printing_order)]

    @cached_property
    def content(self) -> Polynomial:
        """The largest monomial that divides every term, with the gcd of the coefficients (positive); 1 for 0."""
        return content(self)

    @cached_property
    def _primitive(self) -> Polynomial:
        """This over its content: whole coefficients, no negative powers, no common factor."""
        return self / self.content

    @cached_property
    def _value(self) -> int | None:
        """The value of a primitive polynomial at some integers, by which hopeless divisions are seen."""
        return division.value(self._terms)

    def fraction(self) -> tuple[Polynomial, Polynomial]:
        """What stands above and below one fraction bar: whole coefficients and no negative powers on either side."""
        denominator = lcm(*(c.denominator for c in self._terms.values()))
        below = Polynomial({-monomial.common_divisor([0, *self._terms]): denominator}, self._reach)
        return self * below, below

    # --- substitution -----------------------------------------------------------------------------------------------

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Polynomial:
        """Replace symbols, all at once and exactly.

        Raises:
            UserError: a symbol in a denominator is replaced by a sum or by zero.
        """
        own = self.symbols
        bindings = {name: value for name, value in bindings.items() if name in own}
        if not bindings:
            return self
        numbers = {name: number for name, value in bindings.items() if (number := value.number)}
        if len(numbers) == len(bindings):
            return self._at_numbers(numbers)
        kept: dict[Packed, dict[Packed, Rational]] = {}  # what is replaced, and what it is multiplied by
        for m, c in self._terms.items():
            replaced = monomial.packed({name: monomial.power(m, name) for name in bindings})
            kept.setdefault(replaced, {})[m - replaced] = c
        return total(
            product(bindings[name] ** power for name, power in monomial.powers(m)) * Polynomial(terms, self._reach)
            for m, terms in kept.items()
        )

    def _at_numbers(self, numbers: Mapping[str, Rational]) -> Polynomial:
        """With numbers other than 0 for symbols: coefficients change, and terms may merge."""
        terms: dict[Packed, Rational] = {}
        for m, c in self._terms.items():
            for name, power in monomial.powers(m):
                if number := numbers.get(name):
                    m -= power * monomial.alone(name)
                    c *= number**power if power > 0 else Fraction(1, number**-power)
            terms[m] = terms.get(m, 0) + c
        return Polynomial(without_zeros(terms), self._reach)

    def covers(self, other: Polynomial) -> bool:
        """Whether every term is at least as large as that of `other`, and so the sum for all positive symbols."""
        return domination.covers(self._terms, other._terms)

    def is_below(self, first: Polynomial, second: Polynomial) -> bool:
        """Whether it is never larger than the larger of two others, as terms of a mixture of both show."""
        return domination.mixture_covers(first._terms, second._terms, self._terms)

    def at(self, point: Mapping[str, float]) -> float:
        """About the value at a point; to see quickly what cannot be."""
        return sum(self._terms_at(point))

    def _terms_at(self, point: Mapping[str, float]) -> list[float]:
        """About the values of its terms at a point."""
        return [
            about(c) * prod(point[name] ** power for name, power in monomial.powers(m)) for m, c in self._terms.items()
        ]

    def is_below_zero(self, point: Mapping[str, float]) -> bool:
        """Whether the value at a point is below 0, beyond what floats may be off by."""
        try:
            sizes = self._terms_at(point)
        except OverflowError:
            return False
        return sum(sizes) < -1e-9 * sum(map(abs, sizes))

    # --- other representations --------------------------------------------------------------------------------------

    def to_sympy(self) -> sympy.Expr:
        """The same sum as a sympy expression in the symbols of the table."""
        import sympy

        return sympy.Add(*(monomial.to_sympy(m, c) for m, c in self._terms.items()))

    def __str__(self) -> str:
        """Python syntax, expanded, with the symbols and terms in printing order."""
        order = sorted(self._terms, key=monomial.printing_order)
        return " + ".join(monomial.text(m, self._terms[m]) for m in order).replace("+ -", "- ") or "0"

    def __repr__(self) -> str:
        return f"Polynomial({self})"

    def __reduce__(self) -> tuple[object, ...]:
        """By names: where this is read, other symbols may have been declared."""
        return summed, ([(dict(monomial.powers(m)), c) for m, c in self._terms.items()],)


def summed(terms: Iterable[tuple[Mapping[str, int], Rational]]) -> Polynomial:
    """The sum of monomials that are given as powers and coefficients."""
    return total(Polynomial.monomial(powers, coefficient) for powers, coefficient in terms)


def without_zeros(terms: Mapping[Packed, Rational]) -> dict[Packed, Rational]:
    """Merged terms, those that have cancelled left out."""
    return {m: c if c.__class__ is int else exact(c) for m, c in terms.items() if c}


def content(*parts: Polynomial) -> Polynomial:
    """The largest monomial that divides every term of every part, with the gcd of the coefficients (positive)."""
    monomials = [m for part in parts for m in part._terms]
    if not monomials:
        return ONE
    coefficients = [c for part in parts for c in part._terms.values()]
    shared = Fraction(gcd(*(c.numerator for c in coefficients)), lcm(*(c.denominator for c in coefficients)))
    return Polynomial({monomial.common_divisor(monomials): exact(shared)}, max(part._reach for part in parts))


def total(summands: Iterable[Polynomial]) -> Polynomial:
    """The sum of many polynomials, merged in place: linear in the number of terms."""
    terms: dict[Packed, Rational] = {}
    reach, so_far = 0, terms.get
    for summand in summands:
        for m, c in summand._terms.items():
            terms[m] = so_far(m, 0) + c
        if summand._reach > reach:
            reach = summand._reach
    return Polynomial(without_zeros(terms), reach)


def product(factors: Iterable[Polynomial]) -> Polynomial:
    """The product of many polynomials; 1 for none."""
    result = ONE
    for factor in factors:
        result = result * factor
    return result


def as_polynomial(value: Polynomial | Rational) -> Polynomial:
    """A number as the polynomial that is this number; a polynomial as it is."""
    return value if isinstance(value, Polynomial) else Polynomial.constant(value)


ZERO = Polynomial({}, 0)
ONE = Polynomial.constant(1)


def about(value: Rational) -> float:
    """A number as a float; infinite where it is beyond all of them."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf
