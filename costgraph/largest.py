"""The largest of several closed forms, such as what is alive at one instant or another.

A candidate that another one is never below is left out. Where one is left, it is the form. Where several are, the
value is one symbol that stands for their maximum, and so stays what every reader of forms knows:
`max_peak = max(a, b)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import combinations, islice
from operator import ge

from costgraph.algebra.assumption import Assumption, IsSize
from costgraph.algebra.bindings import Binding, Order, parse_regime, split_list
from costgraph.algebra.defined import DefinedReader
from costgraph.algebra.definition import LOOKS, Definition, at_least, points, settle
from costgraph.algebra.many import ABOUT, PutIn, looked_at, typical, whole, without_shared
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.printers import LATEX, PYTHON, Style, render
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime, leading
from costgraph.algebra.symbols import RATIO, SYMBOLS, Symbol, declare
from costgraph.algebra.syntax import read
from costgraph.closed_form import LARGEST, ClosedForm
from costgraph.errors import UserError
from costgraph.provenance import Term
from costgraph.records import dataclass, replace

FEW = 24  # candidates of which each pair is proved by more than its terms
EFFORT = 20_000  # terms of pairs that may be looked at
MAXIMUM = re.compile(r"\s*\$*\s*(?:\\?[mM]ax)\s*(?:\\left\s*)?\((.*?)(?:\\right\s*)?\)\s*\$*\s*", re.DOTALL)


@dataclass(frozen=True, repr=False)
class Largest(ClosedForm):
    """The maximum of forms of which none is always the largest.

    Args:
        candidates: the forms, each with where it is the value in `at`; see `largest`.
    """

    candidates: tuple[ClosedForm, ...] = ()
    __eq__ = ClosedForm.__eq__
    __hash__ = ClosedForm.__hash__

    def limited(self, bindings: Mapping[str, Binding]) -> ClosedForm:
        """Every candidate with symbols replaced, without those that are now never above another.

        The limit of a maximum is the maximum of the limits.
        """
        if not bindings:
            return self
        limits = [one.limited(bindings) for one in self.left_at(bindings)]
        if infinite := [one for one in limits if one.value.is_infinite]:
            return replace(infinite[0], name=self.name)
        apart = any(one.remainder != self.remainder for one in self.candidates)
        return chosen(self.name, limits, with_neglected(self.plain).limited(bindings) if apart else None)

    @property
    def claims(self) -> tuple[Assumption | IsSize, ...]:
        """Those of all candidates, each once."""
        return tuple({one for form in self.candidates for one in (*form.assumptions, *form.dims)})

    def left_at(self, bindings: Mapping[str, Binding]) -> Sequence[ClosedForm]:
        """The candidates that may be the largest with symbols replaced; what the others take for granted is checked."""
        sizes = {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}
        if len(sizes) < len(bindings):
            return self.candidates
        put_in = PutIn(settle((one for one in self.definitions if one.name not in self.own), sizes)[0])
        for claim in self.claims:
            claim.substitute(put_in.sizes)
        return [self.candidates[at] for at in undominated([put_in(one.value.numerator) for one in self.candidates])]

    def when(self, regime: str) -> Regime:
        """The largest where `regime` holds.

        Raises:
            UserError: `S <= W` decides nothing, or with `S << D` it stays open which candidate leads.
        """
        order = parse_regime(regime)
        if not order.much:
            return super().when(regime)
        found = [one.when(regime) for one in self.candidates]
        left = [one for one in found if not any(leads(other, one, order) for other in found if other is not one)]
        sums = [one.leading.numerator for one in left]
        for one, most in zip(left, sums, strict=True):
            if all(at_least(most, other) for other in sums):
                return replace(one, name=self.name)
        text = ", ".join(str(one.leading) for one in left)
        raise UserError(f"{self.name} is a maximum, and {regime} leaves open which of these leads: {text}; bind sizes")

    def _said_by(self, text: str) -> bool:
        """Whether a text is a maximum of the same forms, each of which is read by itself."""
        whole = MAXIMUM.fullmatch(text)
        if whole is None:
            return super()._said_by(text)
        definitions = tuple(one for one in self.definitions if one.name not in self.own)
        sides = [DefinedReader(read(part), definitions=definitions).value() for part in split_list(whole[1])]
        if not all(side.is_polynomial for side in sides):
            return False
        both = [side.numerator for side in sides], [one.value.numerator for one in self.candidates]
        if {*both[0]} == {*both[1]}:
            return True
        said, own = ({sums[at] for at in undominated(sums)} for sums in both)
        return said == own

    def _joined(self, sign: str, other: ClosedForm, terms: tuple[Term, ...], remainder: Quotient) -> ClosedForm:
        """Sums with a maximum: of the symbol that stands for it."""
        return self.plain._joined(sign, other, terms, remainder)

    @property
    def own(self) -> tuple[str, ...]:
        """The symbols that stand for it, and for it with all that the convention leaves out."""
        return tuple({*self.value.symbols, *self.remainder.symbols})

    @property
    def plain(self) -> ClosedForm:
        """The same without its candidates: a symbol with a definition."""
        return ClosedForm(**{field.name: getattr(self, field.name) for field in fields(ClosedForm)})

    def explain(self) -> str:
        """The terms of each candidate, under where that is the value."""
        return "\n\n".join("\n".join([", ".join(one.at), one.explain()]) for one in self.candidates)

    def written(self, shape: str, style: Style, function: str = "max") -> str:
        """`max(a, b)`, in any style."""
        return style.call(function, [render(one.value, shape, style) for one in self.candidates])

    def text(self, shape: str = "auto") -> str:
        """`max(a, b)` in Python syntax."""
        return self.written(shape, PYTHON)

    def latex(self, shape: str = "auto") -> str:
        """The same in LaTeX."""
        return self.written(shape, LATEX)


def formula(form: ClosedForm, shape: str = "auto") -> str:
    """A form as JSON has it: a maximum is `Max(a, b)`."""
    return form.written(shape, PYTHON, "Max") if isinstance(form, Largest) else form.text(shape)


def candidates_of(form: ClosedForm) -> Sequence[ClosedForm]:
    """The forms of which it is the largest: itself where it is one form."""
    return form.candidates if isinstance(form, Largest) else (form,)


def largest(name: str, candidates: Iterable[tuple[str, ClosedForm]]) -> ClosedForm:
    """The largest of forms that are sums, of one unit.

    Args:
        name: of the result.
        candidates: each with where it is the value, such as an instant.

    Raises:
        UserError: there are none, or one is no sum.
    """
    found = [replace(one, at=(label, *one.at)) for label, form in candidates for one in candidates_of(form)]
    if not found:
        raise UserError(f"{name}: a maximum of nothing")
    return chosen(name, found)


def chosen(name: str, candidates: Sequence[ClosedForm], exact: ClosedForm | None = None) -> ClosedForm:
    """The same of forms that know where they are the value; `exact` is the maximum of them with what they neglect."""
    for one in candidates:
        if not (one.value.is_polynomial and one.remainder.is_polynomial):
            raise UserError(f"{name}: only sums have a maximum, and {one} is none")
    left = undominated_of(candidates)
    definitions = [one for form in (*left, *([exact] if exact else [])) for one in form.definitions]
    counted = maximum(name, left, definitions) if len(left) > 1 else replace(left[0], name=name)
    if exact is None and len({form.remainder for form in candidates}) > 1:
        every = (with_neglected(one) for one in candidates)
        whole = undominated_of([side for one in every for side in sides(one, symbol_of(f"{name}_exact"))])
        exact = maximum(f"{name}_exact", whole, definitions) if len(whole) > 1 else whole[0]
    if exact is None:
        return counted
    known = {one.name: one for one in (*counted.definitions, *exact.definitions)}
    return replace(counted, remainder=exact.value - counted.value, definitions=tuple(known.values()))


def with_neglected(form: ClosedForm) -> ClosedForm:
    """A form with all that it leaves out."""
    rest = Term(form.name, form.name, form.remainder.numerator)
    return replace(form, terms=(*form.terms, rest), remainder=Quotient(0))


def sides(form: ClosedForm, symbol: str) -> list[ClosedForm]:
    """The forms of which one is the largest, where it stands for one itself: of stages with several instants each."""
    own = next((one for one in form.definitions if one.name == symbol), None)
    if own is None or symbol not in form.value.symbols:
        return [form]
    value, others = form.value.numerator, tuple(one for one in form.definitions if one is not own)
    return [
        replace(form, terms=(Term(form.name, form.name, value.substitute({symbol: side})),), definitions=others)
        for side in own.arguments
    ]


def symbol_of(name: str) -> str:
    """The symbol that stands for the largest of a name."""
    return f"{LARGEST}{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}"


def maximum(name: str, left: Sequence[ClosedForm], definitions: Iterable[Definition]) -> Largest:
    """A symbol that stands for the largest of these; the table gets it when it is first needed."""
    symbol = symbol_of(name)
    if symbol not in SYMBOLS:
        tex = rf"\mathrm{{{symbol.translate({ord('_'): ' '})}}}"
        unit = left[0].unit if left[0].unit.endswith("s") else f"{left[0].unit}s"
        declare(Symbol(symbol, tex, unit, f"the largest {name}", RATIO, 10**11))
    granted = {id(form.assumptions): form for form in left}.values()  # mostly all have the same
    own = Definition(symbol, "max", tuple(dict.fromkeys(form.value.numerator for form in left))).checked()
    return Largest(
        name, left[0].unit, (Term(name, name, Polynomial.symbol(symbol)),), left[0].convention,
        tuple({str(one): one for form in granted for one in form.assumptions}.values()), left[0].remainder,
        definitions=(*{one.name: one for one in definitions}.values(), own),
        dims=tuple(dict.fromkeys(one for form in left for one in form.dims)),
        loops=left[0].loops, candidates=tuple(left),
    )  # fmt: skip


def leads(one: Regime, other: Regime, order: Order) -> bool:
    """Whether all that leads in `other` is negligible against what leads in `one`."""
    both = leading(Quotient(one.leading.numerator + other.leading.numerator), order, one.definitions).leading.numerator
    return not any(both.coefficient(term) for term in other.leading.numerator.monomials())


# --- which of them are never the largest ------------------------------------------------------------------------------


def undominated_of(candidates: Sequence[ClosedForm]) -> list[ClosedForm]:
    """The candidates whose values no other one, nor one of two others, is always as large as."""
    return [candidates[at] for at in undominated([one.value.numerator for one in candidates])]


def undominated(exact: Sequence[Polynomial]) -> list[int]:
    """Which of several sums no other one, nor one of two others, is always as large as; of equal ones the first."""
    numbers = [number for one in exact if (number := one.number) is not None]
    if len(numbers) == len(exact):
        return [numbers.index(max(numbers))]
    forms = [one * scale for one in exact] if (scale := whole(exact)) != ONE else exact
    tries = EFFORT // max(1, max(map(len, forms)))  # what is left after that stays, and is right as well
    forms = without_shared(forms)
    usual = typical(forms)
    sizes = looked_at(forms, [usual, *islice(points([*usual]), LOOKS if len(forms) > FEW else 2)])
    least = [[size * ABOUT for size in of] for of in sizes]
    never_below = at_least if len(forms) <= FEW else Polynomial.covers  # of many those that are left are right as well
    kept: list[int] = []
    for at in sorted(range(len(forms)), key=lambda at: (-sizes[at][0], at)):
        larger = (one for one in kept if never_smaller(sizes[one], least[at]))
        if not any(never_below(forms[one], forms[at]) for one in larger):
            alike = [one for one in kept if never_smaller(sizes[at], least[one])]  # as far as floats tell
            kept = [one for one in kept if one not in alike or not never_below(forms[at], forms[one])]
            kept.append(at)
    for at in reversed(kept[1:]):
        others = [one for one in kept if one != at]
        tried = list(islice(pairs(others, sizes, least[at]), tries))
        tries -= len(tried)
        if any(forms[at].is_below(forms[a], forms[b]) for a, b in tried):
            kept = others
    return sorted(kept)


def never_smaller(one: Sequence[float], least: Sequence[float]) -> bool:
    """Whether it is as large at every sample, as far as floats tell."""
    return all(map(ge, one, least))


def pairs(kept: Sequence[int], sizes: Sequence[Sequence[float]], least: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Two candidates of which at every sample one is as large as another one, as far as floats tell."""
    reach = [sum(1 << at for at, z in enumerate(least) if sizes[one][at] >= z) for one in kept]  # bits by sample
    everywhere = (1 << len(least)) - 1
    for (a, some), (b, others) in combinations(zip(kept, reach, strict=True), 2):
        if some | others == everywhere:
            yield a, b
