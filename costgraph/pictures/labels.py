"""Places labels beside the points of a picture so that no label meets another, a point, a line or a leader.

For every point the places around it are tried, the nearest first; the first one that is free is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import product
from math import cos, hypot, radians, sin

from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from costgraph.records import dataclass

LEADER = {"arrowstyle": "-", "color": "#9a9a9a", "linewidth": 0.8, "shrinkA": 0}
DISTANCES = (12, 22, 34, 48, 64, 82, 102, 126, 152, 180, 210, 240)  # points from the marker's edge
FIRST = (-30, -60, 0, 100, 130, 60, 30, 150, -90, 170)  # degrees; to the right and below the roof
ANGLES = (*FIRST, *(angle for angle in range(-170, 181, 10) if angle not in FIRST))
NOTHING, WALLS, ALL_BUT_LABELS = range(3)  # what a label and its leader may meet, the best first
INSIDE = 0.6  # a leader starts a little inside of its marker, which covers it: markers are not all round
GAP = 3.0  # points that are kept free around a label
CLEAR = 1.5  # and around a leader, once it has left its marker, which lies on a line as often as not
FRAME = 10.0  # between a label and the frame: letters are a little wider where the picture is larger
Pair = tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """A point of the picture: where, in data; the radius of its marker in points; its label."""

    x: float
    y: float
    radius: float
    label: str


@dataclass(frozen=True)
class Placed:
    """A label's place: the offset in points, where in the label that is, and what is wrong there, 0 if nothing is."""

    mark: Mark
    offset: Pair
    anchor: Pair
    wrong: int


ORDERS: tuple[Callable[[Mark], tuple[float, str]], ...] = (
    lambda mark: (-mark.radius, mark.label),
    lambda mark: (mark.radius, mark.label),
    lambda mark: (mark.x, mark.label),
    lambda mark: (-mark.x, mark.label),
)


@dataclass
class Plan:
    """What is occupied so far, in pixels; leaders may cross lines, but no walls."""

    inside: Bbox
    marks: list[Bbox]
    labels: list[Bbox]
    lines: list[Path]
    walls: list[Path]
    leaders: list[Path] = field(default_factory=list)

    def has(self, box: Bbox) -> bool:
        """Whether a box is inside of the frame."""
        frame = self.inside
        return bool(frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1)

    def is_free(self, box: Bbox, leader: Path, own: Bbox, wrong: int) -> bool:
        """Whether a label and its leader, which starts at the marker `own`, meet nothing.

        Args:
            box: of the label.
            leader: from the marker to the label.
            own: the marker's box.
            wrong: 1 if the leader may cross walls, 2 if only other labels are missed.
        """
        around = box.padded(GAP)
        if not self.has(box.padded(FRAME)) or any(around.overlaps(other) for other in self.labels):
            return False
        if wrong == ALL_BUT_LABELS:
            return True
        if any(line.intersects_bbox(around, filled=False) for line in (*self.lines, *self.leaders)):
            return False
        under = [mark for mark in self.marks if not mark.overlaps(own)]  # markers may overlap, and leaders leave them
        return (
            not any(around.overlaps(mark) for mark in self.marks)
            and not any(leader.intersects_path(other, filled=False) for other in self.leaders)
            and not any(leader.intersects_bbox(other, filled=False) for other in (*self.labels, *under))
            and self.leaves(leader, own)
            and (wrong == WALLS or not self.crosses(leader, own))
        )

    def leaves(self, leader: Path, own: Bbox) -> bool:
        """Whether a leader ends nearer to its marker than to those that overlap it, which it might seem to leave."""
        x, y = ends(leader)[1]

        def away(box: Bbox) -> float:
            return hypot((box.x0 + box.x1) / 2 - x, (box.y0 + box.y1) / 2 - y)

        others = [mark for mark in self.marks if mark.overlaps(own)]  # itself among them
        return all(away(own) <= away(other) + CLEAR for other in others)

    def crosses(self, leader: Path, own: Bbox) -> bool:
        """Whether a leader meets a wall, or runs along one, outside of its marker."""
        (x0, y0), (x1, y1) = ends(leader)
        count = max(2, int(hypot(x1 - x0, y1 - y0) / (2 * CLEAR)))
        dots = [(x0 + (x1 - x0) * step / count, y0 + (y1 - y0) * step / count) for step in range(count + 1)]
        around = own.padded(2 * CLEAR)
        boxes = [square(dot, CLEAR) for dot in dots if not around.contains(*dot)]
        return any(wall.intersects_bbox(one, filled=False) for wall in self.walls for one in boxes)


