"""Why nothing satisfies a relation, and by how much it fails where it fails least."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from costgraph.algebra.definition import Definition, needed, resolve, settle
from costgraph.algebra.inequalities import Case, sign
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.printers import python
from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.real_roots import zeros
from costgraph.algebra.units import BYTE, NONE, unit_text
from costgraph.errors import UserError, shorten
from costgraph.solving.asked import Asked
from costgraph.solving.knees import depending, sides
from costgraph.solving.unknown import Unknown
from costgraph.timing.roofline import example

LONGEST = 100  # characters of a formula that says why better than numbers do
CHANGES = "; estimate says what to change"
Miss = tuple[str, Quotient]  # where, and by how much the left side is larger


def unsatisfied(asked: Asked, formulas: Iterable[Case]) -> UserError:
    """The error for a question that no positive value answers; `formulas` would have, before anything was put in."""
    text = f"no {asked.unknown} satisfies {shorten(asked.text, 100)}"
    known, left = settle(needed(asked.definitions, asked.difference.symbols), asked.bindings)
    difference, name = asked.difference.substitute(known), asked.unknown.name
    knees = depending(difference.numerator * difference.denominator, left, name)
    names = dict.fromkeys((*difference.symbols, *(symbol for one in knees for symbol in one.symbols)))
    names = {one: None for one in names if one not in {name, *(knee.name for knee in knees)}}
    if not names:
        place, miss = least(difference, asked.unknown, knees)
        said = f"{place} {by_how_much(miss, asked)}{of_it(difference, miss, asked)}"
        said += CHANGES if asked.on_machine and asked.dimension == BYTE else ""
    elif knees:
        said = f"bind {', '.join(names)} to see by how much"
    else:
        place, miss = least_form(difference, asked)
        said = f"{place} {by_how_much(miss, asked)}"
        if miss.symbols:
            said += f"; bind {', '.join(miss.symbols)} for a number, as in --limit {example(miss.numerator)}"
    split = depending(asked.form, asked.definitions, name)  # whose formulas say which side is the one, and not why
    return UserError(f"{text}: {said}" + ("" if split else outside(asked, formulas)))


def by_how_much(miss: Quotient, asked: Asked) -> str:
    """`the left side is 3 TiB too large`; without the amount where that is a long formula."""
    known = sign(miss.numerator, {})
    if known == 0:
        return "both sides are equal"
    size = miss * Quotient(-1 if known == -1 else 1)
    by = size.number
    written = f"{python(size)} {unit_text(asked.dimension)}".rstrip() if by is None else amount(Fraction(by), asked)
    shown = f"{written} " if len(written) <= LONGEST else ""
    return f"the left side is {shown}" + ("off" if known is None else "too large" if known > 0 else "too small")


# --- numbers ------------------------------------------------------------------------------------------------------


def least(difference: Quotient, wanted: Unknown, knees: Sequence[Definition] = ()) -> Miss:
    """Where the sides of a question with nothing unbound differ least: at an end, a knee, or where the slope turns."""
    found = {place: miss for place, miss in places(difference, wanted, knees) if miss.number is not None}
    return min(found.items(), key=lambda item: abs(Fraction(item[1].number or 0)))


def places(difference: Quotient, wanted: Unknown, knees: Sequence[Definition]) -> Iterator[Miss]:
    """Where to look; `knees` are minima and maxima that depend on the unknown."""
    name = wanted.name
    if not difference.symbols:
        yield f"whatever {wanted} is,", difference
        return
    found = sides(knees)
    forms = [claim for side in found for claim in side.claims]
    forms += [slope(difference.substitute(side.values), name) for side in found]
    turns = [Fraction(root.number or 0) for form in forms for root in zeros(form, name)]
    if wanted.whole:
        turns = [Fraction(v) for v in sorted({1, *(floor(t) + step for t in turns for step in (0, 1))}) if v >= 1]
    for value in turns:
        if (near := put(difference, {name: Polynomial.constant(value)}, knees)) is not None:
            yield f"at {wanted} = {short(value)}", near
    if not wanted.whole and (near := put(difference, {name: ONE / Polynomial.symbol(name)}, knees)) is not None:
        yield f"as {wanted} -> 0", near.at_infinity(name)
    if (far := put(difference, {}, knees)) is not None:
        yield f"as {wanted} -> oo", far.at_infinity(name)


def short(value: Fraction) -> str:
    """A place: exactly where it is short."""
    return str(value) if len(str(value)) <= 12 else rounded(value, 6)


def put(difference: Quotient, values: Mapping[str, Polynomial], knees: Sequence[Definition]) -> Quotient | None:
    """The difference with values put in, of knees the side that is the one at last; None at a pole."""
    try:
        known, _ = resolve(knees, values, lambda one: one.eventually(one.symbols))
        return difference.substitute(known)
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


def of_it(difference: Quotient, miss: Quotient, asked: Asked) -> str:
    """How much of a miss is there whatever the unknown is: `, 1.1 TiB of it whatever B is`."""
    rest = at_zero(difference, asked.unknown.name)
    always = Fraction(rest.number or 0) if rest.is_polynomial else Fraction(0)
    if not 0 < always * (by := Fraction(miss.number or 0)) < by * by:
        return ""
    return f", {amount(abs(always), asked)} of it whatever {asked.unknown} is"


def outside(asked: Asked, formulas: Iterable[Case]) -> str:
    """The formulas that would answer the question, had their conditions been met, where they are short."""
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
    return said if len(said) <= LONGEST else ""
