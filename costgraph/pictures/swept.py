"""What a picture of a sweep shows, and what all of them have: units, scales, titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.units import BYTE, SECOND
from costgraph.errors import UserError, shorten
from costgraph.pictures.picture import OKABE_ITO, aligned, plain, titled
from costgraph.records import dataclass
from costgraph.searching.command import as_typed
from costgraph.searching.measures import MEASURES
from costgraph.searching.points import Points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from costgraph.searching.columns import Column

UNITS: dict[str, tuple[float, str]] = {
    name: {BYTE: (2.0**30, "GiB"), SECOND: (1.0, "s")}.get(one.dimension, (1.0, one.unit))
    for name, one in MEASURES.items()
}
MOST = len(OKABE_ITO)  # lines or choices, told apart by colour
LOOKS: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)), (0, (1, 1)), (0, (4, 4)))
MARKERS = ("o", "s", "^", "D", "v", "P")  # three of the colours are one grey on paper


@dataclass(frozen=True)
class Drawn:
    """What a picture of a sweep shows.

    Args:
        points: the sweep.
        measure: what is drawn.
        columns: of all rows, by name.
        axes: numbers of several values, the one with the most first.
    """

    points: Points
    measure: str
    columns: Mapping[str, Sequence[Any]]
    axes: tuple[str, ...]

    def values(self, name: str) -> Column:
        """A column of numbers, in the unit that it is drawn in."""
        scale, _ = UNITS.get(name, (1.0, ""))
        return np.asarray(self.columns[name], dtype=float) / scale

    def series(self, without: Sequence[str]) -> dict[str, Column]:
        """Which rows belong to each combination of choices, and of numbers that are on no axis, by their name."""
        asked = self.points.sweep.grid
        names = [name for name in (*asked.choices, *self.axes) if name not in without]
        names = [name for name in names if len(set(self.columns[name])) > 1]
        labels = [
            ", ".join(said(name, value, name in asked.choices) for name, value in zip(names, row, strict=True))
            for row in zip(*(self.columns[name] for name in names), strict=True)
        ] or [""] * len(self.points)
        found: dict[str, list[int]] = {}
        for at, label in enumerate(labels):
            found.setdefault(label, []).append(at)
        if len(found) > MOST:
            raise UserError(
                f"{len(found)} combinations are more than the {MOST} colours of a picture; sweep over fewer, or "
                "--picture heatmap"
            )
        return {label: np.array(rows) for label, rows in found.items()}


def said(name: str, value: Any, choice: bool) -> str:
    """A value of an axis as a label; choices are named by themselves."""
    return shorten(str(value), 48) if choice else f"{name} = {float(value):g}"


def scaled(axes: Axes, shown: Drawn, across: str, up: str) -> None:
    """Names, units and scales: logarithmic where values are far apart."""
    for name, scale in ((across, axes.set_xscale), (up, axes.set_yscale)):
        values = shown.values(name)
        if values.min() > 0 and values.max() >= 30 * values.min():
            scale("log")
    axes.set_xlabel(labelled(across))
    axes.set_ylabel(labelled(up))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: plain(value))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(which="major", color="#e4e6e8", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.margins(x=0.06, y=0.1)


def called(name: str) -> str:
    """A measure in words, at the start of a line."""
    words = MEASURES[name].words if name in MEASURES else ""
    return words[:1].upper() + words[1:] if words else name


def labelled(name: str) -> str:
    """A measure or a size, with what it is and its unit."""
    if name in SYMBOLS and name not in UNITS:
        return f"{name}, {SYMBOLS[name].meaning.partition(';')[0]}"
    unit = UNITS.get(name, (1.0, ""))[1]
    words = MEASURES[name].words if name in MEASURES else name
    return f"{words}{f' ({unit})' if unit else ''}"


def finished(
    figure: Figure, axes: Axes, shown: Drawn, title: str, below: str, colors: Mapping[str, str] | None = None
) -> Figure:
    """With a title, what is the same at all points, and what the numbers take for granted."""
    asked = shown.points.sweep
    alone = [f"{name}={as_typed(values[0])}" for name, values in asked.grid.choices.items() if len(values) == 1]
    kept = [f"where {one}" for one in asked.where]
    small = below + " ".join(line[:1].upper() + line[1:] + "." for line in asked.assumptions)
    titled(figure, axes, title, ", ".join([asked.said, *alone, *kept]), small, colors)
    return aligned(figure, axes)
