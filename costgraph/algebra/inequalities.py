"""Polynomial equations and inequalities in one positive unknown, the other symbols positive and unbound or numbers.

Coefficients are polynomials themselves, so their signs may depend on values that nobody has given: every such question
becomes a condition, and all the answers are listed with theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from costgraph.algebra.polynomial import ZERO, Polynomial, content, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.roots import Root, linear, pure, quadratic
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError
from costgraph.records import dataclass

Relation = Literal["<=", ">=", "==", "<", ">"]
Sign = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Condition:
    """`form > 0`, `form >= 0` or `form == 0`."""

    form: Polynomial
    sign: Literal[">", ">=", "=="] = ">"

    @property
    def sides(self) -> tuple[Polynomial, Polynomial]:
        """The condition as (left, right): common positive factors dropped, negative terms moved to the right."""
        form = self.form / self.form.content
        left = total(term for term in form.monomials() if term.signs == {1})
        return left, left - form

    def __str__(self) -> str:
        if self.solved:
            return "{} {} {}".format(*self.solved)
        left, right = self.sides
        return f"{left} {self.sign} {right}"

    def met(self, values: Mapping[str, Polynomial]) -> bool:
        """Whether it is certain to hold with these values put in."""
        known = sign(self.form.substitute(values), {})
        return known is not None and holds(known, self.sign)

    @property
    def solved(self) -> tuple[str, str, Quotient] | None:
        """(symbol, sign, number) when it says no more than that: `E > 2`."""
        left, right = self.sides
        form = left - right
        if len(form.symbols) != 1 or form.exponents(form.symbols[0]) - {0, 1}:
            return None
        slope = form.coefficient(Polynomial.symbol(form.symbols[0]))
        return (
            form.symbols[0],
            self.sign if slope > 0 else self.sign.replace(">", "<"),
            Quotient((form - Polynomial.symbol(form.symbols[0]) * slope) / -slope),
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One answer: the unknown is at least `low` and at most `high` (either may be missing) if the conditions hold.

    For an equation `low` and `high` are the same root. Both missing means that every value does. Where `strict` is on,
    the bounds themselves do not count.
    """

    low: Root | None
    high: Root | None
    conditions: tuple[Condition, ...] = ()
    strict: bool = False


def holds(value: Rational, relation: Relation) -> bool:
    """Whether `value relation 0`."""
    match relation:
        case "<=":
            return value <= 0
        case ">=":
            return value >= 0
        case "<":
            return value < 0
        case ">":
            return value > 0
        case "==":
            return value == 0


def coefficients(form: Polynomial, name: str) -> list[Polynomial]:
    """The coefficients of powers 0, 1, 2 ... of the symbol `name`, without factors that they all share."""
    if not form:
        return [form]
    found, shared = form.collect(name), content(*form.collect(name).values())
    return [found.get(power, ZERO) / shared for power in range(min(found), max(found) + 1)]


def sign(form: Polynomial, known: dict[Polynomial, Sign]) -> Sign | None:
    """The sign of a form of positive symbols, None if it depends on their values."""
    if form in known:
        return known[form]
    if not form:
        return 0
    return None if len(form.signs) > 1 else (1 if form.signs == {1} else -1)


def cases(form: Polynomial, relation: Relation, name: str) -> list[Case]:
    """Every positive value of `name` for which `form relation 0`.

    Raises:
        UserError: the degree is above 2 and not that of a pure power.
    """
    row = coefficients(-form if relation in (">=", ">") else form, name)
    if len(row) > 3 and any(row[1:-1]):
        raise UserError(f"degree {len(row) - 1} in {name}: solved only once all other symbols are numbers")
    upturned: dict[Relation, Relation] = {">=": "<=", ">": "<"}
    return split(row, upturned.get(relation, relation), {})


