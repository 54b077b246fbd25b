"""Whole numbers between bounds: the largest batch that fits, the smallest degree, the one that also divides."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

from costgraph.algebra.assumption import Assumption, Divides, Enough
from costgraph.algebra.divisible import nearest_kept
from costgraph.algebra.inequalities import Case, Relation, holds
from costgraph.algebra.roots import Root
from costgraph.algebra.symbols import Rational
from costgraph.records import dataclass
from costgraph.solving.unknown import Unknown


@dataclass(frozen=True)
class Solution:
    """One answer, with the conditions under which it holds.

    Args:
        case: bounds of the unknown and conditions, as forms or numbers.
        largest, smallest: the extreme whole numbers (the extreme exact ones where fractions make sense) that satisfy
            the relation, once everything is bound; None where there is none.
        smallest_kept, largest_kept: the extreme ones that also keep what is assumed of the unknown, that it divides
            something or is large enough; None where none does, or nothing is assumed.
        between: the positive whole neighbours of an equation's root that is not whole itself, where only whole
            numbers make sense.
    """

    case: Case
    largest: Rational | None = None
    smallest: Rational | None = None
    smallest_kept: int | None = None
    largest_kept: int | None = None
    between: tuple[int, ...] = ()

    @property
    def divides(self) -> int | None:
        """What keeps the assumptions at the end that was asked about: the smallest where there is a smallest."""
        return self.largest_kept if self.smallest is None else self.smallest_kept

    @property
    def possible(self) -> bool:
        """Whether a whole number from 1 on lies between the bounds; the neighbours of a root are an answer, too."""
        return self.largest is None or max(self.smallest or 1, 1) <= self.largest


def with_numbers(
    case: Case,
    relation: Relation,
    difference: Callable[[Rational], Fraction],
    wanted: Unknown,
    assumptions: tuple[Assumption, ...],
) -> Solution:
    """The case, in which nothing is unbound, with its extreme values; `difference` is that of both sides at a value."""
    if not wanted.whole:
        low, high = (exactly(root, case.strict) for root in (case.low, case.high))
        return Solution(case, high, low)
    if case.low is not None and case.low == case.high:
        return at_root(case, case.low)

    def right(value: int) -> bool:
        return holds(difference(value), relation)

    smallest = None if case.low is None else max(above(case.low, case.strict, right), 1)
    largest = None if case.high is None else below(case.high, case.strict, right)
    about = claims(wanted, assumptions)
    ends = ((smallest, True), (largest, False))
    kept = [nearest_kept(wanted.name, end, up, about) if about and end is not None else None for end, up in ends]
    if smallest is not None and largest is not None:
        kept = [one if one is not None and smallest <= one <= largest else None for one in kept]
    return Solution(case, largest, smallest, kept[0], kept[1])


def exactly(root: Root | None, strict: bool) -> Rational | None:
    """The extreme value at a bound that counts itself, where it is known exactly."""
    return root.number if root is not None and root.is_exact and not strict else None


def at_root(case: Case, root: Root) -> Solution:
    """A single value: whole, or between its neighbours."""
    value = root.number
    if value is None:
        return Solution(case)
    if root.is_exact and value.denominator == 1:
        return Solution(case, value, value)
    return Solution(case, between=tuple(v for v in (floor(value), floor(value) + 1) if v >= 1))


def above(root: Root, strict: bool, right: Callable[[int], bool]) -> int:
    """The smallest whole number above a bound."""
    value = root.number or 0
    if root.is_exact:
        return floor(value) + 1 if strict else ceil(value)
    return nearest(ceil(value), right)


def below(root: Root, strict: bool, right: Callable[[int], bool]) -> int:
    """The largest whole number below a bound."""
    value = root.number or 0
    if root.is_exact:
        return ceil(value) - 1 if strict else floor(value)
    return nearest(floor(value), right)


def nearest(guess: int, right: Callable[[int], bool]) -> int:
    """The whole number at a rounded bound: the guess unless the exact form says that a neighbour is right."""
    return next((v for v in (guess, guess - 1, guess + 1) if v > 0 and right(v)), guess)


def claims(wanted: Unknown, assumptions: tuple[Assumption, ...]) -> list[Divides | Enough]:
    """What is assumed of the unknown, a single symbol: that it divides something, or that there are enough."""
    names = wanted.target.symbols
    about = [one for one in assumptions if isinstance(one, Divides | Enough)]
    return [one for one in about if len(names) == 1 and names[0] in one.symbols]
