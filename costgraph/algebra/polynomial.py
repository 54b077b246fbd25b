"""Exact sparse Laurent polynomials in the symbols of the table.

Sizes, rules and sums are all of this type: a mapping from exponents (one per symbol, negative ones allowed) to
rational coefficients. Sums of a graph of n ops cost O(n); nothing here imports sympy until `to_sympy` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from operator import add, sub
from typing import TYPE_CHECKING

from costgraph.algebra.symbols import INDEX, SYMBOLS, Rational, lookup, sympy_symbol
from costgraph.errors import UserError

if TYPE_CHECKING:
    import sympy

Exponents = tuple[int, ...]  # one entry per symbol, in the order of the table
CONSTANT: Exponents = (0,) * len(SYMBOLS)
NAMES = tuple(SYMBOLS)


def exact(value: Rational) -> Rational:
    """`value` as int when it is whole, else as Fraction: integers are the fast path."""
    return value.numerator if value.denominator == 1 else value


class Polynomial:
    """An immutable sum of terms `coefficient * product of symbol**exponent`.

    >>> B, D = Polynomial.symbol("B"), Polynomial.symbol("D")
    >>> print(2 * B * D + B * D)
    3*B*D
    """

    __slots__ = ("__dict__", "_terms")
    _terms: Mapping[Exponents, Rational]

    def __init__(self, terms: Mapping[Exponents, Rational]) -> None:
        """Take over `terms`, whose coefficients must be non-zero and exact."""
        self._terms = terms

    @classmethod
    def constant(cls, value: Rational) -> Polynomial:
        """The polynomial that is the number `value`."""
        return cls({CONSTANT: exact(value)} if value else {})

    @classmethod
    def symbol(cls, name: str) -> Polynomial:
        """The polynomial that is the symbol `name` of the table."""
        lookup(name)
        return cls({tuple(int(i == INDEX[name]) for i in range(len(SYMBOLS))): 1})

    @classmethod
    def monomial(cls, powers: Mapping[str, int], coefficient: Rational = 1) -> Polynomial:
        """The single term `coefficient * product of symbol**power`; 0 if the coefficient is."""
        for name in powers:
            lookup(name)
        return cls({tuple(powers.get(name, 0) for name in NAMES): exact(coefficient)} if coefficient else {})

    # --- arithmetic -------------------------------------------------------------------------------------------------

    def __add__(self, other: Polynomial | Rational) -> Polynomial:
        return total((self, as_polynomial(other)))

    def __sub__(self, other: Polynomial | Rational) -> Polynomial:
        return self + as_polynomial(other) * -1

    def __neg__(self) -> Polynomial:
        return self * -1

    def __mul__(self, other: Polynomial | Rational) -> Polynomial:
        other = as_polynomial(other)
        if other is ONE:  # what runs once, what is split over one device: no copy
            return self
        if self is ONE:
            return other
        if len(self._terms) == 1 and len(other._terms) == 1:  # sizes are monomials: nearly every product in a graph
            ((e1, c1),) = self._terms.items()
            ((e2, c2),) = other._terms.items()
            return Polynomial({tuple(map(add, e1, e2)): exact(c1 * c2)})
        terms: dict[Exponents, Rational] = {}
        for e1, c1 in self._terms.items():
            for e2, c2 in other._terms.items():
                key = tuple(map(add, e1, e2))
                terms[key] = terms.get(key, 0) + c1 * c2
        return Polynomial({key: exact(c) for key, c in terms.items() if c})

    def __truediv__(self, other: Polynomial | Rational) -> Polynomial:
        """Divide by a monomial. Use `divide` for a divisor of several terms."""
        other = as_polynomial(other)
        if len(other._terms) != 1:
            raise UserError(f"cannot divide by '{other}': a divisor must be a single non-zero term")
        ((e2, c2),) = other._terms.items()
        return Polynomial(
            {tuple(map(sub, e1, e2)): exact(Fraction(c1) / Fraction(c2)) for e1, c1 in self._terms.items()}
        )

    def __pow__(self, power: int) -> Polynomial:
        if power < 0:
            return ONE / self**-power
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
        if not other._terms:
            return None
        lead, lead_coefficient = max(other._terms.items())
        lowest = [[min(column) for column in zip(*side._terms, strict=True)] for side in (self, other)]
        floor = list(map(sub, *lowest))
        rest, quotient = self, ZERO
        while rest._terms:
            top, coefficient = max(rest._terms.items())
            exponents = tuple(map(sub, top, lead))
            if any(e < f for e, f in zip(exponents, floor, strict=True)):
                return None
            step = Polynomial({exponents: exact(Fraction(coefficient) / Fraction(lead_coefficient))})
            quotient, rest = quotient + step, rest - step * other
        return quotient

    # --- questions --------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int | Fraction):
            other = as_polynomial(other)
        return isinstance(other, Polynomial) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(frozenset(self._terms.items()))

    def __bool__(self) -> bool:
        return bool(self._terms)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that occur, in the order of the table."""
        return tuple(name for i, name in enumerate(NAMES) if any(e[i] for e in self._terms))

    @property
    def number(self) -> Rational | None:
        """The value when no symbol is left, else None."""
        if not self._terms:
            return 0
        return self._terms.get(CONSTANT) if len(self._terms) == 1 else None

    def __len__(self) -> int:
        """The number of terms."""
        return len(self._terms)

    @property
    def is_monomial(self) -> bool:
        """Whether there is exactly one term."""
        return len(self._terms) == 1

    @cached_property
    def powers(self) -> dict[str, int]:
        """The powers of the symbols in a monomial, in the order of the table: `{"B": 1, "T": -1}`."""
        (exponents,) = self._terms
        return {name: power for name, power in zip(NAMES, exponents, strict=True) if power}

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
        return min(self._terms.items(), key=printing_order)[1] if self._terms else 0

    @property
    def largest_power(self) -> int:
        """The largest absolute power of any symbol."""
        return max((abs(power) for exponents in self._terms for power in exponents), default=0)

    def coefficient(self, monomial: Polynomial) -> Rational:
        """The number in front of a monomial here, whatever the monomial's own coefficient is; 0 where it is missing."""
        (exponents,) = monomial._terms
        return self._terms.get(exponents, 0)

    def exponents(self, name: str) -> set[int]:
        """The powers in which the symbol `name` occurs, 0 included when a term is without it."""
        return {e[INDEX[name]] for e in self._terms}

    def collect(self, name: str) -> dict[int, Polynomial]:
        """The coefficient of each power of the symbol `name`, lowest power first."""
        at = INDEX[name]
        found: dict[int, dict[Exponents, Rational]] = {power: {} for power in sorted(self.exponents(name))}
        for e, c in self._terms.items():
            found[e[at]][(*e[:at], 0, *e[at + 1 :])] = c
        return {power: Polynomial(terms) for power, terms in found.items()}

    def derivative(self, name: str) -> Polynomial:
        """The derivative by the symbol `name`."""
        x = Polynomial.symbol(name)
        return total(part * x ** (power - 1) * power for power, part in self.collect(name).items())

    def monomials(self) -> list[Polynomial]:
        """The terms one by one, in printing order."""
        return [Polynomial({e: c}) for e, c in sorted(self._terms.items(), key=printing_order)]

    def content(self) -> Polynomial:
        """The largest monomial that divides every term, with the gcd of the coefficients (positive); 1 for 0."""
        return content(self)

    def fraction(self) -> tuple[Polynomial, Polynomial]:
        """What stands above and below one fraction bar: whole coefficients and no negative powers on either side."""
        if not self._terms:
            return ZERO, ONE
        powers = tuple(-min(0, *column) for column in zip(*self._terms, strict=True))
        below = Polynomial({powers: lcm(*(c.denominator for c in self._terms.values()))})
        return self * below, below

    # --- substitution -----------------------------------------------------------------------------------------------

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Polynomial:
        """Replace symbols, all at once and exactly.

        Raises:
            UserError: a symbol in a denominator is replaced by a sum or by zero.
        """
        bindings = {name: value for name, value in bindings.items() if name in self.symbols}
        if not bindings:
            return self
        powers: dict[tuple[str, int], Polynomial] = {}
        result: dict[Exponents, Rational] = {}
        for exponents, coefficient in self._terms.items():
            kept = list(exponents)
            factors = []
            for name, value in bindings.items():
                power = kept[INDEX[name]]
                kept[INDEX[name]] = 0
                if power:
                    factors.append(powers.setdefault((name, power), value**power))
            term = Polynomial({tuple(kept): coefficient})
            for factor in factors:
                term = term * factor
            for key, c in term._terms.items():
                result[key] = result.get(key, 0) + c
        return Polynomial({key: exact(c) for key, c in result.items() if c})

    # --- other representations --------------------------------------------------------------------------------------

    def to_sympy(self) -> sympy.Expr:
        """The same sum as a sympy expression in the symbols of the table."""
        import sympy

        return sympy.Add(
            *(
                sympy.Mul(
                    sympy.Rational(c.numerator, c.denominator),
                    *(sympy_symbol(name) ** power for name, power in zip(NAMES, e, strict=True) if power),
                )
                for e, c in self._terms.items()
            )
        )

    def __str__(self) -> str:
        """Python syntax, expanded, with the symbols and terms in printing order."""
        return " + ".join(map(monomial_text, self.monomials())).replace("+ -", "- ") or "0"

    def __repr__(self) -> str:
        return f"Polynomial({self})"

    def __reduce__(self) -> tuple[type[Polynomial], tuple[Mapping[Exponents, Rational]]]:
        return Polynomial, (self._terms,)


