"""Formulas out of Python source, which is parsed and never run: assignments, returns, conditionals as cases.

What a name was last given is put in its place, so that a formula is left in the names that come from outside: arguments
and fields such as `config.n_layer`. A function of the same file is read where it is called. Whatever else decides on a
value (a loop, an index, a library) makes that value unreadable, and is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from costgraph.errors import UserError, unknown
from costgraph.library.auditing.code_shapes import (
    ARITHMETIC,
    Formula,
    State,
    UnreadError,
    addends,
    captured,
    given_in,
    named_on_the_way,
    sides,
    summed_in_a_loop,
    takes_all,
    uses,
)
from costgraph.library.auditing.values import MOST_CASES, MOST_WORK, Case, Function, Values
from costgraph.records import dataclass

NOTHING = State()


def formulas(source: str, function: str = "", told: Sequence[str] = ()) -> list[Formula]:
    """What a file assigns and returns, in order of lines; of one function, if it is named.

    What a name is given last on a way through a body is a formula, and what is only added to later is none.

    Args:
        source: the file.
        function: if not of all.
        told: names that the user says the meaning of, which are left as they are.

    Raises:
        UserError: it is no Python (with the line), nested too deeply, or has no such function.
    """
    try:
        module = ast.parse(source)
        every = [one for one in ast.walk(module) if isinstance(one, Function)]
        known = {one.name: one for one in every}
        asked = function.rpartition(".")[2]
        if function and asked not in known:
            raise unknown("function", function, known)
        reader = Reader(known, frozenset(told))
        constants = State(dict(numbers(module.body)))
        bodies = [one for one in every if asked in ("", one.name)]
        of = {method: one.name for one in ast.walk(module) if isinstance(one, ast.ClassDef) for method in one.body}
        found = [
            replace(one, within=of.get(body, ""))
            for body in bodies
            for one in reader.read(body.name, body.body, constants)
        ]
        classes = [] if function else [one for one in ast.walk(module) if isinstance(one, ast.ClassDef)]
        found += [one for made in classes for one in reader.read(made.name, made.body, constants)]
        found += [] if function else reader.read("", module.body)
    except SyntaxError as error:
        raise UserError(f"line {error.lineno}: no Python: {error.msg}") from None
    except UserError:
        raise
    except (RecursionError, MemoryError, ValueError):
        raise UserError("nested too deeply to be read") from None
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def numbers(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The constants of a file: names that are given a number once, at its top."""
    given = [one.targets[0] for one in body if isinstance(one, ast.Assign)]
    once = [one.id for one in given if isinstance(one, ast.Name)]
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if once.count(name) == 1:
                parts = [one for one in ast.walk(value) if not isinstance(one, (*ARITHMETIC, ast.BinOp))]
                if all(isinstance(one, ast.Constant) and type(one.value) in (int, float) for one in parts):
                    yield name, value


