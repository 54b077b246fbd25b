"""Frozen dataclasses that are made quickly: a command loads a hundred of them, which took a quarter of its time.

To a type checker, and to `replace`, `fields` and `match`, they are the standard library's. What it compiles for each
class, `__eq__`, `__hash__`, `__repr__` and the two that refuse changes, are functions here that know the names of its
fields; only `__init__` is compiled. Whatever else is asked for (an order, fields that change) is left to the standard
library.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import fields
from functools import cache
from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, NoReturn

OPTIONS = {"frozen", "repr", "eq", "slots"}  # of what is made here
MADE = "__made_quickly__"


def quickly(cls: Any = None, /, **options: Any) -> Any:
    """`dataclasses.dataclass`, with the same options."""
    if cls is None:
        return lambda made: quickly(made, **options)
    if options.keys() - OPTIONS or not options.get("frozen") or has_others(cls):
        return dataclasses.dataclass(**options)(cls)
    if any(isinstance(one, dataclasses.Field) and (not one.init or one.hash is not None) for one in vars(cls).values()):
        return dataclasses.dataclass(**options)(cls)
    own = {name for name, value in cls.__dict__.items() if name != "__hash__" or value is not None}
    cls = known(cls, options.get("slots", False))
    made = {"__init__": init_of(cls), "__setattr__": refuse_to_set, "__delattr__": refuse_to_delete}
    if options.get("slots"):
        made |= {"__getstate__": state_of, "__setstate__": put_state}
    if options.get("repr", True):
        made["__repr__"] = shown
    if options.get("eq", True):
        compared = [one.name for one in fields(cls) if one.compare]
        made |= equality_of(attrgetter(*compared) if compared else lambda self: ())
    for name, function in made.items():
        if name not in own:
            setattr(cls, name, function)
    return cls


def changed(one: Any, /, **changes: Any) -> Any:
    """`dataclasses.replace`, which looks at all fields each time."""
    known = in_order(one.__class__)
    if known is None:
        return dataclasses.replace(one, **changes)
    places, named, values = known
    if not changes.keys() <= places.keys():
        raise TypeError(f"{type(one).__name__} has no field {sorted(changes.keys() - places.keys())}")
    new = list(values(one))
    for name, value in changes.items():
        new[places[name]] = value
    if not named:
        return type(one)(*new)
    return type(one)(*new[: -len(named)], **dict(zip(named, new[-len(named) :], strict=True)))


@cache
def in_order(cls: Any) -> tuple[dict[str, int], list[str], attrgetter[Any]] | None:
    """The places of values in a call of the class, those that have to be named, and all of them; None if not known."""
    if not dataclasses.is_dataclass(cls) or not all(one.init for one in fields(cls)) or len(fields(cls)) < 2:
        return None
    found = sorted(fields(cls), key=lambda one: bool(one.kw_only))
    names = [one.name for one in found]
    return {name: at for at, name in enumerate(names)}, [o.name for o in found if o.kw_only], attrgetter(*names)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    dataclass, replace = quickly, changed


class Factory:
    """Stands in a signature for a value that is made each time."""

    def __repr__(self) -> str:
        return "<factory>"


def known(cls: Any, slots: bool) -> Any:
    """A class whose fields the standard library knows, and of which frozen dataclasses may inherit.

    To the standard library it is one that changes, which may inherit from no frozen one, until it is made.
    """
    params = [base.__dict__["__dataclass_params__"] for base in cls.__mro__[1:] if MADE in base.__dict__]
    try:
        for one in params:
            one.frozen = False
        found = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        params.append(found.__dataclass_params__)
    finally:
        for one in params:
            one.frozen = True
    setattr(found, MADE, True)
    return found


def has_others(cls: type) -> bool:
    """Whether it inherits from a frozen dataclass of the standard library."""
    bases = [base.__dict__ for base in cls.__mro__[1:] if "__dataclass_params__" in base.__dict__]
    return any(base["__dataclass_params__"].frozen and MADE not in base for base in bases)


def init_of(cls: type) -> Any:
    """The `__init__` of a class whose fields are known; it puts values where they are, as that is twice as fast."""
    known: dict[str, Any] = {"_missing": Factory()}
    arguments, lines = [], []
    for one in sorted(fields(cls), key=lambda one: bool(one.kw_only)):
        value = one.name
        if one.kw_only and "*" not in arguments:
            arguments.append("*")
        if one.default is not dataclasses.MISSING:
            known[f"_of_{one.name}"] = one.default
            arguments.append(f"{one.name}=_of_{one.name}")
        elif one.default_factory is not dataclasses.MISSING:
            known[f"_of_{one.name}"] = one.default_factory
            arguments.append(f"{one.name}=_missing")
            value = f"_of_{one.name}() if {one.name} is _missing else {one.name}"
        else:
            arguments.append(one.name)
        if isinstance(slot := getattr(cls, one.name, None), MemberDescriptorType):
            known[f"_put_{one.name}"] = slot.__set__
            lines.append(f"  _put_{one.name}(self, {value})")
        else:
            lines += [f"  values[{one.name!r}] = {value}"]
    if any(line.startswith("  values[") for line in lines):
        lines.insert(0, "  values = self.__dict__")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    body = "\n".join(lines or ["  pass"])
    text = f"def make({', '.join(known)}):\n def __init__(self, {', '.join(arguments)}):\n{body}\n return __init__"
    names: dict[str, Any] = {}
    exec(text, sys.modules[cls.__module__].__dict__, names)
    made = names["make"](**known)
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {**{one.name: one.type for one in fields(cls)}, "return": None}
    return made


def equality_of(values: Any) -> dict[str, Any]:
    """`__eq__` and `__hash__` by the values of what is compared."""

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


def shown(self: Any) -> str:
    """`__repr__`: as it would be made."""
    parts = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({parts})"


def state_of(self: Any) -> list[Any]:
    """`__getstate__` of what has slots, for copies."""
    return [getattr(self, one.name) for one in fields(self)]


def put_state(self: Any, state: list[Any]) -> None:
    """`__setstate__`."""
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


def refuse_to_set(self: object, name: str, value: object) -> NoReturn:
    """`__setattr__`."""
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def refuse_to_delete(self: object, name: str) -> NoReturn:
    """`__delattr__`."""
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
