"""Trees as text in any style: the grouping and the order of terms stay those of the tree."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, fold
from costgraph.algebra.printers import PYTHON, Style
from costgraph.algebra.symbols import Rational

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4  # how tightly the outermost operation of a text binds


class Written(NamedTuple):
    """A text, how tightly it binds, whether it begins with a number, and whether it would be subtracted.

    Of a negative term `text` is the positive one.
    """

    text: str
    binding: int
    numeric: bool = False
    minus: bool = False


def text(node: Node, style: Style = PYTHON) -> str:
    """The text of a tree."""
    return signed(fold(node, lambda one, parts: written(one, parts, style)), style).text


def signed(part: Written, style: Style) -> Written:
    """The text with its minus sign."""
    return Written(style.negative + held(part, PRODUCT, style), SUM) if part.minus else part


def held(part: Written, binding: int, style: Style) -> str:
    """A text in parentheses if it binds less tightly than `binding`."""
    return part.text if part.binding >= binding else f"{style.open}{part.text}{style.close}"


def written(node: Node, parts: tuple[Written, ...], style: Style) -> Written:
    """One node, its parts written already."""
    match node:
        case Number(value):
            return Written(style.number(decimal(value if value >= 0 else -value)), ATOM, True, value < 0)
        case Name(name):
            return Written(style.symbol(name), ATOM)
        case Sum():
            return sum_of(parts, style)
        case Product(_, Number(-1)):
            return parts[0]._replace(minus=not parts[0].minus)
        case Product():
            left, right = parts[0], signed(parts[1], style)
            unclear = right.numeric or ("/" in left.text and not style.stacked)
            word = isinstance(node.right, Call) and right.text[:1].isalpha()
            apart = style.times or (" " if word else "")  # `S max(S, D)`, not `Smax(S, D)`
            joined = (style.dot if unclear else apart).join(held(part, PRODUCT, style) for part in (left, right))
            return Written(joined, PRODUCT, left.numeric, left.minus)
        case Ratio():
            return ratio(parts[0], signed(parts[1], style), style)
        case Power(_, exponent):
            return Written(style.power(held(signed(parts[0], style), ATOM, style), exponent), POWER, parts[0].numeric)
        case Call("//"):
            return Written(
                f"{held(parts[0], PRODUCT, style)}//{held(signed(parts[1], style), POWER, style)}", PRODUCT, True
            )
        case Call(function, arguments, options):
            named = (f"{name}=" for name, _ in options)
            inside = [signed(part, style).text for part in parts]
            inside[len(arguments) :] = [a + b for a, b in zip(named, inside[len(arguments) :], strict=True)]
            return Written(style.call(function, inside), ATOM)
    raise TypeError(node)


def sum_of(parts: tuple[Written, ...], style: Style) -> Written:
    """`a + b - c`."""
    joined = signed(parts[0], style).text
    for part in parts[1:]:
        inside = PRODUCT if part.text.startswith(style.negative) else SUM  # no two signs side by side
        sign, binding = (style.minus, PRODUCT) if part.minus else (style.plus, inside)
        joined += sign + held(part, binding, style)
    return Written(joined, SUM)


def ratio(above: Written, below: Written, style: Style) -> Written:
    """A fraction on one line, or one above the other."""
    if style.stacked:
        return Written(style.fraction(above.text, below.text, False), ATOM, minus=above.minus)
    line = f"{held(above, PRODUCT, style)}/{held(below, POWER, style)}"
    return Written(line, PRODUCT, above.numeric, above.minus)


def decimal(value: Rational) -> str:
    """A number as a decimal where it is one: 1/2 is 0.5."""
    whole = Fraction(value)
    places = 0
    while (whole * 10**places).denominator != 1 and places < 20:
        places += 1
    scaled = whole * 10**places
    if scaled.denominator != 1:
        return str(whole)
    if not places:
        return str(whole.numerator)
    digits = str(scaled.numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"
