"""Forms calculate like numbers: products, quotients, and what a form is at sizes.

A product has one term, as nothing else is true of where it comes from; a form times a number keeps its terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING, Any, TypeGuard

from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.parser import MAX_EXPONENT, MAX_TERMS
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError, shorten
from costgraph.provenance import Term
from costgraph.records import replace

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm

ALIGNED = re.compile(r"(?:.?[<>^])?[0-9]{0,4}s?", re.DOTALL)  # of any text: `>30`; wider than 9999 is no table


def is_form(given: object) -> TypeGuard[ClosedForm]:
    """Whether it is one, and no number."""
    return hasattr(given, "remainder")


def number(given: object) -> Fraction:
    """An exact number; a float is the decimal that was written.

    Raises:
        UserError: it is no number.
    """
    if (found := exact_number(given)) is None:
        raise UserError(f"{shorten(repr(given))} is neither a form nor a number")
    return found


def scaled(form: ClosedForm, factor: Fraction) -> ClosedForm:
    """A form times a number: every term, and what is left out."""
    by = Quotient(Polynomial.constant(factor))
    terms = tuple(replace(term, amount=term.amount * by.numerator) for term in form.terms)
    name = f"{written(factor)}*{form.name}"
    return replace(form.plain, name=name, terms=terms, remainder=form.remainder * by)


def written(factor: Fraction) -> str:
    """A factor in the name of a form."""
    return str(factor) if factor.denominator == 1 else f"({factor})"


def joined(a: ClosedForm, sign: str, b: ClosedForm, value: Quotient, exact: Quotient) -> ClosedForm:
    """The product or the quotient of two forms, as one term; what was left out of them is left out of it."""
    return one_term(a.plain.beside(b.plain), f"{a.name}{sign}{b.name}", f"{a.unit}{sign}{b.unit}", value, exact)


def one_term(form: ClosedForm, name: str, unit: str, value: Quotient, exact: Quotient) -> ClosedForm:
    """A value as one term, with what a form takes for granted."""
    if value.is_infinite or exact.is_infinite:
        raise UserError(f"{name} grows without bound")
    over = (Term(name, name, value.denominator),) if not value.is_polynomial else ()
    term = Term(name, name, value.numerator)
    return replace(form, name=name, unit=unit, terms=(term,), over=over, remainder=exact - value, at=())


def beside(form: ClosedForm, other: ClosedForm | Rational | float, unit: str = "") -> ClosedForm:
    """What stands beside a form: a number as a form in the same unit, or in that which is given."""
    if is_form(other):
        return other
    size = number(other)
    term = Term(str(size), "number", Polynomial.constant(size))
    return type(form.plain)(str(size), unit or form.unit, (term,), form.convention)


def negative(form: ClosedForm) -> ClosedForm:
    """The form with the opposite sign."""
    return replace(scaled(form, Fraction(-1)), name=f"-{form.name}")


def absolute(form: ClosedForm) -> ClosedForm:
    """The form without its sign.

    Raises:
        UserError: it may have either.
    """
    value = form.value
    signs = {a * b for a in value.numerator.signs for b in value.denominator.signs}
    if signs == {-1, 1}:
        raise UserError(f"abs({form.name}): {form} may have either sign; bind {', '.join(form.free)}")
    return replace(negative(form), name=f"abs({form.name})") if signs == {-1} else form


def product(form: ClosedForm, other: ClosedForm | Rational | float) -> ClosedForm:
    """A form times another one, or times a number."""
    if not is_form(other):
        return scaled(form, number(other))
    exact = (form.value + form.remainder) * (other.value + other.remainder)
    return joined(form, "*", other, form.value * other.value, exact)


def quotient(form: ClosedForm, other: ClosedForm | Rational | float) -> ClosedForm:
    """A form over another one, or over a number."""
    if not is_form(other):
        if not (by := number(other)):
            raise UserError(f"{form.name}: cannot divide by zero")
        return scaled(form, 1 / by)
    exact = (form.value + form.remainder) / (other.value + other.remainder)
    return joined(form, "/", other, form.per(other), exact)


def power(form: ClosedForm, exponent: object) -> ClosedForm:
    """A whole power of a form, as one term.

    Raises:
        UserError: another exponent, 0 to a negative power, or more terms than are expanded.
    """
    if isinstance(exponent, str) or is_form(exponent) or number(exponent).denominator != 1:
        written = exponent.name if is_form(exponent) else shorten(str(exponent), 20)
        raise UserError(f"{form.name}**{written}: an exponent must be a whole number")
    times, name = int(number(exponent)), f"{form.name}**{number(exponent)}"
    value, exact = form.value, form.value + form.remainder
    terms = max(len(side) for one in (value, exact) for side in (one.numerator, one.denominator))
    if abs(times) > MAX_EXPONENT or (terms > 1 and comb(terms + abs(times), terms) > MAX_TERMS):
        raise UserError(f"{name}: more than is expanded, {MAX_TERMS} terms and an exponent of {MAX_EXPONENT}")
    if times < 0 and not value.numerator:
        raise UserError(f"{name}: cannot divide by zero")
    unit = f"{form.unit}**{times}" if times else "1"
    return one_term(form.plain, name, unit, value**times, exact**times)


def values(form: ClosedForm, other: ClosedForm | Rational | float) -> tuple[Rational, Rational]:
    """Both as numbers, which are in one unit and of which every symbol is bound."""
    if not is_form(other):
        second = number(other)
        return as_number(form), whole(second)
    if form.unit != other.unit:
        raise UserError(f"{form.name} is in {form.unit}, {other.name} in {other.unit}")
    return as_number(form), as_number(other)


def divided(form: ClosedForm, other: ClosedForm | Rational | float) -> tuple[Rational, Rational]:
    """The same where the second divides."""
    first, second = values(form, other)
    if not second:
        raise UserError(f"{form.name}: cannot divide by zero")
    return first, second


def whole(size: Rational) -> Rational:
    """An integer where it is one; else a ratio, which shows itself in a notebook and takes formats of numbers."""
    return size.numerator if size.denominator == 1 else Ratio(size)


def as_number(form: ClosedForm) -> Rational:
    """The value of a form of which every symbol is bound.

    Raises:
        UserError: naming those that are not.
    """
    if form.value.is_infinite:
        raise UserError(f"{form.name} grows without bound")
    found = form.number
    if found is None:
        raise UserError(f"{form.name} depends on {', '.join(form.free)}; bind them, as in form(B=1)")
    return whole(found)


def formatted(given: Rational, spec: str, text: str) -> str:
    """A number in a format of Python: an integer as one, a ratio as the float that it is closest to.

    Args:
        given: the number.
        spec: the format, such as `,` or `.3e`.
        text: how it is shown without one.

    Raises:
        UserError: numbers have no such format, or it is too large for a float.
    """
    if not spec:
        return text
    try:
        return format(given if isinstance(given, int) else float(given), spec)
    except (ValueError, OverflowError) as error:
        raise UserError(f"'{shorten(spec)}' formats no number such as {shorten(text)}: {plain(error)}") from None


def plain(error: Exception) -> str:
    """What Python says of a format or of a number, as far as it is of either."""
    return "it is too large for a float" if isinstance(error, OverflowError) else "write one such as ',' or '.3e'"


def aligned(text: str, spec: str) -> str | None:
    """A text in a format that says how wide it is and where it stands; None for a format of numbers."""
    return format(text, spec) if spec and ALIGNED.fullmatch(spec) else None


class Ratio(Fraction):
    """A number that is not whole."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        aside = aligned(str(self), spec)
        return formatted(self, spec, str(self)) if aside is None else aside

    def __repr__(self) -> str:
        return f"Fraction({self.numerator}, {self.denominator})"

    def _repr_latex_(self) -> str:
        sign = "-" if self < 0 else ""
        return rf"${sign}\frac{{{abs(self.numerator)}}}{{{self.denominator}}}$"


def substitutions(given: tuple[Any, ...], sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes as sympy takes them, a mapping or a symbol and its value, and by name."""
    found = dict(sizes)
    if len(given) == 2:
        given = ({given[0]: given[1]},)
    for one in given:
        for name, value in one.items() if isinstance(one, Mapping) else one:
            found[str(name)] = value
    return found


def sizes(given: str | Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes as text or as a mapping, with those that were given by name."""
    found: Mapping[str, Any] = parse_bindings([given]) if isinstance(given, str) else given
    return {**found, **named}
