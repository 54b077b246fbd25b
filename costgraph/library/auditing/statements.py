"""What names stand for behind each statement of a body, and the formulas that it has: assignments, returns, cases."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from costgraph.library.auditing.changes import behind, changes
from costgraph.library.auditing.code_shapes import (
    Formula,
    State,
    UnreadError,
    addends,
    captured,
    given_in,
    instead,
    makes_a_record,
    named_on_the_way,
    passed_over,
    settled,
    sides,
    takes_all,
    unpacked,
    uses,
)
from costgraph.library.auditing.loops import summed_in_a_loop
from costgraph.library.auditing.places import UNPACKED, effects, from_outside, keywords, object_of, place, written
from costgraph.library.auditing.scopes import Function
from costgraph.library.auditing.values import MOST_CASES, MOST_WORK, Case, Values
from costgraph.records import dataclass

NOTHING = State()


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
        return [replace(one, addend=one.name.rpartition(": ")[2] in added, cases=settled(one.cases)) for one in lasting]

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
        scope = self.scope.inside(function)
        Reader(scope, self.told, depth=self.depth + 1, left=self.left).run("", function.body, [inside], found)
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
        """What names stand for behind one statement, and behind what it calls."""
        called = changes(statement, self.scope)
        state = behind(state, [one for one in called if one.elsewhere(statement)])
        return [behind(after, called) for after in self.followed(function, statement, state, found)]

    def followed(self, function: str, statement: ast.stmt, state: State, found: list[Formula]) -> list[State]:
        """What names stand for behind a statement, as it is written."""
        pairs: list[tuple[ast.expr, ast.expr]]
        for target, value in named_on_the_way(statement):
            (state,) = self.assign(function, target, value, state, [])[:1]
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)], value=value) if (
                parts := unpacked(targets, value)
            ):
                if any(uses(value, {ast.unparse(before) for before in targets[:at]}) for at, value in enumerate(parts)):
                    return self.together(function, targets, parts, state, found)
                pairs = list(zip(targets, parts, strict=True))
            case ast.Assign(targets=targets, value=value):
                pairs = [(target, value) for target in targets]
            case ast.AnnAssign(target=annotated, value=ast.expr() as value):
                pairs = [(annotated, value)]
            case ast.AugAssign(target=ast.Name() | ast.Attribute() | ast.Subscript() as changed, op=op, value=value):
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
            case ast.AnnAssign():
                return [state]
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                return self.run(function, body, [effects(items, state)], found)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):  # where nothing is raised
                found += passed_over(function, handlers, state, "where something is raised")
                return self.run(function, [*body, *orelse, *last], [state], found)
            case ast.For() | ast.While() | ast.AsyncFor():
                return [self.clouded(function, statement, state, found)]
            case _:
                return [effects([statement], state)]
        states = [state]
        for target, value in pairs:
            states = [after for one in states for after in self.assign(function, target, value, one, found)]
        return states

    def together(
        self, function: str, targets: Sequence[ast.expr], values: Sequence[ast.expr], state: State, found: list[Formula]
    ) -> list[State]:
        """Behind `a, b = b, a`: what names are given was found before any of them was given it."""
        states, held = (
            [state],
            [ast.copy_location(ast.Name(f" {at}", ast.Load()), one) for at, one in enumerate(values)],
        )
        for hold, value in zip(held, values, strict=True):
            states = [after for one in states for after in self.assign("", hold, value, one, [])]
        for target, hold, value in zip(targets, held, values, strict=True):
            if uses(value, {name := ast.unparse(target)}):
                self.steps.update(one for after in states for one in after.last.get(name, ()))
            states = [after for one in states for after in self.assign(function, target, hold, one, found)]
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
        """What is returned; of a dictionary or a record each value under its key."""
        within = f"{function}: " if function else ""
        if isinstance(value, ast.Call) and makes_a_record(value) and self.scope.called(value.func) is None:
            pairs = [(one.arg, one.value) for one in value.keywords if one.arg]
        elif isinstance(value, ast.Dict):
            named = zip(value.keys, value.values, strict=True)
            pairs = [
                (key.value, one) for key, one in named if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        elif isinstance(value, ast.Tuple):  # of which names are listed where they are given something
            left = [one for one in value.elts if not isinstance(one, ast.Name | ast.Constant)]
            why = "one of several that are given back"
            return [Formula(f"{within}return", one.lineno, cases=state.cases, unread=why) for one in left]
        else:
            return [one for one, _ in self.formulas(f"{within}return", value, state)]
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
        found += passed_over(function, [statement], state, f"in a {kind}")
        state = effects([statement], state)
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
        if isinstance(target, ast.Tuple | ast.List | ast.Starred):
            outside = UNPACKED.search(ast.unparse(value))
            return [from_outside(state, target) if outside else effects([target], state)]
        name = ast.unparse(target)
        if (last := re.findall(r"\w+", name)[-1]) in self.told:
            return [state.given(place(target, state.names) or name, ast.Name(last, ast.Load()))]
        before = state.last.get(name, ())
        states, whole = [], f"{function}: {name}" if function else name
        for said, one in self.formulas(whole, value, state):
            usual = instead(state.cases, {name}, one) if one is not None else []
            found.append(formula := replace(said, cases=(*said.cases, *usual)))
            why = f"'{name}' is given something in line {value.lineno}"
            after = written(replace(state, cases=formula.cases), target, formula.unread if one is None else one, why)
            for key in keywords(value) if one is None else ():
                why = f"'{key}' is given in line {value.lineno}"
                after = after.given(f"{object_of(place(target, after.names), after.names)}.{key}", why)
            states.append(after.lasting(name, formula))
        if uses(value, {name}):
            self.steps.update(before)
        return states

    def formulas(self, name: str, value: ast.expr, state: State) -> Iterator[tuple[Formula, ast.expr | None]]:
        """An expression as formulas, one for each case, with what each comes to."""
        try:
            for cases, one in self.values(value, state):
                yield Formula(name, value.lineno, ast.unparse(one), tuple(dict.fromkeys([*state.cases, *cases]))), one
        except UnreadError as error:
            yield Formula(name, value.lineno, cases=state.cases, unread=str(error)), None
