"""A formula of one's own as it was typed: what is one, and what is none of what is asked about."""

from __future__ import annotations

import re
from collections.abc import Container

from costgraph.algebra.dimensions import Amount, Measuring
from costgraph.algebra.expression import Call, Name, Sum
from costgraph.algebra.fences import fenced
from costgraph.algebra.magnitudes import lone
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.parser import Reader
from costgraph.algebra.syntax import EXAMPLE, Formula, read
from costgraph.algebra.tex_commands import EQUATING
from costgraph.algebra.units import FACTORS, NONE, unit_named, unit_text
from costgraph.arithmetic import is_form
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError, shorten

OPENING, CLOSING = "({[", ")}]"
EQUATING_OR_BRACKET = rf"(?<![<>!:=])(?::=|==?|≈|≡|\\(?:{'|'.join(EQUATING)})(?![A-Za-z]))(?!=)|[(){{}}\[\]]"


def text_of(formula: object) -> str:
    """A formula as one types it.

    Raises:
        UserError: it is neither text, a form, an expression of sympy nor a number.
    """
    if isinstance(formula, str):
        return formula
    if (number := exact_number(formula)) is not None:
        return str(number)
    if not (is_form(formula) or hasattr(formula, "free_symbols")):
        raise UserError(f"{shorten(repr(formula))} is no formula; write text such as '{EXAMPLE}', a form, or sympy's")
    return str(formula)


def refuse_equation(formula: str) -> None:
    """Raise for an equation, of which one side is compared."""
    start, end, _ = fenced(formula)
    sides = sides_of(formula[start:end].replace("&", " "))  # which aligns lines of LaTeX
    if len(sides) > 1 and all(sides):
        left, right = shorten(sides[0]), shorten(sides[-1])
        raise UserError(f"'{shorten(formula)}' is an equation; check one side: '{right}', which {left} is to be")


def sides_of(text: str) -> list[str]:
    """What stands on the sides of the signs of equations that are in no brackets."""
    found, depth, start = list[str](), 0, 0
    for sign in re.finditer(EQUATING_OR_BRACKET, text):
        depth += (sign[0] in OPENING) - (sign[0] in CLOSING)
        if depth == 0 and sign[0] not in OPENING + CLOSING:
            found.append(text[start : sign.start()].strip())
            start = sign.end()
    return [*found, text[start:].strip()]


def formula_of(written: str, own: Container[str], said: list[str]) -> Formula:
    """A formula as it was read: one that is a lone number, such as `7B`, with its magnitude; `said` gets that.

    Raises:
        UserError: its magnitude is a size of what is asked about, too.
    """
    number = lone(written)
    if number is None:
        return read(written)
    typed = written.strip()
    if (letter := typed[-1]) in own:
        both = f"{number} and {typed[:-1].strip()}*{letter}"
        raise UserError(f"'{typed}' has two readings: {both}; write one of them")
    said.append(f"{typed} read as {number}")
    return read(str(number))


def check_units(reader: Reader, form: ClosedForm) -> None:
    """Refuse so many of a unit in which the form is not measured.

    Raises:
        UserError: it is bytes where parameters are counted, and the like.
    """
    amount = Units().amount(reader.formula.node)
    if amount.unit and amount.dimension not in (NONE, unit_named(form.unit).dimension):
        is_in = f"this is in {unit_text(amount.dimension)}, and {form.name} in {form.unit}"
        raise reader.refuse(reader.formula.node, is_in)


class Units(Measuring):
    """Finds formulas that are so many of a unit; whatever has symbols may be anything."""

    def name(self, node: Name) -> Amount:
        """A unit, or what is none."""
        unit = FACTORS.get(node.name)
        return Amount(unit.dimension, bare=False, counts=False, unit=True) if unit else Amount(bare=False)

    def call(self, node: Call, parts: tuple[Amount, ...]) -> Amount:
        """Nothing that is known."""
        return Amount(bare=False)

    def sum(self, node: Sum, parts: tuple[Amount, ...]) -> Amount:
        """What all terms are."""
        alike = all(part.unit and part.dimension == parts[0].dimension for part in parts)
        return parts[0] if alike else Amount(bare=False)
