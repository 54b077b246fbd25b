"""The sizes at which worked numbers are computed: typical ones that keep what the formulas take for granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from costgraph.algebra.assumption import AtMost, Divides
from costgraph.algebra.divisible import nearest_kept
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.closed_form import ClosedForm
from costgraph.graph.graph import Graph
from costgraph.remarks import SAME
from costgraph.setup import Setup

MOVES = 20  # how many sizes are moved, one after the other, until all claims hold


def reference(setup: Setup | None = None, claims: Sequence[Divides] = ()) -> dict[str, Rational]:
    """GPT-3 on 8 devices, but for what a setup has and claims such as `8 | B` ask for.

    Args:
        setup: whose sizes are fixed.
        claims: what else should hold; a size that breaks one goes to the next that keeps it.

    Raises:
        UserError: sizes of the setup break what it assumes.
    """
    sizes = {symbol.name: symbol.typical for symbol in SYMBOLS.values()}
    known = constants(sizes)
    fixed = setup.finite("a sheet") if setup else {}
    for claim in setup.graph.assumptions if setup else ():
        claim.substitute(fixed)
    for name, value in {**(setup.model.symbolic if setup else {}), **fixed}.items():
        sizes[name] = value.substitute(known).number or sizes[name]
    sizes |= within_tables(setup.graph, sizes) if setup else {}
    for _ in range(MOVES):
        sizes |= {name: sizes[other] for name, other in SAME.items() if name not in fixed}
        moves = (move(claim, sizes, fixed, claims) for claim in broken(claims, sizes))
        if not (moved := next(filter(None, moves), {})):
            break
        sizes |= moved
    return sizes


def within_tables(graph: Graph, sizes: Mapping[str, Rational]) -> dict[str, Rational]:
    """Sequences as long as the learned table of positions, where they would be longer: there is no such model."""
    known, found = constants(sizes), dict[str, Rational]()
    for claim in graph.assumptions:
        if isinstance(claim, AtMost) and claim.dim and claim.small.symbols == (str(claim.small),):
            small, large = (side.substitute(known).number for side in (claim.small, claim.large))
            if small is not None and large is not None and small > large:
                found[str(claim.small)] = large
    return found


def claims_of(forms: Iterable[ClosedForm]) -> list[Divides]:
    """What formulas take for granted of divisibility."""
    return list(dict.fromkeys(one for form in forms for one in form.assumptions if isinstance(one, Divides)))


def broken(claims: Iterable[Divides], sizes: Mapping[str, Rational]) -> list[Divides]:
    """The claims that do not hold at these sizes."""
    known = constants(sizes)
    return [one for one in claims if not divides(one.divisor.substitute(known), one.dividend.substitute(known))]


def divides(divisor: Polynomial, dividend: Polynomial) -> bool:
    """Whether one number divides another; what is no number is not judged."""
    below, above = divisor.number, dividend.number
    return not below or above is None or (Fraction(above) / Fraction(below)).denominator == 1


def move(
    claim: Divides, sizes: Mapping[str, Rational], fixed: Mapping[str, Polynomial], claims: Sequence[Divides]
) -> dict[str, Rational]:
    """A size that is not fixed, and the next value of it that keeps a claim, all claims if that can be.

    What is divided grows, and what divides shrinks, though not to 1, which would be no example; nothing where neither
    can.
    """
    for name in (*claim.dividend.symbols, *claim.divisor.symbols):
        others = constants({other: size for other, size in sizes.items() if other != name})
        grows = name in claim.dividend.symbols
        for together in (claims, [claim]) if name not in fixed and Fraction(sizes[name]).denominator == 1 else ():
            about = [Divides(c.divisor.substitute(others), c.dividend.substitute(others)) for c in together]
            value = nearest_kept(name, int(sizes[name]), grows, [one for one in about if name in one.symbols])
            if value is not None and (grows or value > 1):
                return {name: value}
    return {}


def constants(sizes: Mapping[str, Rational]) -> dict[str, Polynomial]:
    """Sizes as polynomials."""
    return {name: Polynomial.constant(size) for name, size in sizes.items()}
