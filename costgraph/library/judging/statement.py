"""How each kind of statement is tested: a formula, a number, a claim, how ops are connected, a formula with indices."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.expression import Number, walk
from costgraph.algebra.limits import limit
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import read, tree
from costgraph.algebra.units import BASES, unit_named
from costgraph.errors import UserError, shorten
from costgraph.library.entries.entry import BLANK, Entry, Indexed
from costgraph.library.explaining.nearest import nearest, nearest_number, responsible
from costgraph.library.judging import indexed
from costgraph.library.judging.engine import Names, names_of, readable, same_spec, structure, terms
from costgraph.library.judging.gate import check_depends, check_involved, check_named
from costgraph.library.judging.printed_unit import check_unit
from costgraph.library.judging.recorded_slip import names as words
from costgraph.library.judging.typed_in import alike
from costgraph.records import dataclass

CONSTANTS = ("p", "E")  # what an order of magnitude leaves out beside numbers: neither grows with a model

Outcome = Literal[
    "agrees",
    "agrees to the stated order",
    "approximates",
    "erratum as recorded",
    "argued",
    "set aside",
    "unverified",
    "differs",
]


@dataclass(frozen=True)
class Test:
    """How a kind of statement is tested.

    Args:
        says: for the text of a statement, how it agrees with the engine; "" if it does not.
        derived: what the engine says, as text; written only where it is shown.
        slipped: whether a slip gives what was printed; None for statements whose slip is `THIS becomes THAT`.
        difference: what separates a statement from the engine's result, as text.
        sides: of a claim, what the two sides of its comparisons come to.
    """

    says: Callable[[str | tuple[str, ...]], Outcome | Literal[""]]
    derived: Callable[[], str] = lambda: ""
    slipped: Callable[[str], bool] | None = None
    difference: Callable[[], str] = lambda: ""
    sides: Callable[[str], str] | None = None


def test(entry: Entry) -> Test:
    """The test that fits the kind of statement."""
    if entry.structure:
        return of_structure(entry)
    if entry.indexed:
        return of_indexed(entry, entry.indexed)
    names = names_of(entry)
    check_named(entry, names)
    check_unit(entry)
    made = of_names(entry, names)
    holding = entry.erratum.right if entry.erratum else entry.stated
    check_involved(entry, names, lambda other: bool(of_names(entry, other).says(holding)))
    return made


def of_names(entry: Entry, names: Names) -> Test:
    """The test of a statement about what names stand for."""
    if entry.claim:
        return of_claim(entry, names)
    return of_number(entry, names) if entry.value else of_formula(entry, names)


# --- claims ---------------------------------------------------------------------------------------------------------


def of_claim(entry: Entry, names: Names) -> Test:
    """A comparison: true, with sides that come to what was recorded."""
    return Test(
        lambda text: "agrees" if names.true(str(text)) else "", lambda: names.sides(entry.claim), sides=names.sides
    )


# --- formulas -------------------------------------------------------------------------------------------------------


def of_formula(entry: Entry, names: Names) -> Test:
    """A closed form: equal, or equal up to a remainder that is given exactly and vanishes."""
    derived = names.derived

    def says(text: str | tuple[str, ...]) -> Outcome | Literal[""]:
        printed = names.printed(str(text))
        if not entry.drops and not entry.constant:
            return "agrees" if printed == derived else ""
        return "agrees to the stated order" if to_order(entry, names, printed, derived) else ""

    def difference() -> str:
        printed = names.printed(entry.printed)
        found = terms(entry.derive)[0] if entry.derive and entry.derive.measure and not entry.derived else ()
        slip = nearest(printed, derived, found)
        ops = ", ".join(dict.fromkeys(term.op for term in responsible(printed, derived, found)))
        parts = [f"derived minus printed is {python(derived - printed, 'factored')}"]
        parts += [f"nearest slip: {slip}"] if slip else []
        return "; ".join([*parts, *([f"it comes from {shorten(ops, 200)}"] if ops else [])])

    def slipped(slip: str) -> bool:
        check_depends(entry, slip, names)
        return names.slipped(slip) == names.printed(entry.printed)

    return Test(says, lambda: python(derived), slipped, difference)


def to_order(entry: Entry, names: Names, printed: Quotient, derived: Quotient) -> bool:
    """Whether derived = constant * printed * (1 + drops) exactly, and drops vanishes in the stated limit."""
    constant = names.printed(entry.constant) if entry.constant else Quotient(1)
    drops = names.printed(entry.drops) if entry.drops else Quotient(0)
    if grows := [name for name in constant.symbols if name not in CONSTANTS]:
        raise UserError(f"constant has {grows[0]} in it, which grows; it may have numbers, {' and '.join(CONSTANTS)}")
    if entry.constant and (own := coefficient(entry)):
        raise UserError(f"constant is for orders of magnitude, and the print has a coefficient: {own}")
    rest = limit(drops, tuple(parse_bindings([entry.vanishes]))) if entry.vanishes else drops
    if rest.is_infinite or rest.numerator:
        raise UserError(f"drops does not vanish for {entry.vanishes}: {python(rest)} is left")
    return constant * printed * (Quotient(1) + drops) == derived


def coefficient(entry: Entry) -> str:
    """A number in a formula, or in its letters, that is neither 1 nor an exponent, or a sum of one term; "" if none."""
    stated = read(entry.right or entry.printed).node
    used = [read(meaning).node for name, meaning in entry.letters.items() if name in words(stated)]
    for node in (stated, *used):
        numbers = (inside.value for inside in walk(node) if isinstance(inside, Number))
        if found := next((str(abs(value)) for value in numbers if abs(value) != 1), "") or alike(node):
            return found
    return ""


# --- numbers --------------------------------------------------------------------------------------------------------


def of_number(entry: Entry, names: Names) -> Test:
    """A number: right to its last digit, or within the stated tolerance."""
    derived = number(names.derived) / unit_named(entry.unit).scale

    def says(text: str | tuple[str, ...]) -> Outcome | Literal[""]:
        if text == BLANK:
            return ""
        printed, half = decimal(str(text))
        if abs(printed - derived) <= half:
            return "agrees"
        near = bool(entry.tolerance) and abs(printed - derived) <= decimal(entry.tolerance)[0] * abs(derived)
        return "approximates" if near else ""

    def slipped(slip: str) -> bool:
        check_depends(entry, slip, names)
        printed, half = decimal(entry.value)
        return abs(number(names.slipped(slip)) / unit_named(entry.unit).scale - printed) <= half

    def difference() -> str:
        slip = nearest_number(
            *decimal(entry.value), derived, unit_named(entry.unit).dimension[BASES.index("byte")] != 0
        )
        text = f"printed {entry.value}, derived {readable(derived)} {entry.unit}".rstrip()
        return f"{text}; nearest slip: {slip}" if slip else text

    return Test(says, lambda: readable(derived), slipped, difference)


def number(value: Quotient) -> Fraction:
    """A form without symbols as a number."""
    if value.number is None:
        raise UserError(f"'{shorten(python(value))}' still has symbols; bind {', '.join(value.symbols)} with at")
    return Fraction(value.number)


@lru_cache(maxsize=4096)
def decimal(text: str) -> tuple[Fraction, Fraction]:
    """A printed number and half a unit of its last digit."""
    try:
        value = Decimal(text.replace(",", "").strip())
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > 400 or len(text) > 400:
            raise InvalidOperation
    except InvalidOperation:
        raise UserError(f"'{shorten(text)}' is not a decimal number") from None
    return Fraction(value), Fraction(10) ** exponent / 2


# --- structures and indices -----------------------------------------------------------------------------------------


def of_structure(entry: Entry) -> Test:
    """How ops are connected: einsums up to the names of indices, or kinds of ops in order."""
    if entry.derive is None:
        raise UserError("a structure needs derive = { structure = ... }")
    found = structure(entry.derive)
    specs = entry.derive.structure.startswith("spec")

    def says(text: str | tuple[str, ...]) -> Outcome | Literal[""]:
        parts = (text,) if isinstance(text, str) else text
        if not specs or len(parts) != len(found):
            return "agrees" if parts == found else ""
        try:
            return "agrees" if all(map(same_spec, parts, found)) else ""
        except UserError:  # an einsum that does not even make sense
            return ""

    derived = "; ".join(found)
    return Test(says, lambda: derived, None, lambda: f"in the graph: {derived}")


def of_indexed(entry: Entry, asked: Indexed) -> Test:
    """A formula with indices, on small tensors: its shape, its properties, or the gradient that it must be."""
    setting = indexed.Setting(asked.sizes, asked.arrays, asked.define)
    if not (asked.expected or asked.loss or asked.properties):
        raise UserError("indexed.expected is missing, or properties, or a loss: what the formula is compared with")
    if asked.expected and any(same(asked.expected, text) for text in (entry.printed, entry.right) if text):
        raise UserError("indexed.expected repeats what it is to be compared with; write it in another way")

    def says(text: str | tuple[str, ...]) -> Outcome | Literal[""]:
        formula = str(text)
        if asked.loss:
            true = indexed.is_gradient(setting, asked.result, formula, asked.loss)
        elif asked.expected:
            true = indexed.equal(setting, asked.result, formula, asked.expected)
        else:
            true = indexed.satisfies(setting, asked.result, formula, asked.properties)
            others = (f"({formula}) + 1", f"2*({formula})")
            if true and all(indexed.satisfies(setting, asked.result, other, asked.properties) for other in others):
                raise UserError("indexed.properties would hold of any formula")
        return "agrees" if true else ""

    def lenient(text: str | tuple[str, ...]) -> Outcome | Literal[""]:
        try:
            return says(text)
        except UserError:
            if entry.erratum is None or text == entry.erratum.right:
                raise
            return ""  # an index that does not fit: that is what is wrong with the print

    what = "a gradient by finite differences" if asked.loss else asked.expected or "; ".join(asked.properties)
    return Test(lenient, lambda: what, None, lambda: f"tested against {what}")


def same(one: str, other: str) -> bool:
    """Whether two expressions are written alike, but for spaces and parentheses."""
    return ast.dump(tree(one)) == ast.dump(tree(other))
