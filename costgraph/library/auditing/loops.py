"""Loops and sums of Python that come to a product or a sum: of one thing many times, or of what is written there."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from costgraph.library.auditing.code_shapes import given_in, uses

NUMBERS = ("array", "asarray", "tensor")  # calls around a list of numbers


def times(node: ast.expr) -> ast.expr | None:
    """How often `range(n)` runs; None for anything else."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[count], keywords=[]) if not isinstance(count, ast.Starred):
            return count
    return None


def repeated(node: ast.expr) -> ast.expr | None:
    """A sum over `range(n)` of what does not depend on the number of the round, as a product."""
    match node:
        case ast.GeneratorExp(elt=each, generators=[rounds]) | ast.ListComp(elt=each, generators=[rounds]):
            count = times(rounds.iter)
            if count is not None and not rounds.ifs and not uses(each, given_in([rounds.target])):
                return ast.BinOp(count, ast.Mult(), each)
    return None


def summed_in_a_loop(statement: ast.For) -> list[ast.Assign] | None:
    """A loop over `range(n)` that adds to names what is the same in each round, as assignments; None for any other.

    Also one that adds something of those that a condition holds for, as one sum over them.
    """
    if (chosen := summed_where(statement)) is not None:
        return [chosen]
    count, own = times(statement.iter), given_in([statement.target, *statement.body])
    if count is None or statement.orelse:
        return None
    found = []
    for step in statement.body:
        match step:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value) if not uses(value, own):
                more = ast.BinOp(ast.Name(name, ast.Load()), ast.Add(), ast.BinOp(count, ast.Mult(), value))
                made = ast.Assign([ast.Name(name, ast.Store())], more)
                found.append(ast.fix_missing_locations(ast.copy_location(made, step)))
            case _:
                return None
    return found if len({name for one in found for name in given_in([one])}) == len(found) else None


def summed_where(statement: ast.For) -> ast.Assign | None:
    """`for m in x: if test: n -= y` as `n = n - sum(y for m in x if test)`; None for anything else."""
    match statement:
        case ast.For(
            target=ast.Name(id=each) as target,
            iter=loop,
            orelse=[],
            body=[ast.If(test=test, orelse=[], body=[ast.AugAssign(target=ast.Name(id=name), op=op, value=value)])],
        ) if name != each and isinstance(op, ast.Add | ast.Sub) and not uses(value, {name}):
            rounds = ast.comprehension(target, loop, [test], 0)
            summed = ast.Call(ast.Name("sum", ast.Load()), [ast.GeneratorExp(value, [rounds])], [])
            made = ast.Assign([ast.Name(name, ast.Store())], ast.BinOp(ast.Name(name, ast.Load()), op, summed))
            return ast.fix_missing_locations(ast.copy_location(made, statement))
    return None


def chained(name: str, args: Sequence[ast.expr]) -> ast.expr | None:
    """`prod([a, b])` and `sum([a, b])` of numbers that are written there, and `pow(a, b)`, as arithmetic."""
    if name == "pow" and len(args) == 2:
        return ast.BinOp(args[0], ast.Pow(), args[1])
    if name not in ("prod", "sum") or len(args) != 1:
        return None
    parts = args[0]
    if isinstance(parts, ast.Call) and ast.unparse(parts.func).rpartition(".")[2] in NUMBERS and parts.args:
        parts = parts.args[0]
    if name == "sum" and (product := repeated(parts)) is not None:
        return product
    if (
        not isinstance(parts, ast.List | ast.Tuple)
        or not parts.elts
        or any(isinstance(e, ast.Starred) for e in parts.elts)
    ):
        return None
    found = parts.elts[0]
    for part in parts.elts[1:]:
        found = ast.BinOp(found, ast.Mult() if name == "prod" else ast.Add(), part)
    return found
