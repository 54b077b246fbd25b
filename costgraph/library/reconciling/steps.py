"""What leads from one way of counting to another: one thing after the other, each with what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from costgraph.algebra.quotient import Quotient
from costgraph.conventions.convention import WORDS, Counting
from costgraph.library.readings.of_flops import Counts, Reading
from costgraph.library.readings.of_others import OtherCounts
from costgraph.library.readings.ways import way_in_words
from costgraph.records import dataclass

MOST_PAIRED = 60  # readings of either side that are looked at for the shortest explanation
BESIDES = {  # what conventions differ in besides options, in words
    "neglects": "norms, biases and their parameters",
    "elementwise": "element-wise ops",
    "additions": "additions of sums of products",
    "quirk": "what the counter does besides",
    "library": "the model as a library computes it",
}


@dataclass(frozen=True)
class Step:
    """One thing that is counted otherwise, and what that comes to."""

    what: str
    amount: Quotient


def closest(a: list[Reading], b: list[Reading]) -> tuple[Reading, Reading]:
    """Of the readings of either side those two that take the fewest words together."""
    pairs = ((one, other) for one in a[:MOST_PAIRED] for other in b[:MOST_PAIRED])
    return min(pairs, key=lambda pair: (pair[0].changed + pair[1].changed + apart(*pair), pair[0].far, pair[1].far))


def apart(one: Reading, other: Reading) -> int:
    """In how many things two readings differ."""
    own = [field.name for field in fields(Reading) if field.name not in ("convention", "changed", "ways")]
    others = sum(bool(getattr(one, name) != getattr(other, name)) for name in own)
    others += len({name for name, _ in {*one.ways} ^ {*other.ways}})
    besides = sum(bool(getattr(one.convention, name) != getattr(other.convention, name)) for name in BESIDES)
    return others + besides + len(one.convention.counting.beside(other.convention.counting))


def path(counts: Counts | OtherCounts, a: Reading, b: Reading) -> Iterator[Step]:
    """What is counted otherwise, one thing after the other, from the first reading to the second."""
    value = counts.value(a)
    for what, reading in between(a, b):
        found = counts.value(reading)
        if found != value:
            yield Step(what, found - value)
        value = found


def between(a: Reading, b: Reading) -> Iterator[tuple[str, Reading]]:
    """The readings between two, each with what it changes."""
    at, target = a, b.convention
    for name, words in BESIDES.items():
        if getattr(at.convention, name) != getattr(target, name):
            changed: dict[str, Any] = {name: getattr(target, name)}
            changed |= {"quirk_in_words": target.quirk_in_words} if name == "quirk" else {}
            said = (
                f"{words} ({target.quirk_in_words or 'nothing'})"
                if name == "quirk"
                else f"{words} as {target.base} has them"
            )
            at = replace(at, convention=replace(at.convention, **changed))
            yield said, at
    for field in fields(Counting):
        before, after = getattr(at.convention.counting, field.name), getattr(target.counting, field.name)
        if before != after:
            counting = replace(at.convention.counting, **{field.name: after})
            at = replace(at, convention=replace(at.convention, counting=counting))
            yield f"{field.name}: {before} -> {after}{in_words(field.name, before, after)}", at
    for name in dict.fromkeys(name for name, _ in (*a.ways, *b.ways)):
        before, after = dict(at.ways).get(name, ""), dict(b.ways).get(name, "")
        if before != after:
            at = replace(at, ways=tuple({**dict(at.ways), name: after}.items()))
            said = way_in_words(name, after) if after else f"before: {way_in_words(name, before)}"
            yield said if after else f"{name} as usual ({said})", at
    for name in ("precision", "work", "per"):
        if getattr(at, name) != getattr(b, name):
            before = getattr(at, name)
            at = replace(at, **{name: getattr(b, name)})
            yield f"{name}: {before} -> {getattr(b, name)}", at


def in_words(option: str, before: object, after: object) -> str:
    """What an option means, or meant before, in parentheses; nothing where it is the usual one."""
    if words := WORDS.get(f"{option}={after}"):
        return f" ({words})"
    return f" (before: {words})" if (words := WORDS.get(f"{option}={before}")) else ""