def printing_order(term: tuple[Exponents, Rational]) -> tuple[int, list[int]]:
    """Higher total degree first, then the order of the symbol table."""
    exponents, _ = term
    return -sum(exponents), [-e for e in exponents]


def monomial_text(monomial: Polynomial) -> str:
    """One term in Python syntax, divisors last: `3*B*D**2/(2*T)`."""
    coefficient = monomial.leading_coefficient
    top = [n if e == 1 else f"{n}**{e}" for n, e in monomial.powers.items() if e > 0]
    if abs(coefficient.numerator) != 1 or not top:
        top.insert(0, str(abs(coefficient.numerator)))
    bottom = [n if e == -1 else f"{n}**{-e}" for n, e in monomial.powers.items() if e < 0]
    if coefficient.denominator != 1:
        bottom.insert(0, str(coefficient.denominator))
    text = "*".join(top)
    if bottom:
        text += "/" + (bottom[0] if len(bottom) == 1 else f"({'*'.join(bottom)})")
    return ("-" if coefficient < 0 else "") + text


def content(*parts: Polynomial) -> Polynomial:
    """The largest monomial that divides every term of every part, with the gcd of the coefficients (positive)."""
    exponents = [e for part in parts for e in part._terms]
    if not exponents:
        return ONE
    coefficients = [c for part in parts for c in part._terms.values()]
    shared = Fraction(gcd(*(c.numerator for c in coefficients)), lcm(*(c.denominator for c in coefficients)))
    return Polynomial({tuple(map(min, zip(*exponents, strict=True))): exact(shared)})


def total(summands: Iterable[Polynomial]) -> Polynomial:
    """The sum of many polynomials, merged in place: linear in the number of terms."""
    terms: dict[Exponents, Rational] = {}
    for summand in summands:
        for key, c in summand._terms.items():
            terms[key] = terms.get(key, 0) + c
    return Polynomial({key: exact(c) for key, c in terms.items() if c})


def product(factors: Iterable[Polynomial]) -> Polynomial:
    """The product of many polynomials; 1 for none."""
    exponents, rest = CONSTANT, ONE
    coefficient: Rational = 1
    for factor in factors:
        if len(factor._terms) == 1:  # one polynomial for any number of monomials
            ((e, c),) = factor._terms.items()
            exponents, coefficient = tuple(map(add, exponents, e)), coefficient * c
        else:
            rest = rest * factor
    return Polynomial({exponents: exact(coefficient)}) * rest


def as_polynomial(value: Polynomial | Rational) -> Polynomial:
    """A number as the polynomial that is this number; a polynomial as it is."""
    return value if isinstance(value, Polynomial) else Polynomial.constant(value)


ZERO = Polynomial({})
ONE = Polynomial.constant(1)
