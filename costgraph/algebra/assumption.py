"""What must hold for a closed form to be true. Forms carry their assumptions and check them once numbers are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from typing import Self

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.symbols import COUNT, SYMBOLS, check_domain, lookup
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass, replace

MAX_TRIED = 10_000  # numbers that are tried as divisors


# What elements of a dim are to a reader, and dims that nothing but devices splits.
WORDS = {
    "head": "heads", "kv_head": "key/value heads", "ffn": "columns of the MLP", "expert_ffn": "columns of an expert",
    "shared_ffn": "columns of the shared experts", "vocab": "words", "expert": "experts", "query": "positions",
    "batch": "sequences", "layers": "layers",
}  # fmt: skip
PADDED = {"vocab": "V"}  # dims that are padded to a multiple of the devices, by the symbol of their size
FEW = ("kv_head",)  # dims whose advice is for devices of which several share an element
OVER_DEVICES = ("head", "kv_head", "ffn", "expert_ffn", "shared_ffn", "vocab", "expert")


@dataclass(frozen=True, slots=True)
class Divides:
    """`divisor | dividend`: the dim called `dim`, of size `dividend`, is cut into `divisor` equal parts."""

    divisor: Polynomial
    dividend: Polynomial
    advice: str = ""
    dim: str = ""

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
            padded = f"pad to the next multiple, {PADDED[self.dim]}={self.padded}" if self.dim in PADDED else ""
            applies = self.dim not in FEW or Fraction(Fraction(divisor), dividend).denominator == 1
            advice = "".join(f"; {one}" for one in (padded, self.advice if applies else "") if one)
            left, right = (shorten(str(side), 40) for side in (divisor, dividend))
            near = neighbours(Fraction(divisor), Fraction(dividend)) if self.dim else []
            would = f"; {' or '.join(map(str, near))} would" if near else ""
            verb = "devices do not divide" if self.dim in OVER_DEVICES else "does not divide"
            of = f" {WORDS.get(self.dim, f'({self.dim})')}" if self.dim else ""
            raise UserError(f"{shorten(claim or str(self))} does not hold: {left} {verb} {right}{of}{would}{advice}")

    @property
    def padded(self) -> int | None:
        """The next multiple of the divisor from the dividend on; None while either is open."""
        divisor, dividend = self.divisor.number, self.dividend.number
        return (
            None if divisor is None or dividend is None else int(divisor * ceil(Fraction(dividend) / Fraction(divisor)))
        )

    def resized(self, dim: str, was: Polynomial, size: Polynomial) -> Self:
        """The claim once a dim has another size, if it is about that dim."""
        return replace(self, dividend=size) if self.dim == dim and self.dividend == was else self

    @property
    def settled(self) -> bool:
        """Whether nothing symbolic is left to assume."""
        return self.divisor.number is not None and (self.divisor == 1 or self.dividend.number is not None)


def without_rest(assumptions: Iterable[object]) -> list[Polynomial]:
    """The quotients that are whole by what is assumed, such as `A/T` of `T | A`."""
    claims = (one for one in assumptions if isinstance(one, Divides))
    return [one.dividend / one.divisor for one in claims if one.dividend.is_monomial and one.divisor.is_monomial]


def neighbours(divisor: Fraction, dividend: Fraction) -> list[int]:
    """The divisors above 1 of a whole number next to one that is none; of a very large one few are tried."""
    if divisor.denominator != 1 or dividend.denominator != 1 or divisor < 1:
        return []
    at, size = int(divisor), int(dividend)
    below = next((n for n in range(min(at - 1, size), max(at - MAX_TRIED, 0), -1) if size % n == 0), None)
    above = next((n for n in range(at + 1, min(at + MAX_TRIED, size + 1)) if size % n == 0), None)
    return [n for n in (below, above) if n is not None and n > 1]


@dataclass(frozen=True, slots=True)
class AtMost:
    """`small <= large`, such as a sequence, the size of `dim`, that must fit into the learned positions."""

    small: Polynomial
    large: Polynomial
    dim: str = ""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it is about."""
        return (*self.small.symbols, *self.large.symbols)

    def __str__(self) -> str:
        return f"{self.small} <= {self.large}"

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced; one that turns out false stays and is shown."""
        return replace(self, small=self.small.substitute(bindings), large=self.large.substitute(bindings))

    def resized(self, dim: str, was: Polynomial, size: Polynomial) -> Self:
        """The claim once a dim has another size, if it is about that dim."""
        return replace(self, small=size) if self.dim == dim and self.small == was else self

    @property
    def settled(self) -> bool:
        """Whether both sides are numbers and the claim holds."""
        small, large = self.small.number, self.large.number
        return small is not None and large is not None and small <= large


@dataclass(frozen=True, slots=True)
class Enough(AtMost):
    """`small <= large`, without which there is no such thing, such as a step with fewer microbatches than it needs."""

    advice: str = ""

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced.

        Raises:
            UserError: both sides have become numbers and the claim is false.
        """
        bound = replace(self, small=self.small.substitute(bindings), large=self.large.substitute(bindings))
        small, large = bound.small.number, bound.large.number
        if small is not None and large is not None and small > large:
            claim = "" if bound == self else f"{shorten(str(self))} does not hold: "
            advice = f"; {self.advice}" if self.advice else ""
            raise UserError(f"{claim}{shorten(str(large), 40)} is less than {shorten(str(small), 40)}{advice}")
        return bound

    @property
    def settled(self) -> bool:
        """Whether it holds whatever its symbols are bound to within their domains, as far as is seen at 1."""
        least = (self.large - self.small).substitute(dict.fromkeys(self.symbols, ONE)).number
        grows = all(c > 0 for c in self.large.coefficients) and self.small.number is not None
        counts = all(SYMBOLS[n].domain == COUNT and min(self.large.exponents(n)) >= 0 for n in self.large.symbols)
        return grows and counts and least is not None and least >= 0


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

    def resized(self, dim: str, was: Polynomial, size: Polynomial) -> Self:
        """The claim, which is about a symbol and no dim."""
        return self

    @property
    def settled(self) -> bool:
        """Whether the value is a number or a symbol, whose own domain is checked where it is bound."""
        return self.value.number is not None or self.value in map(Polynomial.symbol, self.value.symbols)


