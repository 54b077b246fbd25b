"""The values of one configuration, and everything that is wrong with them: collected, so that one message lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import shorten
from costgraph.models.keys import ANY, Choice, SizeKey, text


@dataclass
class Values:
    """What a configuration says.

    Args:
        config: its keys.
        sizes: where each symbol is looked for.
        problems: what is wrong, in words.
        missing: sizes that are nowhere, and the keys under which they were looked for.
        found: sizes that were looked up: a positive integer, or none where there is none.
    """

    config: Mapping[str, Any]
    sizes: Mapping[str, SizeKey]
    problems: list[str] = field(default_factory=list)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found: dict[str, int | None] = field(default_factory=dict)

    @property
    def wrong(self) -> list[str]:
        """All that is wrong, in words: of several sizes that are missing in one sentence."""
        if not self.missing:
            return list(dict.fromkeys(self.problems))
        if len(self.missing) == 1:
            ((symbol, names),) = self.missing.items()
            said = f"{meaning(symbol)} is missing" + (f", looked for as {' or '.join(names)}" if names else "")
        else:
            each = (f"{symbol} ({' or '.join(names)})" if names else symbol for symbol, names in self.missing.items())
            said = f"missing are {', '.join(each)}"
        return list(dict.fromkeys([said, *self.problems]))

    def at(self, name: str) -> tuple[bool, Any]:
        """Whether there is a key of that name, and its value; dots lead into nested objects."""
        value: Any = self.config
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return False, None
            value = value[part]
        return True, value

    def get(self, names: tuple[str, ...]) -> Any:
        """The value under one of these names; none if it is under none of them, or null."""
        there = {name: value for name in names for there, value in [self.at(name)] if there and value is not None}
        first = next(iter(there), None)
        for name, value in there.items():
            if name != first and value != there[first or name]:
                said = f"{first} = {shown(there[first or name])} and {name} = {shown(value)} contradict each other"
                if said not in self.problems:
                    self.problems.append(said)
        return None if first is None else there[first]

    def given(self, names: tuple[str, ...]) -> bool:
        """Whether a key of one of these names is there, be it null."""
        return any(self.at(name)[0] for name in names)

    def said(self, symbol: str) -> str:
        """A size as messages write it: `num_attention_heads = 32`, or `H = D/A`."""
        names = [name for name in self.sizes[symbol].names if self.at(name)[1] is not None]
        return f"{names[0]} = {self.found[symbol]}" if names else f"{symbol} = {self.found[symbol]}"

    # --- choices ----------------------------------------------------------------------------------------------------

    def chosen(self, choice: Choice) -> Any:
        """What a choice comes to; "" where it says nothing."""
        value = self.get(choice.names)
        explicit = self.given(choice.names) and choice.when is not None and "null" in choice.when
        if value is None and not explicit:
            value = choice.default
        if choice.when is None:
            if not of_kind(value, choice.default) or (isinstance(value, int | float) and not is_count(value)):
                self.problems.append(f"{choice.names[0]} = {shown(value)}: {KINDS[type(choice.default)]} is expected")
                return choice.default
            return "" if value is None else value
        if isinstance(value, bool | int | float | str | None):
            if text(value) in choice.when:
                return choice.when[text(value)]
            if ANY in choice.when and of_kind(value, choice.default):
                return choice.when[ANY]
        known = ", ".join(one if one != ANY else KINDS[type(choice.default)] for one in choice.when)
        self.problems.append(f"{choice.names[0]} = {shown(value)} is not modelled (known: {known})")
        return ""

    def number(self, choice: Choice, least: int = 0) -> int | None:
        """A whole number that says which layers are meant."""
        value = self.get(choice.names)
        value = choice.default if value is None else value
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= least):
            return value
        self.problems.append(f"{choice.names[0]} = {shown(value)}: a whole number of at least {least} is expected")
        return None

    def indices(self, name: str, below: int) -> frozenset[int]:
        """The numbers of layers that a list names."""
        listed = self.get((name,))
        if listed is None:
            return frozenset()
        if not isinstance(listed, list) or not all(type(i) is int and 0 <= i < below for i in listed):
            self.problems.append(f"{name} = {shown(listed)}: a list of layers, 0 to {below - 1}, is expected")
            return frozenset()
        return frozenset(listed)

    # --- sizes ------------------------------------------------------------------------------------------------------

    def size(self, symbol: str) -> int | None:
        """A size; none if it is missing or wrong, which is then among the problems."""
        if symbol not in self.found:
            self.found[symbol] = None  # a default that leads back to itself has no value
            self.found[symbol] = self.looked_up(symbol)
        return self.found[symbol]

    def looked_up(self, symbol: str) -> int | None:
        """A size from its key or from its default."""
        key = self.sizes.get(symbol, SizeKey())
        value = self.get(key.names)
        name = next((name for name in key.names if self.at(name)[1] is not None), "")
        if value is None and not key.default:
            self.missing[symbol] = key.names
            return None
        if key.of:
            return self.share(symbol, name, float(key.default) if value is None else value, key.of)
        if value is None:
            return self.expression(symbol, key.default)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            self.problems.append(f"{name} = {shown(value)}: {meaning(symbol)} must be a positive integer")
            return None
        return value

    def expression(self, symbol: str, said: str) -> int | None:
        """A size from others."""
        number = self.worth(said)
        if number is None:
            return None
        if number <= 0 or number.denominator != 1:
            parts = ", ".join(self.said(other) for other in sorted(size(said).symbols))
            self.problems.append(f"{meaning(symbol)} = {said} = {number} is no positive integer at {parts}")
            return None
        return int(number)

    def worth(self, said: str) -> Fraction | None:
        """The value of an expression over sizes; none if one of them is missing."""
        form = size(said)
        sizes: dict[str, Polynomial] = {}
        for other in form.symbols:
            if (value := self.size(other)) is None:
                return None
            sizes[other] = size(value)
        number = form.substitute(sizes).number
        return None if number is None else Fraction(number)

    def share(self, symbol: str, name: str, value: Any, of: str) -> int | None:
        """A size that is a share of another."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            self.problems.append(f"{name} = {shown(value)}: {meaning(symbol)} is a share of {of}, above 0, at most 1")
            return None
        whole = self.size(of)
        return None if whole is None else max(int(whole * value), 1)


KINDS = {
    bool: "true or false", int: "a number", float: "a number", str: "text in quotes", type(None): "any other",
}  # fmt: skip


def is_count(value: Any) -> bool:
    """Whether a value is a whole number of at least 0, or true or false."""
    return isinstance(value, int) and value >= 0


def of_kind(value: Any, default: Any) -> bool:
    """Whether a value is a number where the default is one, and so on."""
    return default is None or value is None or KINDS.get(type(value)) == KINDS[type(default)]


def meaning(symbol: str) -> str:
    """A symbol with what it stands for."""
    return f"{symbol} ({SYMBOLS[symbol].meaning})" if symbol in SYMBOLS else symbol


def shown(value: Any) -> str:
    """A value of a configuration in a message."""
    match value:
        case str():
            return shorten(repr(value), 40)
        case dict() | list():
            return "an object" if isinstance(value, dict) else "a list"
    return shorten(text(value), 40)