def label(
    axes: Axes, marks: Sequence[Mark], lines: Iterable[Sequence[Pair]], walls: Iterable[Sequence[Pair]],
    texts: Iterable[Text],
) -> None:  # fmt: skip
    """Write the labels; lines, walls (in data) and `texts` are already drawn. The layout must be final."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # pyplot.subplots has made it
    scale = figure.dpi / 72
    boxes = [square(pixels(axes, mark.x, mark.y), mark.radius * scale) for mark in marks]
    legend = axes.get_legend()
    written = [text.get_window_extent() for text in texts] + ([legend.get_window_extent()] if legend else [])
    solid, thin = ([Path([pixels(axes, x, y) for x, y in one]) for one in group] for group in (walls, lines))
    named = [pair for pair in zip(marks, boxes, strict=True) if pair[0].label]
    best: list[Placed] = []
    for attempt in attempts(axes, named, lambda: Plan(axes.bbox, boxes, [*written], [*thin, *solid], solid), scale):
        best = min(best or attempt, attempt, key=misfits)
        if not misfits(best):
            break
    for placed in best:
        write(axes, placed.mark, placed.offset, placed.anchor)


def attempts(
    axes: Axes, named: Sequence[tuple[Mark, Bbox]], plan: Callable[[], Plan], scale: float
) -> Iterator[list[Placed]]:
    """Labels in one order after the other: who comes first has the choice, so who found no place comes first next."""
    for order in ORDERS:
        row = sorted(named, key=lambda pair: order(pair[0]))
        for _ in named:
            empty = plan()
            found = [place(axes, mark, own, empty, scale) for mark, own in row]
            yield found
            row = [pair for _, pair in sorted(zip(found, row, strict=True), key=lambda both: -both[0].wrong)]


def misfits(found: Iterable[Placed]) -> int:
    """How much labels meet: one that covers anything weighs more than all leaders that cross a wall."""
    return sum((0, 1, 100)[placed.wrong] for placed in found)


def place(axes: Axes, mark: Mark, own: Bbox, plan: Plan, scale: float) -> Placed:
    """Where one label is free; where it only misses other labels if it is free nowhere."""
    x, y = pixels(axes, mark.x, mark.y)
    width, height = size(axes, mark.label)
    for wrong, (start, end, (h, v)) in product((NOTHING, WALLS, ALL_BUT_LABELS), places(mark.radius)):
        anchor = (x + end[0] * scale, y + end[1] * scale)
        box = Bbox.from_bounds(anchor[0] - h * width, anchor[1] - v * height, width, height)
        leader = Path([(x + start[0] * scale, y + start[1] * scale), anchor])
        if plan.is_free(box, leader, own, wrong):
            plan.labels.append(box)
            plan.leaders.append(leader)
            return Placed(mark, end, (h, v), wrong)
    return Placed(mark, (0, -mark.radius - GAP), (0.5, 1.0), ALL_BUT_LABELS)


def ends(leader: Path) -> tuple[Pair, Pair]:
    """Where a leader starts and ends."""
    found: list[list[float]] = leader.vertices.tolist()  # type: ignore[union-attr]
    (x0, y0), (x1, y1) = found
    return (x0, y0), (x1, y1)


def pixels(axes: Axes, x: float, y: float) -> Pair:
    """Where a point of the data is seen."""
    across, up = axes.transData.transform((x, y))
    return float(across), float(up)


def places(radius: float) -> Iterator[tuple[Pair, Pair, Pair]]:
    """Where a leader starts and ends, in points from the centre, and where in the label that is: (0, 0) lower left."""
    for distance, angle in product(DISTANCES, ANGLES):
        x, y = cos(radians(angle)), sin(radians(angle))
        reach = radius + distance
        h = 0.0 if x > 0.3 else 1.0 if x < -0.3 else 0.5
        v = 0.5 if h != 0.5 else 0.0 if y > 0 else 1.0
        yield (INSIDE * radius * x, INSIDE * radius * y), (reach * x, reach * y), (h, v)


def write(axes: Axes, mark: Mark, offset: Pair, anchor: Pair) -> None:
    """One label with its leader."""
    h, v = anchor
    axes.annotate(
        mark.label, (mark.x, mark.y), offset, textcoords="offset points", fontsize=9.5, color="#222222",
        ha={0.0: "left", 0.5: "center", 1.0: "right"}[h], va={0.0: "bottom", 0.5: "center", 1.0: "top"}[v],
        arrowprops={**LEADER, "relpos": anchor, "shrinkB": mark.radius * INSIDE}, in_layout=False, zorder=2.5,
        bbox={"pad": 0, "facecolor": "none", "edgecolor": "none"},
    )  # fmt: skip


def size(axes: Axes, text: str) -> Pair:
    """Width and height of a label in pixels."""
    trial = axes.text(0, 0, text, fontsize=9.5)
    box = trial.get_window_extent()
    trial.remove()
    return box.width, box.height


def square(centre: Sequence[float], half: float) -> Bbox:
    """The box around a marker."""
    return Bbox.from_extents(centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half)
