"""Pictures of sweeps and searches: what they draw is what the table has, named and with its unit."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.errors import UserError
from costgraph.pictures import cells as cells_
from costgraph.pictures import plans as plans_
from costgraph.pictures import sweeps as sweeps_
from costgraph.pictures.swept import Drawn
from costgraph.searching.points import Points

pytest.importorskip("matplotlib")
ask: Any = cg
cells: Any = cells_  # of figures one asks what no stub knows
plans: Any = plans_
sweeps: Any = sweeps_


def drawn(points: Points, *axes: str, measure: str = "") -> Drawn:
    """What a picture is made of."""
    return Drawn(points, measure or points.sweep.measures[0], points.columns(), axes)


@pytest.fixture(scope="module")
def machines() -> Points:
    """Costs per token of two machines, which change places."""
    over = {"B": [1, 2, 4, 8, 16], "hardware": ["a100-80gb-sxm", "h100-sxm"]}
    points: Points = ask.sweep("llama-3.2-1b", over, ["step_time", "peak"], S=512)
    return points


def test_lines_are_the_columns_of_the_table(machines: Points) -> None:
    (axes,) = sweeps.lines(drawn(machines, "B")).axes
    table = machines.table.to_pylist()
    for line in axes.get_lines():
        rows = [row for row in table if row["hardware"] == line.get_label()]
        assert line.get_xdata().tolist() == [row["B"] for row in rows]
        assert line.get_ydata().tolist() == [row["step_time"] for row in rows]
    assert axes.get_xlabel() == "B, batch size"
    assert axes.get_ylabel() == "time of a step (s)"
    assert axes.get_title("left") == "train, model llama-3.2-1b, limit S=512"


def test_bytes_are_drawn_in_gib(machines: Points) -> None:
    (axes,) = sweeps.lines(drawn(machines, "B", measure="peak")).axes
    assert axes.get_ylabel() == "memory of one device (GiB)"
    assert axes.get_lines()[0].get_ydata()[0] == machines.table.to_pylist()[0]["peak"] / 2**30


def test_where_lines_meet_is_marked_on_the_straight_lines_between_points() -> None:
    found = {
        "a": (np.array([0.0, 2.0, 4.0]), np.array([0.0, 2.0, 4.0])),
        "b": (np.array([0.0, 2.0, 4.0]), np.full(3, 3.0)),
    }
    assert sweeps.crossings(found) == [(3.0, 3.0)]
    assert sweeps.crossings({**found, "b": (np.array([0.0, 1.0]), np.array([9.0, 9.0]))}) == []


def test_labels_where_lines_meet_are_plain_numbers_that_do_not_lie_on_each_other() -> None:
    over = {"S": [1024, 2048, 32768, 65536], "mesh": ["tensor(2)", "tensor(4)", "tensor(8)"]}
    points = ask.sweep("llama-3-8b", over, "step_time", B=1, cluster="h100-sxm:1x8")
    figure = sweeps.lines(drawn(points, "S"))
    figure.draw_without_rendering()
    labels = figure.axes[0].texts
    boxes = [text.get_window_extent() for text in labels]
    assert len(boxes) > 1
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(text.get_text().replace("\u2009", "").removeprefix("S ≈ ").isdigit() for text in labels)


def test_a_heat_map_has_a_cell_for_each_point() -> None:
    over = {"B": [1, 2, 8], "S": [64, 2048]}
    points = ask.sweep("llama-3.2-1b", over, "peak", hardware="h100-sxm", where="peak <= 25 GiB")
    figure = cells.heatmap(drawn(points, "B", "S"))
    table = np.ma.filled(figure.axes[0].collections[0].get_array().astype(float), np.nan).reshape(2, 3)
    for row in points.table.to_pylist():
        assert table[over["S"].index(row["S"]), over["B"].index(row["B"])] == row["peak"] / 2**30
    assert int(np.isfinite(table).sum()) == len(points) < 6
    assert figure.axes[1].get_ylabel() == "memory of one device (GiB)"
    assert "White: no such point" in figure._supxlabel.get_text()


def test_which_choice_wins_is_the_least_of_each_cell() -> None:
    over: dict[str, Any] = {"B": [8, 64], "S": [128, 4096], "mesh": ["data(8, zero=3)", "tensor(8)"]}
    points = ask.sweep("llama-3.2-1b", over, "step_time", cluster="h100-sxm:8x1", efficiency="flops=0.6,comms=0.5")
    table = cells.winner(drawn(points, "B", "S")).axes[0].collections[0].get_array().reshape(2, 2)
    rows = points.table.to_pylist()
    for (y, x), found in np.ndenumerate(np.asarray(table)):
        here = [row for row in rows if (row["B"], row["S"]) == ([8, 64][x], [128, 4096][y])]
        assert over["mesh"][int(found)] == min(here, key=lambda row: row["step_time"])["mesh"]


def test_a_front_is_what_no_other_point_beats(machines: Points) -> None:
    figure = sweeps.pareto(drawn(machines, "B"))
    over = {"B": [1, 2, 4, 8, 16], "hardware": ["a100-80gb-sxm", "h100-sxm"]}
    front = ask.sweep("llama-3.2-1b", over, ["step_time", "peak"], S=512, pareto="step_time,peak")
    (axes,) = figure.axes
    best = [tuple(one) for series in axes.collections[1:] for one in series.get_offsets().tolist()]
    assert sorted(best) == sorted((row["step_time"], row["peak"] / 2**30) for row in front.table.to_pylist())
    shapes = [series.get_paths()[0].vertices.tolist() for series in axes.collections[1:]]
    assert all(one != other for one, other in combinations(shapes, 2))  # three colours are one grey on paper
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_plans_are_bars_of_what_they_take() -> None:
    found = ask.search(
        "llama-3.2-1b", "h100-sxm:2x1", batch=4, S=1024, over="recompute=none", efficiency="flops=0.5", top=2
    )
    left, right = plans.picture(found).axes
    assert sum(bar.get_width() for bar in left.patches) == pytest.approx(
        sum(float(plan.exactly("step_time")) for plan in found.plans)
    )
    assert sum(bar.get_width() for bar in right.patches) == pytest.approx(
        sum(float(plan.exactly("peak")) for plan in found.plans) / 2**30
    )
    assert left.get_yticklabels()[0].get_text().replace("\n", " ") == found.plans[0].called


@pytest.mark.parametrize(("top", "efficiency"), [(2, "flops=0.5"), (3, ""), (6, "flops=0.5")])
def test_legends_of_plans_are_above_the_caption(top: int, efficiency: str) -> None:
    over = "T=1, C=1, P=1, zero=[0, 3], recompute=none"
    figure = plans.picture(
        ask.search("llama-3.2-1b", "h100-sxm:2x1", batch=4, S=64, over=over, efficiency=efficiency, top=top)
    )
    figure.draw_without_rendering()
    caption = figure._supxlabel.get_window_extent()
    assert all(axes.get_legend().get_window_extent().y0 > caption.y1 + 3 for axes in figure.axes)


FRONTS: list[tuple[dict[str, Any], set[str], list[str]]] = [
    ({"B": [1, 2], "S": [64, 128], "hardware": ["a10", "h100-sxm"]}, {"h100-sxm, B = 1, S = 64"}, []),
    ({"B": [1, 2], "mesh": ["data(2)", "data(2, zero=3)"]}, {"data(2, zero=3), B = 2"}, []),
]


@pytest.mark.parametrize(("over", "labels", "legend"), FRONTS, ids=str)
def test_points_of_a_front_say_which_they_are(over: dict[str, Any], labels: set[str], legend: list[str]) -> None:
    """Sizes and choices, unless a legend has these; of points that are not there it says nothing."""
    sizes: dict[str, Any] = {} if "hardware" in over else {"hardware": "h100-sxm", "S": 64, "where": "B >= 2"}
    points = ask.sweep("llama-3.2-1b", over, "peak,step_time", pareto="peak,step_time", **sizes)
    (axes,) = sweeps.pareto(drawn(points)).axes
    assert {text.get_text() for text in axes.texts} == labels
    assert axes.get_legend_handles_labels()[1] == legend


USUAL = [
    ({"B": [1, 2], "hardware": ["a10", "h100-sxm"]}, {}, "lines"),
    ({"B": [1, 2], "S": [1, 2], "hardware": "h100-sxm"}, {}, "lines"),
    ({"B": range(1, 9), "S": range(1, 9), "hardware": "h100-sxm"}, {}, "heatmap"),
    ({"B": [1, 2], "S": [1, 2], "hardware": ["a10", "h100-sxm"]}, {}, "winner"),
    ({"B": [1, 2], "hardware": ["a10", "h100-sxm"]}, {"pareto": "peak,step_time"}, "pareto"),
]


@pytest.mark.parametrize(("over", "more", "kind"), USUAL)
def test_the_usual_picture_suits_the_axes(over: Any, more: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {} if "S" in over else {"S": 64}
    points = ask.sweep("llama-3.2-1b", over, "peak,step_time", **more, **sizes)
    axes = [name for name in ("B", "S") if name in over]
    assert sweeps.usual(drawn(points, *axes)) == kind
    assert points.plot().content("x.png") == points.plot(kind).content("x.png")
    assert cg.plot(points)._repr_svg_().startswith("<?xml")


FEW = ("sweep", "--model", "llama-3.2-1b", "--measures", "peak,step_time", "--hardware", "h100-sxm", "--limit", "S=64")


def test_a_file_of_a_picture_is_written_and_a_table_beside_it(tmp_path: Path) -> None:
    over = ("--over", "B=[1, 2, 3]")
    assert costgraph(*FEW, *over, "-o", str(tmp_path / "a.svg")).returncode == 0
    assert costgraph(*FEW, *over, "-o", str(tmp_path / "a.png")).returncode == 0
    beside = costgraph(*FEW, *over, "--plot", str(tmp_path / "b.svg"))
    assert beside.stdout == costgraph(*FEW, *over).stdout
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


REFUSED = [
    (("--over", "B=[1, 2]", "--picture", "bars", "-o", "x.svg"), "unknown picture 'bars'"),
    (("--over", "B=[1, 2]", "--picture", "heatmap", "-o", "x.svg"), "needs two numbers of several values"),
    (("--over", "B=[1, 2]", "--picture", "winner", "-o", "x.svg"), "which choice wins needs several"),
    (("--over", "B=1", "--picture", "lines", "-o", "x.svg"), "needs a number of several values"),
    (("--over", "B=1..4", "--plot", "x.jpg"), "x.jpg"),
    (("--over", "B=1..4", "--where", "peak <= 1 GiB", "-o", "x.svg"), "no point is left"),
    (("--over", "B=1..9, D=[64, 128, 192, 256, 320, 384, 448]", "--picture", "lines", "-o", "x.svg"), "colours"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_what_cannot_be_drawn_is_refused_in_one_line(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    run = costgraph(*FEW, *options, cwd=tmp_path)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert said in run.stderr
    assert not list(tmp_path.iterdir())


def test_a_measure_that_was_not_swept_is_not_drawn(machines: Points) -> None:
    with pytest.raises(UserError, match="unknown measure of this sweep 'cost'"):
        machines.plot(measure="cost")


@pytest.mark.parametrize("kind", ["heatmap", "heat map", "Heat-map", "heat_map"])
def test_a_kind_of_a_sweep_is_asked_for_as_that_of_an_estimate_is(kind: Any) -> None:
    points = ask.sweep("llama-3.2-1b", {"B": [1, 2], "S": [64, 128]}, "peak", hardware="h100-sxm")
    assert cg.plot(points, kind).content("x.png") == points.plot("heatmap").content("x.png")
    with pytest.raises(cg.UserError, match=f"{kind} is a picture of a sweep: cg.plot"):
        cg.plot(cg.derive("flops", model="gpt2"), kind)


def test_what_is_no_kind_of_a_sweep_is_answered_with_those_that_are() -> None:
    points = ask.sweep("llama-3.2-1b", {"B": [1, 2]}, "peak", S=64, hardware="h100-sxm")
    with pytest.raises(cg.UserError, match="unknown picture 'pie': a picture of a derivation has its costs over"):
        cg.plot(cg.derive("flops", model="gpt2"), cast("Any", "pie"))
    with pytest.raises(cg.UserError, match="unknown picture 'volcano': choose from lines, heatmap, pareto, winner"):
        cg.plot(points, cast("Any", "volcano"))
