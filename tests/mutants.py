"""Small changes to what an entry of the literature prints: one coefficient, exponent or sign at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from costgraph.library.entry import Entry

FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def mutants(entry: Entry) -> Iterator[tuple[str, Entry]]:
    """Every changed version of an entry, with what was changed."""
    if entry.value:
        for text in numbers(entry.value):
            yield f"{entry.value} -> {text}", replace(entry, value=text)
    if entry.claim:
        for text in comparisons(entry.claim):
            yield text, replace(entry, claim=text)
    if entry.printed:
        for text in expressions(entry.printed):
            yield text, replace(entry, printed=text)
    if entry.structure:
        yield "one more", replace(entry, structure=(*entry.structure, entry.structure[-1]))
        yield (
            "an index or op renamed",
            replace(entry, structure=(*entry.structure[:-1], entry.structure[-1][:-1] + "z")),
        )
    if entry.drops:
        for text in expressions(entry.drops):
            yield f"drops: {text}", replace(entry, drops=text)
    if entry.constant:
        for text in expressions(entry.constant):
            yield f"constant: {text}", replace(entry, constant=text)
    if entry.erratum and isinstance(entry.erratum.right, str) and entry.erratum.right:
        right = entry.erratum.right
        for text in numbers(right) if entry.value else () if entry.claim else expressions(right):
            yield f"right: {text}", replace(entry, erratum=replace(entry.erratum, right=text))


def numbers(text: str) -> Iterator[str]:
    """A printed number with its first or last digit one higher, or with its sign reversed."""
    mantissa, e, power = text.partition("e")
    for at in {next(i for i, c in enumerate(mantissa) if c in "123456789" or c == mantissa[-1]), len(mantissa) - 1}:
        digit = (int(mantissa[at]) + 1) % 10
        yield f"{mantissa[:at]}{digit}{mantissa[at + 1 :]}{e}{power}"
    if text.strip("0."):
        yield f"-{text}"


def expressions(text: str) -> Iterator[str]:
    """A formula with one number one higher (as a coefficient or as an exponent) or one sign changed, or all negated."""
    yield f"-({text})"
    yield f"2*({text})"
    count = sum(1 for _ in ast.walk(ast.parse(text, mode="eval")))
    for at in range(count):
        tree = ast.parse(text, mode="eval")
        node = list(ast.walk(tree))[at]
        if changed(node):
            yield ast.unparse(tree)


def comparisons(text: str) -> Iterator[str]:
    """A claim with one comparison turned round, one number one higher or one sign changed."""
    count = sum(1 for _ in ast.walk(ast.parse(text, mode="eval")))
    for at in range(count):
        tree = ast.parse(text, mode="eval")
        node = list(ast.walk(tree))[at]
        if isinstance(node, ast.Compare):
            node.ops = [FLIPPED[type(node.ops[0])](), *node.ops[1:]]  # type: ignore[list-item]
            yield ast.unparse(tree)
        elif changed(node):
            yield ast.unparse(tree)


def changed(node: ast.AST) -> bool:
    """Make a number one higher or turn a sign; whether there was one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        node.value += 1
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
    else:
        return False
    return True
