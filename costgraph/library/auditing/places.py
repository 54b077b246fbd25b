"""Where code keeps what it reads: names, and fields and items of objects, by whatever name an object goes.

`c = cfg; c["n_layer"] = 2` changes `cfg.n_layer`. A state holds names without points as they are, fields by the object
from outside that they are of, and under `OBJECT.*` why nobody knows the fields of an object any more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import State, UnreadError, Value, dotted

CHANGES = re.compile(r"(update|set|pop|clear|merge|override|append|extend|insert|__set|__del|__dict__)\w*")
LEAVES = re.compile(
    r"print|(log|logger|logging|warnings?|pprint)\b.*|\w*(log|warn|check|assert|valid|verify)\w*|super.*|(set|del)attr"
)
ALL_FIELDS = "*"  # the key under which a state holds why nobody knows the fields of an object any more
ANOTHER = "="  # the key under which a state holds by what name an object goes whose own name another one has
UNPACKED = re.compile(r"\.(shape|size\(\))(\[.*\])?$")  # whose parts are sizes from outside by the names they get


def field_of(node: ast.AST) -> tuple[ast.expr, str] | None:
    """The object and the field that `c.x`, `c["x"]`, `c.get("x", ...)` and `getattr(c, "x", ...)` read."""
    match node:
        case (
            ast.Attribute(value=whole, attr=key)
            | ast.Subscript(value=whole, slice=ast.Constant(value=str() as key))
            | ast.Call(func=ast.Name(id="getattr"), args=[whole, ast.Constant(value=str() as key), *_])
            | ast.Call(func=ast.Attribute(value=whole, attr="get"), args=[ast.Constant(value=str() as key), *_])
        ) if key.isidentifier():
            return whole, key
    return None


def is_place(node: ast.AST) -> bool:
    """Whether something is a name, or a field or item by its name."""
    return isinstance(node, ast.Name) or field_of(node) is not None


def place(node: ast.expr, names: Mapping[str, Value]) -> str:
    """Where something is kept: `cfg.n_layer` of `c["n_layer"]`, if `c` is `cfg`; "" if nobody knows."""
    if isinstance(node, ast.Name):
        return node.id
    if (field := field_of(node)) is None:
        return ""
    whole = object_of(place(field[0], names), names)
    return f"{whole}.{field[1]}" if whole else ""


def object_of(where: str, names: Mapping[str, Value]) -> str:
    """The object that is kept somewhere, by its name; "" if it has none."""
    stands = names.get(where)
    if isinstance(stands, str):  # another one than what was there before, if that goes by other names
        stands = names.get(f"{where}.{ANOTHER}")
    return (dotted(stands) if isinstance(stands, ast.expr) else where) or ""


def read(node: ast.expr, names: Mapping[str, Value]) -> ast.expr:
    """What a name or a field stands for: a value it was given, or itself as it comes from outside.

    Raises:
        UnreadError: nobody knows what it was given.
    """
    where = place(node, names)
    known = names.get(where)
    owners = [where[: point.start()] for point in re.finditer(r"\.", where)]
    if known is None and owners:
        marks = (
            names.get(mark)
            for mark in (*(f"{owner}.{ALL_FIELDS}" for owner in owners), f"*.{where.rpartition('.')[2]}")
        )
        known = next((why for why in marks if why is not None), None)
    if isinstance(known, str):
        raise UnreadError(known)
    if known is not None:
        return known
    if where:
        return named(where)
    if isinstance(node, ast.Attribute):
        raise UnreadError(f"'{shorten(ast.unparse(node), 60)}' is no arithmetic of sizes")
    return ast.Name(field[1] if (field := field_of(node)) else "", ast.Load())


def named(where: str) -> ast.expr:
    """A place as an expression."""
    first, *fields = where.split(".")
    found: ast.expr = ast.Name(first, ast.Load())
    for field in fields:
        found = ast.Attribute(found, field, ast.Load())
    return found


def changed(state: State, node: ast.expr, why: str) -> State:
    """The same where nobody knows the fields of an object any more."""
    match node:
        case ast.Attribute(value=whole, attr="__dict__") | ast.Call(func=ast.Name(id="vars"), args=[whole]):
            return changed(state, whole, why)
    where = object_of(place(node, state.names), state.names)
    kept = {name: value for name, value in state.names.items() if not name.startswith(f"{where}.")}
    return State({**kept, f"{where}.{ALL_FIELDS}": why}, state.cases, state.last) if where else state


def written(state: State, target: ast.expr, value: Value, why: str) -> State:
    """The same where a name, a field or an item is given a value; of who knows which item, all of its object."""
    where = place(target, state.names)
    if isinstance(target, ast.Starred):
        return written(state, target.value, why, why)
    if not where and (field := field_of(target)) is not None:  # of an object that has no name
        return state.given(f"{ALL_FIELDS}.{field[1]}", why)
    if not where:
        return changed(state, target.value, why) if isinstance(target, ast.Subscript) else state
    owner, _, key = where.rpartition(".")
    if owner and from_anywhere(owner, state.names):  # the same object may go by another name
        state = state.given(f"*.{key}", why)
    return another(state, where, value) if not owner and isinstance(value, str) else state.given(where, value)


def another(state: State, where: str, why: str) -> State:
    """The same where a name is given an object from who knows where; what it was may be kept by other names."""
    names = dict(state.names)
    names.pop(f"{where}.{ANOTHER}", None)
    before = re.compile(rf"{re.escape(where)}(\.|$)")
    kept = {
        root for key, value in names.items() if key != where and isinstance(value, ast.expr) for root in roots(value)
    }
    if where in kept:
        number = next(n for n in count(2) if f"{where}_{n}" not in kept)
        names[f"{where}.{ANOTHER}"] = ast.Name(f"{where}_{number}", ast.Load())
    else:
        names = {key: value for key, value in names.items() if not before.match(key)}
    return State({**names, where: why}, state.cases, state.last)


def from_anywhere(where: str, names: Mapping[str, Value]) -> bool:
    """Whether an object, or one that it is a field of, was given by who knows what."""
    owners = [*(where[: point.start()] for point in re.finditer(r"\.", where)), where]
    others = {
        ast.unparse(value) for key, value in names.items() if key.endswith(f".{ANOTHER}") and not isinstance(value, str)
    }
    return owners[0] in others or any(isinstance(names.get(owner), str) for owner in owners)


def roots(value: ast.expr) -> set[str]:
    """The names of the objects that an expression is made of."""
    return {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}


def from_outside(state: State, target: ast.expr) -> State:
    """The same where what several names are given at once comes from outside by these names."""
    for one in ast.walk(target):
        if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Store):
            state = state.given(where, named(where)) if (where := place(one, state.names)) else state
    return state


def keywords(value: ast.expr) -> Iterator[str]:
    """The fields that a new object is given: `n_layer` of `replace(cfg, n_layer=2)` and `{**cfg, "n_layer": 2}`."""
    for node in ast.walk(value):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def effects(nodes: Sequence[ast.AST], state: State) -> State:
    """Behind statements that are not followed: what they may give something to is not known any more."""
    left = [*nodes]
    while left:
        node = left.pop()
        line = getattr(node, "lineno", 0)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                outer = {
                    name for one in ast.walk(node) if isinstance(one, ast.Nonlocal | ast.Global) for name in one.names
                }
                for name in sorted(outer):
                    state = state.given(name, f"'{name}' is changed by a function in line {line}")
                continue
            case ast.ClassDef():
                continue
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[whole, ast.Constant(value=str() as key), *_]):
                why = f"'{key}' is changed in line {line}"
                state = written(state, ast.Attribute(whole, key, ast.Store()), why, why)
                continue
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[whole, *_]):
                state = changed(state, whole, f"'{ast.unparse(whole)}' is changed in line {line}")
                continue
            case ast.Call(func=ast.Attribute(value=whole, attr=attr)) if CHANGES.fullmatch(attr):
                state = changed(state, whole, f"'{ast.unparse(whole)}' is changed in line {line}")
            case ast.Expr(value=ast.Call(func=func, args=args)) if not LEAVES.fullmatch(ast.unparse(func)):
                for one in args:
                    state = changed(state, one, f"'{ast.unparse(one)}' may be changed in line {line}")
            case (
                ast.Name(ctx=ast.Store() | ast.Del())
                | ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                why = f"'{ast.unparse(node)}' is given something in line {line}"
                state = written(state, node, why, why)
        left += ast.iter_child_nodes(node)
    return state


def agreed(ends: Sequence[State], where: str) -> dict[str, Value]:
    """What names stand for behind all ways through a body, where they agree; why nobody knows where they do not."""
    found: dict[str, Value] = {}
    for name in dict.fromkeys(name for end in ends for name in end.names):
        values = [end.names.get(name) for end in ends]
        alike = len({ast.unparse(one) if isinstance(one, ast.expr) else one for one in values}) == 1
        one = values[0] if alike else None
        found[name] = f"'{name}' is decided in several ways {where}" if one is None else one
    return found
