"""Which layers of a model are of which kind: a word for each layer where the configuration has one, else a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any

from costgraph.errors import UserError
from costgraph.models.keys import Choice, as_choice
from costgraph.models.values import Values
from costgraph.records import dataclass

MAX_LAYERS = 100_000  # that are told apart one by one


def as_number(value: Any) -> Choice | int:
    """A number, or the key that holds it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return as_choice(value)


def as_choices(value: Any) -> tuple[Choice, ...]:
    """A list of keys."""
    if not isinstance(value, list):
        raise UserError("write a list of { key = ..., default = ... }")
    return tuple(map(as_choice, value))


Number = Annotated[Choice | int | None, as_number]


@dataclass(frozen=True)
class LayerKind:
    """Which layers are of a kind. Counting from 0, those for which every condition holds that is given.

    Args:
        other: the kind of all other layers.
        types: the key of a list with a word for every layer; where it is there, it is the truth.
        words: which word means which of the two kinds.
        needs: keys that must be set (not null, false, 0) for any layer to be of the kind.
        start, stop: the first layer of the kind; the first one after them.
        every, not_every: every n-th layer, the n-th first; all but those.
        not_at: the key of a list of layers that are not.
    """

    other: str
    types: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    needs: Annotated[tuple[Choice, ...], as_choices] = ()
    start: Number = None
    stop: Number = None
    every: Number = None
    not_every: Number = None
    not_at: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that decide."""
        numbers = [self.start, self.stop, self.every, self.not_every]
        choices = [*self.needs, *(number for number in numbers if isinstance(number, Choice))]
        lists = [name for name in (self.types, self.not_at) if name]
        return (*lists, *(name for choice in choices for name in choice.names))


def kinds_of(kinds: Mapping[str, LayerKind], layers: int, values: Values) -> list[tuple[str, ...]]:
    """Of which kinds each layer is, one of each pair: `[("local", "moe"), ("global", "moe"), ...]`."""
    if layers > MAX_LAYERS:
        values.problems.append(f"{layers} layers are more than the {MAX_LAYERS} that are told apart")
        layers = 1
    rows = [of_each(name, kind, layers, values) for name, kind in kinds.items()]
    return list(zip(*rows, strict=True)) if rows else [()] * layers


def of_each(name: str, kind: LayerKind, layers: int, values: Values) -> list[str]:
    """The kind of each layer."""
    listed = values.get((kind.types,)) if kind.types else None
    if listed is not None:
        return by_words(name, kind, listed, layers, values)
    rule = {
        part: values.number(number, int(part == "every")) if isinstance(number, Choice) else number
        for part, number in (("start", kind.start), ("stop", kind.stop), ("every", kind.every), ("not", kind.not_every))
    }
    if not all(values.chosen(need) for need in kind.needs):
        return [kind.other] * layers
    apart = values.indices(kind.not_at, layers) if kind.not_at else frozenset[int]()
    start, stop, every, not_every = rule["start"] or 0, rule["stop"], rule["every"] or 1, rule["not"]
    return [
        name
        if i >= start
        and (stop is None or i < stop)
        and (i + 1) % every == 0
        and not (not_every and (i + 1) % not_every == 0)
        and i not in apart
        else kind.other
        for i in range(layers)
    ]


def by_words(name: str, kind: LayerKind, listed: Any, layers: int, values: Values) -> list[str]:
    """The kind of each layer, from the list of words."""
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        values.problems.append(f"{kind.types}: a list of words is expected, one for each layer")
    elif len(listed) != layers:
        values.problems.append(f"{kind.types} has {len(listed)} entries for {layers} layers")
    elif strange := sorted({word for word in listed if word not in kind.words}):
        values.problems.append(f"{kind.types}: {', '.join(strange[:3])} not modelled (known: {', '.join(kind.words)})")
    else:
        return [kind.words[word] for word in listed]
    return [name] * layers
