"""Text that a user typed, read without ever being executed.

`read` turns one expression into a tree over a whitelist of Python's own `ast`; a `Reader` folds the tree into an exact
quotient. Length, depth, exponents and digits are bounded before anything is computed, and work before it is done.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import ClassVar

from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, fold, negative
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational, lookup
from costgraph.algebra.work import bounded
from costgraph.errors import UserError, shorten

MAX_LENGTH = 10_000  # characters
MAX_DEPTH = 60  # nested operations
MAX_EXPONENT = 64
MAX_DIGITS = 1000
MAX_TERMS = 5000
LARGEST = 10**MAX_DIGITS
ALLOWED = "only numbers, symbols, + - * / ** and parentheses are allowed"

Size = Polynomial | Rational | str  # what Python callers may pass where a size is meant


def parse(text: str) -> Quotient:
    """The formula in `text` as an exact quotient of polynomials in the symbols of the table.

    Args:
        text: numbers (decimals are read as rationals), symbols, `+ - * / **` and parentheses.

    Raises:
        UserError: anything else, with the column and what would be allowed there.
    """
    return Reader(read(text)).value()


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


# --- text to trees ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression as it was typed, and its tree."""

    text: str
    node: Node

    def refuse(self, node: Node, reason: str) -> UserError:
        """An error that points at `node`."""
        return at_column(self.text, node.column, reason)


def at_column(text: str, column: int, reason: str) -> UserError:
    """An error about one place of a text."""
    return UserError(f"column {column or 1} of '{shorten(text)}': {reason}")


def read(text: str) -> Formula:
    """The tree of one expression: numbers, dotted names, `+ - * / **`, parentheses, calls such as `flops(attn, p=2)`.

    Raises:
        UserError: it is too long or too deep, or anything else stands in it, with the column.
    """
    return Formula(text, Scanner(text).node(tree(text)))


def relations(text: str, signs: Container[str]) -> tuple[list[Formula], list[str]]:
    """The sides of `a <= b < c` and the signs between them; `a <= b and b < c` is two relations one after the other.

    The list of signs has an empty one where a relation ends and the next begins.

    Raises:
        UserError: no relation, or another sign than those of `signs`.
    """
    node, scanner = tree(text), Scanner(text)
    sides: list[Formula] = []
    found: list[str] = []
    for part in node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]:
        if not isinstance(part, ast.Compare):
            raise scanner.refuse(part, "write a comparison, such as a < b or a == b")
        found += [""] if sides else []
        sides += [Formula(text, scanner.node(side)) for side in (part.left, *part.comparators)]
        for operator in part.ops:
            if (sign := SIGNS.get(type(operator), "")) not in signs:
                raise scanner.refuse(part, f"compare with {', '.join(s for s in SIGNS.values() if s in signs)}")
            found.append(sign)
    return sides, found


SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def tree(text: str) -> ast.expr:
    """Python's syntax tree of one expression, refused when it is too long, not ASCII or not an expression."""
    if len(text) > MAX_LENGTH:
        raise UserError(f"expression of {len(text)} characters: at most {MAX_LENGTH} are read")
    for column, char in enumerate(text, 1):
        if not char.isascii() or not char.isprintable() or char == "#":
            raise at_column(text, column, f"unexpected character {char!a}")
    if not text.strip():
        raise UserError("an expression is missing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(f"{text.strip()}\n", mode="eval").body  # without a line end, what is missing has no column
    except SyntaxError as error:
        raise at_column(text, error.offset or 1, plain(error.msg)) from None
    except (ValueError, MemoryError, RecursionError):
        raise UserError(f"'{shorten(text)}' is nested too deeply or holds too long a number") from None


def source(text: str, node: ast.expr) -> str:
    """The characters that `node` was read from: those of one line of ASCII, which needs no search for its lines."""
    return text.strip()[node.col_offset : node.end_col_offset]


def plain(message: str) -> str:
    """Python's syntax message, without advice that only makes sense in a program."""
    return message.split(" (")[0].split(". ")[0] if "invalid syntax" not in message else "not a valid expression"


@dataclass(frozen=True, slots=True)
class Scanner:
    """Python's syntax tree of `text` -> our tree; every kind of syntax that is not named here is refused."""

    text: str

    def refuse(self, node: ast.AST, reason: str) -> UserError:
        """An error that points at `node`."""
        return at_column(self.text, getattr(node, "col_offset", 0) + 1, reason)

    def node(self, node: ast.expr, depth: int = 0) -> Node:
        """The tree of `node`."""
        if depth > MAX_DEPTH:
            raise self.refuse(node, f"nested more than {MAX_DEPTH} deep")
        column = node.col_offset + 1
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return Number(self.literal(node), column=column)
            case ast.Name() | ast.Attribute() if (name := dotted(node)) is not None:
                return Name(name, column=column)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
                value = self.node(operand, depth + 1)
                return value if isinstance(node.op, ast.UAdd) else negative(value, column)
            case ast.BinOp(op=ast.Pow()):
                return self.power(node, depth)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self.sum(node, depth)
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self.product(node, depth)
            case ast.BinOp(op=ast.BitXor()):
                raise self.refuse(node, "powers are written with **, not ^")
            case ast.Call(func=func, args=args, keywords=keywords) if (name := dotted(func)) is not None:
                arguments = tuple(self.node(argument, depth + 1) for argument in args)
                named = tuple((word.arg or "**", self.node(word.value, depth + 1)) for word in keywords)
                return Call(name, arguments, named, column=column)
        raise self.refuse(node, ALLOWED)

    def sum(self, node: ast.expr, depth: int) -> Node:
        """`a + b - c ...`: a long chain nests to the left and is not deep."""
        last: list[Node] = []
        column = node.col_offset + 1
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            term = self.node(node.right, depth + 1)
            last.append(term if isinstance(node.op, ast.Add) else negative(term, term.column))
            node = node.left
        return Sum((self.node(node, depth + 1), *reversed(last)), column=column)

    def product(self, node: ast.expr, depth: int) -> Node:
        """`a * b / c ...`, likewise."""
        links: list[ast.BinOp] = []
        column = node.col_offset + 1
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            links.append(node)
            node = node.left
        value = self.node(node, depth + 1)
        for link in reversed(links):
            right = self.node(link.right, depth + 1)
            value = (Product if isinstance(link.op, ast.Mult) else Ratio)(value, right, column=column)
        return value

    def power(self, node: ast.BinOp, depth: int) -> Node:
        """A whole power; a negative one is 1 over the positive one."""
        column = node.col_offset + 1
        base, exponent = self.node(node.left, depth + 1), self.node(node.right, depth + 1)
        number = Constant(Formula(self.text, exponent)).value().number
        if number is None or number.denominator != 1:
            raise self.refuse(node.right, "an exponent must be a whole number")
        power = int(number)
        if abs(power) < 2:
            positive = base if power else Ratio(base, base, column=column)
        else:
            positive = Power(base, abs(power), column=column)
        return Ratio(Number(1, column=column), positive, column=column) if power < 0 else positive

    def literal(self, node: ast.Constant) -> Rational:
        """A number exactly as written: 0.1 is 1/10."""
        written = source(self.text, node).replace("_", "")
        if "e" in written.lower() and not written.lower().startswith("0x"):
            _, _, power = written.lower().partition("e")
            if len(power) > 4 or abs(int(power)) > MAX_DIGITS:
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
        try:
            value = Fraction(written)
        except ValueError:
            raise self.refuse(node, f"'{shorten(written)}' is not a decimal number") from None
        if value.numerator >= LARGEST or value.denominator >= LARGEST:
            raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
        return value.numerator if value.denominator == 1 else value


def dotted(node: ast.expr) -> str | None:
    """`flops.forward` as written, None for anything else than names and dots."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


# --- trees to quotients -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """The exact value of a formula. What else names and calls may mean is up to subclasses.

    Args:
        formula: as it was read.
        symbols: those that can occur; any of the table unless given.
    """

    expected: ClassVar[str] = "symbol"
    formula: Formula
    symbols: Container[str] | None = None

    def value(self, node: Node | None = None) -> Quotient:
        """The value of the formula, or of a part of it.

        Raises:
            UserError: an unknown name, a division by zero, or more work than is done for one expression.
        """
        with bounded():
            return fold(self.formula.node if node is None else node, self.step, self.whole)

    def whole(self, node: Node) -> Quotient | None:
        """The value of what is not computed from the values of its parts."""
        match node:
            case Number(value):
                return Quotient(value)
            case Name():
                return self.name(node)
            case Call():
                return self.call(node)
        return None

    def name(self, node: Name) -> Quotient:
        """What a name stands for."""
        try:
            return Quotient(Polynomial.symbol(lookup(node.name, self.symbols, self.expected, self.also).name))
        except UserError as error:
            raise self.refuse(node, str(error)) from None

    @property
    def also(self) -> Iterable[str]:
        """Names that an error may offer beside symbols."""
        return ()

    def call(self, node: Call) -> Quotient:
        """What a call stands for."""
        raise self.refuse(node, ALLOWED)

    def refuse(self, node: Node, reason: str) -> UserError:
        """An error that points at `node`."""
        return self.formula.refuse(node, reason)

    def step(self, node: Node, parts: tuple[Quotient, ...]) -> Quotient:
        """Arithmetic, refused when its result would not fit."""
        match node:
            case Sum():
                return self.sum(node, parts)
            case Product():
                self.check_terms(node, *parts)
                return self.fits(node, parts[0] * parts[1])
            case Ratio():
                self.check_terms(node, *parts)
                if not parts[1].numerator:
                    raise self.refuse(node.below, "division by zero")
                return self.fits(node, parts[0] / parts[1])
            case Power(_, exponent):
                return self.power(node, parts[0], exponent)
        raise TypeError(node)

    def sum(self, node: Sum, parts: tuple[Quotient, ...]) -> Quotient:
        """The sum: polynomials are merged in one go."""
        value = Quotient(total(part.numerator for part in parts if part.is_polynomial))
        for part in parts:
            if not part.is_polynomial:
                self.check_terms(node, value, part)
                value = self.fits(node, value + part)
        return self.fits(node, value)

    def power(self, node: Power, base: Quotient, exponent: int) -> Quotient:
        """A power, if it is small enough."""
        if (value := base.number) is not None:
            bits = max(abs(value.numerator).bit_length(), value.denominator.bit_length())
            if bits * exponent > 2 * LARGEST.bit_length():  # answered without computing it
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
        elif exponent > MAX_EXPONENT:
            raise self.refuse(node, f"an exponent may be at most {MAX_EXPONENT}")
        terms = max(len(base.numerator), len(base.denominator))
        if terms > 1 and comb(terms + exponent, terms) > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
        return self.fits(node, base**exponent)

    def check_terms(self, node: Node, left: Quotient, right: Quotient) -> None:
        """Refuse a sum or product of quotients that would have too many terms."""
        pairs = len(left.numerator) * len(right.numerator) + len(left.denominator) * len(right.denominator)
        if pairs > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")

    def fits(self, node: Node, value: Quotient) -> Quotient:
        """`value`, unless one of its coefficients has too many digits or an exponent is too large."""
        for side in (value.numerator, value.denominator):
            if len(side) > MAX_TERMS:
                raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
            if any(abs(c.numerator) >= LARGEST or c.denominator >= LARGEST for c in side.coefficients):
                raise self.refuse(node, f"a number of more than {MAX_DIGITS} digits")
            if side.largest_power > 4 * MAX_EXPONENT:
                raise self.refuse(node, f"an exponent may be at most {4 * MAX_EXPONENT}")
        return value


@dataclass(frozen=True)
class Constant(Reader):
    """Reads an exponent, in which no name may stand."""

    def name(self, node: Name) -> Quotient:
        """Refused."""
        raise self.refuse(node, "an exponent must be a whole number")
