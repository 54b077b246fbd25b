"""What must hold for a closed form to be true. Forms carry their assumptions and check them once numbers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from costgraph.errors import UserError
from costgraph.polynomial import Polynomial


@dataclass(frozen=True, slots=True)
class Divides:
    """`divisor | dividend`: a dim of size `dividend` is cut into `divisor` equal parts."""

    divisor: Polynomial
    dividend: Polynomial
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.divisor} | {self.dividend}"

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Divides:
        """The same claim with symbols replaced.

        Raises:
            UserError: both sides have become numbers and the claim is false.
        """
        bound = Divides(self.divisor.substitute(bindings), self.dividend.substitute(bindings), self.advice)
        bound.check(self)
        return bound

    def check(self, claim: Divides | None = None) -> None:
        """Raise if both sides are numbers and the first does not divide the second."""
        divisor, dividend = self.divisor.number, self.dividend.number
        if divisor and dividend is not None and Fraction(Fraction(dividend), divisor).denominator != 1:
            letters = f"{claim or self}"
            advice = f"; {self.advice}" if self.advice else ""
            raise UserError(f"{letters} does not hold: {divisor} does not divide {dividend}{advice}")

    @property
    def settled(self) -> bool:
        """Whether nothing symbolic is left to assume."""
        return self.divisor.number is not None and (self.divisor == 1 or self.dividend.number is not None)


Assumption = Divides | str  # a str is a choice that was made ("dropout on")
