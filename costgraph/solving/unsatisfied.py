"""Why nothing satisfies a relation, and by how much it fails where it fails least."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor

from costgraph.algebra.definition import needed, settle
from costgraph.algebra.inequalities import Case, sign
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.printers import python
from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.real_roots import zeros
from costgraph.algebra.units import NONE, unit_text
from costgraph.errors import UserError, shorten
from costgraph.solving.asked import Asked
from costgraph.solving.unknown import Unknown
from costgraph.timing.roofline import example

Miss = tuple[str, Quotient]  # where, and by how much the left side is larger


def unsatisfied(asked: Asked, formulas: Iterable[Case]) -> UserError:
    """The error for a question that no positive value answers; `formulas` would have, before anything was put in."""
    text = f"no {asked.unknown} satisfies {shorten(asked.text, 100)}"
    known, _ = settle(needed(asked.definitions, asked.difference.symbols), asked.bindings)
    difference = asked.difference.substitute(known)
    if difference.symbols in ((), (asked.unknown.name,)):
        place, miss = least(difference, asked.unknown)
        by = abs(Fraction(miss.number or 0))
        said = f"{place} {by_how_much(miss, amount(by, asked))}"
    else:
        place, miss = least_form(difference, asked)
        by_form = miss * Quotient(-1 if sign(miss.numerator, {}) == -1 else 1)
        written = f"{python(by_form)} {unit_text(asked.dimension)}".rstrip()
        said = f"{place} {by_how_much(miss, written)}"
        if miss.symbols:
            said += f"; bind {', '.join(miss.symbols)} for a number, as in --limit {example(miss.numerator)}"
    return UserError(f"{text}: {said}" + outside(asked, formulas))


def by_how_much(miss: Quotient, written: str) -> str:
    """`the left side is 3 TiB too large`."""
    known = sign(miss.numerator, {})
    if known == 0:
        return "both sides are equal"
    return f"the left side is {written} " + ("off" if known is None else "too large" if known > 0 else "too small")


# --- numbers ------------------------------------------------------------------------------------------------------


def least(difference: Quotient, wanted: Unknown) -> Miss:
    """Where the sides of a question with nothing unbound differ least: at an end, or where the slope changes sign."""
    found = {place: miss for place, miss in places(difference, wanted) if miss.number is not None}
    return min(found.items(), key=lambda item: abs(Fraction(item[1].number or 0)))


def places(difference: Quotient, wanted: Unknown) -> Iterator[Miss]:
    """Where to look."""
    name = wanted.name
    if not difference.symbols:
        yield f"whatever {wanted} is,", difference
        return
    turns = [Fraction(root.number or 0) for root in zeros(slope(difference, name), name)]
    if wanted.whole:
        turns = [Fraction(v) for v in sorted({1, *(floor(t) + step for t in turns for step in (0, 1))}) if v >= 1]
    for value in turns:
        if (near := put(difference, name, value)) is not None:
            yield f"at {wanted} = {short(value)}", near
    if not wanted.whole:
        yield f"as {wanted} -> 0", at_zero(difference, name)
    yield f"as {wanted} -> oo", difference.at_infinity(name)


def short(value: Fraction) -> str:
    """A place: exactly where it is short."""
    return str(value) if len(str(value)) <= 12 else rounded(value, 6)


def put(difference: Quotient, name: str, value: Fraction) -> Quotient | None:
    """The difference at a value; None at a pole."""
    try:
        return difference.substitute({name: Polynomial.constant(value)})
    except UserError:
        return None


def slope(difference: Quotient, name: str) -> Polynomial:
    """What has the sign of the derivative: (n/d)' times d**2."""
    above, below = difference.numerator, difference.denominator
    return above.derivative(name) * below - above * below.derivative(name)


def at_zero(difference: Quotient, name: str) -> Quotient:
    """The limit as the symbol `name` goes to 0."""
    return difference.substitute({name: ONE / Polynomial.symbol(name)}).at_infinity(name)


# --- formulas -----------------------------------------------------------------------------------------------------


def least_form(difference: Quotient, asked: Asked) -> Miss:
    """The same while symbols are unbound: at the end towards which the sides approach, or at the turn between."""
    name, wanted = asked.unknown.name, asked.unknown
    over = sign(difference.numerator, {}) or (-1 if asked.relation in (">=", ">") else 1)
    steep = slope(difference, name)
    grows = sign(steep, {})
    if grows == 0:
        return f"whatever {wanted} is,", difference
    if grows is None and (turn := only_turn(steep, name, over)) is not None:
        return f"at {wanted} = {python(turn)}", difference.substitute({name: turn})
    far = difference.at_infinity(name)
    if grows == -over and not far.is_infinite:
        return f"as {wanted} -> oo", far
    near = at_zero(difference, name)
    if not wanted.whole and not near.is_infinite:
        return f"as {wanted} -> 0", near
    return f"at {wanted} = 1", difference.substitute({name: ONE})


def only_turn(steep: Polynomial, name: str, over: int) -> Polynomial | None:
    """Where a slope of two neighbouring powers turns, if that is where the sides are closest."""
    parts = steep.collect(name)
    if len(parts) != 2 or max(parts) - min(parts) != 1:
        return None
    low, high = parts.values()
    if (sign(low, {}), sign(high, {})) != (-over, over):
        return None
    turn = Quotient(-low, high)
    return turn.numerator if turn.is_polynomial else None


# --- words --------------------------------------------------------------------------------------------------------


def amount(value: Fraction, asked: Asked) -> str:
    """A number with the unit of the question."""
    return rounded(value, 6) if asked.dimension == NONE else str(Quantity(value, asked.dimension))


def outside(asked: Asked, formulas: Iterable[Case]) -> str:
    """The formulas that would answer the question, had their conditions been met."""
    said, used = "", asked.bindings
    for case in formulas:
        failed = [c for c in case.conditions if not c.met(used)]
        root = case.high or case.low
        if failed and root is not None:
            between = ("<" if case.high else ">") + "=" * (not case.strict)
            between = "==" if asked.relation == "==" else between
            names = dict.fromkeys(name for c in failed for name in c.form.symbols if name in used)
            at = ", ".join(f"{name}={shorten(str(used[name]), 40)}" for name in names)
            said += f"; {asked.unknown} {between} {root.text()} needs {' and '.join(map(str, failed))}, but {at}"
    return said
