"""Sheets drawn: boxes in the colours of their phases, frames, arrows, and a head on each sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from costgraph.pictures.annotated import EDGE, FILLS, FRAME, SENT, legend
from costgraph.pictures.lying import Laid, Place
from costgraph.pictures.picture import GREY, INK, STYLE
from costgraph.pictures.sheets import FONT, HEAD, HEIGHT, MARGIN, ROOM, WIDTH, Sheets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCH = 72.0
LINE = 1.2 * FONT
HEADED = 116  # letters in a line of a title
LARGEST = 65_000  # pixels of a PNG in one direction
DPI = 160


def rendered(sheets: Sheets, title: str, suffix: str) -> bytes:
    """The bytes of a file: of a PDF a page for each sheet, else all below each other."""
    import matplotlib

    content, every = io.BytesIO(), range(len(sheets.sheets))
    with matplotlib.rc_context(cast(Any, {**STYLE, "svg.fonttype": "none", "font.family": "DejaVu Sans"})):
        if suffix == "pdf":
            from matplotlib.backends.backend_pdf import PdfPages

            with PdfPages(content, metadata={"CreationDate": None, "Title": title}) as pages:
                for number in every:
                    pages.savefig(drawn(sheets, title, [number], whole=len(every) > 1))
        else:
            figure = drawn(sheets, title, every)
            dpi = min(DPI, LARGEST / figure.get_figheight())
            about: Any = {"svg": {"Date": None, "Title": title}}.get(suffix)
            figure.savefig(content, format=suffix, dpi=dpi, metadata=about)
    return content.getvalue()


def drawn(sheets: Sheets, title: str, numbers: Sequence[int], whole: bool = False) -> Figure:
    """Some of the sheets below each other; the last is as long as what is on it, or whole."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    last = max(place.down + column.size[1] for place, column in sheets.sheets[numbers[-1]]) + 2 * MARGIN + HEAD
    length = HEIGHT * (len(numbers) - 1) + (HEIGHT if whole else last)
    figure = Figure(figsize=(WIDTH / INCH, length / INCH))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(-length, 0))
    axes.set_axis_off()
    for at, number in enumerate(numbers):
        top = -HEIGHT * at
        head(axes, sheets, title, number, top - MARGIN)
        for place, column in sheets.sheets[number]:
            put(axes, sheets, column, MARGIN + place.across, top - MARGIN - HEAD - place.down - column.size[1])
        if at:
            axes.plot([0, WIDTH], [top, top], color=FRAME, linewidth=0.5, linestyle=(0, (6, 4)))
    return figure


def head(axes: Axes, sheets: Sheets, title: str, number: int, top: float) -> None:
    """What is drawn, what colours mean, and which sheet it is."""
    lines = wrap(title, HEADED, max_lines=2, placeholder=" ...")
    for row, line in enumerate(lines):
        axes.text(MARGIN, top - row * 1.3 * LINE, line, fontsize=8, color=INK, va="top")
    below = top - len(lines) * 1.3 * LINE
    axes.text(MARGIN, below, legend(sheets.boxes.values()), fontsize=FONT, color=GREY, va="top")
    if len(sheets.sheets) > 1:
        which = f"sheet {number + 1} of {len(sheets.sheets)}"
        axes.text(MARGIN + ROOM[0], below, which, fontsize=FONT, color=GREY, va="top", ha="right")


def put(axes: Axes, sheets: Sheets, column: Laid, left: float, low: float) -> None:
    """One column, from its lower left."""
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
    from matplotlib.path import Path

    def moved(point: Place) -> Place:
        return point[0] + left, point[1] + low

    for (x0, y0), (x1, y1), words in column.frames:
        axes.add_patch(Rectangle(moved((x0, y0)), x1 - x0, y1 - y0, fill=False, edgecolor=FRAME, linewidth=0.7))
        axes.text(*moved((x0 + 4, y1 - 3)), words, fontsize=FONT, color=INK, va="top", style="italic")
    for points, tip in column.arrows:
        curve = Path([*map(moved, points)], [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
        axes.add_patch(PathPatch(curve, fill=False, edgecolor=EDGE, linewidth=0.6))
        axes.add_patch(Polygon([*map(moved, barb(points[-1], tip))], facecolor=EDGE, linewidth=0))
    for name, (x, y, width, height) in column.boxes.items():
        box = sheets.boxes[name]
        look: Any = {"edgecolor": SENT, "linewidth": 1.3} if box.sends else {"edgecolor": FRAME, "linewidth": 0.5}
        corner = moved((x - width / 2 + 2, y - height / 2 + 2))
        round_: Any = {"boxstyle": "round,pad=2,rounding_size=3", "facecolor": FILLS[box.op.phase]}
        axes.add_patch(FancyBboxPatch(corner, width - 4, height - 4, **round_, **look))
        rows = sheets.rows(box)
        line = (height - 4) / len(rows)
        for row, (words, color) in enumerate(rows):
            at = moved((x, y + ((len(rows) - 1) / 2 - row) * line))
            weight = "bold" if color == INK else "normal"
            axes.text(*at, words, fontsize=FONT, color=color, ha="center", va="center_baseline", weight=weight)


def barb(start: Place, tip: Place) -> list[Place]:
    """The head of an arrow."""
    across, up = (tip[0] - start[0]) * 0.35, (tip[1] - start[1]) * 0.35
    return [tip, (start[0] - up, start[1] + across), (start[0] + up, start[1] - across)]
