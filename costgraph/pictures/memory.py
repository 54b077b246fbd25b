"""Memory as stacked bars: what is alive at the worst instant, by phase, by stage of a pipeline, or by setup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from costgraph.algebra.quantities import rounded
from costgraph.errors import UserError, shorten
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.verdict import Verdict, peak
from costgraph.measures import MEASURES
from costgraph.measures.peak import PARTS
from costgraph.pictures.picture import HATCHES, INK, OKABE_ITO, Picture, aligned, of_figure, page, titled
from costgraph.records import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = dict(zip((*PARTS, "allowance"), (*OKABE_ITO, "#F0E442", "#8c8c8c", "#444444"), strict=True))
HATCH = dict(zip(COLORS, (*HATCHES, "", "", ""), strict=True))
DARK = ("weights", "gradients", "optimizer", "working", "allowance", "gathered")  # on which white is read
LETTER = 0.0105  # how wide a letter is, as a share of the axes
GIB = 2**30
ABOVE = 22.0  # points above the axes, where limits have their names
SEEN = Fraction(1, 400)  # of a bar
MOST = 40  # bars on a page


@dataclass(frozen=True)
class Bar:
    """What one device holds: where that is, bytes by part, and the instant."""

    name: str
    parts: Mapping[str, Fraction]
    instant: str

    @property
    def whole(self) -> Fraction:
        """All bytes."""
        return sum(self.parts.values(), Fraction(0))


def draw(results: Estimate | Mapping[str, Estimate]) -> Picture:
    """The memory of one estimate by phase or stage, or of several, each with its name.

    Raises:
        UserError: matplotlib is missing, or something is unbound.
    """
    several = results if isinstance(results, Mapping) else {}
    found = list(several.values()) if isinstance(results, Mapping) else [results]
    if not found:
        raise UserError("no estimate was given, so there is no memory to draw")
    for one in found:
        if one.verdict.needed is None:
            raise UserError(f"a picture of memory needs numbers: bind {', '.join(one.unbound)}")
    bars = [of_verdict(name, one.verdict) for name, one in several.items()] or list(bars_of(found[0]))
    if len(bars) > MOST:
        raise UserError(f"{len(bars)} bars are more than the {MOST} that a page has room for")
    return of_figure(lambda: picture(bars, found))


def of_verdict(name: str, found: Verdict) -> Bar:
    """The bar of a peak."""
    return Bar(name, found.parts, found.instant or "")


def bars_of(result: Estimate) -> Iterator[Bar]:
    """A bar for each phase that a device goes through, or for each stage that differs."""
    asked = result.request
    for phase in asked.phases:
        stages = asked.sized(phase).stages
        for stage in stages:
            form = MEASURES["peak"](stage, asked.setup.convention, precision=asked.setup.precision)
            name = str(stage.stage) if len(asked.phases) == 1 else f"{phase}, {stage.stage}"
            yield of_verdict(name, Verdict(form, None))
        if not stages:
            yield of_verdict(phase, Verdict(peak(asked, "B", phases=(phase,)).limited(asked.bindings), None))


def picture(bars: list[Bar], results: list[Estimate]) -> Figure:
    """Bars from top to bottom, the memory of the machine as a line across them."""
    height = max(0.62 * len(bars), 1.1)
    figure = page(height=2.6 + height)
    axes = figure.add_subplot()
    limits = dict.fromkeys(
        (one.request.machine.title, one.verdict.usable) for one in results if one.request.machine and one.verdict.usable
    )
    right = max([float(bar.whole) for bar in bars] + [float(usable) for _, usable in limits]) / GIB * 1.03
    axes.set(xlim=(0, right), ylim=(len(bars) - 0.4, -0.6), yticks=range(len(bars)))
    axes.set_yticklabels([shorten(bar.name, 36) for bar in bars])
    for row, bar in enumerate(bars):
        stack(axes, row, bar, right, {usable for _, usable in limits})
    for title, usable in limits:
        at = float(usable) / GIB
        axes.axvline(at, color=INK, linewidth=1.5, linestyle=(0, (5, 3)), zorder=4)
        axes.annotate(
            f"{rounded(usable / GIB)} GiB of {title}", (at, 1), (-4, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right" if at > right / 2 else "left", va="bottom", fontsize=9.5, color=INK,
        )  # fmt: skip
    axes.set_xlabel("GiB alive at the worst instant, on one device")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    titles(figure, axes, bars, results)
    return aligned(figure, axes)


def stack(axes: Axes, row: int, bar: Bar, right: float, limits: set[Fraction]) -> None:
    """One bar: its parts in order, those with room for it with their names, and the sum behind."""
    begin = 0.0
    for part in COLORS:
        width = float(bar.parts.get(part, 0)) / GIB
        if not width:
            continue
        look: Any = {"height": 0.66, "color": COLORS[part], "hatch": HATCH[part], "edgecolor": "white"}
        axes.barh(row, width, left=begin, linewidth=1, zorder=3, **look)
        if len(words := rounded(Fraction(width), 3)) * LETTER * 1.1 < width / right:
            ink = "white" if part in DARK else INK
            at = middle(begin, begin + width, [float(one) / GIB for one in limits])
            axes.text(at, row, words, ha="center", va="center", color=ink, fontsize=9.5, zorder=5,
                      bbox={"pad": 1, "facecolor": COLORS[part], "edgecolor": "none"})  # fmt: skip
        begin += width
    words = f"{rounded(Fraction(begin), 4)} GiB" + (", too much" if any(bar.whole > one for one in limits) else "")
    axes.annotate(
        words, (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        fontsize=10, fontweight="bold", color=INK,
    )  # fmt: skip


def middle(begin: float, end: float, limits: list[float]) -> float:
    """The middle of a part; of one that a limit crosses that of the longer piece."""
    for limit in limits:
        if begin < limit < end:
            begin, end = (begin, limit) if 2 * limit > begin + end else (limit, end)
    return (begin + end) / 2


def titles(figure: Figure, axes: Axes, bars: list[Bar], results: list[Estimate]) -> None:
    """What is shown, at which sizes, and when that is."""
    asked = results[0].request
    names = dict.fromkeys(one.request.setup.model.title or one.request.setup.graph.name for one in results)
    sizes = [f"{n} = {shorten(str(v), 16)}" for n, v in asked.bindings.items() if n in ("B", "S")]
    sizes += [f"{shorten(str(asked.new), 16)} new"] if asked.new else []
    beside = asked.setup.beside if len(results) == 1 else []
    said = ", ".join([asked.phase, *sizes, asked.dtype, *beside])
    instants = dict.fromkeys(f"{bar.name}: {bar.instant}" if len(bars) > 1 else bar.instant for bar in bars)
    seen = [part for part in COLORS if any(bar.parts.get(part, 0) > SEEN * bar.whole for bar in bars)]
    below = "Worst instants: " + "; ".join(instants)
    colors = {part: COLORS[part] for part in seen}
    titled(figure, axes, f"Memory of {', '.join(names)}", said, below, colors, ABOVE, HATCH)
