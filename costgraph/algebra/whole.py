"""Sizes that are whole whatever their symbols are: what counts, and quotients without a rest in any model."""

from __future__ import annotations

from collections.abc import Sequence

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS

# What there is of any model: elements of a head, and heads that share keys and values.
HEADS = tuple(Polynomial.monomial({above: 1, below: -1}) for above, below in (("D", "A"), ("A", "G")))
MOST = 8  # divisions that one term is made of


def is_whole(size: Polynomial, known: Sequence[Polynomial] = ()) -> bool:
    """Whether a size is seen to be whole: of counts, without a rest, or made of quotients that are known to be whole.

    Args:
        size: such as `4*B*S*D/A`.
        known: monomials such as `D/A`, of heads that all have the same width.
    """
    return all(whole_term(term, known) for term in size.monomials())


def whole_term(term: Polynomial, known: Sequence[Polynomial], left: int = MOST) -> bool:
    """The same of one term."""
    below = divisors(term)
    if not below:
        return all(SYMBOLS[name].domain == "positive integer" for name in term.powers)
    return left > 0 and any(whole_term(term / one, known, left - 1) for one in known if below & divisors(one))


def divisors(term: Polynomial) -> set[str]:
    """The symbols that a term is divided by, and "1" where it is divided by a number."""
    found = {name for name, power in term.powers.items() if power < 0}
    return found | ({"1"} if term.leading_coefficient.denominator != 1 else set())
