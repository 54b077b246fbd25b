"""Test vectors: sizes at which generated code is compared with exact results, and where that was not possible.

Exact work is predicted before it is done, from the digits of the sizes and the constants: a power has as many bits as
its base times its exponent, a product as many as its factors together. No clock is asked, so that the same forms give
the same vectors everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isfinite, prod

from costgraph.algebra.assumption import AtMost, Claim, Divides
from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, children, names, rounded
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.errors import UserError
from costgraph.exporting.forms import Form
from costgraph.records import dataclass

SMALL = {
    "B": 3,
    "S": 16,
    "L": 5,
    "D": 48,
    "A": 8,
    "G": 4,
    "V": 96,
    "K": 32,
    "T": 2,
    "p": 2,
    "P": 2,
    "M": 4,
    "v": 2,
    "C": 2,
    "X": 2,
    "Y": 2,
    "N_h": 2,
}
PADDED_VOCABULARY = 51200  # divisible by every usual number of devices, unlike the 50257 of GPT-2
BEYOND = 1_000_003 * 2**33  # takes every size, and every product of sizes, beyond 2**63
LONGEST = 2**15  # bits of a numerator or denominator on the way to an exact result
MOST_WORK = 2**33  # squares of bits, added up over all operations: about half a second


@dataclass(frozen=True)
class Vector:
    """Sizes, and the exact results of all forms there."""

    label: str
    sizes: Mapping[str, Rational]
    results: Sequence[Rational]


@dataclass(frozen=True)
class Vectors:
    """The vectors that can be compared, and for every other one why it cannot."""

    found: Sequence[Vector]
    left_out: Mapping[str, str]


def candidates(symbols: Iterable[str]) -> dict[str, dict[str, Rational]]:
    """Sizes at which generated code is compared with exact values: all ones, small, GPT-3, beyond 64 bits."""
    symbols = list(symbols)
    divided = {"B": ("N_d", "N_h", "X", "M"), "L": ("P", "v")}  # by which degrees, where a mesh has them

    def fitting(sizes: dict[str, Rational]) -> dict[str, Rational]:
        """Sizes that the degrees among them divide."""
        return sizes | {
            name: sizes[name] * prod(sizes[by] for by in degrees if by in sizes)
            for name, degrees in divided.items()
            if name in sizes
        }

    typical: dict[str, Rational] = {n: SYMBOLS[n].typical if n in SYMBOLS else 4096 for n in symbols} | (
        {"V": PADDED_VOCABULARY} if "V" in symbols else {}
    )
    return {
        "ones": dict.fromkeys(symbols, 1),
        "small": fitting({name: 3 if name == "E" else SMALL.get(name, 6) for name in symbols}),
        "large": fitting(typical) if {"M", "X"} & {*symbols} else typical,
        "beyond 64 bits": {
            name: value if name in SYMBOLS and SYMBOLS[name].domain != "positive integer" else value * BEYOND
            for name, value in typical.items()
        },
    }


def vectors(forms: Sequence[Form]) -> Vectors:
    """Exact results wherever the forms' assumptions hold and doubles come close to them."""
    found, left_out = [], {}
    for label, sizes in candidates(names([form.node for form in forms])).items():
        try:
            found.append(Vector(label, sizes, [compared(form, sizes) for form in forms]))
        except UserError as error:
            left_out[label] = str(error)
    return Vectors(found, left_out)


def compared(form: Form, sizes: Mapping[str, Rational]) -> Rational:
    """The exact result, to which doubles come close.

    Raises:
        UserError: they do not, an assumption does not hold, or the exact result would take too long.
    """
    for claim in form.claims:
        refuse_false(claim, sizes)
    try:
        value = rounded(form.node, {name: float(size) for name, size in sizes.items()})
    except UserError:
        raise
    except (ArithmeticError, ValueError):
        raise UserError(f"{form.name} has no value in doubles") from None
    if not isfinite(value):
        raise UserError(f"{form.name} does not fit a double")
    if isinstance(form.value, Quotient) and not form.definitions:
        refuse_unaffordable(form.name, monomial_lengths((form.value.numerator, form.value.denominator), sizes))
    else:
        refuse_unaffordable(form.name, node_lengths(form.node, sizes))
    exact = form.at(sizes)
    if abs(Fraction(value) - exact) > abs(Fraction(exact)) / 10**13:
        raise UserError(f"{form.name} loses digits in doubles")
    return exact


def refuse_false(claim: Claim, sizes: Mapping[str, Rational]) -> None:
    """Raise UserError if an assumption does not hold at the sizes."""
    known = {name: size for name, size in sizes.items() if any(name in side.symbols for side in sides(claim))}
    refuse_unaffordable(str(claim), monomial_lengths(sides(claim), known))
    bound = claim.substitute({name: Polynomial.constant(size) for name, size in known.items()})
    if isinstance(bound, AtMost) and None not in (bound.small.number, bound.large.number) and not bound.settled:
        raise UserError(f"{claim} does not hold")


def sides(claim: Claim) -> tuple[Polynomial, ...]:
    """The sums that a claim compares."""
    match claim:
        case Divides(divisor, dividend):
            return divisor, dividend
        case AtMost(small, large):
            return small, large
    return (claim.value,)


def refuse_unaffordable(what: str, lengths: Sequence[int]) -> None:
    """Raise UserError if the predicted work of exact values, each of so many bits, is beyond its bounds."""
    if max(lengths, default=0) > LONGEST or sum(one * one for one in lengths) > MOST_WORK:
        raise UserError(f"{what} would have too many digits on the way")


def length(number: Rational) -> tuple[int, int]:
    """Logarithms to base 2 of the numerator and denominator, rounded up; none for 1, which no power makes longer."""
    return (abs(number.numerator) - 1).bit_length(), (number.denominator - 1).bit_length()


def monomial_lengths(sums: Iterable[Polynomial], sizes: Mapping[str, Rational]) -> list[int]:
    """Bits of each term of the sums, above and below the line together."""
    bits = {name: sum(length(size)) for name, size in sizes.items()}
    return [
        sum(length(term.leading_coefficient)) + sum(abs(e) * bits.get(n, 0) for n, e in term.powers.items())
        for side in sums
        for term in side.monomials()
    ]


def node_lengths(node: Node, sizes: Mapping[str, Rational]) -> list[int]:
    """Bits of the exact value of a tree and of each of its parts, at most, above and below the line together."""
    seen: list[int] = []

    def bits(node: Node) -> tuple[int, int]:
        parts = list(map(bits, children(node)))
        match node:
            case Number(value):
                found = length(value)
            case Name(name):
                found = length(sizes[name])
            case Product():
                found = sum(a for a, _ in parts), sum(b for _, b in parts)
            case Ratio():
                (a, b), (c, d) = parts
                found = a + d, b + c
            case Power(_, exponent):
                found = parts[0][0] * exponent, parts[0][1] * exponent
            case Sum():
                below = sum(b for _, b in parts)
                found = max(a + below - b for a, b in parts) + len(parts).bit_length(), below
            case Call():
                found = max(a for a, _ in parts) + 1, max(b for _, b in parts)
        seen.append(sum(found))
        return found

    bits(node)
    return seen
