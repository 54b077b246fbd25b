"""Pictures of a sweep over two sizes as cells: a measure as a colour, or which choice wins where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costgraph.errors import UserError
from costgraph.pictures.picture import INK, OKABE_ITO, page, plain
from costgraph.pictures.swept import Drawn, called, finished, labelled
from costgraph.searching.measures import GROWING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from costgraph.searching.columns import Column

WRITTEN = 80  # cells with room for what they stand for


def heatmap(shown: Drawn) -> Figure:
    """The measure over two sizes, as a colour."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator

    figure = page()
    axes = figure.add_subplot()
    across, up = shown.axes[:2]
    if len(shown.series((across, up))) > 1:
        raise UserError("a heat map shows one choice; sweep over one, or --picture winner")
    xs, ys, table = gridded(shown, across, up, shown.values(shown.measure))
    seen = table[np.isfinite(table)]
    norm = LogNorm(seen.min(), seen.max()) if seen.min() > 0 and seen.max() > 20 * seen.min() else None
    mesh = axes.pcolormesh(edges(len(xs)), edges(len(ys)), table, cmap="viridis", norm=norm, rasterized=True)
    ticks: Any = {"ticks": LogLocator(subs=(1, 2, 5))} if norm else {}
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, format=FuncFormatter(lambda value, _: plain(value)), **ticks)
    bar.minorticks_off()
    bar.set_label(labelled(shown.measure), color=INK)
    if table.size <= WRITTEN:
        written(axes, table, norm)
    ticked(axes, across, up, xs, ys)
    return finished(figure, axes, shown, f"{called(shown.measure)} over {across} and {up}", white(table))


def winner(shown: Drawn) -> Figure:
    """Over one or two sizes the choice with the best value of the measure."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    figure = page()
    axes = figure.add_subplot()
    across, up = (*shown.axes[:2], "")[:2]
    found = shown.series((across, up))
    if len(found) < 2:
        raise UserError("which choice wins needs several, as in --over 'hardware=[a100-80gb-sxm, h100-sxm]'")
    values = shown.values(shown.measure) * (-1 if shown.measure in GROWING else 1)
    tables = [gridded(shown, across, up, values, rows) for rows in found.values()]
    xs, ys, _ = tables[0]
    stack = np.stack([np.where(np.isnan(table), np.inf, table) for _, _, table in tables])
    best = np.where(np.isinf(stack).all(axis=0), np.nan, stack.argmin(axis=0).astype(float))
    colors = ListedColormap(OKABE_ITO[: len(found)])
    norm = BoundaryNorm(np.arange(len(found) + 1) - 0.5, len(found))
    axes.pcolormesh(edges(len(xs)), edges(len(ys)), best, cmap=colors, norm=norm, rasterized=True)
    ticked(axes, across, up, xs, ys)
    if best.size <= WRITTEN:
        for (row, column), which in np.ndenumerate(best):
            if np.isfinite(which):
                axes.text(column, row, f"{which + 1:.0f}", ha="center", va="center", fontsize=9, color="white")
    better = "largest" if shown.measure in GROWING else "least"
    legend = {f"{number}: {name}": color for number, (name, color) in enumerate(zip(found, OKABE_ITO, strict=False), 1)}
    title = f"Which has the {better} {called(shown.measure).lower()}"
    return finished(figure, axes, shown, title, white(best), legend)


def gridded(
    shown: Drawn, across: str, up: str, values: Column, rows: Column | None = None
) -> tuple[list[float], list[float], Column]:
    """Values as a table over two axes, or over one; nan where there is no point."""
    x_all, y_all = shown.values(across), shown.values(up) if up else np.zeros(len(values))
    xs, ys = sorted(set(x_all.tolist())), sorted(set(y_all.tolist()))
    which = np.arange(len(values)) if rows is None else rows
    table = np.full((len(ys), len(xs)), np.nan)
    table[np.searchsorted(ys, y_all[which]), np.searchsorted(xs, x_all[which])] = values[which]
    return xs, ys, table


def edges(count: int) -> Column:
    """The sides of cells that are as wide as each other, whatever is between their values."""
    return np.arange(count + 1, dtype=np.float64) - 0.5


def written(axes: Axes, table: Column, norm: Any) -> None:
    """The values in the cells."""
    low, high = np.nanmin(table), np.nanmax(table)
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            place = norm(value) if norm is not None else (value - low) / ((high - low) or 1)
            text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", "\u2009")
            color = INK if place > 0.6 else "white"
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color=color)


def ticked(axes: Axes, across: str, up: str, xs: list[float], ys: list[float]) -> None:
    """Names and values of the axes of cells."""
    for name, values, put, label in (
        (across, xs, axes.set_xticks, axes.set_xlabel), (up, ys, axes.set_yticks, axes.set_ylabel),
    ):  # fmt: skip
        step = max(1, -(-len(values) // 10))
        put(range(0, len(values), step), [f"{values[at]:g}" for at in range(0, len(values), step)] if name else [""])
        label(labelled(name) if name else "")
    axes.tick_params(length=0)


def white(table: Column) -> str:
    """What cells without a colour are."""
    return "White: no such point, or it does not keep what was asked. " if np.isnan(table).any() else ""
