"""What must hold for a closed form to be true. Forms carry their assumptions and check them once numbers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import check_domain, lookup
from costgraph.errors import UserError, shorten


@dataclass(frozen=True, slots=True)
class Divides:
    """`divisor | dividend`: a dim of size `dividend` is cut into `divisor` equal parts."""

    divisor: Polynomial
    dividend: Polynomial
    advice: str = ""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it is about."""
        return (*self.divisor.symbols, *self.dividend.symbols)

    def __str__(self) -> str:
        return f"{self.divisor} | {self.dividend}"

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced.

        Raises:
            UserError: both sides have become numbers and the claim is false.
        """
        bound = replace(self, divisor=self.divisor.substitute(bindings), dividend=self.dividend.substitute(bindings))
        bound.check(str(self))
        return bound

    def check(self, claim: str = "") -> None:
        """Raise if both sides are numbers and the first does not divide the second."""
        divisor, dividend = self.divisor.number, self.dividend.number
        if divisor and dividend is not None and Fraction(Fraction(dividend), divisor).denominator != 1:
            advice = f"; {self.advice}" if self.advice else ""
            left, right = (shorten(str(side), 40) for side in (divisor, dividend))
            raise UserError(f"{shorten(claim or str(self))} does not hold: {left} does not divide {right}{advice}")

    @property
    def settled(self) -> bool:
        """Whether nothing symbolic is left to assume."""
        return self.divisor.number is not None and (self.divisor == 1 or self.dividend.number is not None)


@dataclass(frozen=True, slots=True)
class AtMost:
    """`small <= large`, such as a sequence that must fit into the learned positions."""

    small: Polynomial
    large: Polynomial

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it is about."""
        return (*self.small.symbols, *self.large.symbols)

    def __str__(self) -> str:
        return f"{self.small} <= {self.large}"

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced; one that turns out false stays and is shown."""
        return replace(self, small=self.small.substitute(bindings), large=self.large.substitute(bindings))

    @property
    def settled(self) -> bool:
        """Whether both sides are numbers and the claim holds."""
        small, large = self.small.number, self.large.number
        return small is not None and large is not None and small <= large


@dataclass(frozen=True, slots=True)
class InDomain:
    """`value` stands for the symbol `name`, and so must be in its domain (a positive integer, for a size)."""

    name: str
    value: Polynomial

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it is about."""
        return (self.name, *self.value.symbols)

    def __str__(self) -> str:
        return f"{self.value} is a {lookup(self.name).domain}"

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced; raises UserError once it is known to be false."""
        bound = replace(self, value=self.value.substitute(bindings))
        if (number := bound.value.number) is not None:
            check_domain(self.name, number)
        return bound

    @property
    def settled(self) -> bool:
        """Whether the value is a number or a symbol, whose own domain is checked where it is bound."""
        return self.value.number is not None or self.value in map(Polynomial.symbol, self.value.symbols)


Claim = Divides | AtMost | InDomain
Assumption = Claim | str  # a str is a choice that was made ("dropout on")
