"""What `int(...)`, `round(...)` and `float(...)` do to a formula: nothing to what is whole, and `//` to a quotient."""

from __future__ import annotations

import ast
from math import gcd

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import UnreadError

ROUNDING = ("int", "round", "int32", "int64")
THROUGH = (*ROUNDING, "float", "float64", "float32")  # which leave a count of FLOPs or bytes as it is


def passed(name: str, value: ast.expr, call: ast.Call) -> ast.expr:
    """What a call to one of `THROUGH` gives; sizes are whole numbers.

    Raises:
        UnreadError: it rounds what need not be whole.
    """
    digits = call.args[1] if len(call.args) > 1 else None
    digits = next((one.value for one in call.keywords if one.arg == "ndigits"), digits)
    no_digits = digits is None or (isinstance(digits, ast.Constant) and digits.value in (None, 0))
    to_places = isinstance(digits, ast.Constant) and isinstance(digits.value, int) and digits.value > 0
    if name not in ROUNDING or (is_whole(value) and (no_digits or to_places)):
        return value
    match value:
        case ast.BinOp(left=left, op=ast.Div(), right=right) if no_digits and is_whole(left) and is_whole(right):
            return ast.BinOp(left, ast.FloorDiv(), right)
    raise UnreadError(f"'{shorten(ast.unparse(call), 60)}' rounds what need not be whole")


def is_whole(node: ast.expr) -> bool:
    """Whether an expression is a whole number wherever its names are."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and value == value // 1
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv(), right=right):
            return is_whole(left) and is_whole(right)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)):
            return is_whole(left) and power >= 0
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=int() | float() as by)):
            return is_whole(left) and by != 0 and factor(left) % by == 0
        case ast.UnaryOp(operand=operand):
            return is_whole(operand)
        case ast.Call(args=args):  # max and min
            return all(map(is_whole, args))
    return isinstance(node, ast.Name | ast.Attribute)


def factor(node: ast.expr) -> int:
    """A whole number that divides a whole expression."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return int(value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return factor(left) * factor(right)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return gcd(factor(left), factor(right))
        case ast.UnaryOp(operand=operand):
            return factor(operand)
    return 1
