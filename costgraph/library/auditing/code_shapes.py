"""Shapes of Python that come to a formula: conditionals, matches, names given on the way; what is known at a place."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeVar

from costgraph.records import dataclass

Side = TypeVar("Side")
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow)
LEFT_OUT = re.compile(r"([\w.]+) is None|not \(([\w.]+)\)|not \(([\w.]+) is not None\)")


Value = ast.expr | str  # what a name stands for, or why nobody knows


@dataclass(frozen=True)
class Formula:
    """A formula in a file.

    Args:
        name: what it is given to, behind the function that it stands in.
        line: where.
        text: the formula in names from outside; "" if it cannot be read.
        cases: the conditions under which it is this.
        unread: why it cannot be read.
        addend: whether it is added to something on the way to something else.
        within: the class that its function is of.
    """

    name: str
    line: int
    text: str = ""
    cases: tuple[str, ...] = ()
    unread: str = ""
    addend: bool = False
    within: str = ""


class UnreadError(Exception):
    """Something that decides on a value and cannot be read."""


@dataclass(frozen=True)
class State:
    """What names stand for at one place, under which conditions, and the formulas that gave them that."""

    names: Mapping[str, Value] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    last: Mapping[str, tuple[Formula, ...]] = field(default_factory=dict)

    def given(self, name: str, value: Value, cases: Sequence[str] = ()) -> State:
        """The same with one name given another value."""
        return replace(self, names={**self.names, name: value}, cases=(*self.cases, *cases))

    def under(self, cases: Sequence[str]) -> State:
        """The same under further conditions."""
        return replace(self, cases=(*self.cases, *cases))

    def lasting(self, name: str, formula: Formula) -> State:
        """The same with the formula in which a name was given something last."""
        return replace(self, last={**self.last, name: (formula,)})


def named_on_the_way(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What `:=` gives to names in the condition or the value of a statement."""
    match statement:
        case (
            ast.If(test=node)
            | ast.Return(value=ast.expr() as node)
            | ast.Assign(value=node)
            | ast.AugAssign(value=node)
            | ast.AnnAssign(value=ast.expr() as node)
            | ast.Match(subject=node)
        ):
            found = [one for one in ast.walk(node) if isinstance(one, ast.NamedExpr)]
            yield from ((one.target, one.value) for one in found)


def sides(test: ast.expr, one: Side, other: Side, state: State) -> list[tuple[tuple[str, ...], Side]]:
    """Both sides of a conditional with their conditions; one alone where it is known which."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return sides(test.operand, other, one, state)
    said = ast.unparse(test)
    known = decided(test, state.names)
    if said in state.cases or known is True:
        return [((), one)]
    if f"not ({said})" in state.cases or known is False:
        return [((), other)]
    return [((said,), one), ((f"not ({said})",), other)]


def decided(test: ast.expr, names: Mapping[str, Value]) -> bool | None:
    """Whether a condition holds as `True`, `None` or the like was given for what it asks; None if nobody knows."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(None)]):
            value = names.get(name)
            if isinstance(value, ast.Constant) or (isinstance(value, ast.expr) and is_arithmetic(value)):
                nothing = isinstance(value, ast.Constant) and value.value is None
                return nothing is isinstance(op, ast.Is)
        case ast.Name(id=name) if isinstance(value := names.get(name), ast.Constant):
            return bool(value.value)
    return None


def left_out(case: str) -> str:
    """The name or field of which a condition says that nothing is given for it; "" if of none."""
    found = LEFT_OUT.fullmatch(case)
    return found[1] or found[2] or found[3] if found else ""


def instead(cases: Sequence[str], names: Collection[str], value: ast.expr) -> list[str]:
    """What is taken for those of these names of which conditions say that nothing is given for them, as a condition."""
    return [f"{name} == {ast.unparse(value)}" for case in cases if (name := left_out(case)) in names]


def settled(cases: Sequence[str]) -> tuple[str, ...]:
    """Conditions without those that nothing is given for something, where others say what is taken for it."""
    return tuple(
        case
        for case in cases
        if not (name := left_out(case)) or not any(one.startswith(f"{name} == ") for one in cases)
    )


def shifted(node: ast.BinOp) -> ast.expr | None:
    """`1 << 30` as `1 * 2**30`; None for anything else."""
    match node:
        case ast.BinOp(left=left, op=ast.LShift(), right=ast.Constant(value=int() as by)) if 0 <= by <= 80:
            return ast.BinOp(left, ast.Mult(), ast.Constant(2**by))
    return None


def given_in(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that are given something in statements."""
    every = (one for node in nodes for one in ast.walk(node))
    stored = (one for one in every if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Store))
    return {name for one in stored if (name := dotted(one)) is not None}


def addends(body: Sequence[ast.stmt]) -> set[str]:
    """Names that are added to something in a body, and those that these are made of."""
    made: dict[str, set[str]] = {}
    found: set[str] = set()
    for node in (one for statement in body for one in ast.walk(statement)):
        match node:
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                found |= names_in(left) | names_in(right)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                made.setdefault(name, set()).update(names_in(value) - {name})
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                found |= names_in(value)
    left_over = [*found]
    while left_over:
        more = made.get(left_over.pop(), set()) - found
        found |= more
        left_over += more
    return found


def names_in(node: ast.AST) -> set[str]:
    """The names in an expression."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def uses(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression has one of these names in it."""
    return any(isinstance(one, ast.Name | ast.Attribute) and dotted(one) in names for one in ast.walk(node))


def captured(pattern: ast.AST) -> set[str]:
    """The names that a pattern of a match gives something to."""
    found = {getattr(one, "name", None) or getattr(one, "rest", None) for one in ast.walk(pattern)}
    return {name for name in found if isinstance(name, str)}


def takes_all(case: ast.match_case) -> bool:
    """Whether a case of a match takes whatever comes."""
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def is_arithmetic(node: ast.expr) -> bool:
    """Whether an argument is a size, and not a whole configuration that is passed on, a text or `True`."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return not isinstance(node, ast.Name | ast.Attribute | ast.Starred)


def dotted(node: ast.expr) -> str | None:
    """`config.n_layer` as text; None for anything but names with points."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return ".".join([node.id, *parts]) if isinstance(node, ast.Name) else None


def unpacked(targets: Sequence[ast.expr], value: ast.expr) -> list[ast.expr]:
    """The values that several targets are given one by one; none if nobody knows which is given to which."""
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    one_each = len(parts) == len(targets) and not any(isinstance(one, ast.Starred) for one in (*parts, *targets))
    return parts if one_each else []


def makes_a_record(node: ast.Call) -> bool:
    """Whether a call does no more than to give values names: `dict(flops=...)`, `Costs(flops=...)`."""
    name = (dotted(node.func) or "").rpartition(".")[2].lstrip("_")
    return bool(node.keywords) and (name == "dict" or name[:1].isupper())


def passed_over(function: str, nodes: Sequence[ast.AST], state: State, where: str) -> list[Formula]:
    """What is given back in statements that are not followed, which is listed."""
    found, left = [], [*nodes]
    while left:
        match node := left.pop(0):
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                continue
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                name, why = f"{function}: return" if function else "return", f"it is given back {where}"
                found.append(Formula(name, node.lineno, cases=state.cases, unread=why))
        left += ast.iter_child_nodes(node)
    return found
