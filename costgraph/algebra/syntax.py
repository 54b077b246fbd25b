"""One expression that a user typed -> a tree, over a whitelist of Python's own `ast`; nothing is executed or computed.

What is written as on paper, such as `34BSLD`, `D²` or LaTeX, is spelled as in a program first (`paper.py`). Length,
depth and digits are bounded here, exponents and terms where the tree is given a value (`parser.py`).
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from keyword import kwlist

from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, fold, negative, walk
from costgraph.algebra.spelling import Spelled, at_column, in_code, on_paper, ungrouped
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError, need_text, shorten
from costgraph.records import dataclass

MAX_LENGTH = 10_000  # characters
EXAMPLE = "12*L*D**2"
SHORT = 200  # so many of a text are kept once it is read
MAX_DEPTH = 60  # nested operations
MAX_DIGITS = 1000
MAX_ROOT = 64
LARGEST = 10**MAX_DIGITS
ALLOWED = "only numbers, symbols, + - * / // ** ^ and parentheses are allowed"
TOO_LONG = f"a number of more than {MAX_DIGITS} digits"
FLOOR = "//"  # the function that `a // b` calls
SQUARE_ROOT, ROOT = "sqrt", "root"  # those of `√(a)`, and of `a**(1/n)`, as roots are printed
NOT_WHOLE = "an exponent must be a whole number"
CALLED = {  # as sympy and programs call functions
    **{
        f"{module}{name}": function
        for module in ("", "math.", "np.", "numpy.", "torch.", "sympy.", "sp.")
        for name, function in {
            "Max": "max",
            "Min": "min",
            "maximum": "max",
            "minimum": "min",
            "ceiling": "ceil",
            "max": "max",
            "min": "min",
            "ceil": "ceil",
            "floor": "floor",
            "sqrt": "sqrt",
        }.items()
    },
}
# Words that begin statements in Python and are names here, such as `global` for layers with global attention.
NAMES = {word for word in kwlist if word.islower()} - {"and", "or", "not", "in", "is", "if", "else", "for", "lambda"}
WORDS = re.compile(rf"\b(?:{'|'.join(NAMES)})\b")


@dataclass(frozen=True)
class Formula:
    """An expression as it was typed, its tree, and what is worth knowing of how it was read."""

    text: str
    node: Node
    said: tuple[str, ...] = ()

    @cached_property
    def words(self) -> tuple[Name | Call, ...]:
        """The names and calls in it."""
        return tuple(part for part in walk(self.node) if isinstance(part, Name | Call))

    def refuse(self, node: Node, reason: str) -> UserError:
        """An error that points at `node`."""
        return at_column(self.text, node.column, reason)


def read(text: str) -> Formula:
    """The tree of one expression, in a program's spelling or as on paper.

    Numbers, dotted names, `+ - * / // ** ^`, parentheses, calls such as `flops(attn, p=2)`, products without a sign.
    A word such as `BSL` is one name here, and a letter before parentheses is a call: `juxtaposed.py` takes them apart.

    Raises:
        UserError: it is too long or too deep, or anything else stands in it, with the column.
    """
    need_text(text, EXAMPLE)
    check_length(text)
    return read_once(text) if len(text) <= SHORT and not on_paper(text) else read_anew(text)


def read_anew(text: str) -> Formula:
    """The same of one that is read once, or is long."""
    numbers, said = ungrouped(text)
    if on_paper(numbers):
        from costgraph.algebra.paper import spelled  # what is typed as in a program needs none of it

        typed = spelled(numbers)
    else:
        typed = in_code(numbers)
    return Formula(text, Scanner(text, typed).node(tree(text, typed)), said)


@lru_cache(maxsize=4096)
def read_once(text: str) -> Formula:
    """The same of short texts, such as the letters of a notation, which are read again and again."""
    return read_anew(text)


def check_length(text: str) -> None:
    """Refuse a text that is too long to be looked at."""
    if len(text) > MAX_LENGTH:
        raise UserError(f"expression of {len(text)} characters: at most {MAX_LENGTH} are read")


@lru_cache(maxsize=1024)
def relations(text: str, signs: tuple[str, ...]) -> tuple[Sequence[Formula], Sequence[str]]:
    """The sides of `a <= b < c` and the signs between them; `a <= b and b < c` is two relations one after the other.

    The list of signs has an empty one where a relation ends and the next begins.

    Raises:
        UserError: no relation, or another sign than those of `signs`.
    """
    node, scanner = tree(text), Scanner(text, in_code(text))
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


def tree(text: str, typed: Spelled | None = None) -> ast.expr:
    """Python's syntax tree of one expression, refused when it is too long, not ASCII or not an expression.

    Args:
        text: as it was typed.
        typed: the same in a program's spelling, if it was typed otherwise.
    """
    need_text(text, EXAMPLE)
    check_length(text)
    typed = typed or in_code(text)
    if not typed.text.isascii() or not typed.text.isprintable() or "#" in typed.text:
        raise strange(text, typed)
    if not typed.text:
        raise UserError("an expression is missing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names_alone = WORDS.sub(lambda word: word[0].swapcase(), typed.text)
            found = ast.parse(f"{names_alone}\n", mode="eval").body  # without a line end, what is missing has no column
    except SyntaxError as error:
        raise at_column(text, typed.column((error.offset or 1) - 1), plain(error.msg)) from None
    except (ValueError, MemoryError, RecursionError):
        raise UserError(f"'{shorten(text)}' is nested too deeply, or has too many terms or too long a number") from None
    if names_alone != typed.text:
        restore(found, typed.text)
    return found


def strange(text: str, typed: Spelled) -> UserError:
    """An error that points at the first character that stands in no expression."""
    for at, char in enumerate(typed.text):
        if not char.isascii() or not char.isprintable() or char == "#":
            shown = f"'{char}'" if char.isprintable() else ascii(char)
            shown += f" ({unicodedata.name(char, 'unnamed').capitalize()})" if char.isalpha() else ""
            shown += "; write its name, as in lambda_mem" if char == "λ" else ""
            return at_column(text, typed.column(at), f"unexpected character {shown}")
    raise ValueError(text)


def restore(node: ast.expr, text: str) -> None:
    """Put the names of a tree back to how they stand in the text."""
    for part in ast.walk(node):
        match part:
            case ast.Name():
                part.id = source(text, part)
            case ast.Attribute():
                part.attr = source(text, part)[-len(part.attr) :]
            case ast.keyword(arg=str(arg)):
                part.arg = text.strip()[part.col_offset : part.col_offset + len(arg)]


def source(text: str, node: ast.expr) -> str:
    """The characters that `node` was read from: those of one line of ASCII, which needs no search for its lines."""
    return text.strip()[node.col_offset : node.end_col_offset]


def plain(message: str) -> str:
    """Python's syntax message, without advice that only makes sense in a program."""
    if "decimal literal" in message:
        return "a number runs into a name; a product is written with *"
    return message.split(" (")[0].split(". ")[0] if "invalid syntax" not in message else "not a valid expression"


