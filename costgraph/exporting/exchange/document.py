"""A value in a JSON document and where it stands: checked as it is read, with the place in every message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NoReturn

from costgraph.algebra.polynomial import Polynomial, exact, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.errors import UserError, shorten, unknown

MAX_DIGITS = 1000  # of a number
MAX_DENOMINATORS = 2**12  # bits of all different denominators of a sum together, over which it may have to be put
MAX_MONOMIALS = 500  # of a sum; to find its best shape costs the square of that
MAX_POWER = 256
MAX_PRODUCTS = 50_000  # monomials above times monomials below a line, as in comparing two quotients


class Place:
    """A value in the document and where it stands, for messages."""

    def __init__(self, value: Any, where: str) -> None:
        self.value, self.where = value, where

    def refuse(self, reason: str) -> NoReturn:
        """Raise with the place."""
        raise UserError(f"{self.where}: {reason}")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Put the place before what is said about what stands here."""
        try:
            yield
        except UserError as error:
            self.refuse(str(error))

    def get(self, key: str) -> Place:
        """The value under a key."""
        if not isinstance(self.value, dict) or key not in self.value:
            self.refuse(f"'{key}' is missing")
        return Place(self.value[key], f"{self.where}, {key}")

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key; the default where there is no such key."""
        if default is not None and not self.has(key):
            return default
        at = self.get(key)
        return at.value if isinstance(at.value, str) else at.refuse("must be text")

    def list(self, key: str) -> Sequence[Place]:
        """The values of the list under a key."""
        return self.get(key).parts()

    def parts(self) -> Sequence[Place]:
        """The values of the list that stands here."""
        if not isinstance(self.value, list):
            self.refuse("must be a list")
        return [Place(value, f"{self.where} {i}") for i, value in enumerate(self.value, 1)]

    def names(self, key: str, what: str, choices: Sequence[str]) -> tuple[str, ...]:
        """The names in the list under a key, each of a table and given once."""
        found: dict[str, None] = {}
        for part in self.list(key):
            name = part.value if isinstance(part.value, str) else part.refuse("must be text")
            if name not in choices:
                part.refuse(str(unknown(what, name, choices)))
            if name in found:
                part.refuse(f"a second '{name}'")
            found[name] = None
        return tuple(found)

    def items(self, key: str) -> Sequence[tuple[str, Place]]:
        """The keys and values of the object under a key."""
        at = self.get(key)
        if not isinstance(at.value, dict):
            at.refuse("must be an object")
        return [(name, Place(value, f"{at.where}, {shorten(name)}")) for name, value in at.value.items()]

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return isinstance(self.value, dict) and key in self.value

    def number(self) -> Rational:
        """The exact number that the value is the text of."""
        if isinstance(self.value, str) and len(self.value) > MAX_DIGITS:
            self.refuse(f"a number of more than {MAX_DIGITS} digits")
        if not isinstance(self.value, str) or not re.fullmatch(r"-?[0-9]+(/[0-9]+)?", self.value):
            self.refuse('must be an exact number as text, such as "12" or "5/2"')
        above, _, below = self.value.partition("/")
        if below and not int(below):
            self.refuse("division by zero")
        return exact(Fraction(int(above), int(below or 1)))

    def polynomial(self, key: str) -> Polynomial:
        """The sum under a key."""
        return self.get(key).polynomial_here()

    def polynomial_here(self) -> Polynomial:
        """The sum that stands here."""
        parts = self.parts()
        if len(parts) > MAX_MONOMIALS:
            self.refuse(f"a sum of {len(parts)} monomials; at most {MAX_MONOMIALS} are read")
        return self.sum([monomial(part) for part in parts])

    def sum(self, parts: Sequence[Polynomial]) -> Polynomial:
        """The sum of what stands here."""
        denominators = {coefficient.denominator for part in parts for coefficient in part.coefficients}
        if sum(map(int.bit_length, denominators)) > MAX_DENOMINATORS:
            self.refuse("the denominators are too long to be put over a common one")
        return total(parts)

    def quotient(self, key: str) -> Quotient:
        """The quotient under a key; 1 and -1 over 0 stand for growth without bound."""
        at = self.get(key)
        above, below = at.polynomial("numerator"), at.polynomial("denominator")
        if len(above) * len(below) > MAX_PRODUCTS:
            at.refuse(f"a quotient of {len(above)} by {len(below)} monomials is too large to be reduced")
        if not below and above not in (1, -1):
            at.refuse("the denominator is zero")
        return Quotient(above, below)


def monomial(at: Place) -> Polynomial:
    """One term of a sum."""
    coefficient, powers = at.get("coefficient").number(), at.get("powers")
    if not isinstance(powers.value, dict):
        powers.refuse("must be an object")
    for name, power in powers.value.items():
        if name not in SYMBOLS:
            powers.refuse(str(unknown("symbol", name, SYMBOLS)))
        if type(power) is not int or abs(power) > MAX_POWER:
            powers.refuse(f"{name}: a whole number of at most {MAX_POWER} is expected")
    return Polynomial.monomial(powers.value, coefficient)
