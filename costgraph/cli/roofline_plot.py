"""The roofline as a picture: what each op could reach at its intensity, and how much of the time it takes."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from fractions import Fraction
from math import atan2, degrees
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate, Stage
from costgraph.hardware.roofline import CLASSES, Span, number
from costgraph.hardware.units import COMPUTE, Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = dict(zip(CLASSES, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"), strict=True))  # Okabe-Ito
MARKERS = {"prefill": "o", "training step": "o", "decode step": "D", "first token": "D"}
INK, FAINT, SHADE = "#222222", "#9a9a9a", "#f3f5f7"
LEADER = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.8}
SUFFIXES = (".svg", ".png", ".pdf")


def draw(result: Estimate, path: Path) -> None:
    """Write the picture, whole or not at all.

    Raises:
        UserError: matplotlib is missing, another suffix, or something is unbound.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"--plot {path}: name a file that ends in {', '.join(SUFFIXES)}")
    machine = result.request.machine
    missing = [name for name in result.unbound if not name.startswith("lambda_")]
    if machine is None or missing:
        what = [f"bind {', '.join(missing)}"] if missing else []
        raise UserError(f"a roofline needs numbers: {' and '.join([*what, *([] if machine else ['name --hardware'])])}")
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise UserError("--plot needs matplotlib; install it with: pip install 'costgraph[plot]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {"svg.hashsalt": "costgraph", "font.size": 12, "font.family": "sans-serif", "svg.fonttype": "path"}
    with matplotlib.rc_context(cast(Any, style)):
        figure, axes = pyplot.subplots(figsize=(9.6, 5.4), layout="constrained")
        paint(axes, result)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        try:
            metadata = {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(name, dpi=160, metadata=metadata)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
        finally:
            pyplot.close(figure)


def paint(axes: Axes, result: Estimate) -> None:
    """Roof, ops and legend."""
    points = [
        (stage, place, group)
        for stage in result.stages
        if stage.name != "last token"
        for place, group in grouped(stage).items()
    ]
    if not points:
        raise UserError("--plot: no op computes anything here, so there is nothing to place under the roof")
    asked = result.request
    assert asked.machine is not None  # draw has asked
    peak = float(asked.machine.rate(asked.dtype).value)
    bandwidth = float(asked.machine.bandwidth.quantity.value)
    ridge = peak / bandwidth
    xs = [place for _, place, _ in points]
    low, high = min(*xs, ridge) / 6, max(*xs, ridge) * 16
    roof(axes, result, low, high, ridge, peak)
    labels(axes, [(x, min(peak, x * bandwidth), name_of(group), stage) for stage, x, group in points], peak)
    for stage, x, group in points:
        share = float(sum(span.seconds for span in group) / stage.time.seconds)
        axes.scatter(
            x, min(peak, x * bandwidth), s=60 + 1400 * share, color=COLORS[group[0].kind], alpha=0.85,
            marker=MARKERS[stage.name], edgecolor="white", linewidth=1.2, zorder=3,
        )  # fmt: skip
    legend(axes, [(stage, group) for stage, _, group in points])


def grouped(stage: Stage) -> dict[float, list[Span]]:
    """Ops that compute anything, by intensity: those that scale alike are one point."""
    found: dict[float, list[Span]] = defaultdict(list)
    for cost, span in zip(stage.costs, stage.time.spans, strict=True):
        if cost.flops and cost.moved:
            found[float(f"{float(number(cost.flops) / number(cost.moved)):.3g}")].append(span)
    return dict(found)


def name_of(group: list[Span]) -> str:
    """`attn.q, k, v, out`: the ops of one point, places written once; no more than fit a label."""
    places: dict[str, list[str]] = defaultdict(list)
    for span in group:
        place, _, op = span.name.partition(".")
        if (first := op.split(".")[0]) not in places[place]:
            places[place].append(first)
    return "; ".join(f"{place}.{', '.join(ops)}" for place, ops in list(places.items())[:2])


def roof(axes: Axes, result: Estimate, low: float, high: float, ridge: float, peak: float) -> None:
    """The two lines, the ridge point, scales and titles."""
    asked, bandwidth = result.request, peak / ridge
    assert asked.machine is not None  # draw has asked
    bottom = low * bandwidth / 2
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bottom, peak * (high / low) ** 0.22))
    axes.plot([low, ridge, high], [low * bandwidth, peak, peak], color=INK, linewidth=2.5, zorder=2)
    axes.fill_between([low, ridge, high], [low * bandwidth, peak, peak], bottom, color=SHADE, zorder=0)
    axes.plot([ridge, ridge], [bottom, peak], color=FAINT, linewidth=1, linestyle=(0, (4, 4)), zorder=1)
    axes.annotate(f"ridge point {ridge:.0f} FLOP/B", (ridge, 0), (-5, 6), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="right", va="bottom", color="#666666", fontsize=10)  # fmt: skip
    rate, width = asked.machine.rate(asked.dtype), asked.machine.bandwidth.quantity
    axes.annotate(f"{rate} {asked.dtype}", (high, peak), (-4, -22), textcoords="offset points", ha="right", color=INK)
    axes.annotate(str(width), (low, low * bandwidth), (10, 18), textcoords="offset points", color=INK,
                  rotation=slope(axes), rotation_mode="anchor")  # fmt: skip
    axes.set_xlabel("arithmetic intensity, FLOP per byte moved")
    axes.set_ylabel("attainable FLOP/s")
    axes.yaxis.set_major_formatter(lambda y, _: str(Quantity(Fraction(round(y)), COMPUTE)).replace(" ", "\u2009"))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    name = asked.model.title if asked.model else asked.op_set
    sizes = ", ".join(f"{n} = {v}" for n, v in asked.bindings.items() if n in ("B", "S"))
    axes.set_title(
        f"{name} on {asked.machine.title}   ({sizes})", loc="left", fontsize=14, fontweight="bold", color=INK
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="major", color="white", linewidth=1, zorder=0)
    axes.set_axisbelow(True)


