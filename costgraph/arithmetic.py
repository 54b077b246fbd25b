"""Forms calculate like numbers: products, quotients, comparisons, and what a form is at sizes.

A product has one term, as nothing else is true of where it comes from; a form times a number keeps its terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from numbers import Rational as Exact
from typing import TYPE_CHECKING, Any

from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError, shorten
from costgraph.provenance import Term

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm


def number(given: object) -> Fraction:
    """An exact number; a float is the binary fraction that it is.

    Raises:
        UserError: it is no number.
    """
    if isinstance(given, Exact) and not isinstance(given, bool):
        return Fraction(given)
    if isinstance(given, float) and given - given == 0:
        return Fraction(given)
    raise UserError(f"{shorten(repr(given))} is neither a form nor a number")


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
    both = a.plain.beside(b.plain)
    name, unit = f"{a.name}{sign}{b.name}", f"{a.unit}{sign}{b.unit}"
    over = (Term(name, name, value.denominator),) if not value.is_polynomial else ()
    term = Term(name, name, value.numerator)
    return replace(both, name=name, unit=unit, terms=(term,), over=over, remainder=exact - value, at=())


def as_number(form: ClosedForm) -> Rational:
    """The value of a form of which every symbol is bound.

    Raises:
        UserError: naming those that are not.
    """
    if form.value.is_infinite:
        raise UserError(f"{form.name} grows without bound")
    found = form.number
    if found is None:
        raise UserError(f"{form.name} depends on {', '.join(form.symbols)}; bind them, as in form(B=1)")
    return found


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


def function(form: ClosedForm, names: tuple[str, ...], modules: Any) -> Callable[..., Any]:
    """A function of sizes, by sympy: for numbers and arrays.

    Raises:
        UserError: a symbol that the form depends on has no argument.
    """
    import sympy

    given = {one.name: one for one in form.defined}
    free = tuple(name for name in form.symbols if name not in given)
    names = names or free
    if missing := [name for name in free if name not in names]:
        raise UserError(f"{form.name} depends on {missing[0]}, too; name it as an argument")
    whole = form.expr
    functions = {"min": sympy.Min, "max": sympy.Max, "ceil": sympy.ceiling, "floor": sympy.floor}
    while inside := [symbol for symbol in whole.free_symbols if symbol.name in given]:
        for symbol in inside:
            one = given[symbol.name]
            whole = whole.subs(symbol, functions[one.function](*(part.to_sympy() for part in one.arguments)))
    symbols = {symbol.name: symbol for symbol in whole.free_symbols}
    made: Callable[..., Any] = sympy.lambdify([symbols.get(n, sympy.Symbol(n)) for n in names], whole, modules)
    return made
