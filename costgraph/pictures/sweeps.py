"""A sweep to look at: lines, a heat map, what no other point beats, or which choice wins where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from costgraph.errors import UserError, unknown
from costgraph.pictures import SWEPT, spelled
from costgraph.pictures.cells import heatmap, winner
from costgraph.pictures.picture import GREY, OKABE_ITO, Picture, marked, of_figure, page, plain
from costgraph.pictures.swept import LOOKS, MARKERS, MOST, Drawn, called, finished, said, scaled
from costgraph.searching.measures import GROWING
from costgraph.searching.points import Points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from costgraph.searching.columns import Column

RADIUS = 4.0  # of a point that no other one beats


def draw(points: Points, kind: str = "", measure: str = "") -> Picture:
    """The picture of a sweep.

    Args:
        points: the table.
        kind: one of `SWEPT`; unless said `pareto` of a front, `lines` over one size, and over two a heat map of one
            choice, or which of several wins where.
        measure: what is drawn; the first unless said.

    Raises:
        UserError: matplotlib is missing, or the axes do not suit the kind.
    """
    asked = points.sweep
    if kind and spelled(kind) not in SWEPT:
        raise unknown("picture", kind, SWEPT)
    kind = spelled(kind)
    if measure and measure not in asked.measures:
        raise unknown("measure of this sweep", measure, asked.measures)
    if not len(points):
        raise UserError("no point is left, and so there is nothing to draw; say less with --where")
    columns = points.columns()
    counts = {name: len(set(columns[name])) for name in asked.grid.numbers}
    axes = tuple(sorted((name for name, count in counts.items() if count > 1), key=lambda name: -counts[name]))
    shown = Drawn(points, measure or asked.measures[0], columns, axes)
    kind = kind or usual(shown)
    pictures = {"lines": lines, "heatmap": heatmap, "pareto": pareto, "winner": winner}
    needs = {"lines": 1, "heatmap": 2, "winner": 1, "pareto": 0}[kind]
    if len(axes) < needs:
        several = "two numbers" if needs == 2 else "a number"
        raise UserError(f"a picture of kind {kind} needs {several} of several values to sweep over, as in B=1..64")
    return of_figure(lambda: pictures[kind](shown))


def usual(shown: Drawn) -> str:
    """The kind that suits the axes."""
    asked = shown.points.sweep
    if asked.pareto or not shown.axes:
        return "pareto"
    if len(shown.axes) == 1:
        return "lines"
    several = any(len(set(shown.columns[name])) > 1 for name in asked.grid.choices)
    few = len(set(shown.columns[shown.axes[1]])) <= MOST and not several
    return "lines" if few else "winner" if several else "heatmap"


# --- kinds ------------------------------------------------------------------------------------------------------------


def lines(shown: Drawn) -> Figure:
    """The measure over one size, a line for each choice, and marks where two lines meet."""
    figure = page()
    axes = figure.add_subplot()
    over = shown.axes[0]
    found = {
        label: sorted_by(shown.values(over)[rows], shown.values(shown.measure)[rows])
        for label, rows in shown.series((over,)).items()
    }
    for (label, (xs, ys)), color, look in zip(found.items(), OKABE_ITO, LOOKS, strict=False):
        marker = "o" if len(xs) <= 12 else ""
        axes.plot(xs, ys, color=color, linestyle=look, linewidth=2.2, marker=marker, label=label or shown.measure)
    met = sorted(crossings(found))
    for row, (at, height) in enumerate(met):
        marked(axes, at, height, f"{over} ≈ {plain(at, 4)}", row)
    scaled(axes, shown, over, shown.measure)
    if len(found) > 1:
        axes.legend(loc="best", frameon=False, fontsize=10)
    places = ", ".join(plain(at, 4) for at, _ in met)
    crossing = f"Lines meet near {over} = {places} (between points of the sweep). " if met else ""
    return finished(figure, axes, shown, f"{called(shown.measure)} over {over}", crossing)


def pareto(shown: Drawn) -> Figure:
    """What no other point beats in two measures, labelled; other points are faint."""
    asked = shown.points.sweep
    names = asked.pareto or asked.measures
    if len(names) < 2:
        raise UserError("a picture of what no point beats needs two measures, as in --measures step_time,cost")
    figure = page()
    axes = figure.add_subplot()
    first, second = names[:2]
    xs, ys = shown.values(first), shown.values(second)
    best = on_front(xs, ys, first in GROWING, second in GROWING)
    if not best.all():
        axes.scatter(xs[~best], ys[~best], s=14, color=GREY, alpha=0.35, linewidths=0, label="other points")
    order = np.argsort(xs[best], kind="stable")
    axes.plot(xs[best][order], ys[best][order], color="#b8bcc0", linewidth=1.2, zorder=1)
    series = shown.series(tuple(asked.grid.numbers)).items()
    for (label, rows), color, marker in zip(series, OKABE_ITO, MARKERS, strict=False):
        mine = rows[best[rows]]
        if len(mine):
            look: dict[str, Any] = {"marker": marker, "edgecolors": "white", "linewidths": 0.8, "zorder": 3}
            axes.scatter(xs[mine], ys[mine], s=42, color=color, label=label or None, **look)
    scaled(axes, shown, first, second)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best", frameon=False, fontsize=10)
    title = f"{called(first)} against {called(second).lower()}: what no other point beats"
    finished(figure, axes, shown, title, f"{int(best.sum())} of {len(xs)} points shown are beaten by none. ")
    label_some(axes, shown, xs, ys, np.flatnonzero(best)[order])
    return figure


# --- pieces -----------------------------------------------------------------------------------------------------------


def sorted_by(xs: Column, ys: Column) -> tuple[Column, Column]:
    """Points from left to right."""
    order = np.argsort(xs, kind="stable")
    return xs[order], ys[order]


def crossings(found: Mapping[str, tuple[Column, Column]]) -> list[tuple[float, float]]:
    """Where two lines that have the same points change places, on the straight lines between them."""
    lines_, met = list(found.values()), list[tuple[float, float]]()
    for at, (xs, one) in enumerate(lines_):
        for others, other in lines_[at + 1 :]:
            if not np.array_equal(xs, others):
                continue
            apart = one - other
            for left in np.flatnonzero(apart[:-1] * apart[1:] < 0):
                share = apart[left] / (apart[left] - apart[left + 1])
                x = xs[left] + share * (xs[left + 1] - xs[left])
                met.append((float(x), float(one[left] + share * (one[left + 1] - one[left]))))
    return met


def on_front(xs: Column, ys: Column, x_grows: bool, y_grows: bool) -> Any:
    """Which points no other one beats, as far as one sees."""
    from costgraph.searching.pareto import front

    found = np.zeros(len(xs), dtype=bool)
    found[front([-xs if x_grows else xs, -ys if y_grows else ys])] = True
    return found


def label_some(axes: Axes, shown: Drawn, xs: Column, ys: Column, order: Any) -> None:
    """Which points at most six of a front are, from one end to the other: sizes, and choices that no legend has."""
    from costgraph.pictures.labels import Mark, label  # with matplotlib

    grid = shown.points.sweep.grid
    alone = [name for name, of in grid.choices.items() if len(of) > 1 and len(set(shown.columns[name])) == 1]
    names = [*alone, *(name for name, of in grid.numbers.items() if len(of) > 1)]
    few = order[np.unique(np.linspace(0, len(order) - 1, 6).round().astype(int))].tolist()
    texts = {at: ", ".join(said(name, shown.columns[name][at], name in alone) for name in names) for at in few}
    marks = [Mark(float(xs[at]), float(ys[at]), RADIUS, texts.get(at, "")) for at in order.tolist()]
    label(axes, marks, [[(one.x, one.y) for one in marks]], [], [])