def split(row: list[Polynomial], relation: Relation, known: dict[Polynomial, Sign]) -> list[Case]:
    """The cases of `row <= 0`, `row < 0` or `row == 0`, branching on coefficients whose sign is open."""
    row = without_zeros(row, known)
    if not row:
        return [] if relation == "<" else [Case(None, None)]
    ends = [sign(c, known) or 0 for c in (row[0], row[-1])]
    between = row[1:-1] if ends[0] * ends[1] >= 0 else []  # ends of opposite signs have one root, whatever is between
    for c in (row[-1], row[0], *between):
        if sign(c, known) is None:
            at_zero = split(row, relation, {**known, c: 0, -c: 0})
            beside = [(c * s, split(row, relation, {**known, c: s, -c: -s})) for s in (1, -1)]
            return list(joined(beside, Condition(c, "=="), at_zero))
    signs: list[int] = [sign(c, known) or 0 for c in row]
    return list(equals(row, signs) if relation == "==" else at_most(row, signs, relation == "<"))


def without_zeros(row: list[Polynomial], known: dict[Polynomial, Sign]) -> list[Polynomial]:
    """The row without coefficients that are known to be 0; the unknown, which is positive, is divided out."""
    row = [ZERO if sign(c, known) == 0 else c for c in row]
    filled = [power for power, c in enumerate(row) if c]
    return row[filled[0] : filled[-1] + 1] if filled else []


def joined(beside: list[tuple[Polynomial, list[Case]]], zero: Condition, at_zero: list[Case]) -> Iterator[Case]:
    """Cases for a positive, a negative and a vanishing coefficient; what holds for 0 as well is said once."""
    said = []
    for form, found in beside:
        for case in found:
            also = case in at_zero and case not in said
            said += [case] if also else []
            yield replace(case, conditions=(Condition(form, ">=" if also else ">"), *case.conditions))
    yield from (replace(case, conditions=(zero, *case.conditions)) for case in at_zero if case not in said)


def roots(row: list[Polynomial], signs: list[int]) -> tuple[list[Root], tuple[Condition, ...]]:
    """The positive roots in ascending order (a double one twice) and when they are real; `signs` are 0 if unneeded."""
    top, bottom = signs[-1], signs[0]
    if len(row) == 2 or not any(row[1:-1]):
        if top * bottom >= 0:
            return [], ()
        return [linear(row[1], row[0], top) if len(row) == 2 else pure(row[-1], row[0], len(row) - 1, top)], ()
    a, b, c = (part * top for part in reversed(row))  # opens upwards
    if top * bottom < 0:
        return [quadratic(a, b, c, 1)], ()
    if bottom == 0:
        return ([linear(a, b, 1)] if top * signs[1] < 0 else []), ()
    if top * signs[1] > 0:
        return [], ()
    discriminant = b * b - a * c * 4
    real = sign(discriminant, {})
    if real == -1:
        return [], ()
    found = [quadratic(a, b, c, -1), quadratic(a, b, c, 1)]
    return found, (Condition(discriminant, ">="),) if real is None else ()


def equals(row: list[Polynomial], signs: list[int]) -> Iterator[Case]:
    """The roots, each an answer."""
    found, real = roots(row, signs)
    for root in dict.fromkeys(found):
        yield Case(root, root, real)


def at_most(row: list[Polynomial], signs: list[int], strict: bool) -> Iterator[Case]:
    """Where the polynomial is at most (strictly: below) 0: between its roots if it opens upwards, else outside."""
    found, real = roots(row, signs)
    upwards = signs[-1] > 0
    starts_below = signs[0] < 0 or (signs[0] == 0 and next((s for s in signs if s), 0) < 0)
    match found:
        case []:
            if starts_below:
                yield Case(None, None)
        case [root]:
            yield Case(None, root, (), strict) if upwards else Case(root, None, (), strict)
        case [low, high] if upwards:
            apart = tuple(Condition(claim.form, ">" if strict else ">=") for claim in real)
            if not (strict and low == high):
                yield Case(low, high, apart, strict)
        case [low, high]:
            if low == high and not strict:
                yield Case(None, None)
                return
            for below, above in ((None, low), (high, None)):
                yield Case(below, above, real, strict)
            yield from (Case(None, None, (Condition(-claim.form),)) for claim in real)
