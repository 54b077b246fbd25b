"""A formula of one's own against the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from costgraph.algebra.assumption import without_rest
from costgraph.algebra.conversion import from_quotient
from costgraph.algebra.definition import Definition, needed
from costgraph.algebra.expression import replaced
from costgraph.algebra.named_letters import Letters
from costgraph.algebra.polynomial import Polynomial, product
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.algebra.syntax import Formula
from costgraph.algebra.whole import HEADS
from costgraph.algebra.work import bounded
from costgraph.closed_form import ClosedForm
from costgraph.derivation import derived
from costgraph.errors import UserError
from costgraph.given import Keywords, Options, read_letters
from costgraph.graph.loop import Loop
from costgraph.library.checking.minima import FormulaReader
from costgraph.library.checking.rounded import rounded
from costgraph.library.checking.typed import check_units, formula_of, refuse_equation, text_of
from costgraph.library.explaining.known_conventions import convention_of, parts_of
from costgraph.library.explaining.nearest import nearest, responsible
from costgraph.library.explaining.sizes import (
    factor_of_part,
    off_by_one,
    right_where,
    size_for_another,
    usual_ratio,
    without,
)
from costgraph.measures.named import Measures, one_measure
from costgraph.measures.parts import Measure
from costgraph.measures.per import read_share
from costgraph.provenance import Term
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.shown import Recorded
from costgraph.signatures import spelled_out

if TYPE_CHECKING:
    import sympy


# Slips that are simpler than two options of a convention.
SIMPLE = re.compile(r"(left out|counted twice): .*|\w+ stands in the place of \w+")

PART = re.compile(r"left out: |counted twice: ")


@dataclass(frozen=True, repr=False)
class Checked(Recorded):
    """A formula, what the engine derives, and what separates them.

    `derived` is the leading term if a regime was given, and `neglected` the exact ratio of what comes next to it.
    `over` are the terms below the line of a quotient; `head` says what was asked about, `remarks` what was typed
    without effect; `loops` are layers of several kinds, what these have alike is said once. `convention` is what the
    formula counts otherwise, by its usual name, and `parts` are those parts of what is derived that have a name; `when`
    is the regime, and `definitions` say what symbols of either stand for that is no polynomial.
    """

    measure: str
    unit: str
    printed: Quotient
    derived: Quotient
    exactly: Quotient
    neglected: Quotient | None
    terms: tuple[Term, ...]
    over: tuple[Term, ...] = ()
    head: str = ""
    remarks: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    convention: str = ""
    parts: Mapping[str, Polynomial] = field(default_factory=dict)
    when: str | None = None
    definitions: tuple[Definition, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the formula is what the engine derives, in the regime if there is one."""
        return self.printed in (self.derived, self.exactly)

    @property
    def outcome(self) -> str:
        """In a word: agrees, agrees to leading order, or differs."""
        if not self.agrees:
            return "differs"
        return "agrees" if self.printed == self.exactly else "agrees to leading order"

    @property
    def ratio(self) -> Rational | None:
        """The formula over what is derived, if that is a number."""
        return (self.printed / self.derived).number if self.derived.numerator else None

    @property
    @bounded()
    def difference(self) -> Quotient:
        """Derived minus printed."""
        return self.derived - self.printed

    @property
    @bounded()
    def slip(self) -> str:
        """What is counted otherwise, by its usual name, or the nearest slip; "" if nothing short explains it."""
        return self.convention or nearest(self.printed, self.derived, self.terms, self.parts)

    @property
    @bounded()
    def responsible(self) -> list[Term]:
        """The terms that contribute to the difference."""
        return responsible(self.printed, self.derived, self.terms)


