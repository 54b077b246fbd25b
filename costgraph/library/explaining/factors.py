"""What one factor or one symbol makes of a form: how far-fetched that is as a slip, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.degrees import DEGREES

PREFIXES = {
    Fraction(1024**power, 1000**power): (f"{decimal}B", f"{binary}iB")
    for power, (decimal, binary) in enumerate((("k", "K"), ("M", "M"), ("G", "G"), ("T", "T")), 1)
}
MULTIPLES = {
    **{1000**power: f"10**{3 * power}" for power in (2, 3, 4, 5)},
    **{1024**power: f"2**{10 * power}" for power in (2, 3, 4, 5)},
}  # what amounts are counted in
LARGEST = 100  # above and below the line of a factor that somebody may have lost
SIMPLE = 3  # how far-fetched a factor may be in a part of a sum
USUAL = (1, 2, 3, 4, 8)  # numbers that get lost: operands, passes, bytes, bits; others are far-fetched


@dataclass(frozen=True, order=True)
class Slip:
    """How far-fetched a slip is, and the slip in words."""

    cost: float
    text: str


def of_factor(ratio: Quotient, of: Quotient | None = None) -> Slip | None:
    """A slip by one factor; None if it is no monomial, a fraction, or has numbers that nobody just loses.

    Args:
        ratio: what is printed over what is right.
        of: what is right, which decides whether a symbol was divided by.
    """
    if not ratio.is_polynomial or not ratio.numerator.is_monomial:
        return None
    words, rest = of_prefix(Fraction(ratio.numerator.leading_coefficient))
    if rest < 0:
        words, rest = [*words, "the sign is reversed"], -rest
    if max(rest.numerator, rest.denominator) > LARGEST and rest not in (1024, Fraction(1, 1024)):
        return None
    powers = ratio.numerator.powers
    above, below = Polynomial.monomial(powers, rest).fraction()
    if not ratio.symbols and above != ONE and below != ONE:
        return None
    lowered = of is not None and of.is_polynomial and all(divided_by(name, of.numerator) for name in above.symbols)
    if lowered and above.symbols and below.number not in (None, 1) and above.leading_coefficient == 1:
        cost = sum(map(abs, powers.values())) + 1 + len(words)
        return Slip(cost, " and ".join([*words, f"the factor {below} and the division by {above} are missing"]))
    if of is not None and (instead := in_place(powers, rest, of)):
        return Slip(sum(map(abs, powers.values())) + (rest != 1) + len(words), " and ".join([*words, instead]))
    if lowered and above.symbols and below.symbols and ONE in (above.leading_coefficient, below.leading_coefficient):
        return Slip(sum(map(abs, powers.values())), f"{below} stands in the place of {above}, below the line")
    odd = max(rest, 1 / rest) not in USUAL
    cost = sum(map(abs, powers.values())) + (rest != 1) + SIMPLE * odd + len(words)
    return Slip(cost, " and ".join([*words, *of_sides(above, below)]))


def in_place(powers: Mapping[str, int], rest: Fraction, of: Quotient) -> str:
    """A factor A/G**2 where G stands once in what is right, which is A/G in the place of G; "" if it is no such."""
    gone = [name for name, power in powers.items() if power == -2]
    if rest != 1 or len(gone) != 1 or not of.is_polynomial or not of.numerator.is_monomial:
        return ""
    (name,) = gone
    if of.numerator.powers.get(name, 0) != 1 or sum(powers.values()) != -1 or len(powers) != 2:
        return ""
    (other,) = (one for one in powers if one != name)
    return f"{other}/{name} stands in the place of {name}"


def of_ring(printed: Quotient, derived: Quotient) -> Slip | None:
    """The factor (T - 1)/T of a ring of T devices, or T - 1, left out; the first also where it was put in."""
    ratio = printed / derived
    for name in ratio.symbols:
        degree = Polynomial.symbol(name)
        others = degree - ONE
        ring = Quotient(others, degree)
        if name in DEGREES and ratio * Quotient(others) == Quotient(1):
            return Slip(1, f"the factor {name} - 1 is missing")
        for found, side, is_what in ((Quotient(1) / ring, derived, "missing"), (ring, printed, "too much")):
            if ratio == found and name in DEGREES and side.is_polynomial and divided_by(name, side.numerator):
                return Slip(1, f"the factor ({name} - 1)/{name} of a ring is {is_what}")
    return None


def divided_by(name: str, form: Polynomial) -> bool:
    """Whether some term of a sum has a symbol below the line."""
    return any(term.powers.get(name, 0) < 0 for term in form.monomials())


def of_symbol(printed: Quotient, derived: Quotient) -> Slip | None:
    """A symbol in the place of another one, everywhere, or two that are exchanged."""
    for right in sorted(set(derived.symbols)):
        for wrong in sorted(set(printed.symbols)):
            one, other = Polynomial.symbol(wrong), Polynomial.symbol(right)
            if wrong == right:
                continue
            if right not in printed.symbols and derived.substitute({right: one}) == printed:
                return Slip(2, f"{wrong} stands in the place of {right}")
            if wrong > right and derived.substitute({right: one, wrong: other}) == printed:
                return Slip(2, f"{right} and {wrong} are exchanged")
    return None


def of_prefix(number: Fraction) -> tuple[list[str], Fraction]:
    """Decimal for binary prefixes or the other way round, or a multiple as the unit, and the factor that is left."""
    choices = [
        *((factor, said) for step, (decimal, binary) in PREFIXES.items()
          for factor, said in ((1 / step, f"{decimal} for {binary}"), (step, f"{binary} for {decimal}"))),
        *((Fraction(1, multiple), f"it counts in units of {name}") for multiple, name in MULTIPLES.items()),
    ]  # fmt: skip
    for factor, said in choices:
        rest = number / factor
        if max(abs(rest.numerator), rest.denominator) <= LARGEST < max(abs(number.numerator), number.denominator):
            return [said], rest
    return [], number


def of_sides(above: Polynomial, below: Polynomial) -> list[str]:
    """A factor in words: what is missing, what is too much, or what stands in the place of what."""
    for side, other, is_what in ((above, below, "missing"), (below, above, "too much")):
        name = str(side)
        if name in DEGREES and other == ONE:
            return [f"the division by {name} is {is_what}"]
    if above != ONE and below != ONE:
        return [f"{above} stands in the place of {below}"]
    if below != ONE:
        return [f"the factor {below} is missing"]
    return [f"the factor {above} is too much"] if above != ONE else []
