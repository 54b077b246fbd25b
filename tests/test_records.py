"""Frozen dataclasses that are made quickly, held against those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from costgraph.records import dataclass, quickly, replace

OPTIONS: list[dict[str, bool]] = [{}, {"slots": True}, {"repr": False}, {"eq": False}, {"order": True}]


class Plain:
    """What has a field of every kind."""

    x: int
    y: tuple[int, ...] = (1, 2)
    z: list[int] = dataclasses.field(default_factory=list)
    unlike: int = dataclasses.field(default=3, compare=False, repr=False)
    named: str = dataclasses.field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Put the largest first."""
        object.__setattr__(self, "y", tuple(sorted(self.y, reverse=True)))


def made(by: Callable[..., Any], **options: bool) -> Any:
    """The class as one of the two makes it."""
    annotations = dict(Plain.__annotations__)
    body = {name: value for name, value in vars(Plain).items() if name not in ("__dict__", "__weakref__")}
    return by(frozen=True, **options)(type("Plain", (), {**body, "__annotations__": annotations}))


@pytest.fixture(params=OPTIONS, ids=lambda options: " ".join(options) or "plain")
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return made(quickly, **request.param), made(dataclasses.dataclass, **request.param)


def test_it_is_made_and_shown_alike(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert inspect.get_annotations(ours.__init__) == inspect.get_annotations(theirs.__init__)
    assert ours.__match_args__ == theirs.__match_args__
    for arguments, options in (((1,), {}), ((1, (3, 4)), {"named": "a"}), ((1,), {"z": [1], "unlike": 4})):
        one, other = ours(*arguments, **options), theirs(*arguments, **options)
        assert dataclasses.asdict(one) == dataclasses.asdict(other)
        if "object at" not in repr(other):
            assert repr(one) == repr(other)
        for change in (dataclasses.replace, replace):
            changed = change(one, x=5)
            assert dataclasses.asdict(changed) == dataclasses.asdict(dataclasses.replace(other, x=5))
            with pytest.raises(TypeError):
                change(one, other=5)


def test_it_is_compared_and_hashed_alike(pair: tuple[Any, Any]) -> None:
    for kind in pair:
        same = kind.__eq__ is not object.__eq__
        assert (kind(1) == kind(1, unlike=7)) == same
        assert kind(1) != kind(2)
        assert kind(1) != (1, (2, 1), [], "")
        if same:
            with pytest.raises(TypeError, match="unhashable"):  # a list is among its fields
                hash(kind(1))
            assert hash(kind(1, z=())) == hash(kind(1, z=(), unlike=7))


def test_it_is_frozen_alike(pair: tuple[Any, Any]) -> None:
    for kind in pair:
        one = kind(1)
        with pytest.raises(dataclasses.FrozenInstanceError, match="assign to field 'x'"):
            one.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="delete field 'x'"):
            del one.x


def test_factories_are_called_each_time(pair: tuple[Any, Any]) -> None:
    for kind in pair:
        assert kind(1).z is not kind(1).z


def test_wrong_arguments_are_refused_alike(pair: tuple[Any, Any]) -> None:
    for kind in pair:
        for arguments, options in (((), {}), ((1,), {"other": 2}), ((1, (), [], 3, ""), {})):
            with pytest.raises(TypeError, match="__init__"):
                kind(*arguments, **options)


@dataclass(frozen=True)
class Base:
    x: int

    def __hash__(self) -> int:
        return 7


@dataclass(frozen=True, slots=True)
class Slotted:
    x: int
    y: int = 2


@dataclass(frozen=True)
class Further(Base):
    y: int = 2


@dataclasses.dataclass(frozen=True, order=True)
class Theirs:
    x: int


@dataclass(frozen=True)
class OfTheirs(Theirs):
    y: int = 2


def test_what_a_class_says_itself_stands() -> None:
    assert hash(Base(1)) == 7
    assert hash(Further(1)) != 7  # which compares its own fields


def test_a_class_may_inherit_from_either() -> None:
    assert repr(Further(1)) == "Further(x=1, y=2)"
    assert repr(OfTheirs(1)) == "OfTheirs(x=1, y=2)"
    assert Further(1) != Base(1)


@pytest.mark.parametrize("one", [Further(1), Slotted(1), OfTheirs(1)])
def test_values_are_changed_as_the_standard_library_changes_them(one: Any) -> None:
    assert replace(one, y=3) == dataclasses.replace(one, y=3) != one
    assert replace(one, x=5, y=3) == type(one)(5, 3)
    with pytest.raises(TypeError, match="z"):
        replace(one, z=3)


@pytest.mark.parametrize("one", [Further(1), Slotted(1), OfTheirs(1)])
def test_values_are_copied_and_pickled(one: Any) -> None:
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(Slotted(1), "__dict__")


@dataclass(frozen=True)
class Ours:
    """As `Pass` is, from which users' own inherit."""

    x: int = 1


@dataclass(frozen=True)
class Inner(Ours):
    y: int = 2


@dataclasses.dataclass(frozen=True)
class Standard(Ours):
    y: int = 2


@pytest.mark.parametrize("kind", [Inner, Standard])
def test_frozen_dataclasses_of_the_standard_library_may_inherit_as_well(kind: Any) -> None:
    assert (kind(y=3).x, kind(y=3)) == (1, kind(1, 3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().x = 5
    with pytest.raises(TypeError, match="cannot inherit non-frozen"):
        dataclasses.dataclass(type("Changing", (kind,), {}))


def test_fields_that_are_no_arguments_or_hashed_otherwise_are_left_to_the_standard_library() -> None:
    @dataclass(frozen=True)
    class Counted:
        name: str
        made: list[str] = dataclasses.field(init=False, default_factory=list)
        size: int = dataclasses.field(default=1, hash=False)

    with pytest.raises(TypeError):
        Counted("a", made=["b"])  # type: ignore[call-arg]
    assert Counted("a").made == []
