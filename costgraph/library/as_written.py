"""A formula as its author wrote it: the same grouping and order of terms, in the table's symbols and any style."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from costgraph.algebra.parser import tree
from costgraph.algebra.printers import PYTHON, Style

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4  # how tightly the outermost operation of a text binds
Summand = tuple[int, ast.expr, Mapping[str, str]]  # its sign, the term, and what its letters stand for


def as_written(text: str, letters: Mapping[str, str], style: Style = PYTHON) -> str:
    """`text` with its letters replaced by what they stand for, and nothing else changed but sums such as S - n + n.

    Raises:
        UserError: not an expression.
    """
    return shown(tree(text), letters, style)[0]


def shown(node: ast.expr, letters: Mapping[str, str], style: Style) -> tuple[str, int]:
    """The text of `node`, and how tightly it binds."""
    match node:
        case ast.Name(id=name) if name in letters and letters[name] != name:
            return shown(tree(letters[name]), {}, style)
        case ast.Name(id=name):
            return style.symbol(name), ATOM
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return style.power(held(shown(left, letters, style), ATOM, style), exponent), POWER
        case ast.BinOp(op=ast.Add() | ast.Sub()) if len(kept := left_over(node, letters)) == 1 and kept[0][0] > 0:
            return shown(*kept[0][1:], style)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
            inside = held(shown(right, letters, style), SUM if isinstance(sign, ast.Add) else PRODUCT, style)
            written = style.plus if isinstance(sign, ast.Add) else style.minus
            return shown(left, letters, style)[0] + written + inside, SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            parts = [held(shown(side, letters, style), PRODUCT, style) for side in (left, right)]
            unclear = begins_with_number(right) or ("/" in parts[0] and not style.stacked)
            return (style.dot if unclear else style.times).join(parts), PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return fraction(shown(left, letters, style), shown(right, letters, style), style)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return style.negative + held(shown(operand, letters, style), PRODUCT, style), SUM
    return style.number(ast.unparse(node)), ATOM


def summands(node: ast.expr, letters: Mapping[str, str], sign: int = 1) -> Iterator[Summand]:
    """The terms of a sum, letters that stand for sums opened."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operation, right=right):
            yield from summands(left, letters, sign)
            yield from summands(right, letters, sign if isinstance(operation, ast.Add) else -sign)
        case ast.Name(id=name) if name in letters and letters[name] != name:
            yield from summands(tree(letters[name]), {}, sign)
        case _:
            yield sign, node, letters


def left_over(node: ast.expr, letters: Mapping[str, str]) -> list[Summand]:
    """The terms of a sum without those that another one takes away."""
    kept: list[Summand] = []
    for sign, term, meaning in summands(node, letters):
        text = shown(term, meaning, PYTHON)
        opposite = next((one for one in kept if one[0] == -sign and shown(*one[1:], PYTHON) == text), None)
        if opposite:
            kept.remove(opposite)
        else:
            kept.append((sign, term, meaning))
    return kept


def begins_with_number(node: ast.expr) -> bool:
    """Whether a factor would be read as part of a number in front of it."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Pow):
        node = node.left
    return isinstance(node, ast.Constant)


def fraction(above: tuple[str, int], below: tuple[str, int], style: Style) -> tuple[str, int]:
    """A fraction on one line, or one above the other."""
    if style.fraction("a", "b", False) != "a/b":
        return style.fraction(above[0], below[0], False), ATOM
    return f"{held(above, PRODUCT, style)}/{held(below, POWER, style)}", PRODUCT


def held(part: tuple[str, int], binding: int, style: Style) -> str:
    """A text in parentheses if it binds less tightly than `binding`."""
    return part[0] if part[1] >= binding else f"{style.open}{part[0]}{style.close}"
