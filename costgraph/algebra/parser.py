"""Text that a user typed, read without ever being executed.

One whitelist over Python's own `ast` serves formulas (`12*B*D*L*S*(S + (2+E)*D)`), bindings (`E=4,p=2,T->oo`), regimes
(`S << D`) and, in `options.py`, options by name. Length, depth, exponents and digits are bounded before anything is
computed, so that hostile input is answered at once.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Literal

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import INFINITY, SYMBOLS, Rational, check_domain, lookup
from costgraph.errors import UserError, shorten, unknown

MAX_LENGTH = 10_000  # characters
MAX_DEPTH = 60  # nested operations
MAX_EXPONENT = 64
MAX_DIGITS = 1000
MAX_TERMS = 5000
MAX_VALUE_TERMS = 50  # of what a symbol is replaced by, which may be raised to a power
LARGEST = 10**MAX_DIGITS

Size = Polynomial | Rational | str  # what Python callers may pass where a size is meant
Binding = Polynomial | Literal["oo"]  # what a symbol is bound to: a size, or infinity as a true limit


def parse(text: str) -> Quotient:
    """The formula in `text` as an exact quotient of polynomials in the symbols of the table.

    Args:
        text: numbers (decimals are read as rationals), symbols, `+ - * / **` and parentheses.

    Raises:
        UserError: anything else, with the column and what would be allowed there.
    """
    return Reader(text).quotient(tree(text))


def size(value: Size) -> Polynomial:
    """A size given as text, number or polynomial."""
    if isinstance(value, str):
        quotient = parse(value)
        if not quotient.is_polynomial:
            raise UserError(f"'{shorten(value)}' is not a size: it has a sum in a denominator")
        return quotient.numerator
    if isinstance(value, bool) or not isinstance(value, int | Fraction | Polynomial):
        raise UserError(f"{value} is a {type(value).__name__}; give an int, a Fraction or text, which stay exact")
    return value if isinstance(value, Polynomial) else Polynomial.constant(value)


def tree(text: str) -> ast.expr:
    """The syntax tree of one expression, refused when it is too long, not ASCII or not an expression."""
    if len(text) > MAX_LENGTH:
        raise UserError(f"expression of {len(text)} characters: at most {MAX_LENGTH} are read")
    for column, char in enumerate(text, 1):
        if not char.isascii() or not char.isprintable() or char == "#":
            raise UserError(f"column {column} of '{shorten(text)}': unexpected character {char!a}")
    if not text.strip():
        raise UserError("an expression is missing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(f"{text.strip()}\n", mode="eval").body  # without a line end, what is missing has no column
    except SyntaxError as error:
        raise UserError(f"column {error.offset or 1} of '{shorten(text)}': {plain(error.msg)}") from None
    except (ValueError, MemoryError, RecursionError):
        raise UserError(f"'{shorten(text)}' is nested too deeply or holds too long a number") from None


def plain(message: str) -> str:
    """Python's syntax message, without advice that only makes sense in a program."""
    return message.split(" (")[0].split(". ")[0] if "invalid syntax" not in message else "not a valid expression"


