"""What separates a formula from the engine's result: the ops it comes from, and the nearest slip that explains it.

A slip is one factor (of everything, of what an op or a place contributes, of the terms with one power of a symbol, of a
term), something left out or counted twice, or at most two such things term by term. The simplest wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.provenance import Term

PREFIXES = {
    Fraction(1024**power, 1000**power): (f"{decimal}B", f"{binary}iB")
    for power, (decimal, binary) in enumerate((("k", "K"), ("M", "M"), ("G", "G"), ("T", "T")), 1)
}
MULTIPLES = {
    **{1000**power: f"10**{3 * power}" for power in (2, 3, 4, 5)},
    **{1024**power: f"2**{10 * power}" for power in (2, 3, 4, 5)},
}  # what amounts are counted in
LARGEST = 100  # above and below the line of a factor that somebody may have lost
MOST_PAIRS, MOST_SLIPS = 8, 2  # terms that are matched one by one, and different slips in them
NO_PARTS: Mapping[str, Polynomial] = {}
SIMPLE = 3  # how far-fetched a factor may be in a part of a sum
USUAL = (1, 2, 3, 4, 8)  # numbers that get lost: operands, passes, bytes, bits; others are far-fetched


@dataclass(frozen=True, order=True)
class Slip:
    """How far-fetched a slip is, and the slip in words."""

    cost: float
    text: str


def nearest(
    printed: Quotient, derived: Quotient, terms: Iterable[Term] = (), parts: Mapping[str, Polynomial] = NO_PARTS
) -> str:
    """The simplest slip that turns the derived form into the printed one, in words; "" if none does.

    Args:
        printed: what it should explain.
        derived: what is right.
        terms: what that is made of.
        parts: further parts of it that have a name, such as `the replayed attention`.
    """
    if not printed.numerator or not derived.numerator or printed == derived:
        return ""
    for name, part in parts.items():
        if part and printed - derived in (Quotient(part), Quotient(-part)) and part != derived.numerator:
            return (
                f"{'counted twice' if printed == derived + Quotient(part) else 'left out'}: {same(name, part, parts)}"
            )
    if whole := of_ring(printed / derived) or of_factor(printed / derived):
        return "" if "it is " in whole.text else whole.text  # a fraction explains nothing
    if printed.denominator == derived.denominator:
        return of_sum(printed.numerator, derived.numerator, tuple(terms), parts)
    if printed.numerator == derived.numerator and (below := of_sum(printed.denominator, derived.denominator, ())):
        return f"below the line: {below}"
    return ""


def same(name: str, part: Polynomial, parts: Mapping[str, Polynomial]) -> str:
    """A part with all names of parts that are as large, and its size."""
    return f"{' or '.join(other for other, size in parts.items() if size == part) or name} ({python(part)})"


def of_sum(
    printed: Polynomial, derived: Polynomial, terms: tuple[Term, ...], parts: Mapping[str, Polynomial] = NO_PARTS
) -> str:
    """The simplest slip in a part of a sum."""
    found = [*of_groups(printed, derived, terms, parts), *of_kept(printed, derived), *of_terms(printed, derived)]
    return min(found).text if found else ""


# --- one factor -----------------------------------------------------------------------------------------------------


def of_factor(ratio: Quotient) -> Slip | None:
    """A slip by one factor; None if it is no monomial, or has numbers that nobody just loses."""
    if not ratio.is_polynomial or not ratio.numerator.is_monomial:
        return None
    words, rest = of_prefix(Fraction(ratio.numerator.leading_coefficient))
    if rest < 0:
        words, rest = [*words, "the sign is reversed"], -rest
    if max(rest.numerator, rest.denominator) > LARGEST and rest not in (1024, Fraction(1, 1024)):
        return None
    powers = ratio.numerator.powers
    above, below = Polynomial.monomial(powers, rest).fraction()
    odd = max(rest, 1 / rest) not in USUAL
    cost = sum(map(abs, powers.values())) + (rest != 1) + SIMPLE * odd + len(words)
    return Slip(cost, " and ".join([*words, *of_sides(above, below)]))


def of_ring(ratio: Quotient) -> Slip | None:
    """The factor (T - 1)/T of a ring of T devices, left out or put in."""
    for name in ratio.symbols:
        degree = Polynomial.symbol(name)
        ring = Quotient(degree - ONE, degree)
        for found, is_what in ((Quotient(1) / ring, "missing"), (ring, "too much")):
            if ratio == found:
                return Slip(1, f"the factor ({name} - 1)/{name} of a ring is {is_what}")
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
        if side == Polynomial.symbol("T") and other == ONE:
            return [f"the division by T is {is_what}"]
    if above != ONE and below != ONE:
        if (part := (above / below).number) is not None:
            return [f"it is {part} of what is derived"]
        return [f"{above} stands in the place of {below}"]
    if below != ONE:
        return [f"the factor {below} is missing"]
    return [f"the factor {above} is too much"] if above != ONE else []


# --- part of a sum --------------------------------------------------------------------------------------------------


def of_groups(
    printed: Polynomial, derived: Polynomial, terms: tuple[Term, ...], named: Mapping[str, Polynomial] = NO_PARTS
) -> Iterator[Slip]:
    """Slips in one part of the sum: what an op or a place contributes, the terms with one power of a symbol, a term.

    Parts that are as large are named together, as nothing tells which of them it is. A sign is only reversed where
    there is a minus.
    """
    minus = has_minus(printed) or has_minus(derived)
    for extra, (name, part) in enumerate(alike(groups(derived, terms, named))):
        far = 1 + extra / 1000  # of equally simple slips, that of the first part
        instead = printed - derived + part
        if not instead:
            yield Slip(far, f"left out: {name} ({python(part)})" if name else f"{python(part)} is dropped")
            continue
        if name and instead == part + part:
            yield Slip(far, f"counted twice: {name} ({python(part)})")
            continue
        slip = None if has_minus(instead) and not minus else of_factor(Quotient(instead, part))
        if slip and slip.cost <= SIMPLE:
            where = f"{name} ({python(part)})" if name else f"{python(instead)}, which should be {python(part)}"
            yield Slip(slip.cost + far, f"in {where}, {slip.text}")


def has_minus(form: Polynomial) -> bool:
    """Whether something is subtracted in a sum."""
    return any(term.leading_coefficient < 0 for term in form.monomials())


def alike(parts: Iterable[tuple[str, Polynomial]]) -> Iterator[tuple[str, Polynomial]]:
    """The same parts; those with a name that are as large as each other at once, with all their names."""
    sizes: dict[Polynomial, list[str]] = {}
    listed = list(parts)
    for name, part in listed:
        inside = any(name.startswith(f"{other}.") for other in sizes.get(part, []))  # of a place with one op
        if name and not inside:
            sizes.setdefault(part, []).append(name)
    for name, part in listed:
        if not name:
            yield name, part
        elif name == sizes[part][0]:
            yield " or ".join(sizes[part]), part


def groups(
    derived: Polynomial, terms: tuple[Term, ...], named: Mapping[str, Polynomial] = NO_PARTS
) -> Iterator[tuple[str, Polynomial]]:
    """The parts of a sum in which a slip may be, with the names of those that have one."""
    yield from ((name, part) for name, part in named.items() if part and part != derived)
    amounts: dict[str, list[Polynomial]] = {}
    for term in terms:
        for name in (term.place, term.op):
            amounts.setdefault(name, []).append(term.amount)
    yield from ((name, summed) for name, part in amounts.items() if (summed := total(part)))
    for symbol in derived.symbols:
        parts = derived.collect(symbol)
        if len(parts) > 1:
            yield from (("", part * Polynomial.symbol(symbol) ** power) for power, part in parts.items())
    yield from (("", part) for part in derived.monomials())


def of_kept(printed: Polynomial, derived: Polynomial) -> Iterator[Slip]:
    """Some terms dropped, and one factor between the others."""
    kept = total(term for term in derived.monomials() if printed.coefficient(term))
    if kept and kept != derived and len(kept) == len(printed):
        dropped = f"{python(derived - kept)} is dropped"
        if kept == printed:
            yield Slip(2, dropped)
        elif slip := of_factor(Quotient(printed, kept)):
            yield Slip(slip.cost + 2, f"{slip.text}, and {dropped}")


def of_terms(printed: Polynomial, derived: Polynomial) -> Iterator[Slip]:
    """Slips term by term: each term that is not derived is matched with the most similar one that is not printed."""
    wrong, right = only_in(printed, derived), only_in(derived, printed)
    if (not wrong and not right) or max(len(wrong), len(right)) > MOST_PAIRS:
        return
    pairs = sorted(
        (slip, i, j) for i, a in enumerate(wrong) for j, b in enumerate(right)
        if (slip := of_factor(Quotient(a / b))) and (slip.cost <= SIMPLE or not (a / b).symbols)
    )  # fmt: skip
    matched: dict[Slip, list[tuple[int, int]]] = {}
    taken: tuple[set[int], set[int]] = set(), set()
    for slip, i, j in pairs:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            matched.setdefault(slip, []).append((i, j))
    said = [
        f"in {python(total(wrong[i] for i, _ in found))}, which should be {python(total(right[j] for _, j in found))}, "
        f"{slip.text}" for slip, found in matched.items()
    ]  # fmt: skip
    lost, extra = (total(part for n, part in enumerate(side) if n not in at)
                   for side, at in ((right, taken[1]), (wrong, taken[0])))  # fmt: skip
    said += [f"{python(rest)} is {verb}" for rest, verb in ((lost, "dropped"), (extra, "too much")) if rest]
    if len(said) <= MOST_SLIPS and lost != derived and not (lost and extra):  # anything is one thing for another
        yield Slip(sum(slip.cost for slip in matched) + 3 * len(said), ", and ".join(said))


def only_in(one: Polynomial, other: Polynomial) -> list[Polynomial]:
    """The terms of a sum that do not stand in the other just so."""
    return [term for term in one.monomials() if other.coefficient(term) != term.leading_coefficient]


def responsible(printed: Quotient, derived: Quotient, terms: Iterable[Term]) -> list[Term]:
    """The terms of the derivation that contribute to what differs."""
    if not (printed.is_polynomial and derived.is_polynomial):
        return list(terms)
    wrong = (derived - printed).numerator
    return [term for term in terms if any(map(wrong.coefficient, term.amount.monomials()))]


def nearest_number(printed: Fraction, half: Fraction, derived: Fraction, in_bytes: bool = False) -> str:
    """The factor between two numbers, of which the printed one is right to `half`, in words; "" if none is likely."""
    if not derived or half * 50 > abs(printed):  # one or two digits are near to anything
        return ""
    factors = [Fraction(-1), *(side for usual in USUAL[1:] for side in (Fraction(usual), Fraction(1, usual)))]
    factors += [side for step in PREFIXES for side in (step, 1 / step)] if in_bytes else []
    near = [factor for factor in factors if abs(derived * factor - printed) <= half]
    found = [slip for factor in near if (slip := of_factor(Quotient(factor)))]
    return min(found).text if found else ""
