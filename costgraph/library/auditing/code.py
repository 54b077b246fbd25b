"""Formulas out of Python source, which is parsed and never run: assignments, returns, conditionals as cases.

What a name was last given is put in its place, so that a formula is left in the names that come from outside: arguments
and fields such as `config.n_layer`. A function of the same file is read where it is called. Whatever else decides on a
value (a loop, an index, a library) makes that value unreadable, and is said.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import product
from math import prod

from costgraph.errors import UserError, shorten, unknown
from costgraph.library.auditing.code_shapes import (
    ARITHMETIC,
    State,
    captured,
    chained,
    dotted,
    given_in,
    is_arithmetic,
    named_on_the_way,
    sides,
    summed_in_a_loop,
    takes_all,
)
from costgraph.records import dataclass

MOST_CASES, MOST_CALLS, MOST_WORK, LONGEST = 32, 4, 10_000, 1000  # work: expressions that a body leads to
THROUGH = ("int", "float", "round", "int64", "float64", "float32")  # which leave a count of FLOPs or bytes as it is
COUNTED = ("numel", "nelement", "num_parameters", "get_num_params", "num_params", "count_parameters", "count_params")
N_PARAMS = ast.Name("N_params", ast.Load())


@dataclass(frozen=True)
class Formula:
    """A formula in a file.

    Args:
        name: what it is given to, behind the function that it stands in.
        line: where.
        text: the formula in names from outside; "" if it cannot be read.
        cases: the conditions under which it is this.
        unread: why it cannot be read.
    """

    name: str
    line: int
    text: str = ""
    cases: tuple[str, ...] = ()
    unread: str = ""


class UnreadError(Exception):
    """Something that decides on a value and cannot be read."""


Case = tuple[tuple[str, ...], ast.expr]


def formulas(source: str, function: str = "") -> list[Formula]:
    """What a file assigns and returns, in order of lines; of one function, if it is named.

    Raises:
        UserError: it is no Python (with the line), nested too deeply, or has no such function.
    """
    try:
        module = ast.parse(source)
        known = {one.name: one for one in ast.walk(module) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        if function and function.rpartition(".")[2] not in known:
            raise unknown("function", function, known)
        bodies = [(one.name, one) for one in known.values() if function.rpartition(".")[2] in ("", one.name)]
        reader = Reader(known)
        found = [one for name, body in bodies for one in reader.read(name, body.body)]
        classes = [] if function else [one for one in ast.walk(module) if isinstance(one, ast.ClassDef)]
        found += [one for made in classes for one in reader.read(made.name, made.body)]
        found += [] if function else reader.read("", module.body)
    except SyntaxError as error:
        raise UserError(f"line {error.lineno}: no Python: {error.msg}") from None
    except UserError:
        raise
    except (RecursionError, MemoryError, ValueError):
        raise UserError("nested too deeply to be read") from None
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


@dataclass
class Reader:
    """Reads the bodies of functions of one file."""

    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]
    depth: int = 0
    left: list[int] = field(default_factory=lambda: [MOST_WORK])  # of the work, with the functions that are called
    sizes: dict[ast.expr, int] = field(default_factory=dict)  # of what was put together; a shared part counts each time

    def read(self, function: str, body: Sequence[ast.stmt]) -> list[Formula]:
        """The formulas in a body."""
        found: list[Formula] = []
        self.left = [MOST_WORK]
        self.run(function, body, [State()], found)
        return found

    def run(self, function: str, body: Sequence[ast.stmt], states: list[State], found: list[Formula]) -> list[State]:
        """What names stand for behind a body; `found` gets its formulas. A state that returns ends."""
        for statement in body:
            if len(states) > MOST_CASES:
                found.append(Formula(function, statement.lineno, unread=f"more than {MOST_CASES} cases"))
                return []
            states = [after for state in states for after in self.step(function, statement, state, found)]
        return states

    def step(self, function: str, statement: ast.stmt, state: State, found: list[Formula]) -> list[State]:
        """What names stand for behind one statement."""
        pairs: list[tuple[ast.expr, ast.expr]]
        if given := list(named_on_the_way(statement)):
            for target, value in given:
                (state,) = self.assign(function, target, value, state, [])[:1]
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                pairs = list(zip(targets, values, strict=False))
            case ast.Assign(targets=targets, value=value):
                pairs = [(target, value) for target in targets]
            case ast.AnnAssign(target=annotated, value=ast.expr() as value):
                pairs = [(annotated, value)]
            case ast.AugAssign(target=ast.Name() as changed, op=op, value=value):
                before = ast.Name(changed.id, ast.Load())
                pairs = [(changed, ast.copy_location(ast.BinOp(before, op, value), statement))]
            case ast.Return(value=ast.expr() as value):
                found += self.formulas(f"{function}: return" if function else "return", value, state)
                return []
            case ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                found += self.formulas(f"{function}: return", value, state)
                return [state]
            case ast.Return() | ast.Raise():
                return []
            case ast.Match():
                return self.matched(function, statement, state, found)
            case ast.For() if (sums := summed_in_a_loop(statement)) is not None:
                return self.run(function, sums, [state], found)
            case ast.If(test=test, body=body, orelse=orelse):
                return self.branches(function, test, body, orelse, state, found)
            case ast.With(body=body) | ast.AsyncWith(body=body):
                return self.run(function, body, [state], found)
            case ast.Try(body=body, orelse=orelse, finalbody=last):  # where nothing is raised
                return self.run(function, [*body, *orelse, *last], [state], found)
            case ast.For() | ast.While() | ast.AsyncFor():
                return [self.clouded(statement, state)]
            case _:
                return [state]
        states = [state]
        for target, value in pairs:
            states = [after for one in states for after in self.assign(function, target, value, one, found)]
        return states

    def branches(
        self, function: str, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], state: State,
        found: list[Formula],
    ) -> list[State]:  # fmt: skip
        """Both sides of a conditional, each under its condition."""
        return [
            after
            for when, side in sides(test, body, orelse, state.names)
            for after in self.run(function, side, [replace(state, cases=(*state.cases, *when))], found)
        ]

    def matched(self, function: str, statement: ast.Match, state: State, found: list[Formula]) -> list[State]:
        """The cases of a match, each under its pattern."""
        states = []
        for case in statement.cases:
            said = f"{ast.unparse(statement.subject)} is {ast.unparse(case.pattern)}"
            said += f" and {ast.unparse(case.guard)}" if case.guard else ""
            inside = replace(state, cases=(*state.cases, said))
            for name in captured(case.pattern):
                inside = inside.given(name, f"'{name}' is taken out of what is matched in line {statement.lineno}")
            states += self.run(function, case.body, [inside], found)
        return states if any(map(takes_all, statement.cases)) else [*states, state]

    def clouded(self, statement: ast.stmt, state: State) -> State:
        """Behind a loop and the like: nobody knows what the names stand for that are given something in it."""
        kind = type(statement).__name__.lower()
        for name in given_in([statement]):
            state = state.given(name, f"'{name}' is decided by a {kind} in line {statement.lineno}")
        return state

    def assign(
        self, function: str, target: ast.expr, value: ast.expr, state: State, found: list[Formula]
    ) -> list[State]:
        """What names stand for behind an assignment."""
        if not isinstance(target, ast.Name | ast.Attribute):
            return [state]
        name = ast.unparse(target)
        found += self.formulas(f"{function}: {name}" if function else name, value, state)
        try:
            return [state.given(name, one, cases) for cases, one in self.values(value, state)]
        except UnreadError as error:
            return [state.given(name, str(error))]

    def formulas(self, name: str, value: ast.expr, state: State) -> Iterator[Formula]:
        """An expression as formulas, one for each case."""
        try:
            for cases, one in self.values(value, state):
                yield Formula(name, value.lineno, ast.unparse(one), (*state.cases, *cases))
        except UnreadError as error:
            yield Formula(name, value.lineno, cases=state.cases, unread=str(error))

    # --- expressions ------------------------------------------------------------------------------------------------

    def values(self, node: ast.expr, state: State) -> list[Case]:
        """What an expression comes to in names from outside, in each case."""
        self.left[0] -= 1
        if self.left[0] < 0:
            raise UnreadError("more cases and calls than are followed")
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
                return [((), node)]
            case ast.Name() | ast.Attribute() if (name := dotted(node)) is not None:
                known = state.names.get(name, node)
                if isinstance(known, str):
                    raise UnreadError(known)
                return [((), known)]
            case ast.Subscript(value=whole, slice=ast.Constant(value=str() as key)) if key.isidentifier():
                if isinstance(known := state.names.get(dotted(whole) or "", node), str):
                    raise UnreadError(known)
                return [((), ast.Name(key, ast.Load()))]
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str() as key), *_]):
                return [((), ast.Name(key, ast.Load()))]
            case ast.NamedExpr(value=value):
                return self.values(value, state)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, ARITHMETIC):
                return self.each([left, right], state, lambda parts: ast.BinOp(parts[0], op, parts[1]))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                return self.each([operand], state, lambda parts: ast.UnaryOp(sign, parts[0]))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                both = sides(test, body, orelse, state.names)
                return [((*when, *cases), one) for when, side in both for cases, one in self.values(side, state)]
            case ast.Call():
                return self.called(node, state)
        raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is no arithmetic of sizes")

    def each(self, nodes: Sequence[ast.expr], state: State, made: Callable[[list[ast.expr]], ast.expr]) -> list[Case]:
        """An operation on every combination of the cases of its operands."""
        options = [self.values(node, state) for node in nodes]
        if prod(map(len, options)) > MOST_CASES:
            raise UnreadError(f"more than {MOST_CASES} cases")
        return [self.put_together(parts, made) for parts in product(*options)]

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
        if name in THROUGH and node.args:
            return self.values(node.args[0], state)
        if name in COUNTED and name not in self.functions:
            return [((), N_PARAMS)]
        if (made := chained(name, node.args)) is not None and not node.keywords:
            return self.values(made, state)
        if name == "sum" and any(isinstance(one, ast.Attribute) and one.attr in COUNTED for one in ast.walk(node)):
            return [((), N_PARAMS)]
        if name in ("max", "min") and node.args and not node.keywords:
            return self.each(node.args, state, lambda parts: ast.Call(ast.Name(name, ast.Load()), parts, []))
        if name in self.functions and self.depth < MOST_CALLS:
            return self.inlined(self.functions[name], node, state)
        raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is a call that is not read")

    def inlined(self, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.Call, state: State) -> list[Case]:
        """What a function of the same file returns for these arguments."""
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        given = dict(zip(names, node.args, strict=False)) | {one.arg: one.value for one in node.keywords if one.arg}
        inside = State()
        for name, value in given.items():
            one = self.values(value, state) if is_arithmetic(value) else [((), value)]
            inside = inside.given(name, one[0][1]) if len(one) == 1 else inside.given(name, f"'{name}' has cases")
        found: list[Formula] = []
        Reader(self.functions, self.depth + 1, self.left).run("", function.body, [inside], found)
        returned = [one for one in found if one.name == "return"]
        if bad := next((one.unread for one in returned if one.unread), None):
            raise UnreadError(bad)
        if not returned:
            raise UnreadError(f"'{function.name}' returns nothing that is read")
        return [(one.cases, ast.parse(one.text, mode="eval").body) for one in returned]
