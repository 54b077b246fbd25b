"""Which function of a file a name means where it is called: those around, those of the file, methods by `self`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from costgraph.library.auditing.code_shapes import Value, dotted, given_in
from costgraph.records import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
PROPERTIES = ("property", "cached_property")
# Decorators that leave what a function gives back as it is.
HARMLESS = (
    *PROPERTIES,
    "staticmethod",
    "classmethod",
    "lru_cache",
    "cache",
    "no_grad",
    "inference_mode",
    "jit",
    "script",
    "wraps",
    "override",
    "abstractmethod",
    "final",
    "compile",
    "deprecated",
    "typechecked",
    "jaxtyped",
    "beartype",
    "dataclass",
)


@dataclass(frozen=True)
class Scope:
    """Where names are looked up.

    Args:
        known: what the file defines, by the functions and classes that it stands in and its name; all of a name.
        path: the functions and classes around.
        written: the fields that functions write to, of those that were looked through (`changes.py`).
    """

    known: Mapping[tuple[str, ...], Sequence[Definition]]
    path: tuple[str, ...] = ()
    written: dict[Function, set[tuple[str, str]]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, module: ast.Module) -> Scope:
        """The outermost scope of a file."""
        known: dict[tuple[str, ...], list[Definition]] = {}
        for path, one in definitions(module, ()):
            known.setdefault((*path, one.name), []).append(one)
        return cls(known)

    def inside(self, function: Definition) -> Scope:
        """The scope of a function's or a class's body."""
        found = (path for path, every in self.known.items() if any(one is function for one in every))
        return replace(self, path=next(found, self.path))

    def the(self, path: tuple[str, ...]) -> Definition | None:
        """What is defined there, if it is defined once."""
        found = self.known.get(path, ())
        return found[0] if len(found) == 1 else None

    def called(self, name: ast.expr) -> Function | None:
        """The function of the file that is called by a name; None if it is another's, or nobody knows which."""
        match name:
            case ast.Name(id=last):
                paths = (self.path[:at] for at in range(len(self.path), -1, -1))
                seen = (path for path in paths if not isinstance(self.the(path), ast.ClassDef))
                return function_or_none(next((self.the((*p, last)) for p in seen if (*p, last) in self.known), None))
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=last):
                around = (self.path[:at] for at in range(len(self.path), 0, -1))
                owner = next((path for path in around if isinstance(self.the(path), ast.ClassDef)), ())
                return (self.method(owner, last, 0) if owner else None) or self.given_to(owner, last)
            case ast.Attribute(value=ast.Name(id=owner), attr=last) if isinstance(self.the((owner,)), ast.ClassDef):
                return self.method((owner,), last, 0)
        return None

    def method(self, owner: tuple[str, ...], name: str, depth: int) -> Function | None:
        """A method of a class, or the one that it inherits from a class of the file."""
        if (*owner, name) in self.known or depth > 8:
            return function_or_none(self.the((*owner, name)))
        found = (self.method(base, name, depth + 1) for base in self.bases(owner))
        return next((one for one in found if one is not None), None)

    def bases(self, owner: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The classes of the file that a class inherits from."""
        made = self.the(owner)
        named = [dotted(base) for base in made.bases] if isinstance(made, ast.ClassDef) else []
        return [(base,) for base in named if base and (base,) in self.known]

    def decorated(self, function: Function) -> str:
        """A decorator that may change what a function gives back; "" if it has none."""
        every = [one.func if isinstance(one, ast.Call) else one for one in function.decorator_list]
        return next((ast.unparse(one) for one in every if (dotted(one) or "?").split(".")[-1] not in HARMLESS), "")

    def computed(self, node: ast.expr) -> Function | None:
        """The method that gives what a field of `self` is, if it is a property."""
        found = self.called(node) if isinstance(node, ast.Attribute) else None
        decorators = [dotted(one) or "" for one in found.decorator_list] if found is not None else []
        return found if any(one.rpartition(".")[2] in PROPERTIES for one in decorators) else None

    def given_to(self, owner: tuple[str, ...], name: str) -> Function | None:
        """The one function of that name, which a class was given from outside of its body, if it inherits nothing."""
        made, alike = self.the(owner), [path for path in self.known if path[-1] == name]
        alone = isinstance(made, ast.ClassDef) and not made.bases and alike == [(name,)]
        return function_or_none(self.the((name,))) if alone else None

    def defines(self, name: str) -> bool:
        """Whether anything in the file has that name."""
        return any(path[-1] == name for path in self.known)

    def seen_by(self, function: Function, names: Mapping[str, Value]) -> dict[str, Value]:
        """What a called function knows of what names stand for: fields, and all if it stands in the caller."""
        around = self.inside(function).path[:-1]
        closed = bool(around) and around == self.path[: len(around)] and not isinstance(self.the(around), ast.ClassDef)
        own = {*arguments(function), *given_in(function.body)}
        return {name: value for name, value in names.items() if "." in name or (closed and name not in own)}

    def decided_around(self, function: Definition) -> dict[str, Value]:
        """Names of a function that the functions around it decide, which nobody knows where it is read alone."""
        found: dict[str, Value] = {}
        path = self.inside(function).path
        for depth in range(1, len(path)):
            outer = self.the(path[:depth])
            if isinstance(outer, Function):
                body = [one for one in outer.body if not isinstance(one, Definition)]
                found |= {name: f"'{name}' is decided by '{outer.name}' around it" for name in given_in(body)}
        own = set(arguments(function)) if isinstance(function, Function) else set()
        return {name: why for name, why in found.items() if name not in own and "." not in name}


def definitions(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Definition]]:
    """The functions and classes in something, with those around each."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, Definition):
            yield path, one
        yield from definitions(one, (*path, one.name) if isinstance(one, Definition) else path)


def arguments(function: Function) -> list[str]:
    """The names of all arguments of a function."""
    own = function.args
    every = [*own.posonlyargs, *own.args, *own.kwonlyargs, *filter(None, [own.vararg, own.kwarg])]
    return [one.arg for one in every]


def function_or_none(found: Definition | None) -> Function | None:
    """A function; None of a class."""
    return found if isinstance(found, Function) else None