@dataclass(frozen=True, slots=True)
class Reader:
    """Walks the tree of `text` and computes with exact quotients; every node type not named here is refused."""

    text: str

    def refuse(self, node: ast.AST, reason: str) -> UserError:
        """An error that points at `node`."""
        return UserError(f"column {getattr(node, 'col_offset', 0) + 1} of '{shorten(self.text)}': {reason}")

    def quotient(self, node: ast.expr, depth: int = 0) -> Quotient:
        """The value of `node`."""
        if depth > MAX_DEPTH:
            raise self.refuse(node, f"nested more than {MAX_DEPTH} deep")
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return Quotient(self.literal(node))
            case ast.Name(id=name):
                if name not in SYMBOLS:
                    raise self.refuse(node, str(unknown("symbol", name, SYMBOLS)))
                return Quotient(Polynomial.symbol(name))
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
                value = self.quotient(operand, depth + 1)
                return value if isinstance(node.op, ast.UAdd) else Quotient(-1) * value
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(node, self.quotient(left, depth + 1), self.quotient(right, depth + 1))
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self.chain(node, depth)
            case ast.BinOp(op=ast.BitXor()):
                raise self.refuse(node, "powers are written with **, not ^")
        raise self.refuse(node, "only numbers, symbols, + - * / ** and parentheses are allowed")

    def chain(self, node: ast.expr, depth: int) -> Quotient:
        """The value of `a + b - c * d ...`: a long chain nests to the left and is not deep."""
        links: list[ast.BinOp] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            links.append(node)
            node = node.left
        value = self.quotient(node, depth + 1)
        for link in reversed(links):
            value = self.binary(link, value, self.quotient(link.right, depth + 1))
        return value

    def literal(self, node: ast.Constant) -> Rational:
        """A number exactly as written: 0.1 is 1/10."""
        written = (ast.get_source_segment(self.text.strip(), node) or "").replace("_", "")
        if "e" in written.lower() and not written.lower().startswith("0x"):
            _, _, power = written.lower().partition("e")
            if len(power) > 4 or abs(int(power)) > MAX_DIGITS:
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
        try:
            value = Fraction(written)
        except ValueError:
            raise self.refuse(node, f"'{shorten(written)}' is not a decimal number") from None
        return self.bounded(node, Quotient(value)).numerator.number or 0

    def binary(self, node: ast.BinOp, left: Quotient, right: Quotient) -> Quotient:
        """The sum, difference, product or quotient, refused when it would not fit."""
        pairs = len(left.numerator) * len(right.numerator)
        pairs += len(left.denominator) * len(right.denominator)
        if pairs > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
        match node.op:
            case ast.Add():
                return self.bounded(node, left + right)
            case ast.Sub():
                return self.bounded(node, left - right)
            case ast.Mult():
                return self.bounded(node, left * right)
        if not right.numerator:
            raise self.refuse(node, "division by zero")
        return self.bounded(node, left / right)

    def power(self, node: ast.BinOp, base: Quotient, exponent: Quotient) -> Quotient:
        """A power with a small whole exponent."""
        number = exponent.number
        if number is None or number.denominator != 1:
            raise self.refuse(node.right, "an exponent must be a whole number")
        power = int(number)
        if (value := base.number) is not None:
            bits = max(abs(value.numerator).bit_length(), value.denominator.bit_length())
            if bits * abs(power) > 2 * LARGEST.bit_length():  # answered without computing it
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
        elif abs(power) > MAX_EXPONENT:
            raise self.refuse(node.right, f"an exponent may be at most {MAX_EXPONENT}")
        terms = max(len(base.numerator), len(base.denominator))
        if terms > 1 and comb(terms + abs(power), terms) > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
        if not base.numerator and power < 0:
            raise self.refuse(node, "division by zero")
        return self.bounded(node, base**power)

    def bounded(self, node: ast.AST, value: Quotient) -> Quotient:
        """`value`, unless one of its coefficients has too many digits or an exponent is too large."""
        for side in (value.numerator, value.denominator):
            if any(abs(c.numerator) >= LARGEST or c.denominator >= LARGEST for c in side.coefficients):
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
            if side.largest_power > 4 * MAX_EXPONENT:
                raise self.refuse(node, f"an exponent may be at most {4 * MAX_EXPONENT}")
        return value


# --- bindings -----------------------------------------------------------------------------------------------------


def parse_bindings(items: Iterable[str]) -> dict[str, Binding]:
    """Read `E=4,p=2`, `T->oo` and the like into {symbol: value}.

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
            lookup(name)
            if name in bindings:
                raise UserError(f"{name} is given twice")
            if arrow and value != INFINITY:
                raise UserError(f"a limit goes to {INFINITY}, as in {name}->oo; a value is put in with {name}=VALUE")
            bindings[name] = "oo" if arrow else bound(name, value)
        except UserError as error:
            raise UserError(f"'{shorten(item)}': {error}") from None
    check_bindings(bindings)
    return bindings


def parse_sizes(items: str | Iterable[str], what: str) -> dict[str, Polynomial]:
    """Bindings like those of `parse_bindings`, all of them sizes.

    Raises:
        UserError: as there; and a true limit, which `what` cannot make use of.
    """
    bindings = parse_bindings([items] if isinstance(items, str) else items)
    if infinite := [name for name, value in bindings.items() if value == "oo"]:
        raise UserError(f"{infinite[0]}->oo: {what} needs sizes, not limits")
    return {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}


def bound(name: str, value: Size) -> Polynomial:
    """The value that `name` takes, checked against the symbol's domain when it is a number."""
    lookup(name)
    if isinstance(value, str) and value.strip().lower() in ("inf", "infinity", INFINITY, "nan"):
        raise UserError(f"'{value.strip()}' is not a number; a true limit is written {name}->oo")
    polynomial = size(value)
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


def parse_regime(text: str) -> tuple[Polynomial, Polynomial]:
    """Read `S << D` into (small, large), two monomials.

    Raises:
        UserError: no `<<`, or a side that is not a product of symbols.
    """
    left, _, right = text.partition("<<")
    if not (left.strip() and right.strip()):
        raise UserError(f"'{shorten(text)}': write SMALL << LARGE, for example 'S << D'")
    sides = size(left), size(right)
    for side in sides:
        if not side.is_monomial or not side.symbols or side.leading_coefficient < 0:
            raise UserError(f"'{shorten(text)}': each side of << must be a product of symbols")
    if not (sides[0] / sides[1]).symbols:
        raise UserError(f"'{shorten(text)}': both sides of << are the same")
    return sides


def split_list(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
