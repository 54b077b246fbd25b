"""Monomials, packed into one integer each: to multiply is to add, to divide is to subtract.

The power of the i-th symbol of the table is the i-th digit to the base 2**16, and digits may be negative. Symbols that
are declared later get higher digits, so that what is packed stays as it is; another process may have declared others,
so that nothing packed may leave this one. A power beyond `LIMIT` is refused, which leaves room to add or subtract two
digits, and then two of those, without running into the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, reduce
from operator import or_
from struct import unpack
from typing import TYPE_CHECKING

from costgraph.algebra.symbols import INDEX, NAMES, Rational, sympy_symbol
from costgraph.errors import UserError

if TYPE_CHECKING:
    import sympy

Packed = int
WIDTH = 16  # bits
LIMIT = (1 << WIDTH - 3) - 1
MASK, HALF = (1 << WIDTH) - 1, 1 << WIDTH - 1


@cache
def halves(digits: int) -> int:
    """2**15 in each of so many digits: added to digits of either sign it makes all of them positive."""
    return sum(HALF << WIDTH * at for at in range(digits))


def packed(powers: Mapping[str, int]) -> Packed:
    """The product of symbols with these powers.

    Raises:
        UserError: a power is too large.
    """
    if too_large := [name for name, power in powers.items() if abs(power) > LIMIT]:
        raise UserError(f"{too_large[0]}**({powers[too_large[0]]}): a power is at most {LIMIT}")
    return sum(power << WIDTH * INDEX[name] for name, power in powers.items())


@lru_cache(maxsize=2**14)
def powers(monomial: Packed) -> tuple[tuple[str, int], ...]:
    """The symbols that occur with their powers, in the order of the table."""
    found = digits(monomial, monomial.bit_length() // WIDTH + 1)
    return tuple([(NAMES[at], digit - HALF) for at, digit in enumerate(found) if digit != HALF])


@lru_cache(maxsize=2**14)
def symbols_of(monomial: Packed) -> tuple[str, ...]:
    """Names of the symbols that occur, in the order of the table."""
    return tuple([name for name, _ in powers(monomial)])


def alone(name: str) -> Packed:
    """The symbol itself."""
    return 1 << WIDTH * INDEX[name]


def digits(monomial: Packed, count: int) -> tuple[int, ...]:
    """The powers of the first symbols of the table, each with 2**15 added."""
    return unpack(f"<{count}H", (halves(count) + monomial).to_bytes(2 * count, "little"))


def power(monomial: Packed, name: str) -> int:
    """The power of one symbol."""
    at = INDEX[name]
    return ((monomial + halves(at + 1)) >> WIDTH * at & MASK) - HALF


def largest_power(monomials: Iterable[Packed]) -> int:
    """The largest absolute power of any symbol.

    Raises:
        UserError: it is too large.
    """
    name, largest = max((part for m in monomials for part in powers(m)), key=lambda part: abs(part[1]), default=("", 0))
    if abs(largest) > LIMIT:
        raise UserError(f"{name}**({largest}): a power is at most {LIMIT}")
    return abs(largest)


def symbols(monomials: Iterable[Packed]) -> tuple[str, ...]:
    """Names of the symbols that occur in any of them, in the order of the table."""
    zero = halves(len(NAMES))
    occurring = reduce(or_, ((m + zero) ^ zero for m in monomials), 0)
    found = []
    while occurring:
        at = ((occurring & -occurring).bit_length() - 1) // WIDTH  # the lowest digit that is not 0
        found.append(NAMES[at])
        occurring = occurring >> WIDTH * (at + 1) << WIDTH * (at + 1)
    return tuple(found)


def printing_order(monomial: Packed) -> tuple[int, tuple[int, ...]]:
    """What to sort by: higher total degree first, then the order of the symbol table."""
    negative = digits(-monomial, len(NAMES))
    return sum(negative), negative


# --- other representations --------------------------------------------------------------------------------------------


def text(monomial: Packed, coefficient: Rational) -> str:
    """A term in Python syntax, divisors last: `3*B*D**2/(2*T)`."""
    top = [n if e == 1 else f"{n}**{e}" for n, e in powers(monomial) if e > 0]
    if abs(coefficient.numerator) != 1 or not top:
        top.insert(0, str(abs(coefficient.numerator)))
    bottom = [n if e == -1 else f"{n}**{-e}" for n, e in powers(monomial) if e < 0]
    if coefficient.denominator != 1:
        bottom.insert(0, str(coefficient.denominator))
    said = "*".join(top)
    if bottom:
        said += "/" + (bottom[0] if len(bottom) == 1 else f"({'*'.join(bottom)})")
    return ("-" if coefficient < 0 else "") + said


def to_sympy(monomial: Packed, coefficient: Rational) -> sympy.Expr:
    """A term as a sympy expression in the symbols of the table."""
    import sympy

    symbols = (sympy_symbol(name) ** power for name, power in powers(monomial))
    return sympy.Mul(sympy.Rational(coefficient.numerator, coefficient.denominator), *symbols)


# --- divisibility -----------------------------------------------------------------------------------------------------


def is_whole(monomial: Packed) -> bool:
    """Whether no symbol has a negative power."""
    zero = halves(len(NAMES))
    return monomial + zero & zero == zero


def lower(a: Packed, b: Packed) -> Packed:
    """The greatest common divisor: of each symbol the lower power."""
    zero = halves(len(NAMES))
    difference = a - b + zero
    larger = difference & zero  # the top bit of each digit that is not smaller in `a`
    return a + larger - (difference & (larger << 1) - (larger >> WIDTH - 1))


def common_divisor(monomials: Iterable[Packed]) -> Packed:
    """The greatest common divisor of one or more."""
    return reduce(lower, monomials)


def common_multiple(monomials: Iterable[Packed]) -> Packed:
    """The least common multiple of one or more: of each symbol the highest power."""
    return -reduce(lower, (-m for m in monomials))
