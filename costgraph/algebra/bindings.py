"""What symbols are bound to (`E=4,p=2`, `T->oo`), and how sizes compare (`S << D`, `S <= W`), as a user types it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Literal, NamedTuple

from costgraph.algebra.parser import Size, size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import INFINITY, check_domain, lookup
from costgraph.errors import UserError, need_text, shorten

SIGNS = ("<<", ">>", "<=", ">=", "≤", "≥")  # how sizes compare
MAX_VALUE_TERMS = 50  # of what a symbol is replaced by, which may be raised to a power

Binding = Polynomial | Literal["oo"]  # what a symbol is bound to: a size, or infinity as a true limit


class Order(NamedTuple):
    """`small << large` (in the limit), or `small <= large`."""

    small: Polynomial
    large: Polynomial
    much: bool = True


def parse_bindings(
    items: Iterable[str], symbols: Container[str] | None = None, also: Container[str] = ()
) -> dict[str, Binding]:
    """Read `E=4,p=2`, `T->oo` and the like into {symbol: value}.

    Args:
        items: the text, in one piece or several.
        symbols: those of the table that may occur; all unless given.
        also: further symbols that may be bound, and occur in no value.

    Raises:
        UserError: a missing or unreadable value, an unknown symbol, the same symbol twice, a value outside the domain.
    """
    bindings: dict[str, Binding] = {}
    for item in (part for text in items for part in split_list(text)):
        arrow = "->" in item
        name, sign, value = (part.strip() for part in item.partition("->" if arrow else "="))
        if not sign or not name:
            raise UserError(f"'{shorten(item)}': write SYMBOL=VALUE or SYMBOL->oo")
        if not value:
            raise UserError(f"'{shorten(item)}': a value is missing after {sign}")
        try:
            if name not in also:
                lookup(name, symbols)
            if name in bindings:
                raise UserError(f"{name} is given twice")
            if arrow and value != INFINITY:
                raise UserError(f"a limit goes to {INFINITY}, as in {name}->oo; a value is put in with {name}=VALUE")
            bindings[name] = "oo" if arrow else bound(name, value, symbols)
        except UserError as error:
            raise UserError(f"'{shorten(item)}': {error}") from None
    check_bindings(bindings)
    return bindings


def bound(name: str, value: Size, symbols: Container[str] | None = None) -> Polynomial:
    """The value that `name` takes, a size in these symbols, checked against the symbol's domain when it is a number."""
    lookup(name)
    if isinstance(value, str) and value.strip().lower() in ("inf", "infinity", INFINITY, "nan"):
        raise UserError(f"'{value.strip()}' is not a number; a true limit is written {name}->oo")
    polynomial = size(value, symbols)
    if (number := polynomial.number) is not None:
        check_domain(name, number)
    elif polynomial.signs == {-1}:
        raise UserError(f"{name}={polynomial}: {name} cannot be negative")
    if len(polynomial) > MAX_VALUE_TERMS:
        raise UserError(f"{name}: a value of more than {MAX_VALUE_TERMS} terms")
    return polynomial


def check_bindings(bindings: Mapping[str, Binding]) -> None:
    """Refuse values that mention a symbol which is itself replaced: bindings are meant all at once."""
    for name, value in bindings.items():
        if isinstance(value, Polynomial):
            for other in value.symbols:
                if other in bindings and other != name:
                    raise UserError(f"{name}={value}: {other} is replaced as well; write {name} without it")


def parse_regime(text: str) -> Order:
    """Read `S << D` or `S <= W`, two monomials; `D >> S` is read from the right.

    Raises:
        UserError: no such sign, or a side that is not a product of symbols.
    """
    need_text(text, "S << D")
    sign = next((sign for sign in SIGNS if sign in text), "")
    left, _, right = text.partition(sign) if sign else (text, "", "")
    if not (left.strip() and right.strip()):
        raise UserError(f"'{shorten(text)}': write SMALL << LARGE, for example 'S << D', or SMALL <= LARGE")
    sides = [size(left), size(right)]
    for side in sides:
        if not side.is_monomial or not side.symbols or side.leading_coefficient < 0:
            raise UserError(f"'{shorten(text)}': each side of {sign} must be a product of symbols")
    if not (sides[0] / sides[1]).symbols:
        raise UserError(f"'{shorten(text)}': both sides of {sign} are the same")
    if sign in (">>", ">=", "≥"):
        sides.reverse()
    return Order(sides[0], sides[1], sign in ("<<", ">>"))


def split_list(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses."""
    need_text(text, "E=4,p=2")
    parts, depth, start = list[str](), 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def together(own: Mapping[str, Polynomial], typed: Mapping[str, Binding]) -> dict[str, Binding]:
    """A model's own sizes and those that were typed, which go before them.

    Either may be other sizes: `S=2*D` is typed, and an encoder's length S_e is S where nothing else is said.
    """
    left = {name: value for name, value in own.items() if name not in typed}
    numbers = {name: value for name, value in left.items() if value.number is not None}
    found = {name: value.substitute(numbers) if value != "oo" else value for name, value in typed.items()}
    known = numbers | {name: value for name, value in found.items() if value != "oo"}
    endless = {name for name, value in found.items() if value == "oo"}
    following: dict[str, Binding] = {
        name: "oo" if endless & {*value.symbols} else value.substitute(known) for name, value in left.items()
    }
    return {**following, **found}
