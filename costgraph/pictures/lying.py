"""Where Graphviz lays what it is given, as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from costgraph.records import dataclass

Place = tuple[float, float]
INCH = 72.0


@dataclass(frozen=True)
class Laid:
    """Where things lie, in points from the lower left.

    Args:
        size: of all of it.
        boxes: centre, width and height, by op.
        frames: lower left, upper right, words.
        arrows: the points of Bézier curves, three for each behind the first; and the tip.
    """

    size: Place
    boxes: dict[str, tuple[float, float, float, float]]
    frames: tuple[tuple[Place, Place, str], ...]
    arrows: tuple[tuple[tuple[Place, ...], Place], ...]


def laid(text: str) -> Iterator[Laid]:
    """The graphs in what `dot -Tjson0` prints, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        graph, at = decoder.raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        objects = graph.get("objects", [])
        left, low, right, high = map(float, graph["bb"].split(","))
        yield Laid(
            (right - left, high - low),
            {one["name"]: box(one) for one in objects if "pos" in one},
            tuple(frame(one) for one in objects if one.get("label") and "bb" in one),
            tuple(arrow(one["pos"]) for one in graph.get("edges", []) if one.get("style") != "invis"),
        )


def box(one: dict[str, Any]) -> tuple[float, float, float, float]:
    """A box: where its centre is, and its size."""
    x, y = place(one["pos"])
    return x, y, float(one["width"]) * INCH, float(one["height"]) * INCH


def frame(one: dict[str, Any]) -> tuple[Place, Place, str]:
    """A frame with its words."""
    left, low, right, high = map(float, one["bb"].split(","))
    return (left, low), (right, high), one["label"]


def arrow(text: str) -> tuple[tuple[Place, ...], Place]:
    """`e,1,2 3,4 ...`: the tip, and the points of the curve to where its head begins."""
    tip, *points = text.removeprefix("e,").split(" ")
    return tuple(map(place, points)), place(tip)


def place(text: str) -> Place:
    """`1.5,2` as two numbers."""
    x, y = text.split(",")
    return float(x), float(y)
