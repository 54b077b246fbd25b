"""Questions in which a symbol stands for a minimum, a maximum or what is rounded, and depends on the unknown.

Each side of a minimum or maximum is solved for itself and holds where it is the one. What is rounded jumps: once all
else is a number, the whole numbers that satisfy the relation are found by halving, if the difference of both sides only
grows or only falls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.inequalities import Case, Condition, Relation, cases, holds, sign
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.real_roots import zeros
from costgraph.algebra.roots import Root
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError
from costgraph.records import dataclass

MOST_SIDES = 64  # combinations of sides of minima and maxima
FARTHEST = 2**200  # how far whole numbers are searched


@dataclass(frozen=True, slots=True)
class Side:
    """What defined symbols are on one side of every knee, and what is at least 0 there."""

    values: Mapping[str, Polynomial]
    claims: tuple[Polynomial, ...]


def depending(form: Polynomial, definitions: Iterable[Definition], name: str) -> tuple[Definition, ...]:
    """The definitions that `form` needs and that depend on the symbol `name`, directly or not."""
    names, found = {name}, list[Definition]()
    for definition in needed(definitions, form.symbols):
        if names.intersection(definition.symbols):
            names.add(definition.name)
            found.append(definition)
    return tuple(found)


def sides(definitions: Sequence[Definition]) -> list[Side]:
    """Every combination of sides.

    Raises:
        UserError: there are too many.
    """
    found = [Side({}, ())]
    for definition in definitions:
        found = [
            Side(
                {**side.values, definition.name: value.substitute(side.values)},
                (*side.claims, *(claim.substitute(side.values) for claim in claims)),
            )
            for side in found
            for value, claims in definition.sides()
        ]
        if len(found) > MOST_SIDES:
            raise UserError(f"minima and maxima have more than {MOST_SIDES} combinations of sides; bind some sizes")
    return found


# --- formulas ---------------------------------------------------------------------------------------------------------


def formulas(form: Polynomial, relation: Relation, name: str, definitions: Sequence[Definition]) -> list[Case]:
    """The cases of every side, with what must hold there as conditions, also on the unknown.

    Raises:
        UserError: something that is rounded depends on the unknown.
    """
    if jumps := [definition for definition in definitions if definition.jumps]:
        raise UserError(f"{jumps[0]} jumps with {name}: bind all other symbols for an answer in whole numbers")
    found: list[Case] = []
    for side in sides(definitions):
        claims = [claim for claim in side.claims if sign(claim, {}) is None]
        if not any(sign(claim, {}) == -1 for claim in side.claims):
            where = tuple(Condition(claim, ">=") for claim in claims)
            own = cases(form.substitute(side.values), relation, name)
            found += [replace(case, conditions=(*case.conditions, *where)) for case in own]
    return found


# --- numbers ----------------------------------------------------------------------------------------------------------


def difference(form: Polynomial, name: str, definitions: Sequence[Definition]) -> Callable[[Rational], Fraction]:
    """The value of `form`, in which only `name` is open, at a value of it."""

    def at(value: Rational) -> Fraction:
        known, _ = settle(definitions, {name: Polynomial.constant(value)})
        return Fraction(form.substitute(known).number or 0)

    return at


def stretches(form: Polynomial, relation: Relation, name: str, definitions: Sequence[Definition]) -> list[Case]:
    """The stretches of positive numbers on which `form relation 0`; only `name` is open in it.

    The form is continuous, so that every end of a stretch is a root of the side that is the one there.
    """
    at = difference(form, name, definitions)
    roots: dict[Fraction, Root] = {}
    knees: set[Fraction] = set()
    for side in sides(definitions):
        inside = form.substitute(side.values)
        roots |= {Fraction(root.number or 0): root for root in zeros(inside, name) if holds_at(side, name, root)}
        knees |= {Fraction(root.number or 0) for claim in side.claims for root in zeros(claim, name)}
    edges = [Fraction(0), *sorted({*roots, *knees})]
    middles = [*((low + high) / 2 for low, high in pairwise(edges)), edges[-1] + 1]
    satisfied = [holds(at(middle), relation) for middle in middles]
    return list(runs(edges, satisfied, roots, relation in ("<", ">")))


def holds_at(side: Side, name: str, root: Root) -> bool:
    """Whether a root lies where its side is the one; a rounded root may be off in the last digit."""
    value = Fraction(root.number or 0)
    spare = Fraction(0) if root.is_exact else value / 10**30
    nearby = (value - spare, value, value + spare)
    claims = ([claim.substitute({name: Polynomial.constant(v)}).number or 0 for v in nearby] for claim in side.claims)
    return all(max(values) >= 0 for values in claims)


def runs(
    edges: Sequence[Fraction], inside: Sequence[bool], roots: Mapping[Fraction, Root], strict: bool
) -> Iterator[Case]:
    """Neighbouring stretches joined, and single roots that are touched from outside."""
    ends: list[Root | None] = [roots.get(edge) or Root(Polynomial.constant(edge)) for edge in edges]
    start: int | None = None
    for i, right in enumerate(inside):
        touched = edges[i] in roots
        if start is not None and (not right or (strict and touched)):
            yield Case(ends[start] if start else None, ends[i], strict=strict)
            start = None
        if right and start is None:
            start = i
        elif not right and touched and not strict and i and not inside[i - 1]:
            yield Case(ends[i], ends[i])
    if start is not None:
        yield Case(ends[start] if start else None, None, strict=strict)


def whole_numbers(
    form: Polynomial, relation: Relation, name: str, definitions: Sequence[Definition]
) -> tuple[Case, int | None, int | None]:
    """The case of whole numbers from 1 on that satisfy a relation in which something is rounded, with its ends.

    Raises:
        UserError: nothing satisfies it, or the difference of both sides neither only grows nor only falls.
    """
    direction = monotone(form, name, definitions)
    if direction is None:
        raise UserError(f"{definitions[0]} jumps with {name}, and the difference of both sides rises and falls with it")
    at = difference(form, name, definitions)
    rising = direction > 0

    def first(reached: Callable[[Fraction], bool]) -> int | None:
        """The smallest whole number at which the difference has come so far."""
        high = 1
        while not reached(at(high)):
            if high > FARTHEST:
                return None
            high *= 2
        low = high // 2
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(at(middle)) else (middle, high)
        return high

    from_zero = first((lambda v: v >= 0) if rising else (lambda v: v <= 0))
    beyond = first((lambda v: v > 0) if rising else (lambda v: v < 0))
    smallest, largest = picked(relation, rising, from_zero, beyond)
    if smallest is None or (largest is not None and largest < smallest):
        raise UserError(f"no whole {name} satisfies it")
    low = Root(Polynomial.constant(smallest)) if smallest > 1 else None
    high = None if largest is None else Root(Polynomial.constant(largest))
    return Case(low, high), largest, smallest


def picked(
    relation: Relation, rising: bool, from_zero: int | None, beyond: int | None
) -> tuple[int | None, int | None]:
    """(smallest, largest) whole number, given where a monotone difference reaches 0 and where it passes it."""
    before = None if from_zero is None else from_zero - 1
    until = None if beyond is None else beyond - 1
    match relation if rising else {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "==": "=="}[relation]:
        case "<=":
            return 1, until
        case "<":
            return 1, before
        case ">=":
            return from_zero, None
        case ">":
            return beyond, None
    return from_zero, until


def monotone(form: Polynomial, name: str, definitions: Sequence[Definition]) -> int | None:
    """1 if a form only grows with the symbol `name`, -1 if it only falls, None if that cannot be told."""
    ways = {name: 1}
    for definition in definitions:
        if any(-1 in argument.signs for argument in definition.arguments):
            return None  # what may be negative turns the direction of what it multiplies
        directions = {direction(argument, ways) for argument in definition.arguments} - {0}
        if len(directions) > 1 or None in directions:
            return None
        ways[definition.name] = directions.pop() or 0 if directions else 0
    return direction(form, ways) or None


def direction(form: Polynomial, ways: Mapping[str, int]) -> int | None:
    """Which way a form goes when symbols go their ways; 0 if it stays, None if its terms disagree."""
    found: set[int] = set()
    for term in form.monomials():
        steps = {ways.get(name, 0) * (1 if power > 0 else -1) for name, power in term.powers.items()} - {0}
        found |= {step * next(iter(term.signs)) for step in steps}
    return None if len(found) > 1 else next(iter(found), 0)