@dataclass
class Reader(Values):
    """Reads the bodies of functions of one file.

    Args:
        ends: what names stand for where ways through the body end.
        steps: formulas that were gone on with on some way.
    """

    ends: list[State] = field(default_factory=list)
    steps: set[Formula] = field(default_factory=set)

    def read(self, function: str, body: Sequence[ast.stmt], state: State = NOTHING) -> list[Formula]:
        """The formulas in a body."""
        found: list[Formula] = []
        self.left, self.ends, self.steps = [MOST_WORK], [], set()
        self.ends += self.run(function, body, [state], found)
        added = addends(body)
        lasting = [one for formula in found for one in self.lasting(formula)]
        return [replace(one, addend=one.name.rpartition(": ")[2] in added) for one in lasting]

    def lasting(self, formula: Formula) -> Iterator[Formula]:
        """A formula, or where it is gone on with on some ways that on which it lasts, if there is one."""
        if formula not in self.steps:
            yield formula
            return
        ways = [end.cases for end in self.ends if any(formula in last for last in end.last.values())]
        if ways:
            yield replace(formula, cases=tuple(case for case in ways[0] if all(case in way for way in ways)))

    def returned(self, function: Function, inside: State) -> list[Case]:
        """What a function returns where its arguments are given."""
        found: list[Formula] = []
        Reader(self.functions, self.told, self.depth + 1, self.left).run("", function.body, [inside], found)
        returned = [one for one in found if one.name == "return"]
        if bad := next((one.unread for one in returned if one.unread), None):
            raise UnreadError(bad)
        if not returned:
            raise UnreadError(f"'{function.name}' returns nothing that is read")
        return [(one.cases, ast.parse(one.text, mode="eval").body) for one in returned]

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
        for target, value in named_on_the_way(statement):
            (state,) = self.assign(function, target, value, state, [])[:1]
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                pairs = list(zip(targets, values, strict=False))
            case ast.Assign(targets=targets, value=value):
                pairs = [(target, value) for target in targets]
            case ast.AnnAssign(target=annotated, value=ast.expr() as value):
                pairs = [(annotated, value)]
            case ast.AugAssign(target=ast.Name() | ast.Attribute() as changed, op=op, value=value):
                before = ast.parse(ast.unparse(changed), mode="eval").body
                pairs = [(changed, ast.copy_location(ast.BinOp(before, op, value), statement))]
            case ast.Return(value=ast.expr() as value) | ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                found += self.given_back(function, value, state)
                return self.ended(statement, state)
            case ast.Return():
                return self.ended(statement, state)
            case ast.Raise():
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
                return [self.clouded(function, statement, state, found)]
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
            for when, side in sides(test, body, orelse, state)
            for after in self.run(function, side, [state.under(when)], found)
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

    def given_back(self, function: str, value: ast.expr, state: State) -> list[Formula]:
        """What is returned; of a dictionary each value under its key."""
        within = f"{function}: " if function else ""
        if not isinstance(value, ast.Dict):
            return [one for one, _ in self.formulas(f"{within}return", value, state)]
        named = zip(value.keys, value.values, strict=True)
        pairs = ((key.value, one) for key, one in named if isinstance(key, ast.Constant) and isinstance(key.value, str))
        return [one for key, part in pairs for one, _ in self.formulas(f"{within}{key}", part, state)]

    def ended(self, statement: ast.stmt, state: State) -> list[State]:
        """Behind what gives something back: nothing, or behind a `yield` everything."""
        if isinstance(statement, ast.Expr):
            return [state]
        self.ends.append(state)
        return []

    def clouded(self, function: str, statement: ast.stmt, state: State, found: list[Formula]) -> State:
        """Behind a loop and the like: nobody knows what the names stand for that are given something in it."""
        kind = type(statement).__name__.lower()
        for name in given_in([statement]):
            why = f"'{name}' is decided by a {kind} in line {statement.lineno}"
            formula = Formula(
                f"{function}: {name}" if function else name, statement.lineno, cases=state.cases, unread=why
            )
            self.steps.update(state.last.get(name, ()))
            found.append(formula)
            state = state.given(name, why).lasting(name, formula)
        return state

    def assign(
        self, function: str, target: ast.expr, value: ast.expr, state: State, found: list[Formula]
    ) -> list[State]:
        """What names stand for behind an assignment."""
        if not isinstance(target, ast.Name | ast.Attribute):
            return [state]
        name = ast.unparse(target)
        if (last := name.rpartition(".")[2]) in self.told:
            return [state.given(name, ast.Name(last, ast.Load()))]
        before = state.last.get(name, ())
        states, whole = [], f"{function}: {name}" if function else name
        for formula, one in self.formulas(whole, value, state):
            found.append(formula)
            after = replace(state, cases=formula.cases).given(name, formula.unread if one is None else one)
            states.append(after.lasting(name, formula))
        if uses(value, {name}):
            self.steps.update(before)
        return states

    def formulas(self, name: str, value: ast.expr, state: State) -> Iterator[tuple[Formula, ast.expr | None]]:
        """An expression as formulas, one for each case, with what each comes to."""
        try:
            for cases, one in self.values(value, state):
                yield Formula(name, value.lineno, ast.unparse(one), (*state.cases, *cases)), one
        except UnreadError as error:
            yield Formula(name, value.lineno, cases=state.cases, unread=str(error)), None
