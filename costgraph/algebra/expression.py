"""Formulas as trees: what is no polynomial (a maximum, a rounding up), what a user typed, what a program computes.

Numbers, names, sums, products, one division at a time, whole powers and functions. Equal subtrees are equal values,
which is how common subexpressions are found. A tree that was read from text knows the column of every part.
Trees may be as deep as a long product has factors, so nothing here recurses: every walk is a `fold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from functools import reduce
from math import ceil, floor, isqrt, sqrt
from operator import add, mul
from typing import TypeVar

from costgraph.algebra.symbols import Rational, in_order
from costgraph.errors import UserError
from costgraph.records import dataclass

T = TypeVar("T")
FUNCTIONS = ("max", "min", "ceil", "floor", "sqrt")


@dataclass(frozen=True, slots=True)
class Number:
    """A number; to a program a fraction is a `Ratio` of two whole ones."""

    value: Rational
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol, the name of a measure, or a common subexpression that has been given a name."""

    name: str
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Sum:
    """Two or more terms; what is subtracted is a product with -1. A single one is in parentheses that were typed."""

    terms: tuple[Node, ...]
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Product:
    """Two factors; longer products lean to the left, so that shared beginnings are shared subtrees."""

    left: Node
    right: Node
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One division."""

    above: Node
    below: Node
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Power:
    """A whole power of at least 2."""

    base: Node
    exponent: int
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments: one of `FUNCTIONS`, or what the place where it was typed understands.

    `options` are arguments by name, such as `p=2`. The function of a floor division that was typed is `//`.
    """

    function: str
    arguments: tuple[Node, ...]
    options: tuple[tuple[str, Node], ...] = ()
    column: int = field(default=0, compare=False, repr=False, kw_only=True)


Node = Number | Name | Sum | Product | Ratio | Power | Call


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node."""
    match node:
        case Sum(parts):
            return parts
        case Call(_, parts, options):
            return (*parts, *(value for _, value in options)) if options else parts
        case Product(left, right) | Ratio(left, right):
            return left, right
        case Power(base, _):
            return (base,)
    return ()


def with_children(node: Node, new: tuple[Node, ...]) -> Node:
    """The same kind of node with other parts."""
    match node:
        case Sum():
            return Sum(new, column=node.column)
        case Call(function, arguments, options):
            named = zip((name for name, _ in options), new[len(arguments) :], strict=True)
            return Call(function, new[: len(arguments)], tuple(named), column=node.column)
        case Product():
            return Product(*new, column=node.column)
        case Ratio():
            return Ratio(*new, column=node.column)
        case Power(_, exponent):
            return Power(new[0], exponent, column=node.column)
    return node


def negative(node: Node, column: int = 0) -> Node:
    """`-node`."""
    if isinstance(node, Number):
        return Number(-node.value, column=column)
    return Product(node, Number(-1, column=column), column=column)


def negated(node: Node) -> Node | None:
    """The opposite of a term that is written with a minus sign, else None."""
    match node:
        case Number(value) if value < 0:
            return Number(-value)
        case Product(left, Number(value)) if value < 0:
            return left if value == -1 else Product(left, Number(-value))
        case Ratio(above, below) if (positive := negated(above)) is not None:
            return Ratio(positive, below)
    return None


# --- walking ----------------------------------------------------------------------------------------------------------


def fold(root: Node, step: Callable[[Node, tuple[T, ...]], T], whole: Callable[[Node], T | None] | None = None) -> T:
    """The value of a tree, computed parts first.

    Args:
        root: the tree.
        step: a node and the values of its parts -> its value.
        whole: asked first; where it returns a value, the parts of that node are not looked at.
    """
    values: list[T] = []
    todo: list[tuple[Node, tuple[Node, ...] | None]] = [(root, None)]
    while todo:
        node, parts = todo.pop()
        if parts is None:
            if whole is not None and (value := whole(node)) is not None:
                values.append(value)
                continue
            parts = children(node)
            if parts:
                todo.append((node, parts))
                todo.extend((part, None) for part in reversed(parts))
                continue
        at = len(values) - len(parts)
        values[at:] = [step(node, tuple(values[at:]))]
    return values[0]


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it, parts first."""
    done: list[Node] = []
    todo = [node]
    while todo:
        done.append(last := todo.pop())
        todo.extend(children(last))
    return reversed(done)


def replaced(root: Node, instead: Mapping[str, Node]) -> Node:
    """The tree with other trees in place of some names."""

    def step(node: Node, parts: tuple[Node, ...]) -> Node:
        if isinstance(node, Name):
            return instead.get(node.name, node)
        return with_children(node, parts)

    return fold(root, step)


def names(nodes: Iterable[Node]) -> list[str]:
    """The symbols that occur, in the order of the table; unknown ones last, by name."""
    return in_order({part.name for node in nodes for part in walk(node) if isinstance(part, Name)})


# --- values -----------------------------------------------------------------------------------------------------------


def evaluate(node: Node, sizes: Mapping[str, Rational]) -> Fraction:
    """The exact value at `sizes`.

    Raises:
        UserError: a square root that is not rational there, or a division by zero.
    """

    def step(node: Node, parts: tuple[Fraction, ...]) -> Fraction:
        match node:
            case Number(value):
                return Fraction(value)
            case Name(name):
                return Fraction(sizes[name])
            case Sum():
                return sum(parts, Fraction(0))
            case Product():
                return parts[0] * parts[1]
            case Ratio():
                if not parts[1]:
                    raise UserError("division by zero at " + ", ".join(f"{k}={v}" for k, v in sizes.items()))
                return parts[0] / parts[1]
            case Power(_, exponent):
                return parts[0] ** exponent
            case Call(function):
                return apply(function, parts)
        raise TypeError(node)

    return fold(node, step)


def apply(function: str, values: tuple[Fraction, ...]) -> Fraction:
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
        case "//":
            return Fraction(values[0] // values[1])
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

    def step(node: Node, parts: tuple[float, ...]) -> float:
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

    return fold(node, step)


ROUNDED: dict[str, Callable[[tuple[float, ...]], float]] = {
    "max": max,
    "min": min,
    "ceil": lambda parts: float(ceil(parts[0])),
    "floor": lambda parts: float(floor(parts[0])),
    "sqrt": lambda parts: sqrt(parts[0]),
}
