"""Memory as stacked bars: what is alive at the worst instant, by phase, by stage of a pipeline, or by setup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from textwrap import fill
from typing import TYPE_CHECKING, Any

from costgraph.algebra.quantities import rounded
from costgraph.errors import UserError, shorten
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.verdict import Verdict, peak
from costgraph.measures import MEASURES
from costgraph.measures.peak import PARTS
from costgraph.pictures.picture import HATCHES, INK, OKABE_ITO, Picture, aligned, of_figure, page, titled
from costgraph.records import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

COLORS = dict(zip((*PARTS, "allowance"), (*OKABE_ITO, "#F0E442", "#8c8c8c", "#444444"), strict=True))
HATCH = dict(zip(COLORS, (*HATCHES, "", "", ""), strict=True))
DARK = ("weights", "gradients", "optimizer", "working", "allowance", "gathered")  # on which white is read
GIB = 2**30
ABOVE = 22.0  # points above the axes, where a limit has its name
ROW, TALL = 0.62, 0.9  # inches of a bar; of one with words beside it and a limit of its own
HALF = 0.33  # of a bar's height, in rows
WIDE, SHORT, UNBROKEN = 36, 24, "\u00a0"  # letters beside a bar, and of what stays on one line there
SEEN = Fraction(1, 400)  # of a bar
MOST = 40  # bars on a page


@dataclass(frozen=True)
class Limit:
    """What a device of a machine has to use."""

    machine: str
    usable: Fraction

    @property
    def at(self) -> float:
        """Where that is, in GiB."""
        return float(self.usable / GIB)

    def __str__(self) -> str:
        return f"{rounded(self.usable / GIB)} GiB of {shorten(self.machine, 30)}"


@dataclass(frozen=True)
class Bar:
    """What one device holds.

    Args:
        name: where that is.
        parts: bytes by part.
        instant: when.
        limit: what its own machine has; None without one.
    """

    name: str
    parts: Mapping[str, Fraction]
    instant: str
    limit: Limit | None

    @property
    def whole(self) -> Fraction:
        """All bytes."""
        return sum(self.parts.values(), Fraction(0))

    @property
    def too_much(self) -> bool:
        """Whether its device has less."""
        return self.limit is not None and self.whole > self.limit.usable


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
    bars = [of_verdict(name, one.verdict, one) for name, one in several.items()] or list(bars_of(found[0]))
    if len(bars) > MOST:
        raise UserError(f"{len(bars)} bars are more than the {MOST} that a page has room for")
    return of_figure(lambda: picture(bars, found))


def of_verdict(name: str, found: Verdict, result: Estimate) -> Bar:
    """The bar of a peak, on the machine of an estimate."""
    machine, usable = result.request.machine, result.verdict.usable
    limit = Limit(machine.title, usable) if machine and usable is not None else None
    return Bar(name, found.parts, found.instant or "", limit)


def bars_of(result: Estimate) -> Iterator[Bar]:
    """A bar for each phase that a device goes through, or for each stage that differs."""
    asked = result.request
    for phase in asked.phases:
        stages = asked.sized(phase).stages
        for stage in stages:
            form = MEASURES["peak"](stage, asked.setup.convention, precision=asked.setup.precision)
            name = str(stage.stage) if len(asked.phases) == 1 else f"{phase}, {stage.stage}"
            yield of_verdict(name, Verdict(form, None), result)
        if not stages:
            form = peak(asked, "B", phases=(phase,)).limited(asked.bindings)
            yield of_verdict(phase, Verdict(form, None), result)


def picture(bars: list[Bar], results: list[Estimate]) -> Figure:
    """Bars from top to bottom, and the memory of the machine: a line across them, or of several a mark on each."""
    common, own = told_apart([one.request for one in results])
    names = [
        beside(bar.name, words) for bar, words in zip(bars, own if len(own) > 1 else [[]] * len(bars), strict=True)
    ]
    limits = dict.fromkeys(bar.limit for bar in bars)
    tall = len(limits) > 1 or any("\n" in name for name in names)
    figure = page(height=2.6 + max((TALL if tall else ROW) * len(bars), 1.1))
    axes = figure.add_subplot()
    right = max(float(size) for bar in bars for size in (bar.whole, bar.limit.usable if bar.limit else 0)) / GIB * 1.03
    axes.set(xlim=(0, right), ylim=(len(bars) - 0.4, -0.6), yticks=range(len(bars)))
    axes.set_yticklabels(names, fontsize=10 if tall else None)
    numbers = [number for row, bar in enumerate(bars) for number in stack(axes, row, bar)]
    for row, bar in enumerate(bars):
        if bar.limit and len(limits) > 1:
            axes.vlines(bar.limit.at, row - HALF - 0.05, row + HALF + 0.22, color=INK, linewidth=1.5, zorder=4)
            named(axes, bar.limit, (bar.limit.at, row + HALF), right, below=True)
    if len(limits) == 1 and (limit := bars[0].limit):
        axes.axvline(limit.at, color=INK, linewidth=1.5, linestyle=(0, (5, 3)), zorder=4)
        named(axes, limit, (limit.at, 1), right, below=False)
    axes.set_xlabel("GiB alive at the worst instant, on one device")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    titles(figure, axes, bars, results, common)
    uncrowded(figure, axes, numbers)
    return aligned(figure, axes)


def named(axes: Axes, limit: Limit, at: tuple[float, float], right: float, below: bool) -> None:
    """The name of a limit beside its line: below the bar that has it, or above all of them."""
    axes.annotate(
        str(limit), at, (-4 if limit.at > right / 2 else 4, -4 if below else 4),
        xycoords=("data", "data" if below else "axes fraction"), textcoords="offset points",
        ha="right" if limit.at > right / 2 else "left", va="top" if below else "bottom", fontsize=9.5, color=INK,
    )  # fmt: skip


def stack(axes: Axes, row: int, bar: Bar) -> Iterator[tuple[Text, float]]:
    """One bar: its parts in order, and the sum behind; gives the number in each part and what room that has."""
    begin = 0.0
    for part in COLORS:
        width = float(bar.parts.get(part, 0)) / GIB
        if not width:
            continue
        look: Any = {"height": 2 * HALF, "color": COLORS[part], "hatch": HATCH[part], "edgecolor": "white"}
        axes.barh(row, width, left=begin, linewidth=1, zorder=3, **look)
        left, end = piece(begin, begin + width, bar.limit)
        text = axes.text((left + end) / 2, row, rounded(Fraction(width), 3), ha="center", va="center", fontsize=9.5,
                         color="white" if part in DARK else INK, zorder=5,
                         bbox={"pad": 1, "facecolor": COLORS[part], "edgecolor": "none"})  # fmt: skip
        yield text, end - left
        begin += width
    words = f"{rounded(Fraction(begin), 4)} GiB" + (", too much" if bar.too_much else "")
    axes.annotate(
        words, (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        fontsize=10, fontweight="bold", color=INK,
    )  # fmt: skip


def piece(begin: float, end: float, limit: Limit | None) -> tuple[float, float]:
    """A part; of one that its limit crosses the longer piece."""
    if limit and begin < limit.at < end:
        return (begin, limit.at) if 2 * limit.at > begin + end else (limit.at, end)
    return begin, end


def uncrowded(figure: Figure, axes: Axes, numbers: Iterable[tuple[Text, float]]) -> None:
    """Take away the numbers that are wider than their room, which is known once everything has its place."""
    figure.draw_without_rendering()
    a_gib = axes.bbox.width / axes.get_xlim()[1]
    for text, room in numbers:
        if text.get_window_extent().width > room * a_gib:
            text.remove()


def told_apart(asked: list[Request]) -> tuple[list[str], list[list[str]]]:
    """What all have in common of model, phase, sizes and what else was asked for, and what each has beside that."""
    every = [said(one) for one in asked]
    common = [words for words in every[0] if all(words in one for one in every)]
    return common, [[words for words in one if words not in common] for one in every]


def said(asked: Request) -> list[str]:
    """What an estimate is of, with the sizes that were typed."""
    setup = asked.setup
    typed = {name: size for name, size in asked.put_in.items() if size != setup.model.bindings.get(name)}
    sizes = [f"{name} = {shorten(str(size), 16)}" for name, size in typed.items() if name != "p" or not asked.dtype]
    sizes += [f"{shorten(str(asked.new), 16)} new"] if asked.new else []
    return [model_of(asked), asked.phase, *sizes, *filter(None, [asked.dtype]), *setup.beside]


def model_of(asked: Request) -> str:
    """The model as its authors write it, or the name of a graph."""
    return asked.setup.model.title or asked.setup.graph.name


def beside(name: str, words: list[str]) -> str:
    """The name of a bar, and below it what it has that others have not."""
    kept = ", ".join(one.replace(" ", UNBROKEN) if len(one) <= SHORT else one for one in words)
    below = fill(kept, WIDE, max_lines=3, placeholder=" ...") if kept else ""
    return "\n".join(filter(None, [shorten(name, WIDE), below]))


def titles(figure: Figure, axes: Axes, bars: list[Bar], results: list[Estimate], common: list[str]) -> None:
    """What is shown, at which sizes, and when that is."""
    names = list(dict.fromkeys(model_of(one.request) for one in results))
    instants = dict.fromkeys(f"{bar.name}: {bar.instant}" if len(bars) > 1 else bar.instant for bar in bars)
    seen = [part for part in COLORS if any(bar.parts.get(part, 0) > SEEN * bar.whole for bar in bars)]
    below = "Worst instants: " + "; ".join(instants)
    colors = {part: COLORS[part] for part in seen}
    words = ", ".join(one for one in common if one not in names)
    above = ABOVE if len({bar.limit for bar in bars}) == 1 else 6.0
    titled(figure, axes, f"Memory of {', '.join(names)}", words, below, colors, above, HATCH)
