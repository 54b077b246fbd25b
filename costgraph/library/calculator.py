"""Arithmetic over named quantities: what entries of the literature and `costgraph check` are written in.

The parser's expressions, with names for derived forms and given numbers, units as factors (`GiB`, `ms`), and a few
functions: `solve(form, S)` for the root of a form that is linear in a symbol, `limit(form, T)` for a true limit,
`at(form, E, 4)` for a substitution, and of numbers floor, ceil, min, max, sqrt and log10.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb

from costgraph.algebra.parser import MAX_TERMS, Reader, tree
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.errors import UserError, shorten, unknown

SCALES: dict[str, Rational] = {
    **{f"{prefix}{unit}": 1000**power for unit in ("B", "FLOP") for power, prefix in enumerate("KMGTPE", 1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTPE", 1)},
    **dict.fromkeys(("byte", "FLOP", "second"), 1),
    "ms": Fraction(1, 1000),
    "us": Fraction(1, 10**6),
    "percent": Fraction(1, 100),
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
}
UNITS: dict[str, Quotient] = {name: Quotient(value) for name, value in SCALES.items()}
NUMERIC = ("floor", "ceil", "min", "max", "sqrt", "log10")
FUNCTIONS = (*NUMERIC, "solve", "limit", "at")


def scale_of(unit: str) -> Rational:
    """The factor in front of a unit: 10^9 for `GB/token`, 2^30 for `GiB`, 1/100 for `%`, 1 for `token`."""
    return SCALES.get("percent" if unit == "%" else unit.partition("/")[0].partition(" ")[0], 1)


@dataclass(frozen=True)
class Calculator(Reader):
    """Reads one expression in which the names of `names` stand for what they map to."""

    names: Mapping[str, Quotient] = field(default_factory=dict)

    def quotient(self, node: ast.expr, depth: int = 0) -> Quotient:
        """The value of `node`."""
        match node:
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.Name(id=name) if name in UNITS:
                return UNITS[name]
            case ast.Name(id=name) if name not in SYMBOLS:
                raise self.refuse(node, str(unknown("symbol", name, dict.fromkeys((*self.names, *SYMBOLS)))))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in FUNCTIONS:
                    raise self.refuse(node, str(unknown("function", name, FUNCTIONS)))
                return self.called(node, name, args, depth + 1)
        return super().quotient(node, depth)

    def called(self, node: ast.Call, name: str, args: list[ast.expr], depth: int) -> Quotient:
        """The value of a function."""
        wanted = {"solve": 2, "limit": 2, "at": 3, "min": len(args), "max": len(args)}.get(name, 1)
        if len(args) != wanted or not args or any(isinstance(arg, ast.Starred) for arg in args):
            raise self.refuse(node, f"{name} takes {wanted or 'at least 1'} argument{'s' * (wanted != 1)}")
        if name not in NUMERIC:
            return self.of_form(node, name, self.quotient(args[0], depth), args[1:], depth)
        numbers = [self.quotient(arg, depth).number for arg in args]
        if any(number is None for number in numbers):
            raise self.refuse(node, f"{name} is for numbers; a symbol is left in its argument")
        return Quotient(numeric(name, [Fraction(number) for number in numbers if number is not None]))

    def of_form(self, node: ast.Call, name: str, form: Quotient, args: list[ast.expr], depth: int) -> Quotient:
        """The root, the limit or the substitution of a form."""
        symbol = args[0]
        if not isinstance(symbol, ast.Name) or symbol.id not in SYMBOLS:
            raise self.refuse(symbol, f"{name} needs a symbol here")
        if name == "limit":
            return form.at_infinity(symbol.id)
        if name == "at":
            value = self.quotient(args[1], depth)
            terms, power = (
                len(value.numerator) + len(value.denominator),
                max(map(abs, exponents(form, symbol.id))),
            )
            if comb(terms + power, power) * (len(form.numerator) + len(form.denominator)) > MAX_TERMS:
                raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
            return self.bounded(node, replaced(form, symbol.id, value))
        roots = linear_root(form.numerator, symbol.id)
        if roots is None:
            raise self.refuse(node, f"the form is not linear in {symbol.id}")
        return roots


def numeric(name: str, values: list[Fraction]) -> Rational:
    """A function of numbers; exact but for sqrt and log10."""
    match name:
        case "floor":
            return math.floor(values[0])
        case "ceil":
            return math.ceil(values[0])
        case "min":
            return min(values)
        case "max":
            return max(values)
    if values[0] < 0 or (name == "log10" and not values[0]):
        raise UserError(f"{name} of {values[0]} is not a number")
    root = Fraction(math.isqrt(values[0].numerator), math.isqrt(values[0].denominator)) if values[0] else Fraction(0)
    if name == "sqrt":
        return root if root**2 == values[0] else Fraction(math.isqrt(int(values[0] * 10**40)), 10**20)
    return Fraction(math.log10(values[0].numerator) - math.log10(values[0].denominator))


def linear_root(side: Polynomial, name: str) -> Quotient | None:
    """Where a sum that is linear in the symbol `name` vanishes; None if it is not linear."""
    if not side.exponents(name) <= {0, 1} or 1 not in side.exponents(name):
        return None
    zero = side.substitute({name: Polynomial.constant(0)})
    slope = side.substitute({name: Polynomial.constant(1)}) - zero
    return Quotient(-zero, slope)


def replaced(form: Quotient, name: str, value: Quotient) -> Quotient:
    """`form` with a symbol replaced by a quotient."""
    if value.is_polynomial and (value.numerator.is_monomial or min(exponents(form, name)) >= 0):
        return form.substitute({name: value.numerator})
    sides = []
    for side in (form.numerator, form.denominator):
        total = Quotient(0)
        for power, coefficient in side.collect(name).items():
            total = total + Quotient(coefficient) * value**power
        sides.append(total)
    return sides[0] / sides[1]


def size(form: Quotient) -> int:
    """The number of terms above and below the line."""
    return len(form.numerator) + len(form.denominator)


def exponents(form: Quotient, name: str) -> set[int]:
    """The powers of a symbol above and below the line."""
    return form.numerator.exponents(name) | form.denominator.exponents(name) | {0}


def calculate(text: str, names: Mapping[str, Quotient] | None = None) -> Quotient:
    """The value of an expression.

    Raises:
        UserError: not an expression, or a name that nothing defines; with the column.
    """
    return Calculator(text, names or {}).quotient(tree(text))


SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
Comparison = tuple[Quotient, str, Quotient]


def holds(text: str, names: Mapping[str, Quotient] | None = None) -> bool:
    """Whether a claim such as `cache < weights` is true; `==` is for forms, the others are for numbers.

    Raises:
        UserError: not a comparison, or symbols are left where numbers are needed.
    """
    return all(true(*comparison) for comparison in comparisons(text, names))


def comparisons(text: str, names: Mapping[str, Quotient] | None = None) -> list[Comparison]:
    """The comparisons of a claim, joined by `and` or in a chain, with both sides evaluated.

    Raises:
        UserError: not a comparison, or symbols are left where numbers are needed.
    """
    node = tree(text)
    reader = Calculator(text, names or {})
    found: list[Comparison] = []
    for part in node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]:
        if not isinstance(part, ast.Compare):
            raise reader.refuse(part, "write a comparison, such as a < b or a == b")
        sides = [reader.quotient(side) for side in (part.left, *part.comparators)]
        for sign, left, right in zip(part.ops, sides, sides[1:], strict=False):
            if type(sign) not in SIGNS:
                raise reader.refuse(part, f"compare with {', '.join(SIGNS.values())}")
            if not isinstance(sign, ast.Eq | ast.NotEq) and (left.number is None or right.number is None):
                raise reader.refuse(part, f"symbols are left in '{shorten(text)}'; give them numbers")
            found.append((left, SIGNS[type(sign)], right))
    return found


def true(left: Quotient, sign: str, right: Quotient) -> bool:
    """Whether one comparison is true."""
    if sign in ("==", "!="):
        return (left == right) == (sign == "==")
    a, b = left.number or 0, right.number or 0
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
