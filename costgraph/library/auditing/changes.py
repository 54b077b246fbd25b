"""What calls do to the objects that they are given: what a function of the same file writes to, or who knows what.

def grow(c):                   n = grow(cfg)             behind it nobody knows cfg.n_layer
    c.n_layer *= 2
    return c.n_layer
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import State, dotted, given_in
from costgraph.library.auditing.places import ALL_FIELDS, CHANGES, LEAVES, changed, field_of, written
from costgraph.library.auditing.scopes import Function, Scope, arguments
from costgraph.records import dataclass

DEEPEST = 4  # of functions that call each other
# What functions from elsewhere are called that change what they are given; others that give something back do not.
BY_NAME = re.compile(
    r"_*(set_\w+|(update|patch|override|overwrite|merge|modify|mutate|adjust|fix|fill|apply|prepare|scale)(_\w+)?)"
)


@dataclass(frozen=True)
class Change:
    """What a call does to a field of an object; to `ALL_FIELDS` if nobody knows to which."""

    owner: ast.expr
    field: str
    call: ast.Call

    def behind(self, state: State) -> State:
        """What names stand for behind it."""
        said = shorten(ast.unparse(self.call), 60)
        if self.field == ALL_FIELDS:
            return changed(state, self.owner, f"'{ast.unparse(self.owner)}' may be changed by '{said}'")
        why = f"'{ast.unparse(self.owner)}.{self.field}' is changed by '{said}'"
        return written(state, ast.Attribute(self.owner, self.field, ast.Store()), why, why)

    def elsewhere(self, statement: ast.stmt) -> bool:
        """Whether what it changes is also used by its statement itself."""
        name = root(self.owner)
        return loads(name, statement) > loads(name, self.call)


def changes(statement: ast.stmt, scope: Scope) -> list[Change]:
    """What the calls in a statement do, but those in the body of one that has a body."""
    return [one for node in heads(statement) for call in calls(node) for one in of_call(call, scope)]


def heads(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement reads before its body, or all of one without."""
    match statement:
        case ast.If(test=node) | ast.While(test=node) | ast.For(iter=node) | ast.Match(subject=node):
            yield node
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from items
        case ast.Try() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.AsyncFor():
            return
        case _:
            yield statement


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in something, apart from those in a `lambda`."""
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, ast.Call):
            yield one
        left += [] if isinstance(one, ast.Lambda) else ast.iter_child_nodes(one)


def of_call(call: ast.Call, scope: Scope, depth: int = 0) -> Iterator[Change]:
    """What a call does to what it is given."""
    function = scope.called(call.func)
    given = [
        one.value if isinstance(one, ast.Starred) else one for one in (*call.args, *(k.value for k in call.keywords))
    ]
    if function is None:
        name = (dotted(call.func) or "").rpartition(".")[2]
        if isinstance(call.func, ast.Attribute) and CHANGES.fullmatch(name):
            yield Change(call.func.value, ALL_FIELDS, call)
        if BY_NAME.fullmatch(name):
            yield from (Change(one, ALL_FIELDS, call) for one in given if root(one))
        return
    names = arguments(function)
    of = dict(zip(positional(function, call), call.args, strict=False)) | {
        k.arg: k.value for k in call.keywords if k.arg
    }
    if isinstance(call.func, ast.Attribute) and names[:1] in (["self"], ["cls"]):
        of[names[0]] = call.func.value
    for name, field in sorted(writes(function, scope.inside(function), depth)):
        if name not in names:
            yield Change(ast.Name(name, ast.Load()), field, call)
        elif name in of and root(of[name]):
            yield Change(of[name], field, call)


def positional(function: Function, call: ast.Call) -> list[str]:
    """The arguments of a function that are given by their places."""
    found = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    bound = isinstance(call.func, ast.Attribute) and found[:1] in (["self"], ["cls"])
    return found[bound:]


def writes(function: Function, scope: Scope, depth: int) -> set[tuple[str, str]]:
    """The fields that a function writes to, of its arguments and of what is outside of it."""
    known = scope.written.get(function)
    if known is None and depth > DEEPEST:
        return {(name, ALL_FIELDS) for name in arguments(function)}
    if known is None:
        scope.written[function] = {(name, ALL_FIELDS) for name in arguments(function)}  # where it calls itself
        known = scope.written[function] = found_in(function, scope, depth)
    return known


def found_in(function: Function, scope: Scope, depth: int) -> set[tuple[str, str]]:
    """The same, out of its body."""
    alike = {name: name for name in arguments(function)}
    local = {name for name in given_in(function.body) if "." not in name}
    found: set[tuple[str, str]] = set()
    for node in (one for statement in function.body for one in ast.walk(statement)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if root(value) in alike:
                alike[name] = alike[root(value)]
        for owner, field in written_by(node, scope, depth):
            name = root(owner)
            if name in alike or (name and name not in local):
                found.add((alike.get(name, name), field if isinstance(owner, ast.Name) else ALL_FIELDS))
    return found


def written_by(node: ast.AST, scope: Scope, depth: int) -> Iterator[tuple[ast.expr, str]]:
    """The object and the field that a node gives something to."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield field_of(node) or (node.value, ALL_FIELDS)
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[whole, ast.Constant(value=str() as key), *_]):
            yield whole, key
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[whole, *_]):
            yield whole, ALL_FIELDS
        case ast.Call():
            yield from ((one.owner, one.field) for one in of_call(node, scope, depth + 1))
        case ast.Expr(value=ast.Call(func=func, args=args) as call) if scope.called(call.func) is None:
            yield from ((one, ALL_FIELDS) for one in args if not LEAVES.fullmatch(ast.unparse(func)))


def root(node: ast.AST) -> str:
    """The name of the object that something is, or is a field or an item of; "" of anything else."""
    while True:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=node) | ast.Subscript(value=node) | ast.Starred(value=node):
                continue
            case ast.Call(func=ast.Name(id="vars" | "getattr"), args=[node, *_]):
                continue
        return ""


def loads(name: str, node: ast.AST) -> int:
    """How often something reads a name."""
    return sum(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load) for one in ast.walk(node))


def behind(state: State, found: Sequence[Change]) -> State:
    """What names stand for behind changes."""
    for one in found:
        state = one.behind(state)
    return state
