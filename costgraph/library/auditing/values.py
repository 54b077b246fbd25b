"""What an expression of code comes to in names from outside, in each case."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from itertools import product
from math import prod

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import (
    ARITHMETIC,
    State,
    UnreadError,
    Value,
    dotted,
    instead,
    is_arithmetic,
    shifted,
    sides,
)
from costgraph.library.auditing.loops import chained
from costgraph.library.auditing.names import COUNTERS
from costgraph.library.auditing.parameters import counted
from costgraph.library.auditing.places import is_place, place, read
from costgraph.library.auditing.scopes import Function, Scope
from costgraph.library.auditing.whole import THROUGH, passed
from costgraph.records import dataclass

MOST_CASES, MOST_CALLS, MOST_WORK, LONGEST = 32, 4, 10_000, 1000  # work: expressions that a body leads to

Case = tuple[tuple[str, ...], ast.expr]


@dataclass
class Values(ABC):
    """Reads expressions of one file.

    Args:
        scope: the functions of the file that a name means here, which are read where they are called.
        told: names that the user says the meaning of, which are left as they are.
        defaults: numbers that arguments are if nothing is given, of arguments whose names say nothing.
    """

    scope: Scope
    told: frozenset[str] = frozenset()
    defaults: Mapping[str, ast.Constant] = field(default_factory=dict)
    depth: int = 0
    left: list[int] = field(default_factory=lambda: [MOST_WORK])  # of the work, with the functions that are called
    sizes: dict[ast.expr, int] = field(default_factory=dict)  # of what was put together; a shared part counts each time

    @abstractmethod
    def returned(self, function: Function, inside: State) -> list[Case]:
        """What a function returns where its arguments are given."""

    def values(self, node: ast.expr, state: State) -> list[Case]:
        """What an expression comes to in names from outside, in each case."""
        self.left[0] -= 1
        if self.left[0] < 0:
            raise UnreadError("more cases and calls than are followed")
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
                return [((), node)]
            case ast.Attribute() if (computed := self.computed(node, state)) is not None:
                return self.inlined(computed, ast.Call(node, [], []), state)
            case ast.Name(id=name) if name in self.defaults and name not in state.names:
                said = f"{name} == {ast.unparse(self.defaults[name])}"
                if not any(re.search(rf"\b{name}\b", case) for case in state.cases if case != said):
                    return [((said,), self.defaults[name])]
                raise UnreadError(f"'{name}' is decided on by whoever calls, and has a default")
            case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call() if is_place(node):
                return [((), read(node, state.names))]
            case ast.NamedExpr(value=value):
                return self.values(value, state)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, ARITHMETIC):
                return self.each([left, right], state, lambda parts: ast.BinOp(parts[0], op, parts[1]))
            case ast.BinOp() if (power := shifted(node)) is not None:
                return self.values(power, state)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                return self.each([operand], state, lambda parts: ast.UnaryOp(sign, parts[0]))
            case ast.BoolOp(op=ast.Or(), values=[first, *others]) if is_place(first) and others:
                other = others[0] if len(others) == 1 else ast.copy_location(ast.BoolOp(ast.Or(), others), node)
                return self.values(ast.copy_location(ast.IfExp(first, first, other), node), state)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                chosen = sides(test, body, orelse, state)
                names = [ast.unparse(side) for side in (body, orelse)]
                return [
                    ((*when, *cases, *instead(when, names, one)), one)
                    for when, side in chosen
                    for cases, one in self.values(side, state.under(when))
                ]
            case ast.Call():
                return self.called(node, state)
        raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is no arithmetic of sizes")

    def computed(self, node: ast.Attribute, state: State) -> Function | None:
        """The property of the file that a field is, if nothing else was given to it."""
        given = node.attr in self.told or place(node, state.names) in state.names
        found = None if given else self.scope.computed(node)
        if found is not None and self.depth >= MOST_CALLS:
            raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is a property that is not read")
        return found

    def each(self, nodes: Sequence[ast.expr], state: State, made: Callable[[list[ast.expr]], ast.expr]) -> list[Case]:
        """An operation on every combination of the cases of its operands."""
        options = [self.values(node, state) for node in nodes]
        if prod(map(len, options)) > MOST_CASES:
            raise UnreadError(f"more than {MOST_CASES} cases")
        return [self.put_together(parts, made) for parts in product(*options) if not contradict(parts)]

    def put_together(self, parts: tuple[Case, ...], made: Callable[[list[ast.expr]], ast.expr]) -> Case:
        """An operation on its operands in one case, unless it becomes too long."""
        size = 1 + sum(self.sizes.get(one, 1) for _, one in parts)
        if size > LONGEST:
            raise UnreadError("it is too long when everything is put in")
        found = made([one for _, one in parts])
        self.sizes[found] = size
        return tuple(dict.fromkeys(case for cases, _ in parts for case in cases)), found

    def called(self, node: ast.Call, state: State) -> list[Case]:
        """What a call comes to: a count of parameters, a number left as it is, or a function of the same file."""
        name = (dotted(node.func) or "").rpartition(".")[2]
        function = self.scope.called(node.func)
        if function is None and name in THROUGH and node.args:
            return [(cases, passed(name, one, node)) for cases, one in self.values(node.args[0], state)]
        if function is None and name in COUNTERS and self.scope.defines(name):
            raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is a method of who knows which class of the file")
        if function is None and (found := counted(node)) is not None:
            return [((), found)]
        if name == "element_size" and not node.args:
            return [((), ast.Name("p", ast.Load()))]
        if function is None and (made := chained(name, node.args)) is not None and not node.keywords:
            return self.values(made, state)
        if function is None and name in ("max", "min") and node.args and not node.keywords:
            return self.each(node.args, state, lambda parts: ast.Call(ast.Name(name, ast.Load()), parts, []))
        if function is not None and self.depth < MOST_CALLS:
            return self.inlined(function, node, state)
        raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is a call that is not read")

    def inlined(self, function: Function, node: ast.Call, state: State) -> list[Case]:
        """What a function of the same file returns for these arguments, or for those that it has by default."""
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is given who knows how many arguments")
        if decorator := self.scope.decorated(function):
            raise UnreadError(f"'{function.name}' is decorated with '{shorten(decorator, 60)}'")
        every = [*function.args.posonlyargs, *function.args.args]
        names = [one.arg for one in every]
        given: dict[str, ast.expr] = {**usual(function)}
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        given |= dict(zip(names, node.args, strict=False)) | {one.arg: one.value for one in node.keywords if one.arg}
        inside = State(self.scope.seen_by(function, state.names))
        for name, value in given.items():
            inside = inside.given(name, self.argument(name, value, state))
        return [(tuple(renamed(case, given) for case in cases), one) for cases, one in self.returned(function, inside)]

    def argument(self, name: str, value: ast.expr, state: State) -> Value:
        """What an argument stands for inside of a function: a size, an object by its name outside, or why neither."""
        if is_arithmetic(value):
            one = self.values(value, state)
            return one[0][1] if len(one) == 1 else f"'{name}' has cases"
        try:
            return read(value, state.names) if is_place(value) else value
        except UnreadError as error:
            return str(error)


def usual(function: Function) -> dict[str, ast.Constant]:
    """What arguments of a function are if nothing is given: numbers, `True`, `False` or `None`."""
    every = [*function.args.posonlyargs, *function.args.args]
    behind = zip(every[len(every) - len(function.args.defaults) :], function.args.defaults, strict=True)
    named = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    constant = ((one.arg, value) for one, value in (*behind, *named) if isinstance(value, ast.Constant))
    return {name: value for name, value in constant if value.value is None or isinstance(value.value, int | float)}


def contradict(parts: Sequence[Case]) -> bool:
    """Whether operands are of cases that exclude each other: one of `remat`, one of `not (remat)`."""
    said = {case for cases, _ in parts for case in cases}
    return any(f"not ({case})" in said for case in said)


def renamed(case: str, given: Mapping[str, ast.expr]) -> str:
    """A condition of a function in the names of whoever calls it."""
    try:
        test = ast.parse(case, mode="eval")
    except SyntaxError:  # a pattern
        return case
    match Renamed(given).visit(test):
        case ast.Expression(body=ast.UnaryOp(op=ast.Not(), operand=operand)):
            return f"not ({ast.unparse(operand)})"
        case other:
            return ast.unparse(other)


class Renamed(ast.NodeTransformer):
    """Arguments as what was given for them."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What was given for a name."""
        return self.given.get(node.id, node)