@dataclass(frozen=True, slots=True)
class Scanner:
    """Python's syntax tree of a text -> our tree; every kind of syntax that is not named here is refused.

    Args:
        text: as it was typed.
        typed: the same in a program's spelling, which the tree is of.
    """

    text: str
    typed: Spelled

    def refuse(self, node: ast.AST, reason: str) -> UserError:
        """An error that points at `node`."""
        return at_column(self.text, self.column(node), reason)

    def column(self, node: ast.AST) -> int:
        """Where `node` was typed."""
        return self.typed.column(getattr(node, "col_offset", 0))

    def node(self, node: ast.expr, depth: int = 0) -> Node:
        """The tree of `node`."""
        if depth > MAX_DEPTH:
            raise self.refuse(node, f"nested more than {MAX_DEPTH} deep")
        column = self.column(node)
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
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.FloorDiv()):
                return self.product(node, depth)
            case ast.IfExp(body=body, orelse=orelse):
                cases = " or ".join(shorten(source(self.typed.text, one), 30) for one in (body, orelse))
                raise self.refuse(node, f"conditions are not evaluated; write the case that is meant: {cases}")
            case ast.Call(func=func, args=args, keywords=keywords) if (name := dotted(func)) is not None:
                arguments = tuple(self.node(argument, depth + 1) for argument in args)
                named = tuple((word.arg or "**", self.node(word.value, depth + 1)) for word in keywords)
                return Call(CALLED.get(name, name), arguments, named, column=column)
            case ast.Subscript(value=of, slice=ast.Constant(value=str(key))) if key.isidentifier() and dotted(of):
                return Name(f"{dotted(of)}.{key}", column=column)  # config["hidden_size"]
        raise self.refuse(node, ALLOWED)

    def sum(self, node: ast.expr, depth: int) -> Node:
        """`a + b - c ...`: a long chain nests to the left and is not deep."""
        last: list[Node] = []
        column = self.column(node)
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            term = self.node(node.right, depth + 1)
            last.append(term if isinstance(node.op, ast.Add) else negative(term, term.column))
            node = node.left
        return Sum((self.node(node, depth + 1), *reversed(last)), column=column)

    def product(self, node: ast.expr, depth: int) -> Node:
        """`a * b / c ...`, likewise."""
        links: list[ast.BinOp] = []
        column = self.column(node)
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv):
            links.append(node)
            node = node.left
        value = self.node(node, depth + 1)
        for link in reversed(links):
            right = self.node(link.right, depth + 1)
            if not isinstance(link.op, ast.Mult):
                right = self.grouped(right, "(", link.left.end_col_offset, link.right.col_offset)
            match link.op:
                case ast.Mult():
                    value = Product(value, right, column=column)
                case ast.Div():
                    value = Ratio(value, right, column=column)
                case _:
                    value = Call(FLOOR, (value, right), column=column)
        return value

    def power(self, node: ast.BinOp, depth: int) -> Node:
        """A whole power, a negative one as 1 over the positive one; or a root."""
        column = self.column(node)
        exponent = self.node(node.right, depth + 1)
        base = self.grouped(self.node(node.left, depth + 1), ")", node.left.end_col_offset, node.right.col_offset)
        number = fold(exponent, lambda one, parts: constant(Formula(self.text, exponent), one, parts))
        if number.denominator > MAX_ROOT:
            raise self.refuse(node.right, NOT_WHOLE)
        if number.denominator > 1:
            base = Call(ROOT, (base, Number(number.denominator, column=exponent.column)), column=column)
        power = number.numerator
        if abs(power) < 2:
            positive = base if power else Ratio(base, base, column=column)
        else:
            positive = Power(base, abs(power), column=column)
        return Ratio(Number(1, column=column), positive, column=column) if power < 0 else positive

    def grouped(self, node: Node, mark: str, start: int | None, end: int) -> Node:
        """A word with a parenthesis between these places, as a sum of itself: `(BD)**2` is not `BD**2`."""
        word = node.base if isinstance(node, Power) else node  # `/(BS²)` is no more ambiguous than `/(BS)`
        run_together = isinstance(word, Call) or (isinstance(word, Name) and len(word.name) > 1)
        if run_together and mark in self.typed.text[start:end]:
            return Sum((node,), column=node.column)
        return node

    def literal(self, node: ast.Constant) -> Rational:
        """A number exactly as written: 0.1 is 1/10."""
        written = source(self.typed.text, node).replace("_", "")
        if "e" in written.lower() and not written.lower().startswith("0x"):
            _, _, power = written.lower().partition("e")
            if len(power) > 4 or abs(int(power)) > MAX_DIGITS:
                raise self.refuse(node, TOO_LONG)
        try:
            value = Fraction(written)
        except ValueError:
            raise self.refuse(node, f"'{shorten(written)}' is not a decimal number") from None
        if value.numerator >= LARGEST or value.denominator >= LARGEST:
            raise self.refuse(node, TOO_LONG)
        return value.numerator if value.denominator == 1 else value


def dotted(node: ast.expr) -> str | None:
    """`flops.forward` as written, None for anything else than names and dots."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def constant(formula: Formula, node: Node, parts: tuple[Fraction, ...]) -> Fraction:
    """A step of the value of an exponent, in which no name may stand."""
    match node:
        case Number(value):
            return Fraction(value)
        case Sum():
            found = sum(parts, Fraction(0))
        case Product():
            found = parts[0] * parts[1]
        case Ratio(_, below):
            if not parts[1]:
                raise formula.refuse(below, "division by zero")
            found = parts[0] / parts[1]
        case Power(_, exponent):
            check_power(formula, node, parts[0], exponent)
            found = parts[0] ** exponent
        case _:
            raise formula.refuse(node, NOT_WHOLE)
    if abs(found.numerator) >= LARGEST or found.denominator >= LARGEST:
        raise formula.refuse(node, TOO_LONG)
    return found


def check_power(formula: Formula, node: Node, base: Rational, exponent: int) -> None:
    """Refuse a power of a number that would be too long, without computing it."""
    bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
    if bits * exponent > 2 * LARGEST.bit_length():
        raise formula.refuse(node, TOO_LONG)
