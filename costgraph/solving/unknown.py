"""What a question is solved for: a symbol, or a product of symbols."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.named_letters import NO_LETTERS
from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.units import Powers, of_quantity
from costgraph.errors import UserError, need_text, shorten
from costgraph.records import dataclass


@dataclass(frozen=True)
class Unknown:
    """What is solved for: a symbol, or a product such as `B*S`, for which its first symbol stands in."""

    target: Polynomial
    name: str

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return all(SYMBOLS[name].domain == "positive integer" for name in self.target.symbols)

    @property
    def dimension(self) -> Powers:
        """What a machine's figure is measured in; other symbols, and products, count."""
        return of_quantity(str(self.target))

    def enter(self, form: Quotient) -> Quotient:
        """The form in the unknown: with B := B/S, the letter B stands for the product B*S.

        Raises:
            UserError: a factor of the product is left over.
        """
        symbol = Polynomial.symbol(self.name)
        if self.target == symbol:
            return form
        rest = self.target / symbol
        result = form.substitute({self.name: symbol / rest})
        if left := [name for name in rest.symbols if name in result.symbols]:
            raise UserError(f"--for {self.target}: {left[0]} does not only occur as a part of {self.target}")
        return result

    def __str__(self) -> str:
        return str(self.target)


def unknown_of(text: str, letters: Mapping[str, Quotient] = NO_LETTERS) -> Unknown:
    """Read `--for B` or `--for B*S`, in these letters, too."""
    need_text(text, "B*S")
    target = size(text, letters=letters) if text.strip() else ZERO
    if not target.is_monomial or not target.symbols or target.leading_coefficient != 1:
        raise UserError(f"--for '{shorten(text)}': name a symbol, or a product of symbols such as B*S")
    if set(target.powers.values()) != {1}:
        raise UserError(f"--for '{shorten(text)}': a product of different symbols, without powers")
    return Unknown(target, target.symbols[0])