@spelled_out(Options)
@bounded()
def check(
    formula: str | ClosedForm | sympy.Expr,
    measure: Measures,
    *,
    when: str | None = None,
    per: str | None = None,
    whole: bool = False,
    ops: str | Sequence[str] = (),
    **of: Unpack[Keywords],
) -> Checked:
    """Compare a formula with what the engine derives; `N_params` in it counts the parameters of the whole model.

    Args:
        formula: one's own, as text, as a closed form or as an expression of sympy.
        measure: what it gives, such as `flops` or `flops(attn)`, or a function such as `costgraph.flops`.
        when: a regime in which to compare.
        per: `token`, `sequence` or `layer`, instead of a step.
        whole: whether of all devices of the mesh, instead of one.
        ops: of which ops, such as `attn.*`; of all unless given.
        of: what it is a cost of, as for `derive`; `let` and `notation` say how to read its letters.

    Raises:
        UserError: anything that cannot be read, with the column; or an unknown name, with the nearest.
    """
    written = text_of(formula)
    refuse_equation(written)
    setup = Setup.of(**of)
    found = derived(setup, [one_measure(measure, "a check")], when, read_share(per, whole, ops))
    name, *others = found.forms
    if others:
        raise UserError(f"layers of {setup.graph.name} differ; ask for one kind of them: {' or '.join(found.forms)}")
    form = found.limited[name]
    count = found.params
    names = {"N_params": count.value} if count is not None and count.value.numerator else {}
    names |= {one.name: Quotient(Polynomial.symbol(one.name)) for one in form.definitions}
    bound = {name: value for name, value in setup.bindings.items() if isinstance(value, Polynomial)}
    reading: list[str] = []
    asked = formula_of(written, setup.graph.own_symbols, reading)
    reader = FormulaReader(
        asked, setup.graph.symbols, letters_over(names, of), said=reading, bound=bound,
        known=(*HEADS, *without_rest(setup.graph.assumptions)), definitions=form.defined,
        measured=partial(measured, setup, "--per" if per else "--whole" if whole else "--ops" if ops else ""),
    )  # fmt: skip
    formed = reader.value()
    check_units(reader, form)
    said = found.zeros + setup.remarks({*found.used, *formed.symbols}, f"{name} or the formula", also_read=reader.said)
    head = found.head + (f"; {found.policy}" if found.policy else "")
    printed = formed.substitute(bound)
    regime = found.regimes.get(name)
    leading, neglected = (regime.leading, regime.neglected) if regime else (form.value, None)
    differs = printed not in (leading, form.value) and bool(printed.numerator)
    of_all = differs and not (whole or ops or per == "layer")  # which no convention has a name for
    parts = parts_of(form.terms, setup.graph) if differs else {}
    own = nearest(printed, leading, form.terms, parts) if of_all else ""
    another = size_for_another(printed, found.forms[name], bound) if of_all else ""
    another = another or (off_by_one(printed, found.forms[name], bound) if of_all else "")
    simple = bool(another or SIMPLE.fullmatch(own))
    widths = "p" not in formed.symbols
    step = of_step(printed, per, bound)
    convention = convention_of(step, name, setup, of, when, widths, simple) if of_all else ""
    if of_all and not convention and is_rounded(written, form.value):
        convention = "it is right to its digits"
    if of_all and not convention:
        exchanged = another or right_where(printed, without(found.forms[name], "E", bound))
        part = own if PART.match(own) else ""  # which may be as large as what an exchange makes of the whole
        convention = f"{exchanged}, or {part}" if exchanged and part else exchanged
    if of_all and not (convention or own):
        opened = parts_of(found.forms[name].terms, setup.graph)
        convention = factor_of_part(printed, form.value, opened, bound)
    if of_all and not convention and (limit := usual_ratio(printed, form, of)):
        put_in: Any = {**of, "limit": limit}
        again = check(formula, name, when=when, per=per, **put_in)
        if again.convention:
            convention = f"{again.convention}, and E = 4 is put in"
        elif own.endswith("the factor E is missing") and again.slip:  # nothing tells which of both it is
            convention = f"{own}, or {again.slip}, and E = 4 is put in"
    return Checked(
        name, form.unit, printed, leading, form.value, neglected, form.terms, form.over, head, said, form.loops,
        convention, parts, found.condition or None,
        (
            *(one for one in form.defined if one.name in {*form.value.symbols, *printed.symbols}),
            *needed(reader.made, printed.symbols),
        ),
    )  # fmt: skip


def measured(setup: Setup, share: str, asked: Measure) -> ClosedForm:
    """The form of a measure that a formula names.

    Raises:
        UserError: it is zero, or the formula is of a share, of which a measure would have to be, too.
    """
    if share and asked.name != "params":
        raise UserError(f"where {share} is given, a formula names no measure but params; write out what {asked} is")
    found = asked.of(setup.graph, setup.convention, setup.precision)
    if not found.terms:
        raise UserError(f"{asked} is 0 in phase {setup.phase}; choose another --phase")
    return found


def is_rounded(written: str, value: Quotient) -> bool:
    """Whether a formula is a number that is right to its digits."""
    typed = rounded(written.strip())
    return typed is not None and value.number is not None and typed.holds(Fraction(value.number))


def letters_over(names: Mapping[str, Quotient], of: Options) -> Letters:
    """Names that have values, as N_params has, and what letters of one's own stand for in a formula with them."""
    counted = {name: value.numerator for name, value in names.items()}
    own = read_letters(of.get("let", ()), of.get("notation"), in_formula=True)
    trees = {name: from_quotient(value) for name, value in names.items()}
    functions = {name: Formula(one.text, replaced(one.node, trees)) for name, one in own.functions.items()}
    found = {**names, **{name: value.substitute(counted) for name, value in own.items()}}
    return Letters(found, own.told, functions=functions)


def of_step(printed: Quotient, per: str | None, bound: Mapping[str, Polynomial]) -> Quotient:
    """What a formula for a token or a sequence comes to in a step."""
    names = {"token": ("B", "S"), "sequence": ("B",)}.get(per or "", ())
    return printed * Quotient(product(Polynomial.symbol(name).substitute(bound) for name in names))
