"""What a form is to a program: a small tree of numbers, symbols, sums, products, one division at a time, and functions.

Closed forms arrive here in the shape they are written in, sympy expressions (which may hold Max, ceiling, floor and
square roots) node by node. Equal subtrees are equal values, which is how common subexpressions are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from math import ceil, floor, isqrt
from typing import TYPE_CHECKING

from costgraph import shapes
from costgraph.errors import UserError
from costgraph.polynomial import NAMES, Polynomial
from costgraph.quotient import Quotient
from costgraph.symbols import INDEX, Rational

if TYPE_CHECKING:
    import sympy

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


def walk(node: Node) -> Iterable[Node]:
    """The node and everything in it, parts first."""
    for child in children(node):
        yield from walk(child)
    yield node


def names(nodes: Iterable[Node]) -> list[str]:
    """The symbols that occur, in the order of the table; unknown ones last, by name."""
    found = {part.name for node in nodes for part in walk(node) if isinstance(part, Name)}
    return sorted(found, key=lambda name: (INDEX.get(name, len(INDEX)), name))


# --- from forms -------------------------------------------------------------------------------------------------------


def from_quotient(value: Quotient, shape: str = "auto") -> Node:
    """An exact form in one of `shapes.SHAPES`.

    Raises:
        UserError: the form grows without bound.
    """
    if value.is_infinite:
        raise UserError("the form grows without bound (oo): there is no number to compute")
    above = from_sum(shapes.write(value.numerator, shape))
    return above if value.is_polynomial else Ratio(above, from_sum(shapes.write(value.denominator, shape)))


def from_sum(written: shapes.Sum) -> Node:
    """A written sum."""
    return add([from_product(part) for part in written.products])


def from_product(part: shapes.Product) -> Node:
    """A written product: symbols, sums, then the coefficient, over at most one divisor."""
    ((exponents, coefficient),) = part.monomial.terms.items()
    powers = list(zip(NAMES, exponents, strict=True))
    above = [power(Name(name), e) for name, e in powers if e > 0] + [from_sum(s) for s in part.sums]
    below = [power(Name(name), -e) for name, e in powers if e < 0]
    return fraction(coefficient, above, below)


def fraction(coefficient: Rational, above: list[Node], below: list[Node]) -> Node:
    """`coefficient * above / below` with one division, the numbers behind the symbols."""
    top = multiply([*above, *([Number(coefficient.numerator)] if coefficient.numerator != 1 or not above else [])])
    if coefficient.denominator != 1:
        below = [*below, Number(coefficient.denominator)]
    return Ratio(top, multiply(below)) if below else top


def add(terms: list[Node]) -> Node:
    """A sum; 0 for none, the term itself for one."""
    if len(terms) > 1:
        return Sum(tuple(terms))
    return terms[0] if terms else Number(0)


def multiply(factors: list[Node]) -> Node:
    """A product, leaning to the left."""
    return reduce(Product, factors)


def power(base: Node, exponent: int) -> Node:
    """A whole positive power."""
    return base if exponent == 1 else Power(base, exponent)


# --- from sympy -------------------------------------------------------------------------------------------------------


def from_sympy(expr: sympy.Expr) -> Node:
    """A sympy expression of numbers, symbols, + * / **, Max, Min, ceiling, floor and sqrt.

    Raises:
        UserError: anything else, named.
    """
    import sympy
    from sympy.core.sorting import default_sort_key

    def ordered(parts: Iterable[sympy.Expr]) -> list[sympy.Expr]:
        return sorted(parts, key=default_sort_key)  # the arguments of Max come as a set

    calls = {sympy.Max: "max", sympy.Min: "min", sympy.ceiling: "ceil", sympy.floor: "floor"}
    if isinstance(expr, sympy.Rational):
        return fraction(Fraction(int(expr.p), int(expr.q)), [], [])
    if isinstance(expr, sympy.Symbol):
        return Name(expr.name)
    if isinstance(expr, sympy.Add):
        return add([from_sympy(term) for term in expr.as_ordered_terms()])
    if isinstance(expr, sympy.Mul | sympy.Pow):
        return from_sympy_product(expr)
    for kind, function in calls.items():
        if isinstance(expr, kind):
            return Call(function, tuple(from_sympy(part) for part in ordered(expr.args)))
    if isinstance(expr, sympy.Float):
        raise UserError(f"the form holds the float {expr}; write it as a Rational to keep it exact")
    raise UserError(f"cannot export {type(expr).__name__} ('{expr}'): only + - * / **, max, min, ceil, floor and sqrt")


def from_sympy_product(expr: sympy.Expr) -> Node:
    """A product or power: everything with a negative exponent goes below one line."""
    import sympy

    coefficient = Fraction(1)
    above: list[Node] = []
    below: list[Node] = []
    factors = expr.as_ordered_factors()
    for factor in sorted(factors, key=lambda f: not f.is_Symbol and not (f.is_Pow and f.base.is_Symbol)):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sympy.Rational):
            coefficient *= Fraction(int(factor.p), int(factor.q))
            continue
        if not isinstance(exponent, sympy.Rational) or exponent.q not in (1, 2):
            raise UserError(f"cannot export the power {factor}: exponents are whole numbers or halves")
        root = from_sympy(base) if exponent.q == 1 else Call("sqrt", (from_sympy(base),))
        (above if exponent > 0 else below).append(power(root, abs(int(exponent.p))))
    return fraction(coefficient, above, below)


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


# --- common subexpressions --------------------------------------------------------------------------------------------


def shared(roots: Iterable[Node], prefix: str = "x") -> tuple[list[tuple[str, Node]], list[Node]]:
    """(named parts in the order in which to compute them, the roots in terms of them).

    A compound part gets a name when several others use it, or when it is raised to a power.
    """
    roots = list(roots)
    users: dict[Node, int] = {}
    seen: set[Node] = set()
    for root in roots:
        users[root] = users.get(root, 0) + 1
        for node in walk(root):
            if node not in seen:
                seen.add(node)
                for child in children(node):
                    users[child] = users.get(child, 0) + (2 if isinstance(node, Power) else 1)
    parts: list[tuple[str, Node]] = []

    @cache
    def rewrite(node: Node) -> Node:
        new = with_children(node, tuple(map(rewrite, children(node))))
        if isinstance(node, Number | Name) or users[node] < 2:
            return new
        parts.append((f"{prefix}{len(parts)}", new))
        return Name(parts[-1][0])

    return parts, [rewrite(root) for root in roots]


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


def as_node(form: Quotient | Polynomial | Node | sympy.Expr, shape: str = "auto") -> Node:
    """Whatever holds a form, as a tree."""
    if isinstance(form, Node):
        return form
    if isinstance(form, Polynomial):
        form = Quotient(form)
    return from_quotient(form, shape) if isinstance(form, Quotient) else from_sympy(form)