@dataclass(frozen=True, slots=True)
class IsSize:
    """A dim has a size: a positive integer, or a positive mean; or layers are as many as a positive integer says."""

    dim: str
    size: Polynomial
    mean: bool = False
    layers: bool = False

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it is about."""
        return self.size.symbols

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The same claim with symbols replaced.

        Raises:
            UserError: the size has become a number that is none.
        """
        bound = replace(self, size=self.size.substitute(bindings))
        number = bound.size.number
        if number is not None and (number <= 0 or not (self.mean or Fraction(number).denominator == 1)):
            what = f"layers {self.dim}".rstrip() + ": as many as" if self.layers else f"dim {self.dim} has size"
            kind = "a mean size is positive" if self.mean else "a size is a positive integer"
            size = shorten(str(number)) if self.size.number == number else f"{shorten(str(self.size), 40)} = {number}"
            raise UserError(f"{what} {size}; {kind}")
        return bound

    @property
    def settled(self) -> bool:
        """Whether it holds whatever its symbols are bound to within their domains."""
        whole = self.mean or all(SYMBOLS[n].domain == COUNT and min(self.size.exponents(n)) >= 0 for n in self.symbols)
        return (
            self.size.signs == {1} and whole and (self.mean or all(c.denominator == 1 for c in self.size.coefficients))
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice that was made for the model, such as `dropout on`: what it is about, and how it was decided."""

    about: str
    how: str

    @property
    def symbols(self) -> tuple[str, ...]:
        """None."""
        return ()

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Self:
        """The choice, whatever symbols are bound to."""
        return self

    def resized(self, dim: str, was: Polynomial, size: Polynomial) -> Self:
        """The choice, whatever dims are resized."""
        return self

    @property
    def settled(self) -> bool:
        """Never: it stays worth saying."""
        return False

    def __str__(self) -> str:
        return f"{self.about} {self.how}".rstrip()


Claim = Divides | AtMost | InDomain
Assumption = Claim | Choice
