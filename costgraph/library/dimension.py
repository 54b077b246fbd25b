"""The unit of an entry against that of what is derived: bytes are no FLOPs, and FLOPs of a batch are not per token.

A parameter is an element; sequences, devices and the like are counts. Where an element has one byte (p = 1), bytes
count elements. A number has no unit, but takes that of what it is added to.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from costgraph.algebra.parser import parse_bindings, tree
from costgraph.algebra.polynomial import ONE
from costgraph.errors import UserError, shorten, unknown
from costgraph.library.calculator import SCALES
from costgraph.library.entry import Entry, Request
from costgraph.library.evaluation import derivation

Dimension = Mapping[str, int]  # base -> power
BASES = {
    "FLOP": "FLOP", "byte": "byte", "s": "s", "second": "s", "ms": "s", "us": "s", "hour": "s", "day": "s", "year": "s",
    "token": "token", "position": "token", "parameter": "element", "element": "element",
}  # fmt: skip
COUNTS = (
    "",
    "%",
    "log10",
    "sequence",
    "request",
    "device",
    "chip",
    "GPU",
    "layer",
    "head",
    "block",
    "step",
    "microbatch",
)
SCALED = ("thousand", "million", "billion")
SYMBOLS: dict[str, Dimension] = {
    "S": {"token": 1},
    "K": {"token": 1},
    "p": {"byte": 1, "element": -1},
    "N_params": {"element": 1},
    "hbm": {"byte": 1},
    "lambda_flops": {"FLOP": 1, "s": -1},
    "lambda_mem": {"byte": 1, "s": -1},
    "lambda_comms": {"byte": 1, "s": -1},
    "t": {"s": 1},
}


def of_unit(unit: str) -> Dimension:
    """The dimension of a unit such as `GB/token`, `million elements` or `byte sent per device`.

    Raises:
        UserError: a unit that is not known; the message has the nearest.
    """
    above, *below = unit.split("/")
    result = of_name(above)
    for name in below:
        result = product(result, of_name(name), -1)
    return result


def of_name(name: str) -> Dimension:
    """The dimension of one name of a unit, in the singular or in the plural, with a prefix or without."""
    words = name.split()
    if words and words[0] in SCALED:
        words = words[1:]
    plain = words[0] if words else ""
    for known in (plain, plain.removesuffix("s")):
        if known in BASES:
            return {BASES[known]: 1}
        if known in COUNTS:
            return {}
        if known in SCALES:
            return {"FLOP" if known.endswith("FLOP") else "byte": 1}
    raise unknown("unit", plain, [*BASES, *COUNTS[1:], *SCALES])


def product(one: Dimension, other: Dimension, power: int = 1) -> Dimension:
    """`one * other**power`."""
    bases = {*one, *other}
    return {base: n for base in bases if (n := one.get(base, 0) + power * other.get(base, 0))}


def check_unit(entry: Entry) -> None:
    """Raise unless the unit of an entry is that of what is derived; arithmetic of bare numbers has none to compare."""
    stated = of_unit(entry.unit)
    if not (entry.let or entry.derive) or entry.claim:
        return
    units = reader(entry)
    found = units.dimension(tree(entry.derived or "derived"))
    if any(bound.get("p") == ONE for bound in settings(entry)):
        stated, found = (with_one_byte(side) for side in (stated, found))
    if one_token(entry):
        found = product(found, {"token": found.get("token", 0) - stated.get("token", 0)}, -1)
    dropped = units.dimension(tree(entry.constant)) if entry.constant else {}
    if not any(matches(stated, side, entry.unit) for side in (found, product(found, dropped, -1))):
        states = f"unit is '{entry.unit}', but" if entry.unit else "unit is missing:"
        raise UserError(f"{states} what is derived is in {written(found) or 'no unit'}")


def matches(stated: Dimension, found: Dimension, unit: str) -> bool:
    """Whether two dimensions are one; elements are a count, which may go without a name or stand in a quotient."""
    counted = found.get("element", 0) == 1 and len(found) == 1 and "element" not in stated and bool(unit)
    return not counted and without_elements(stated) == without_elements(found)


def without_elements(side: Dimension) -> Dimension:
    """A dimension without the count of elements."""
    return {base: n for base, n in side.items() if base != "element"}


def with_one_byte(side: Dimension) -> Dimension:
    """A dimension in which a byte is an element."""
    rest = {base: n for base, n in side.items() if base != "byte"}
    return product(rest, {"element": side.get("byte", 0)})


def settings(entry: Entry) -> list[Mapping[str, object]]:
    """What the entry and its derivations bind."""
    requests = [*entry.let.values(), *([entry.derive] if entry.derive else [])]
    return [parse_bindings([text]) for text in (entry.at, *(request.limit for request in requests)) if text]


def one_token(entry: Entry) -> bool:
    """Whether a batch of one token is asked for, of which an amount is an amount per token."""
    bound: dict[str, object] = {}
    for setting in settings(entry):
        bound |= setting
    return bound.get("B") == ONE and bound.get("S") == ONE


def written(dimension: Dimension) -> str:
    """A dimension as text: FLOP/byte."""
    above = " ".join(f"{base}{f'^{n}' * (n > 1)}" for base, n in sorted(dimension.items()) if n > 0)
    below = "/".join(f"{base}{f'^{-n}' * (n < -1)}" for base, n in sorted(dimension.items()) if n < 0)
    return f"{above or '1'}/{below}" if below else above


def reader(entry: Entry) -> Units:
    """What knows the dimensions of the names of an entry."""
    requests = dict(entry.let) | ({"derived": entry.derive} if entry.derive and not entry.derive.structure else {})
    known = {name: of_request(request) for name, request in requests.items()}
    units = Units(known, frozenset())
    for name, text in entry.given.items():
        node = tree(text)
        numbers = units.numbers | {name} if units.bare(node) else units.numbers
        units = Units(units.known | {name: units.dimension(node)}, numbers)
    return units


def of_request(request: Request) -> Dimension:
    """The dimension of a measure, or of the elements of a tensor."""
    return {"element": 1} if request.tensor else of_unit(derivation(request).limited[request.measure].unit)


@dataclass(frozen=True)
class Units:
    """Finds the dimension of an expression; what is added must have one dimension."""

    known: dict[str, Dimension]
    numbers: frozenset[str]

    def dimension(self, node: ast.expr) -> Dimension:
        """The dimension of `node`."""
        match node:
            case ast.Name(id=name):
                if name in self.known:
                    return self.known[name]
                return SYMBOLS.get(name) or (of_name(name) if is_unit(name) else {})
            case ast.UnaryOp(operand=operand):
                return self.dimension(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)):
                return product({}, self.dimension(left), power)
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
                return product(self.dimension(left), self.dimension(right), 1 if isinstance(op, ast.Mult) else -1)
            case ast.BinOp(left=left, right=right):
                return self.same(left, right)
            case ast.Call(func=ast.Name(id="solve"), args=[_, symbol]):
                return self.dimension(symbol)
            case ast.Call(func=ast.Name(id="log10" | "sqrt")):
                return {}
            case ast.Call(args=[first, *_]):
                return self.dimension(first)
        return {}

    def same(self, left: ast.expr, right: ast.expr) -> Dimension:
        """The dimension of a sum; a bare number takes that of the other side."""
        sides = [(side, self.dimension(side)) for side in (left, right)]
        named = [(side, found) for side, found in sides if found or not self.bare(side)] or sides
        if any(without_elements(found) != without_elements(named[0][1]) for _, found in named):
            shown = " and ".join(f"'{shorten(ast.unparse(side), 40)}' ({written(d) or 'no unit'})" for side, d in sides)
            raise UserError(f"{shown} cannot be added")
        return named[0][1]

    def bare(self, node: ast.expr) -> bool:
        """Whether an expression has neither symbols nor derivations in it."""
        names = (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        return all(name in SCALES or name in self.numbers for name in names)


def is_unit(name: str) -> bool:
    """Whether a name in an expression is a unit with a prefix."""
    return name in SCALES and name not in (*SCALED, "percent")
