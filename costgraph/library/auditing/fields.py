"""What the fields of `self` are in a method: what `__init__` gave them, and what properties give back.

def __init__(self, config):
    self.d = config.hidden_size         self.d is config.hidden_size in every method
def grow(self):
    self.d *= 2                         and then nobody knows what it is
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from costgraph.library.auditing.code_shapes import State, Value, given_in
from costgraph.library.auditing.places import ALL_FIELDS, agreed, roots
from costgraph.library.auditing.scopes import Definition, Function, Scope, arguments
from costgraph.records import dataclass

OWN_WAYS = ("__getattr__", "__getattribute__", "__setattr__")  # with which a class decides itself what its fields are
MADE_BY = ("__init__", "__post_init__", "setup")  # methods that run before any other, the last of flax


def around(function: Definition, scope: Scope) -> tuple[tuple[str, ...], Function | None]:
    """The class that a function is in, and which of its methods it is or stands in; () and None if in none."""
    path = scope.inside(function).path
    for end in range(len(path) - 1, 0, -1):
        if isinstance(scope.the(path[:end]), ast.ClassDef):
            method = scope.the(path[: end + 1])
            return path[:end], method if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) else None
    return (), None


def methods(owner: tuple[str, ...], scope: Scope, depth: int = 0) -> Iterator[Function]:
    """The methods of a class, and those of classes of the file that it inherits from."""
    for path, every in scope.known.items():
        if path[:-1] == owner:
            yield from (one for one in every if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    for base in scope.bases(owner) if depth < 8 else ():
        yield from methods(base, scope, depth + 1)


def stored(function: Function) -> set[str]:
    """The fields of `self` that a method gives something to."""
    return {name for name in given_in(function.body) if name.startswith("self.") and name.count(".") == 1}


@dataclass(frozen=True)
class Made:
    """What the fields of a class are once it is made.

    Args:
        fields: what `MADE_BY` leave there.
        elsewhere: the fields that every other method gives something to, also of classes that it inherits from.
    """

    fields: Mapping[str, Value]
    elsewhere: Sequence[tuple[Function, frozenset[str]]]

    def seen_by(self, method: Function) -> dict[str, Value]:
        """What fields of `self` are where a method begins."""
        if method.name in MADE_BY:
            return {}
        own = {*arguments(method), *given_in(method.body)} - {"self"}
        found: dict[str, Value] = {}
        for name, value in self.fields.items():
            if name.partition(".")[0] in own:  # of another object of that name
                continue
            clash = sorted(roots(value) & own) if isinstance(value, ast.expr) else []
            found[name] = f"'{name}' is made of a '{clash[0]}' of another method" if clash else value
        for other, names in self.elsewhere:
            if other is not method:
                found |= {name: f"'{name}' is given something in '{other.name}'" for name in names}
        return found


def elsewhere(owner: tuple[str, ...], scope: Scope) -> list[tuple[Function, frozenset[str]]]:
    """The methods of a class that give its fields something, but those that make it, and to which."""
    first = made_by(owner, scope)
    found = ((one, frozenset(stored(one))) for one in methods(owner, scope) if one not in first)
    return [(one, names) for one, names in found if names]


def decided(owner: tuple[str, ...], scope: Scope) -> dict[str, Value]:
    """Why nobody knows the fields of a class that decides itself what they are."""
    own = next((name for name in OWN_WAYS if scope.method(owner, name, 0) is not None), "")
    return {f"self.{ALL_FIELDS}": f"'{own}' decides what fields of '{owner[-1]}' are"} if own else {}


def made_by(owner: tuple[str, ...], scope: Scope) -> list[Function]:
    """The methods of a class that give its fields what they are, in the order in which they run."""
    return [one for name in MADE_BY if (one := scope.method(owner, name, 0)) is not None]


def left_by(function: Function, ends: Sequence[State]) -> dict[str, Value]:
    """What fields of `self`, and of what a method was given, are behind it in whatever way it ends."""
    where, owners = f"in '{function.name}'", ("self", *arguments(function))
    found = {
        name: value for name, value in agreed(ends, where).items() if "." in name and name.partition(".")[0] in owners
    }
    lost = {name: f"'{name}' is given something {where}" for name in stored(function) - {*found}}
    return {name: value for name, value in {**found, **lost}.items() if name != f"self.{ALL_FIELDS}"}
