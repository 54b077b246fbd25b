"""A picture as a value: it shows itself in notebooks, and gives its bytes as SVG, PNG or PDF."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, cast

from costgraph.errors import UserError
from costgraph.records import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = ("svg", "png", "pdf")
STYLE = {
    "svg.hashsalt": "costgraph",
    "font.size": 12,
    "hatch.linewidth": 0.7,
    "font.family": "sans-serif",
    "svg.fonttype": "path",
}
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # told apart by the colour-blind
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "--")  # of these, as three of them are one grey on paper
MARGIN = 1.6  # inches beside a title: what stands left of the axes above which it begins
INK, GREY, FAINT, SHADE = "#222222", "#666666", "#9a9a9a", "#f3f5f7"


@dataclass(frozen=True)
class Picture:
    """Something drawn.

    Args:
        render: gives the bytes of a file with such a suffix.
    """

    render: Callable[[str], bytes]

    def content(self, path: str | Path) -> bytes:
        """The bytes of a file of that name.

        Raises:
            UserError: another suffix than those that there are.
        """
        return self.render(suffix_of(path))

    def save(self, path: str | Path) -> None:
        """Write the file, in place of one that is there.

        Raises:
            UserError: another suffix than those that there are.
        """
        Path(path).write_bytes(self.content(path))

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.render("svg").decode()


def suffix_of(path: str | Path) -> str:
    """The suffix of a picture's file, without its dot."""
    suffix = Path(path).suffix.lower()[1:]
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: name a file that ends in {', '.join('.' + one for one in SUFFIXES)}")
    return suffix


def of_figure(draw: Callable[[], Figure]) -> Picture:
    """The picture of what matplotlib draws, the same in every run.

    Raises:
        UserError: matplotlib is missing.
    """
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise UserError("a picture needs matplotlib; install it with: pip install 'costgraph[plot]'") from None

    def render(suffix: str) -> bytes:
        content = io.BytesIO()
        undated: Any = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)
        with matplotlib.rc_context(cast(Any, STYLE)):
            draw().savefig(content, format=suffix, dpi=160, metadata=undated)
        return content.getvalue()

    return Picture(render)


def page(width: float = 9.6, height: float = 5.4) -> Figure:
    """An empty figure, outside of pyplot's list of open ones; sizes are in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def titled(
    figure: Figure, axes: Axes, title: str, said: str, below: str = "", colors: Mapping[str, str] | None = None,
    above: float = 6.0, hatches: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Words around a picture. The axes have their content already.

    Args:
        figure: where.
        axes: in it, below the title.
        title: what is shown.
        said: at which sizes.
        below: small print.
        colors: what colours mean, for a row below that.
        above: points that stay free between what is said and the axes.
        hatches: by what these colours mean.
    """
    beside = figure.get_figwidth() - MARGIN
    wrapped: Any = {"max_lines": 2, "placeholder": " ..."}
    figure.suptitle(fill(title, int(beside * 7.4), **wrapped), ha="left", fontsize=15, fontweight="bold", color=INK)
    axes.set_title(fill(said, int(beside * 11.4), **wrapped), loc="left", fontsize=11, color=GREY, pad=above)
    small = fill(below, int(figure.get_figwidth() * 12.2), max_lines=3, placeholder=" ...")
    if colors is None:
        figure.supxlabel(small, ha="left", fontsize=9.5, color=GREY)
        return
    from matplotlib.patches import Patch

    meant = hatches or {}
    handles: list[Any] = [
        Patch(facecolor=color, hatch=meant.get(name), label=name, edgecolor="white" if name in meant else "#bbbbbb")
        for name, color in colors.items()
    ]
    legend = figure.legend(
        handles=handles, title=small, loc="outside lower left", ncols=len(handles), fontsize=10, frameon=False,
        labelcolor=INK, handlelength=1, columnspacing=1.2, title_fontsize=9.5, alignment="left",
    )  # fmt: skip
    legend.get_title().set_color(GREY)


def marked(axes: Axes, at: float, height: float, text: str, row: int) -> None:
    """A dot where two lines meet, and a thin line down to the axis with where; neighbours take turns in height."""
    axes.plot(
        [at], [height], marker="o", markersize=8, color="white", markeredgecolor=INK, markeredgewidth=1.6, zorder=5
    )
    axes.axvline(at, ymax=0.98, color=GREY, linewidth=1, linestyle=(0, (3, 3)), zorder=1)
    axes.annotate(
        text, (at, 0), (5, 6 + 15 * (row % 3)), xycoords=("data", "axes fraction"), textcoords="offset points",
        fontsize=10, color=INK, bbox={"pad": 1, "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def plain(value: float, digits: int = 6) -> str:
    """A number as one reads it on an axis: `18\u2009310`, up to a billion without an exponent."""
    return f"{float(f'{value:.{digits}g}'):,.9g}".replace(",", "\u2009")


def aligned(figure: Figure, axes: Axes) -> Figure:
    """The figure with titles that begin where the axes do, which is known once everything has its place."""
    figure.draw_without_rendering()
    for outside in figure.texts:
        outside.set_x(axes.get_position().x0)
    return figure
