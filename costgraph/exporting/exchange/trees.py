"""Expression trees as nested lists and back: `["max", ["*", {"symbol": "B"}, {"symbol": "S"}], "12"]`."""

from __future__ import annotations

from typing import Any

from costgraph.algebra.expression import FUNCTIONS, Call, Name, Node, Number, Power, Product, Ratio, Sum
from costgraph.errors import shorten
from costgraph.exporting.exchange.document import MAX_POWER, Place

MAX_DEPTH = 60
MAX_PARTS = 5000  # of one document: what walks over a tree costs its size times its depth


def tree(node: Node) -> Any:
    """A number is text, a symbol an object, an operation a list that starts with its name."""
    match node:
        case Number(value):
            return str(value) if value.denominator == 1 else ["/", str(value.numerator), str(value.denominator)]
        case Name(name):
            return {"symbol": name}
        case Sum(parts):
            return ["+", *map(tree, parts)]
        case Product(left, right):
            return ["*", tree(left), tree(right)]
        case Ratio(above, below):
            return ["/", tree(above), tree(below)]
        case Power(base, exponent):
            return ["**", tree(base), str(exponent)]
        case Call(function, parts):
            return [function, *map(tree, parts)]
    raise TypeError(node)


def node(at: Place, depth: int = 0) -> Node:
    """An expression tree.

    Raises:
        UserError: what stands there is none, or it is too deep.
    """
    if depth > MAX_DEPTH:
        at.refuse(f"nested more than {MAX_DEPTH} deep")
    if isinstance(at.value, str):
        number = at.number()
        return Number(number) if isinstance(number, int) else at.refuse('a fraction is written ["/", "5", "2"]')
    if isinstance(at.value, dict):
        return Name(at.text("symbol"))
    if not isinstance(at.value, list) or len(at.value) < 2 or not isinstance(at.value[0], str):
        at.refuse('must be a number as text, {"symbol": ...} or [operation, part, ...]')
    operation, parts = at.value[0], at.parts()[1:]
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


def size(value: Any) -> int:
    """The number of parts of a tree that has been parsed from JSON, without recursion."""
    count, waiting = 0, [value]
    while waiting:
        count += 1
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
    return count
