"""Closed forms: sums that remember where every term came from, and what they take for granted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from costgraph import arithmetic, ordering
from costgraph.algebra.assumption import Assumption, InDomain, IsSize
from costgraph.algebra.bindings import Binding, Order, bound, check_bindings, parse_regime
from costgraph.algebra.definition import Definition, needed, resolve, settle
from costgraph.algebra.limits import limit
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.printers import LATEX, PYTHON, Style, latex, python, render
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime, leading
from costgraph.algebra.symbols import INFINITY, Rational, in_order
from costgraph.algebra.syntax import read
from costgraph.conventions import Convention
from costgraph.errors import UserError
from costgraph.functions import Function, function
from costgraph.graph.loop import Loop
from costgraph.operators import Operators
from costgraph.provenance import Term, explain, substituted
from costgraph.records import dataclass, replace

if TYPE_CHECKING:
    import sympy

LARGEST = "max_"  # how symbols begin that stand for the largest of several forms, as of `largest.py`


@dataclass(frozen=True)
class ClosedForm(Operators):
    """A sum of terms, or a quotient of two sums, with everything needed to read it.

    Args:
        name: the measure, such as `activations`.
        unit: of the value, such as `byte`.
        terms: the contributions to the sum (above the line).
        convention: what was counted.
        assumptions: what must hold.
        remainder: what the convention neglects: this form plus the remainder is the exact one.
        over: for a quotient, the contributions below the line.
        at_infinity: symbols whose limit to infinity is taken of the whole, not term by term.
        definitions: what symbols of the terms may stand for that is no polynomial.
        dims: sizes of dims that may turn out to be none once their symbols are bound.
        loops: stretches of the model that are named, by their kind; ops inside have it in their path.
        at: of the largest of several forms, where that is, in words: an instant, a stage.
    """

    name: str
    unit: str
    terms: tuple[Term, ...]
    convention: Convention
    assumptions: tuple[Assumption, ...] = ()
    remainder: Quotient = Quotient(0)
    over: tuple[Term, ...] = ()
    at_infinity: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    dims: tuple[IsSize, ...] = ()
    loops: tuple[Loop, ...] = ()
    at: tuple[str, ...] = ()

    @cached_property
    def value(self) -> Quotient:
        """The form, exact."""
        below = total(term.amount for term in self.over) if self.over else ONE
        above = total(term.amount for term in self.terms)
        if not below:
            raise UserError(f"{self.name}: nothing is below the line")
        return limit(Quotient(above, below), self.at_infinity)

    @property
    def defined(self) -> tuple[Definition, ...]:
        """The definitions of symbols that occur, in the form or in what it leaves out."""
        return needed(self.definitions, (*self.value.symbols, *self.remainder.symbols))

    @property
    def claims(self) -> tuple[Assumption | IsSize, ...]:
        """What is checked once sizes are known."""
        return (*self.assumptions, *self.dims)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that the value depends on: defined ones, and those they stand for, too."""
        defined = needed(self.definitions, self.value.symbols)
        return tuple(in_order({*self.value.symbols, *(name for one in defined for name in one.symbols)}))

    @property
    def free(self) -> tuple[str, ...]:
        """Those of them that have to be bound for the value to be a number."""
        defined = {one.name for one in self.defined}
        return tuple(name for name in self.symbols if name not in defined)

    @property
    def number(self) -> Rational | None:
        """The exact value once every symbol is bound, else None."""
        return self.value.number

    @property
    def expr(self) -> sympy.Expr:
        """A plain sympy expression in the symbols of the table."""
        return self.value.to_sympy()

    # --- limits -----------------------------------------------------------------------------------------------------

    def limit(self, given: str | Mapping[str, Any] = "", /, **values: Size) -> ClosedForm:
        """Substitute exactly: `form.limit(E=4, p=2)`; `form.limit(T="oo")` is the true limit.

        Sizes may be text, `E=4,p=2`, or a mapping as well.

        Raises:
            UserError: unknown symbol, a value outside its domain, or values that break an assumption (`T | A`).
        """
        sizes = arithmetic.sizes(given, values) if given else values
        bindings: dict[str, Binding] = {
            n: "oo" if isinstance(v, str) and v == INFINITY else bound(n, v) for n, v in sizes.items()
        }
        check_bindings(bindings)
        return self.limited(bindings)

    def limited(self, bindings: Mapping[str, Binding]) -> ClosedForm:
        """The same for bindings that have been read already."""
        typed = {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}
        finite, definitions = settle(self.definitions, typed)
        kept = [a.substitute(finite) for a in self.assumptions]
        kept += [InDomain(name, value) for name, value in typed.items()]
        form = replace(
            self._substituted(finite),
            assumptions=tuple(a for a in kept if not a.settled),
            definitions=definitions,
            dims=tuple(bound for dim in self.dims if not (bound := dim.substitute(finite)).settled),
        )
        growing = tuple(name for name, value in bindings.items() if value == INFINITY)
        return form._at_infinity(growing) if growing else form

    def _substituted(self, values: Mapping[str, Polynomial]) -> ClosedForm:
        """The form with symbols replaced in all its sums."""
        return replace(
            self,
            terms=substituted(self.terms, values),
            over=substituted(self.over, values),
            loops=tuple(replace(loop, times=loop.times.substitute(values)) for loop in self.loops),
            remainder=self.remainder.substitute(values),
        )

    def _at_infinity(self, names: tuple[str, ...]) -> ClosedForm:
        """The true limit: term by term where every term has one, else of the whole."""
        known, left = resolve(self.defined, {}, lambda definition: definition.eventually(names))
        form = replace(self._substituted(known), definitions=left)._terms_at_infinity(names)
        _ = form.value  # an error about the value goes before one about what is left out
        return replace(form, remainder=limit(form.remainder, names))

    def _terms_at_infinity(self, names: tuple[str, ...]) -> ClosedForm:
        """The limit without that of the remainder."""
        whole = replace(self, at_infinity=(*self.at_infinity, *names))
        try:
            limits = [limit(Quotient(term.amount), names) for term in self.terms]
        except UserError:  # a term such as S/T has none, and the whole may have one
            return whole
        if self.over or any(value.is_infinite for value in limits):
            return whole
        terms = (replace(t, amount=value.numerator) for t, value in zip(self.terms, limits, strict=True))
        return replace(self, terms=tuple(term for term in terms if term.amount))

    def when(self, regime: str) -> Regime:
        """The form where `S << D` or `S <= W` holds: its leading terms, and the first neglected ones relative to them.

        Raises:
            UserError: not a comparison of sizes, or one with `<=` that decides nothing in this form.
        """
        order = parse_regime(regime)
        value, definitions = self._decided(order)
        if not order.much and (value == self.value) and definitions == self.definitions:
            defined = ", ".join(map(str, self.defined)) or "no minimum or maximum"
            raise UserError(f"'{regime}' decides nothing in {self.name}, in which there is {defined}")
        found = leading(value, order, definitions) if order.much else Regime(value, Quotient(0))
        return replace(
            found, name=self.name, unit=self.unit, regime=regime, convention=self.convention.name,
            assumptions=self.assumptions, definitions=needed(definitions, value.symbols),
        )  # fmt: skip

    def _decided(self, order: Order) -> tuple[Quotient, tuple[Definition, ...]]:
        """The value with those sides of minima and maxima that `order` picks, and the definitions left open."""
        known, left = resolve(self.definitions, {}, lambda definition: definition.decided(order))
        return self.value.substitute(known), left

    # --- comparison -------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Whether both are the same function of sizes, whatever they are called; or the number that the form is."""
        return ordering.equal(self, other)

    def __hash__(self) -> int:
        return ordering.hashed(self)

    def same_as(self, other: ClosedForm | Rational | float | str) -> bool:
        """Whether two forms are identical functions: their difference cancels to 0."""
        if isinstance(other, str):
            return self._said_by(other)
        if not isinstance(other, ClosedForm):
            return self.number == arithmetic.number(other)
        return self == other

    def _said_by(self, text: str) -> bool:
        """Whether a text says the same function, with minima and maxima as they are printed."""
        from costgraph.algebra.defined import DefinedReader  # forms are derived without it

        return self.value == DefinedReader(read(text), definitions=self.definitions).value()

    def _clash(self, other: ClosedForm) -> tuple[Definition, Definition] | None:
        """Two different definitions of one symbol that occurs in both forms, if there are any."""
        theirs = {one.name: one for one in other.defined}
        return next(((one, theirs[one.name]) for one in self.defined if theirs.get(one.name, one) != one), None)

    def _refuse_clash(self, other: ClosedForm) -> None:
        """Raise if a symbol stands for one thing here and for another there."""
        if clash := self._clash(other):
            raise UserError(f"{self.name} has {clash[0]}, {other.name} has {clash[1]}")

    def minus(self, other: ClosedForm | Rational | float) -> ClosedForm:
        """The difference of two sums; the terms of `other` come with the opposite sign."""
        other = arithmetic.beside(self, other)
        negative = tuple(replace(term, amount=-term.amount) for term in other.terms)
        return self._joined("-", other, negative, self.remainder - other.remainder)

    def plus(self, other: ClosedForm | Rational | float) -> ClosedForm:
        """The sum of two sums, such as weights and cache."""
        other = arithmetic.beside(self, other)
        return self._joined("+", other, other.terms, self.remainder + other.remainder)

    def _joined(self, sign: str, other: ClosedForm, terms: tuple[Term, ...], remainder: Quotient) -> ClosedForm:
        if self.over or other.over or self.at_infinity or other.at_infinity:
            raise UserError(f"{self.name} {sign} {other.name}: only sums can be added, not quotients or limits")
        if self.unit != other.unit:
            raise UserError(f"{self.name} is in {self.unit}, {other.name} in {other.unit}")
        both = self.beside(other, sign)
        return replace(both, name=f"{self.name} {sign} {other.name}", terms=(*self.terms, *terms), remainder=remainder)

    def beside(self, other: ClosedForm, sign: str = "and") -> ClosedForm:
        """The form with what another one takes for granted, defines and counts."""
        assumptions = {str(a): a for a in (*self.assumptions, *other.assumptions)}
        definitions = {d.name: d for d in (*self.definitions, *other.definitions)}
        self._refuse_clash(other)
        mixed = replace(self.convention, name=f"{self.convention.name} {sign} {other.convention.name}")
        return replace(
            self,
            convention=self.convention if self.convention == other.convention else mixed,
            assumptions=tuple(assumptions.values()),
            definitions=tuple(definitions.values()),
            dims=tuple(dict.fromkeys((*self.dims, *other.dims))),
        )

    @property
    def plain(self) -> ClosedForm:
        """The form as one value; of a maximum the symbol that stands for it."""
        return self

    def per(self, other: ClosedForm | Rational | float) -> Quotient:
        """The exact quotient by another form, or by a number: `flops.per(params)`."""
        other = arithmetic.beside(self, other)
        self._refuse_clash(other)
        return self.value / other.value

    # --- sizes put in, as others have it ---------------------------------------------------------------------------

    def __call__(self, given: str | Mapping[str, Any] = "", /, **sizes: Size) -> ClosedForm | Rational:
        """What the form is at sizes: a number once every symbol is bound."""
        found = self.limit(given, **sizes)
        return found if found.number is None else arithmetic.as_number(found)

    def subs(self, *given: Any, **sizes: Size) -> ClosedForm:
        """The same as `limit`, as sympy has it: `form.subs({"B": 2})`, `form.subs("B", 2)`."""
        return self.limit(**arithmetic.substitutions(given, sizes))

    def lambdify(self, *names: Any) -> Function:
        """A function of these sizes, of all that the form depends on unless they are named; for numbers and arrays."""
        return function(self, names)

    # --- presentation -----------------------------------------------------------------------------------------------

    def explain(self) -> str:
        """The terms by place and op, as text."""
        return explain(self.terms, self.over, loops=self.loops)

    def text(self, shape: str = "auto") -> str:
        """Python syntax in the table's symbols, in one of the shapes of `shapes.SHAPES`."""
        return python(self.value, shape)

    def latex(self, shape: str = "auto") -> str:
        """LaTeX, every symbol with its own TeX."""
        return latex(self.value, shape)

    def _repr_latex_(self) -> str:
        name, unit = (text.replace("_", r"\_") for text in (self.name, self.unit))
        return rf"$\text{{{name}}} = {self._in_full(self.latex(), LATEX)}\ \text{{{unit}}}$"

    def __str__(self) -> str:
        return self._in_full(self.text(), PYTHON)

    def __repr__(self) -> str:
        return f"<{self.name} = {self} {self.unit}>"

    def _in_full(self, text: str, style: Style) -> str:
        """A form that was made of a maximum, as text with the maximum in place of the symbol that stands for it."""
        for one in self.defined:
            if one.name.startswith(LARGEST):
                written = style.call(one.function, [render(Quotient(form), "auto", style) for form in one.arguments])
                text = text.replace(style.symbol(one.name), written)
        return text