def slope(axes: Axes) -> float:
    """The angle at which a line of slope one is seen, in degrees."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # pyplot.subplots has made it
    figure.draw_without_rendering()
    (x0, y0), (x1, y1) = axes.transData.transform([(1e1, 1e1), (1e2, 1e2)])
    return degrees(atan2(y1 - y0, x1 - x0))


def labels(axes: Axes, points: list[tuple[float, float, str, Stage]], peak: float) -> None:
    """Names beside the points: above the roof where it is flat, to the right of it where it rises."""
    flat = sorted((p for p in points if p[1] >= peak), key=lambda p: p[0])
    for i, (x, y, name, _) in enumerate(flat):
        axes.annotate(name, (x, y), (4, 24 + 18 * (i % 4)), textcoords="offset points", ha="right", va="bottom",
                      fontsize=9.5, color=INK,
                      arrowprops={**LEADER, "relpos": (1, 0)})  # fmt: skip
    figure = axes.get_figure(root=True)
    assert figure is not None  # pyplot.subplots has made it
    per_pixel = 72 / figure.dpi
    last = axes.transData.transform((1, peak))[1] * per_pixel - 24  # below what is written under the roof
    for x, y, name, _ in sorted((p for p in points if p[1] < peak), key=lambda p: -p[1]):
        place = axes.transData.transform((x, y))[1] * per_pixel
        last = min(place - 12, last - 16)
        axes.annotate(name, (x, y), (30, last - place), textcoords="offset points", va="center", fontsize=9.5,
                      color=INK, arrowprops={**LEADER, "relpos": (0, 0.5)})  # fmt: skip


def legend(axes: Axes, points: list[tuple[Stage, list[Span]]]) -> None:
    """Colours are classes of ops, shapes are steps, sizes are shares of a step's time."""
    from matplotlib.lines import Line2D

    kinds = dict.fromkeys(group[0].kind for _, group in points)
    steps = dict.fromkeys(stage.name for stage, _ in points)
    look: Any = {"linestyle": "", "markersize": 9}
    handles = [Line2D([], [], marker="s", color=COLORS[kind], label=kind, **look) for kind in kinds]
    handles += [Line2D([], [], marker=MARKERS[step], color="#888888", label=step, **look) for step in steps]
    axes.legend(handles=handles, loc="lower right", facecolor=SHADE, edgecolor="none", framealpha=1, fontsize=10,
                title="area: share of the step's time", title_fontsize=10, alignment="left")  # fmt: skip
