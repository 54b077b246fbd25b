"""The roofline as a picture: what each op could reach at its intensity, and how much of the time it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import atan2, degrees, sqrt
from textwrap import fill
from typing import TYPE_CHECKING, Any

from costgraph.algebra.polynomial import ONE
from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.units import BANDWIDTH, COMPUTE
from costgraph.errors import UserError, shorten
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.steps import Step
from costgraph.pictures.picture import (
    FAINT,
    GREY,
    HATCHES,
    INK,
    OKABE_ITO,
    SHADE,
    Picture,
    aligned,
    of_figure,
    page,
    titled,
)
from costgraph.records import dataclass
from costgraph.timing.costs import CLASSES, Class, Cost
from costgraph.timing.roofline import Span, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

COLORS = dict(zip(CLASSES, OKABE_ITO, strict=True))
HATCH = dict(zip(CLASSES, HATCHES, strict=True))
MARKERS = {"prefill": "o", "training step": "o", "forward pass": "o", "decode step": "D", "first token": "D"}
NAMED = Fraction(1, 200)  # from which share of the time on a point has a label
LETTER = 0.0105  # how wide a letter is in a bar, as a share of it
FEW = 100  # an axis that reaches less far has ticks between powers of ten
WRITTEN, WIDE = 72, 430  # points that the rate of the memory takes, and that the axis has
ALIKE = 1.3  # ops of one class whose intensities differ by less than this factor are one point


@dataclass(frozen=True)
class Point:
    """Ops of one class that are close to each other, as one point."""

    step: Step
    kind: Class
    names: tuple[str, ...]
    intensity: float
    share: Fraction

    @property
    def area(self) -> float:
        """Of the marker, in square points; a small one stays visible."""
        return 60 + 1400 * float(self.share)

    @property
    def marker(self) -> str:
        """Its shape: that of the step."""
        return MARKERS[self.step.name]

    @property
    def radius(self) -> float:
        """Of the marker, in points."""
        return sqrt(self.area) * (0.5 if self.marker == "o" else 0.71)

    @property
    def label(self) -> str:
        """Its ops, places written once, and their share of the time; nothing for what takes next to none."""
        if self.share < NAMED:
            return ""
        places: dict[str, list[str]] = {}
        for name in self.names:
            place, _, op = name.partition(".")
            ops = places.setdefault(place, [])
            if (first := op.split(".")[0]) not in ops:
                ops.append(first)
        names = "; ".join(f"{place}.{', '.join(ops)}" for place, ops in places.items())
        share = f"{rounded(self.share * 100, 3)} % of {self.step.title}"
        return f"{fill(names, 32, max_lines=3, placeholder=' ...')}\n{share}"


def draw(result: Estimate) -> Picture:
    """The roofline with the ops of the steps under it.

    Raises:
        UserError: matplotlib is missing, something is unbound, or nothing is computed.
    """
    missing = [name for name in result.unbound if not name.startswith("lambda_")]
    if result.request.machine is None or missing:
        what = [f"bind {', '.join(missing)}"] if missing else []
        what += [] if result.request.machine else ["name --hardware"]
        raise UserError(f"a roofline needs numbers: {' and '.join(what)}")
    return of_figure(lambda: picture(result))


def picture(result: Estimate) -> Figure:
    """Roof, ops, labels and legend; everything is bound and matplotlib is there."""
    from costgraph.pictures.labels import Mark, label

    points = list(drawn(result))
    if not points:
        raise UserError("--plot: no op computes anything here, so there is nothing to place under the roof")
    rows = len(shown(result))
    figure = page(height=5.4 + 0.4 * rows)
    axes, bars = figure.subplots(2, 1, height_ratios=(14, rows))
    peak, ridge = rates(result)
    xs = [ridge, *(point.intensity for point in points)]
    high = max(xs) * 16
    low = min(min(xs) / 6, *(beside(point, high) for point in points))
    heights = [peak * min(1, point.intensity / ridge) for point in points]
    titles(axes, result, points)
    legend(axes, result, points)
    whole(bars, result)
    texts = roof(axes, result, low, high)
    for point, y in sorted(zip(points, heights, strict=True), key=lambda pair: -pair[0].share):
        axes.scatter(
            point.intensity, y, s=point.area, color=COLORS[point.kind], alpha=0.85, marker=point.marker,
            edgecolor="white", linewidth=1.2, zorder=3,
        )  # fmt: skip
    walls = [[(low, peak * low / ridge), (ridge, peak), (high, peak)]]
    lines = [[(ridge, axes.get_ylim()[0]), (ridge, peak)]]
    marks = [Mark(p.intensity, y, p.radius, p.label) for p, y in zip(points, heights, strict=True)]
    label(axes, marks, lines, walls, texts)
    return aligned(figure, axes)


def beside(point: Point, high: float) -> float:
    """Where the axis has to begin, so that the rate of the memory stands to the left of a marker."""
    room = WRITTEN + point.radius
    return float(point.intensity / (high / point.intensity) ** (room / (WIDE - room)))


def rates(result: Estimate) -> tuple[float, float]:
    """FLOP/s that are reached at most, and FLOPs per byte at the ridge point."""
    flops, mem = map(result.request.reached, ("flops", "mem"))
    return float(flops), float(flops / mem)


def shown(result: Estimate) -> list[Step]:
    """The steps in the picture: the last token is where the first is."""
    return [step for step in result.steps if step.name != "last token"]


def drawn(result: Estimate) -> Iterator[Point]:
    """Ops that compute anything, those of a class that are close to each other together."""
    for step in shown(result):
        pairs = [(c, s) for c, s in zip(step.costs, step.time.spans, strict=True) if c.flops and c.moved]
        for kind in CLASSES:
            group: list[tuple[Cost, Span]] = []
            for pair in sorted((p for p in pairs if p[0].kind == kind), key=lambda p: intensity([p])):
                if group and intensity([pair]) > ALIKE * intensity(group[:1]):
                    yield together(step, kind, group)
                    group = []
                group.append(pair)
            if group:
                yield together(step, kind, group)


def intensity(group: Iterable[tuple[Cost, Span]]) -> Fraction:
    """FLOPs per byte of some ops together."""
    costs = [cost for cost, _ in group]
    return sum((number(c.flops) for c in costs), Fraction(0)) / sum((number(c.moved) for c in costs), Fraction(0))


def together(step: Step, kind: Class, group: list[tuple[Cost, Span]]) -> Point:
    """One point, its ops in the order of the model."""
    order = [cost.name for cost in step.costs]
    names = sorted((cost.name for cost, _ in group), key=order.index)
    share = sum((span.seconds for _, span in group), Fraction(0)) / step.time.seconds
    return Point(step, kind, tuple(names), float(intensity(group)), share)


def roof(axes: Axes, result: Estimate, low: float, high: float) -> list[Text]:
    """The two lines, the ridge point and the scales; returns what is written there."""
    asked, (peak, ridge) = result.request, rates(result)
    start = peak * low / ridge
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(start / 2, peak * (high / low) ** 0.25))
    axes.plot([low, ridge, high], [start, peak, peak], color=INK, linewidth=2.5, zorder=2)
    axes.fill_between([low, ridge, high], [start, peak, peak], start / 2, color=SHADE, zorder=0)
    axes.plot([ridge, ridge], [start / 2, peak], color=FAINT, linewidth=1, linestyle=(0, (4, 4)), zorder=1)
    axes.set_xlabel("arithmetic intensity, FLOP per byte moved")
    axes.set_ylabel("attainable FLOP/s per device" if asked.degree != ONE else "attainable FLOP/s")
    axes.yaxis.set_major_formatter(lambda y, _: str(Quantity(Fraction(round(y)), COMPUTE)).replace(" ", "\u2009"))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    decades(axes)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="major", color="white", linewidth=1, zorder=0)
    axes.set_axisbelow(True)
    look: Any = {"textcoords": "offset points", "in_layout": False}
    return [
        axes.annotate(f"ridge point {ridge:.0f} FLOP/B", (ridge, 0), (-5, 6), xycoords=("data", "axes fraction"),
                      ha="right", va="bottom", color=GREY, fontsize=10, **look),
        axes.annotate(f"{Quantity(asked.reached('flops'), COMPUTE)} {asked.dtype}", (high, peak), (-4, 6),
                      ha="right", va="bottom", color=INK, **look),
        axes.annotate(str(Quantity(asked.reached("mem"), BANDWIDTH)), (low, start), (10, 18), color=INK,
                      rotation=slope(axes), rotation_mode="anchor", **look),
    ]  # fmt: skip


def decades(axes: Axes) -> None:
    """Ticks at powers of ten; between them as well where few of these are in the picture."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if high < low * FEW:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())


