"""What a form is to a program: a small tree of numbers, symbols, sums, products, one division at a time, and functions.

Equal subtrees are equal values, which is how common subexpressions are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import ceil, floor, isqrt, sqrt
from operator import add, mul

from costgraph.algebra.symbols import Rational, in_order
from costgraph.errors import UserError

FUNCTIONS = ("max", "min", "ceil", "floor", "sqrt")


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number; a fraction is a `Ratio` of two."""

    value: int


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol, or a common subexpression that has been given a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Two or more terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Two factors; longer products lean to the left, so that shared beginnings are shared subtrees."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ratio:
    """One division."""

    above: Node
    below: Node


@dataclass(frozen=True, slots=True)
class Power:
    """A whole power of at least 2."""

    base: Node
    exponent: int


@dataclass(frozen=True, slots=True)
class Call:
    """One of `FUNCTIONS`."""

    function: str
    arguments: tuple[Node, ...]


Node = Number | Name | Sum | Product | Ratio | Power | Call


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node."""
    match node:
        case Sum(parts) | Call(_, parts):
            return parts
        case Product(left, right) | Ratio(left, right):
            return left, right
        case Power(base, _):
            return (base,)
    return ()


def with_children(node: Node, new: tuple[Node, ...]) -> Node:
    """The same kind of node with other parts."""
    match node:
        case Sum():
            return Sum(new)
        case Call(function):
            return Call(function, new)
        case Product():
            return Product(*new)
        case Ratio():
            return Ratio(*new)
        case Power(_, exponent):
            return Power(new[0], exponent)
    return node


def walk(node: Node) -> Iterable[Node]:
    """The node and everything in it, parts first."""
    for child in children(node):
        yield from walk(child)
    yield node


def names(nodes: Iterable[Node]) -> list[str]:
    """The symbols that occur, in the order of the table; unknown ones last, by name."""
    return in_order({part.name for node in nodes for part in walk(node) if isinstance(part, Name)})


# --- exact values -----------------------------------------------------------------------------------------------------


def evaluate(node: Node, sizes: Mapping[str, Rational]) -> Fraction:
    """The exact value at `sizes`.

    Raises:
        UserError: a square root that is not rational there, or a division by zero.
    """
    match node:
        case Number(value):
            return Fraction(value)
        case Name(name):
            return Fraction(sizes[name])
        case Sum(terms):
            return sum((evaluate(term, sizes) for term in terms), Fraction(0))
        case Product(left, right):
            return evaluate(left, sizes) * evaluate(right, sizes)
        case Ratio(above, below):
            divisor = evaluate(below, sizes)
            if not divisor:
                raise UserError("division by zero at " + ", ".join(f"{k}={v}" for k, v in sizes.items()))
            return evaluate(above, sizes) / divisor
        case Power(base, exponent):
            return evaluate(base, sizes) ** exponent
        case Call(function, arguments):
            return apply(function, [evaluate(argument, sizes) for argument in arguments])
    raise TypeError(node)


def apply(function: str, values: list[Fraction]) -> Fraction:
    """One of `FUNCTIONS`, exactly."""
    match function:
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "ceil":
            return Fraction(ceil(values[0]))
        case "floor":
            return Fraction(floor(values[0]))
    (value,) = values
    root = Fraction(isqrt(abs(value.numerator)), isqrt(value.denominator))
    if value < 0 or root * root != value:
        raise UserError(f"the square root of {value} is not rational")
    return root


def rounded(node: Node, sizes: Mapping[str, float]) -> float:
    """The value as generated code computes it: in doubles, every operation rounded; the same bits on every machine.

    Raises:
        ArithmeticError, ValueError: a step is out of the range of doubles, or the root of a negative number.
    """
    parts = [rounded(child, sizes) for child in children(node)]
    match node:
        case Number(value):
            return float(value)
        case Name(name):
            return sizes[name]
        case Sum():
            return reduce(add, parts)  # from Python 3.12 on, `sum` makes up for what it rounds
        case Product():
            return parts[0] * parts[1]
        case Ratio():
            return parts[0] / parts[1]
        case Power(_, exponent):
            return reduce(mul, parts * exponent)  # what pow gives differs from machine to machine
        case Call(function):
            return ROUNDED[function](parts)
    raise TypeError(node)


ROUNDED: dict[str, Callable[[list[float]], float]] = {
    "max": max,
    "min": min,
    "ceil": lambda parts: float(ceil(parts[0])),
    "floor": lambda parts: float(floor(parts[0])),
    "sqrt": lambda parts: sqrt(parts[0]),
}
