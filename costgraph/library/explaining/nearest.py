"""What separates a formula from the engine's result: the ops it comes from, and the nearest slip that explains it.

A slip is a symbol in the place of another, one factor (of everything, of what an op, a place or a part with a name
contributes, of a term), something left out or counted twice, or at most two of these term by term. The simplest wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.library.explaining.factors import (
    PREFIXES,
    SIMPLE,
    USUAL,
    Slip,
    of_factor,
    of_ring,
    of_symbol,
)
from costgraph.provenance import Term

MOST_PAIRS, MOST_SLIPS = 8, 2  # terms that are matched one by one, and different slips in them
MOST_ALIKE = 2  # pairs of parts that are as large
COMPOSED = re.compile(r"^(the|what) | with ")  # names of parts that are no op and no place
NO_PARTS: Mapping[str, Polynomial] = {}


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
    if said := of_one_part(printed - derived, derived, tuple(terms), parts):
        return said
    if whole := of_ring(printed, derived):
        return whole.text
    if whole := of_symbol(printed, derived):
        two = of_two_parts(printed - derived, derived, tuple(terms), parts)
        return f"{whole.text}, or {two}" if two else whole.text
    if whole := of_factor(printed / derived, derived):
        return whole.text
    if (printed / derived).number is not None:  # a fraction explains nothing, unless it is what a part leaves
        if not (printed.is_polynomial and derived.is_polynomial):
            return ""
        left = of_groups(printed.numerator, derived.numerator, tuple(terms), parts)
        both = two_left_out(derived.numerator - printed.numerator, tuple(terms), parts)
        return next((slip.text for slip in (*left, *both) if slip.text.startswith("left out: ")), "")
    if printed.denominator == derived.denominator:
        return of_sum(printed.numerator, derived.numerator, tuple(terms), parts)
    if printed.numerator == derived.numerator and (below := of_sum(printed.denominator, derived.denominator, ())):
        return f"below the line: {below}"
    return ""


def of_one_part(
    apart: Quotient, derived: Quotient, terms: tuple[Term, ...], parts: Mapping[str, Polynomial]
) -> str:  # fmt: skip
    """Which part that has a name of its own is left out or counted twice, with all that are as large; "" if none."""
    for side, said in ((apart, "counted twice"), (Quotient(0) - apart, "left out")):
        part = side.numerator
        if side.is_polynomial and part in parts.values() and part != derived.numerator:
            return f"{said}: {names_of(derived.numerator, terms, parts)[part]} ({python(part)})"
    return ""


def of_two_parts(
    apart: Quotient, derived: Quotient, terms: tuple[Term, ...], parts: Mapping[str, Polynomial]
) -> str:  # fmt: skip
    """Which part is counted twice where another one is left out; "" if none."""
    names = names_of(derived.numerator, terms, parts) if apart.is_polynomial else {}
    for left, name in names.items():
        twice = apart.numerator + left
        if twice != left and twice in names:
            return f"counted twice: {names[twice]} ({python(twice)}), and left out: {name} ({python(left)})"
    return ""


def names_of(
    derived: Polynomial, terms: tuple[Term, ...], parts: Mapping[str, Polynomial]
) -> Mapping[Polynomial, str]:  # fmt: skip
    """The parts of a sum that have names, with all names of those that are as large."""
    return {part: name for name, part in alike(groups(derived, terms, parts)) if name}


def of_sum(
    printed: Polynomial, derived: Polynomial, terms: tuple[Term, ...], parts: Mapping[str, Polynomial] = NO_PARTS
) -> str:
    """The simplest slip in a part of a sum."""
    names = names_of(derived, terms, parts)
    found = [*of_groups(printed, derived, terms, parts), *of_kept(printed, derived), *of_terms(printed, derived, names)]
    found += two_left_out(derived - printed, terms, parts)
    return min(found).text if found else ""


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
            yield Slip(far, f"left out: {name} ({python(part)})" if name else lost(part))
            continue
        if name and instead == part + part:
            yield Slip(far, f"counted twice: {name} ({python(part)})")
            continue
        slip = None if has_minus(instead) and not minus else of_factor(Quotient(instead, part), Quotient(part))
        if slip and slip.cost <= SIMPLE and is_apart(part, derived):
            where = f"{name} ({python(part)})" if name else f"{python(instead)}, which should be {python(part)}"
            yield Slip(slip.cost + far, f"in {where}, {slip.text}")


def is_apart(part: Polynomial, derived: Polynomial) -> bool:
    """Whether a part is all of its kind in a sum: any number could be reached by a factor in a share of a term."""
    return all(derived.coefficient(term) == term.leading_coefficient for term in part.monomials())


def has_minus(form: Polynomial) -> bool:
    """Whether something is subtracted in a sum."""
    return any(term.leading_coefficient < 0 for term in form.monomials())


def alike(parts: Iterable[tuple[str, Polynomial]]) -> Iterator[tuple[str, Polynomial]]:
    """The same parts; those with a name that are as large as each other at once, with all their names."""
    sizes: dict[Polynomial, list[str]] = {}
    listed = list(dict.fromkeys(parts))
    for name, part in listed:
        if name:
            sizes.setdefault(part, []).append(name)
    for name, part in listed:
        if not name:
            yield name, part
        elif name == sizes[part][0]:
            apart = [one for one in sizes[part] if not inside(one, sizes[part])]
            yield " or ".join(dict.fromkeys(apart)), part


def inside(name: str, others: Iterable[str]) -> bool:
    """Whether a part is the one op of a place that stands among others."""
    return any(name.startswith(f"{other}.") for other in others)


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
    yield from ((f"{one.source} of {one.op}", one.amount) for one in terms if one.role and len(amounts[one.op]) > 1)
    yield from (("", part) for part in derived.monomials())


def two_left_out(apart: Polynomial, terms: tuple[Term, ...], named: Mapping[str, Polynomial]) -> Iterator[Slip]:
    """Two ops or places that are left out at once, with all pairs that are as large; none if these are many."""
    of_ops = {name: part for name, part in named.items() if not COMPOSED.search(name)}
    sizes = {part: name for name, part in alike(groups(apart, terms, of_ops)) if name}
    pairs = [
        f"{name}, and {sizes[rest]}"
        for part, name in sizes.items()
        if (rest := apart - part) in sizes and name < sizes[rest] and not within(name, sizes[rest])
    ]
    if 0 < len(pairs) <= MOST_ALIKE:
        yield Slip(3.5, f"left out: {', or '.join(pairs)} ({python(apart)})")


def within(one: str, other: str) -> bool:
    """Whether one of two parts is inside of the other, by any name that they have."""
    names, others = ([name.split(" of ")[-1] for name in said.split(" or ")] for said in (one, other))
    return any(a == b or inside(a, [b]) or inside(b, [a]) for a in names for b in others)


def of_kept(printed: Polynomial, derived: Polynomial) -> Iterator[Slip]:
    """Some terms dropped, and one factor between the others."""
    kept = total(term for term in derived.monomials() if printed.coefficient(term))
    if kept and kept != derived and len(kept) == len(printed):
        dropped = lost(derived - kept)
        if kept == printed:
            yield Slip(2, dropped)
        elif (slip := of_factor(Quotient(printed, kept))) and "sign" not in slip.text and 2 * len(kept) >= len(derived):
            yield Slip(slip.cost + 2, f"{slip.text}, and {dropped}")


def of_terms(printed: Polynomial, derived: Polynomial, names: Mapping[Polynomial, str]) -> Iterator[Slip]:
    """Slips term by term: each term that is not derived is matched with the most similar one that is not printed.

    Terms in which the same went wrong are named together, by the parts that they are if these have names.
    """
    wrong, right = only_in(printed, derived), only_in(derived, printed)
    if (not wrong and not right) or max(len(wrong), len(right)) > MOST_PAIRS:
        return
    pairs = sorted(
        (slip, i, j) for i, a in enumerate(wrong) for j, b in enumerate(right)
        if (slip := of_factor(Quotient(a / b), Quotient(b))) and (slip.cost <= SIMPLE or not (a / b).symbols)
    )  # fmt: skip
    matched: dict[Slip, list[tuple[int, int]]] = {}
    taken: tuple[set[int], set[int]] = set(), set()
    for slip, i, j in pairs:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            matched.setdefault(slip, []).append((i, j))
    said = [
        f"in {where([wrong[i] for i, _ in found], [right[j] for _, j in found], names)}, {slip.text}"
        for slip, found in matched.items()
    ]
    left, more = (total(part for n, part in enumerate(side) if n not in at)
                   for side, at in ((right, taken[1]), (wrong, taken[0])))  # fmt: skip
    said += [lost(left)] if left else []
    said += [extra(more)] if more else []
    rare = len(said) > 1 and any(slip.cost > 1 and slip.text.startswith("the factor") for slip in matched)
    anything = left and more  # is one thing for another
    beside = [part for part in (left, more) if part] if matched else []  # what explains something else than factors do
    gone = len(right) == len(derived) and 2 * len(left) >= len(right)  # of a formula of which nothing is right
    if beside and (gone or not all(part.is_monomial or part in names for part in beside)):
        return
    if len(said) <= MOST_SLIPS and left != derived and not (anything or rare):
        yield Slip(sum(slip.cost for slip in matched) + 3 * len(said), ", and ".join(said))


def where(wrong: list[Polynomial], right: list[Polynomial], names: Mapping[Polynomial, str]) -> str:
    """Terms in which something went wrong, by the names of the parts that they are, or as they are and should be."""
    whole = total(right)
    if len(right) > 1 and whole not in names and all(part in names for part in right):
        return " and ".join(f"{names[part]} ({python(part)})" for part in right)
    return f"{python(total(wrong))}, which should be {python(whole)}"


def lost(part: Polynomial) -> str:
    """What is dropped, in words."""
    below = all(term.leading_coefficient < 0 for term in part.monomials())
    return f"{python(-part)} is not subtracted" if below else f"{python(part)} is dropped"


def extra(part: Polynomial) -> str:
    """What is too much, in words."""
    below = all(term.leading_coefficient < 0 for term in part.monomials())
    return f"{python(-part)} is subtracted" if below else f"{python(part)} is too much"


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