def slope(axes: Axes) -> float:
    """The angle at which a line of slope one is seen, in degrees."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # the axes are part of one
    figure.draw_without_rendering()
    (x0, y0), (x1, y1) = axes.transData.transform([(1e1, 1e1), (1e2, 1e2)])
    return degrees(atan2(y1 - y0, x1 - x0))


def titles(axes: Axes, result: Estimate, points: Iterable[Point]) -> None:
    """What is shown, at which sizes, and what is not."""
    asked, figure = result.request, axes.get_figure(root=True)
    assert asked.machine is not None  # draw has asked
    assert figure is not None  # the axes are part of one
    name = asked.setup.model.title or asked.setup.graph.name
    devices = f"{asked.degree} × " if asked.degree != ONE else ""
    sizes = [f"{n} = {shorten(str(v), 16)}" for n, v in asked.bindings.items() if n in ("B", "S")]
    sizes += [f"{shorten(str(asked.new), 16)} new"] if asked.new else []
    said = [asked.phase, *sizes, asked.dtype, *asked.setup.beside]
    said += [f"{n} at {rounded(share * 100, 3)} %" for n, share in asked.efficiency.items()]
    left = {step.title: 1 - sum(p.share for p in points if p.step is step) for step in shown(result)}
    rest = ", ".join(f"{rounded(share * 100, 3)} % of {step}" for step, share in left.items())
    below = f"Not drawn under the roof: ops without counted FLOPs and communication, {rest}"
    titled(figure, axes, f"{name} on {devices}{asked.machine.title}", ", ".join(said), below)


def whole(axes: Axes, result: Estimate) -> None:
    """One bar for each step: all of its time by class, what is sent and what computes nothing among them."""
    steps = shown(result)
    for row, step in enumerate(steps):
        begin = 0.0
        for kind, part in step.time.by_class.items():
            share = float(part.seconds / step.time.seconds)
            axes.barh(row, share, left=begin, color=COLORS[kind], hatch=HATCH[kind], edgecolor="white", linewidth=1)
            if len(words := f"{kind} {rounded(Fraction(share) * 100, 3)} %") * LETTER < share:
                axes.text(begin + share / 2, row, words, ha="center", va="center", color="white", fontsize=8.5,
                          bbox={"pad": 1, "facecolor": COLORS[kind], "edgecolor": "none"})  # fmt: skip
            begin += share
    axes.set(xlim=(0, 1), xticks=[], yticks=range(len(steps)), yticklabels=[step.title for step in steps])
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.tick_params(length=0, labelsize=9.5, labelcolor=GREY)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("time of a step, one op after the other", fontsize=9.5, color=GREY)


def legend(axes: Axes, result: Estimate, points: Iterable[Point]) -> None:
    """Colours are classes of ops, shapes are steps, sizes are shares of a step's time."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    edge: Any = {"edgecolor": "white", "linewidth": 0}
    steps = {p.step.title: p.marker for p in points}
    kinds = [kind for kind in CLASSES if any(kind in step.time.by_class for step in shown(result))]
    look: Any = {"linestyle": "", "markersize": 9}
    handles: list[Any] = [Patch(facecolor=COLORS[kind], hatch=HATCH[kind], label=kind, **edge) for kind in kinds]
    handles += [Line2D([], [], marker=marker, color="#888888", label=step, **look) for step, marker in steps.items()]
    axes.legend(handles=handles, loc="lower right", facecolor=SHADE, edgecolor="none", framealpha=1, fontsize=10,
                title="area: share of the step's time", title_fontsize=10, alignment="left")  # fmt: skip
