"""How forms compare: equal by value, and smaller or larger where that holds whatever their sizes are.

Sizes are positive, and counts at least 1. Where one form is below the other at some sizes and above it at others, the
comparison is refused with the symbols that decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from costgraph.algebra.definition import Definition, at_least, needed
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import COUNT, SYMBOLS, Rational, in_order
from costgraph.arithmetic import is_form, number
from costgraph.errors import UserError

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm


def equal(form: ClosedForm, other: object) -> bool:
    """Whether a form is the same function of sizes as another one, or the number that it is.

    Raises:
        UserError: the other is text, which may say the same in another way.
    """
    if isinstance(other, str):
        raise UserError(f"{form.name} == text: forms are compared by what they say; write form.same_as('...')")
    if (value := exact_number(other)) is not None:
        return form.number == value
    return is_form(other) and form.value == other.value and meanings(form) == meanings(other)


def hashed(form: ClosedForm) -> int:
    """The hash of a form: that of the number that it equals, if it is one."""
    if (value := form.number) is not None:
        return hash(value)
    return hash((form.value.numerator if form.value.is_polynomial else form.value, meanings(form)))


def meanings(form: ClosedForm) -> frozenset[tuple[str, str, frozenset[Polynomial]]]:
    """What the symbols of a value stand for, if they do; a minimum has no first argument."""
    defined = needed(form.definitions, form.value.symbols)
    return frozenset((one.name, one.function, frozenset(one.arguments)) for one in defined)


def is_below(form: ClosedForm, other: ClosedForm | Rational | float, turned: bool = False) -> bool:
    """Whether `form < other` at all sizes; False if it does at none; `turned` if it was typed as `other > form`.

    Raises:
        UserError: the sizes decide, or the units differ.
    """
    difference, definitions = rest(other, form)
    if found := decided(difference, definitions):
        return found[0]
    raise undecided(form, ">" if turned else "<", other, difference, definitions)


def is_at_most(form: ClosedForm, other: ClosedForm | Rational | float, turned: bool = False) -> bool:
    """Whether `form <= other` at all sizes; False if it does at none.

    Raises:
        UserError: the sizes decide, or the units differ.
    """
    difference, definitions = rest(form, other)
    if found := decided(difference, definitions):
        return not found[0]
    raise undecided(form, ">=" if turned else "<=", other, difference, definitions)


def rest(
    large: ClosedForm | Rational | float, small: ClosedForm | Rational | float
) -> tuple[Quotient, tuple[Definition, ...]]:
    """`large - small`, and what symbols of it stand for."""
    forms = [one for one in (large, small) if is_form(one)]
    for one in forms:
        if one.value.is_infinite:
            raise UserError(f"{one.name} grows without bound")
    if len(forms) == 2 and forms[0].unit != forms[1].unit:
        raise UserError(f"{forms[1].name} is in {forms[1].unit}, {forms[0].name} in {forms[0].unit}")
    both = forms[0].plain.beside(forms[-1].plain)
    first, second = (
        one.value if is_form(one) else Quotient(Polynomial.constant(number(one))) for one in (large, small)
    )
    difference = first - second
    return difference, needed(both.definitions, difference.symbols)


def decided(difference: Quotient, definitions: Sequence[Definition]) -> tuple[bool] | None:
    """Whether a difference is positive at all sizes, or at none; nothing if sizes decide."""
    if (value := difference.number) is not None:
        return (value > 0,)
    if any(one.function == "floor" for one in definitions):  # which may be 0
        return None
    above, below = difference.numerator, difference.denominator
    if everywhere(is_positive, -below, definitions):
        above, below = -above, -below
    if everywhere(is_positive, below, definitions):
        if everywhere(is_positive, above, definitions):
            return (True,)
        if everywhere(is_never_negative, -above, definitions):
            return (False,)
    return None


def everywhere(holds: Callable[[Polynomial], bool], one: Polynomial, definitions: Sequence[Definition]) -> bool:
    """Whether what larger sums have rather than smaller ones holds of a sum, whichever side minima and maxima take.

    A maximum that is added is at least as large as any side of it; else all sides have to do.
    """
    for defined in reversed(definitions):
        powers = one.collect(defined.name)
        if defined.jumps or not powers.keys() - {0} or min(powers) < 0:
            continue
        signs = {sign for power, part in powers.items() if power for sign in part.signs}
        enough = any if signs == {1 if defined.function == "max" else -1} else all
        sides = (one.substitute({defined.name: side}) for side in defined.arguments)
        return enough(everywhere(holds, side, definitions) for side in sides)
    return holds(one)


def is_positive(one: Polynomial) -> bool:
    """Whether a sum is above 0 for all positive symbols, those that count being at least 1, as far as that is seen."""
    if one.signs == {1}:
        return True
    least = one.substitute({name: ONE for name in one.symbols if SYMBOLS[name].domain == COUNT})
    return least.signs == {1} and is_never_negative(one)


def is_never_negative(one: Polynomial) -> bool:
    """The same for at least 0."""
    return at_least(one, ZERO)


def undecided(
    form: ClosedForm, sign: str, other: ClosedForm | Rational | float, difference: Quotient,
    definitions: Sequence[Definition],
) -> UserError:  # fmt: skip
    """The error for what sizes decide."""
    deciders = {*deciding(difference.numerator), *difference.denominator.symbols}
    deciders |= {name for one in needed(definitions, deciders) for name in one.symbols}
    open_ones = ", ".join(in_order(deciders - {one.name for one in definitions}))
    names = [form.name, str(other.name if is_form(other) else other)]
    left, right = reversed(names) if sign in (">", ">=") else names
    return UserError(f"{left} {sign} {right} depends on {open_ones}; bind them, as in form(B=1)")


def deciding(one: Polynomial) -> tuple[str, ...]:
    """The symbols that the sign of a sum depends on: those that are left without a factor that has but one sign."""
    left = one / one.content
    for name in left.symbols:
        shared = min(left.collect(name).values(), key=len)
        if shared.symbols and len(shared.signs) == 1 and (rest := left.divide(shared)):
            left = rest / rest.content
    return left.symbols
