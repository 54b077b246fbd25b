"""Forms from a JSON document: every key is checked, and nothing is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NoReturn

from costgraph.algebra.assumption import Assumption, Divides
from costgraph.algebra.expression import FUNCTIONS, Call, Name, Node, Number, Power, Product, Ratio, Sum
from costgraph.algebra.polynomial import Polynomial, exact, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, shorten, unknown
from costgraph.exporting.exchange import SCHEMA
from costgraph.exporting.forms import Form
from costgraph.provenance import Term

MAX_DIGITS = 4000
MAX_POWER = 256
MAX_DEPTH = 60


def read_forms(text: str) -> dict[str, ClosedForm | Quotient | Node]:
    """The forms in a document that the target `json` wrote, by name, as exactly as they were.

    Returns:
        A closed form where the document tells where its terms came from, else its bare value; the value alone where it
        is the leading part of a closed form; an expression tree where it holds a maximum or a rounding. All of them can
        be exported again.

    Raises:
        UserError: the text is no such document; the message says where.
    """
    return {form.name: form.closed if form.closed and form.regime is None else form.value for form in stored(text)}


def stored(text: str) -> list[Form]:
    """The same with all that the document says about them."""
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"not a JSON document: {error}") from None
    top = Place(content, "the document")
    if top.text("schema") != SCHEMA:
        raise UserError(f"the document says schema '{shorten(top.text('schema'))}'; {SCHEMA} is expected")
    found: dict[str, Form] = {}
    for part in top.list("forms"):
        name = part.text("name")
        if name in found:
            part.refuse(f"a second form called '{shorten(name)}'")
        found[name] = form(name, part)
    return list(found.values())


class Place:
    """A value in the document and where it stands, for messages."""

    def __init__(self, value: Any, where: str) -> None:
        self.value, self.where = value, where

    def refuse(self, reason: str) -> NoReturn:
        """Raise with the place."""
        raise UserError(f"{self.where}: {reason}")

    def get(self, key: str) -> Place:
        """The value under a key."""
        if not isinstance(self.value, dict) or key not in self.value:
            self.refuse(f"'{key}' is missing")
        return Place(self.value[key], f"{self.where}, {key}")

    def text(self, key: str) -> str:
        """The text under a key."""
        at = self.get(key)
        return at.value if isinstance(at.value, str) else at.refuse("must be text")

    def list(self, key: str) -> Iterable[Place]:
        """The values of the list under a key."""
        at = self.get(key)
        if not isinstance(at.value, list):
            at.refuse("must be a list")
        return [Place(value, f"{at.where} {i}") for i, value in enumerate(at.value, 1)]

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return isinstance(self.value, dict) and key in self.value

    def number(self) -> Rational:
        """The exact number that the value is the text of."""
        if not isinstance(self.value, str) or not re.fullmatch(r"-?\d+(/\d+)?", self.value):
            self.refuse('must be an exact number as text, such as "12" or "5/2"')
        if len(self.value) > MAX_DIGITS:
            self.refuse(f"a number of more than {MAX_DIGITS} digits")
        above, _, below = self.value.partition("/")
        if below and not int(below):
            self.refuse("division by zero")
        return exact(Fraction(int(above), int(below or 1)))

    def polynomial(self, key: str) -> Polynomial:
        """The sum under a key."""
        return total(monomial(part) for part in self.list(key))

    def quotient(self, key: str) -> Quotient:
        """The quotient under a key."""
        at = self.get(key)
        above, below = at.polynomial("numerator"), at.polynomial("denominator")
        return Quotient(above, below) if below else at.refuse("the denominator is zero")


def monomial(at: Place) -> Polynomial:
    """One term of a sum."""
    coefficient, powers = at.get("coefficient").number(), at.get("powers")
    if not isinstance(powers.value, dict):
        powers.refuse("must be an object")
    for name, power in powers.value.items():
        if name not in SYMBOLS:
            powers.refuse(str(unknown("symbol", name, SYMBOLS)))
        if type(power) is not int or abs(power) > MAX_POWER:
            powers.refuse(f"{name}: a whole number of at most {MAX_POWER} is expected")
    return Polynomial.monomial(powers.value, coefficient)


def form(name: str, at: Place) -> Form:
    """One form."""
    setting = at.text("setting") if at.has("setting") else ""
    if at.has("tree"):
        return Form(name, node(at.get("tree"), 0), setting=setting)
    value = at.quotient("value")
    if not at.has("terms"):
        return Form(name, value, setting=setting)
    closed = closed_form(name, at)
    regime = closed.when(at.get("regime").text("when")) if at.has("regime") else None
    if value != (regime.leading if regime else closed.value):
        at.refuse("the terms do not sum to the value; the document has been changed")
    return Form(name, value, closed, setting=setting, regime=regime)


def closed_form(name: str, at: Place) -> ClosedForm:
    """A sum or quotient with the places its terms come from."""
    rule = at.get("convention")
    rates = rule.get("elementwise")
    convention = Convention(
        rule.text("name"),
        frozenset(str(part.value) for part in rule.list("neglects")),
        tuple(sorted((str(k), Place(v, rates.where).number()) for k, v in dict(rates.value).items())),
    )
    infinite = tuple(str(part.value) for part in at.list("at_infinity"))
    for letter in infinite:
        if letter not in SYMBOLS:
            at.refuse(str(unknown("symbol", letter, SYMBOLS)))
    return ClosedForm(
        name,
        at.text("unit"),
        tuple(map(term, at.list("terms"))),
        convention,
        tuple(map(assumption, at.list("assumptions"))),
        at.quotient("remainder"),
        tuple(map(term, at.list("over"))),
        infinite,
    )


def term(at: Place) -> Term:
    """One contribution."""
    return Term(at.text("op"), at.text("source"), at.polynomial("amount"), at.text("role"))


def assumption(at: Place) -> Assumption:
    """A divisibility, or a choice in words."""
    if at.has("text"):
        return at.text("text")
    return Divides(at.polynomial("divisor"), at.polynomial("dividend"), at.text("advice"))


def node(at: Place, depth: int) -> Node:
    """An expression tree."""
    if depth > MAX_DEPTH:
        at.refuse(f"nested more than {MAX_DEPTH} deep")
    if isinstance(at.value, str):
        number = at.number()
        return Number(number) if isinstance(number, int) else at.refuse('a fraction is written ["/", "5", "2"]')
    if isinstance(at.value, dict):
        return Name(at.text("symbol"))
    if not isinstance(at.value, list) or len(at.value) < 2 or not isinstance(at.value[0], str):
        at.refuse('must be a number as text, {"symbol": ...} or [operation, part, ...]')
    operation, *rest = at.value
    parts = [Place(part, f"{at.where} {i}") for i, part in enumerate(rest, 1)]
    if operation == "**" and len(parts) == 2:
        exponent = parts[1].number()
        if not isinstance(exponent, int) or not 2 <= exponent <= MAX_POWER:
            at.refuse(f"an exponent is a whole number from 2 to {MAX_POWER}")
        return Power(node(parts[0], depth + 1), exponent)
    inner = tuple(node(part, depth + 1) for part in parts)
    if operation == "+" and len(inner) > 1:
        return Sum(inner)
    if operation in ("*", "/") and len(inner) == 2:
        return Product(*inner) if operation == "*" else Ratio(*inner)
    if operation in FUNCTIONS and (len(inner) == 1) == (operation in ("ceil", "floor", "sqrt")):
        return Call(operation, inner)
    return at.refuse(f"unknown operation '{shorten(operation)}' of {len(inner)} parts")
