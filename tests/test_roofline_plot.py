"""The picture of `costgraph estimate --plot`: what is written in it, and that nothing covers anything else."""

import os
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from command_line import costgraph, started

from costgraph import UserError, estimate
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.pictures.roofline import drawn, picture, shown

pytest.importorskip("matplotlib", reason="an extra: pip install 'costgraph[plot]'")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path as Line
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

pytestmark = pytest.mark.slow  # pictures are drawn

ASKED: dict[str, dict[str, object]] = {
    "training on eight devices": {
        "model_name": "gpt-3", "op_set": "decoder", "phase": "train", "hardware": "a100-80gb-sxm",
        "limit": "B=1,S=2048", "passes": ["tensor_parallel(8)"],
    },
    "a generation": {"model_name": "llama-2-7b", "hardware": "a10", "limit": "B=1,S=350", "new": 150},
    "a decode step": {"model_name": "falcon-40b", "phase": "decode", "hardware": "h100-sxm", "limit": "B=64,S=2000"},
    "element-wise ops": {
        "model_name": "llama-2-7b", "hardware": "a10", "limit": "B=1,S=350",
        "convention": "exact(elementwise=table_a1)",
    },
    "half the peak": {
        "model_name": "bert-large", "phase": "train", "hardware": "t4", "limit": "B=32,S=128",
        "efficiency": "flops=0.5",
    },
    "flash attention": {
        "model_name": "llama-2-7b", "phase": "prefill", "hardware": "v100-sxm2", "limit": "B=4,S=4096", "dtype": "fp16",
        "passes": ["flash_attention"],
    },
    "markers in markers": {
        "model_name": "falcon-40b", "hardware": "h100-sxm", "limit": "B=64,S=2000", "passes": ["tensor_parallel(8)"],
    },
    "a crowd": {
        "model_name": "falcon-40b", "op_set": "decoder", "hardware": "a10", "limit": "B=512,S=512",
        "passes": ["tensor_parallel(8)"],
    },
    "ten labels": {
        "model_name": "bert-large", "phase": "train", "hardware": "t4", "limit": "B=8,S=384", "convention": "table_a1",
    },
    "experts and latents": {
        "model": "deepseek-v3", "cluster": "h100-sxm:4x8", "mesh": "experts(32)", "limit": "B=64,S=4096", "new": 256,
    },
    "an encoder and a decoder": {"model": "flan-t5-xl", "hardware": "a10", "limit": "B=2,S=512", "new": 20},
    "a long mesh": {
        "model": "llama-3.1-70b", "phase": "train", "cluster": "h100-sxm:8x8", "limit": "B=64,S=4096",
        "mesh": "pipeline(8, schedule=zb-h1), microbatches(16), tensor(8, sequence=True)",
    },
    "a large marker at the left": {
        "model": "gpt-oss-120b", "hardware": "mi300x", "limit": "B=32,S=8192", "new": 1024,
    },
    "one class of op": {"op_set": "attention", "phase": "prefill", "hardware": "l4", "limit": "B=1,S=9,D=64,A=4"},
}  # fmt: skip


PAGE = pytest.mark.parametrize("name", ASKED)


@cache
def run(name: str) -> Estimate:
    return estimate(request(**ASKED[name]))  # type: ignore[arg-type]


def labels(axes: Axes) -> list[Annotation]:
    """Those with a leader."""
    return [text for text in axes.texts if isinstance(text, Annotation) and text.arrow_patch is not None]


def box(text: Annotation) -> Bbox:
    """The box of the words alone, without the leader."""
    from matplotlib.text import Text

    return Text.get_window_extent(text)


def leader(text: Annotation) -> Line:
    """The line to the point, in pixels."""
    assert text.arrow_patch is not None
    return text.arrow_patch.get_transform().transform_path(text.arrow_patch.get_path())


@cache
def rendered(name: str) -> tuple[Figure, Axes]:
    """The picture, with everything in its place; drawn once, because placing labels takes its time."""
    figure = picture(run(name))
    figure.draw_without_rendering()
    return figure, figure.axes[0]


@PAGE
def test_no_label_meets_another_or_a_leader_or_a_line(name: str) -> None:
    _, axes = rendered(name)
    found = labels(axes)
    assert len(found) == sum(1 for point in drawn(run(name)) if point.label)
    for one, other in combinations(found, 2):
        assert not box(one).overlaps(box(other)), (one.get_text(), other.get_text())
        assert not leader(one).intersects_path(leader(other), filled=False)
        assert not leader(one).intersects_bbox(box(other), filled=False)
        assert not leader(other).intersects_bbox(box(one), filled=False)
    for text in found:
        for line in axes.get_lines():
            drawn_line = line.get_transform().transform_path(line.get_path())
            assert not drawn_line.intersects_bbox(box(text), filled=False), text.get_text()


@PAGE
def test_no_leader_crosses_the_roof_or_runs_along_it(name: str) -> None:
    """Outside of its marker, which lies on the roof."""
    _, axes = rendered(name)
    roof = axes.get_lines()[0].get_transform().transform_path(axes.get_lines()[0].get_path())
    largest = max(point.radius for point in drawn(run(name))) * axes.figure.dpi / 72
    for text in labels(axes):
        start = axes.transData.transform(text.xy)
        for end in np.asarray(leader(text).interpolated(40).vertices, dtype=float):
            clear = abs(end - start).max() < largest + 3
            assert clear or not roof.intersects_bbox(Bbox([end - 0.5, end + 0.5]), filled=False), text.get_text()


@PAGE
def test_ticks_say_numbers_as_people_do(name: str) -> None:
    _, axes = rendered(name)
    written = [tick.get_text() for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_ticklabels(which="both")]
    assert not [text for text in written if "times" in text]
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        assert len([one for one in axis.get_majorticklocs() if low <= one <= high]) >= 2


@PAGE
def test_labels_stay_inside_and_clear_of_legend_scales_and_points(name: str) -> None:
    _, axes = rendered(name)
    legend = axes.get_legend()
    assert legend is not None
    others = [
        legend.get_window_extent(),
        *(box(t) for t in axes.texts if isinstance(t, Annotation) and not t.arrow_patch),
    ]
    for text in labels(axes):
        assert axes.bbox.containsx(box(text).x0)
        assert axes.bbox.containsx(box(text).x1)
        assert axes.bbox.containsy(box(text).y1)
        assert not any(box(text).overlaps(other) for other in others), text.get_text()
        for collection in axes.collections[1:]:  # the first is the area under the roof
            offsets = collection.get_offset_transform().transform(collection.get_offsets())
            assert not any(box(text).contains(*at) for at in offsets)


@PAGE
def test_no_marker_covers_the_rates_of_the_machine(name: str) -> None:
    _, axes = rendered(name)
    rates = [text for text in axes.texts if isinstance(text, Annotation) and "/s" in text.get_text()]
    assert len([text for text in rates if not text.arrow_patch]) == 2
    for collection in axes.collections[1:]:
        assert isinstance(collection, PathCollection)
        half = 0.5 * collection.get_sizes()[0] ** 0.5 * axes.figure.dpi / 72
        for x, y in collection.get_offset_transform().transform(collection.get_offsets()):
            marker = Bbox.from_extents(x - half, y - half, x + half, y + half)
            assert not any(box(text).overlaps(marker) for text in rates), name


@PAGE
def test_titles_fit_the_page(name: str) -> None:
    figure, axes = rendered(name)
    for text in (*figure.texts, axes.title):
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= figure.bbox.x1


@PAGE
def test_everything_is_either_drawn_or_said_to_be_left_out(name: str) -> None:
    result = run(name)
    figure, _ = rendered(name)
    footer = next(text.get_text() for text in figure.texts if "Not drawn" in text.get_text())
    for stage in shown(result):
        computing = {cost.name for cost in stage.costs if cost.flops}
        points = [point for point in drawn(result) if point.step is stage]
        assert computing == {name for point in points for name in point.names}
        idle = [span.seconds for cost, span in zip(stage.costs, stage.time.spans, strict=True) if not cost.flops]
        rest = sum(idle, Fraction(0)) / stage.time.seconds
        assert sum(point.share for point in points) + rest == 1
        assert f"{float(rest) * 100:.3g} % of {stage.title}" in footer


@PAGE
def test_bars_show_all_of_the_time_and_what_of_it_is_sent(name: str) -> None:
    result = run(name)
    figure, axes = rendered(name)
    bars = figure.axes[1]
    widths = [bar.get_width() for bar in bars.patches]  # type: ignore[attr-defined]
    classes = [(step, kind) for step in shown(result) for kind in step.time.by_class]
    shares = [float(step.time.by_class[kind].seconds / step.time.seconds) for step, kind in classes]
    assert widths == pytest.approx(shares)
    legend = axes.get_legend()
    assert legend is not None
    words = {text.get_text() for text in legend.get_texts()}
    assert {kind for _, kind in classes} < words
    assert ("communication" in words) == (result.request.degree.number != 1)
    for text, inside in ((one, one.get_window_extent()) for one in bars.texts):
        assert any(
            bar.get_window_extent().x0 <= inside.x0 and inside.x1 <= bar.get_window_extent().x1 for bar in bars.patches
        ), text.get_text()


TITLES = {
    "training on eight devices": (
        "GPT-3 175B on 8 × NVIDIA A100 80GB SXM4", "train, B = 1, S = 2048, bf16, flash_attention, mesh tensor(8)",
    ),
    "a generation": ("Llama 2 7B on NVIDIA A10", "generate, B = 1, S = 350, 150 new, bf16, flash_attention"),
    "half the peak": ("BERT-large on NVIDIA T4", "train, B = 32, S = 128, fp16, flash_attention, flops at 50 %"),
}  # fmt: skip


@pytest.mark.parametrize("name", TITLES)
def test_the_title_says_model_phase_sizes_and_devices(name: str) -> None:
    figure, axes = rendered(name)
    assert (figure.get_suptitle(), axes.get_title(loc="left")) == TITLES[name]


def test_the_roof_is_what_is_reached() -> None:
    _, axes = rendered("half the peak")
    assert axes.get_lines()[0].get_ydata()[-1] == 65e12 / 2  # type: ignore[index]
    assert any(text.get_text() == "32.5 TFLOP/s fp16" for text in axes.texts)


def test_a_model_that_computes_nothing_has_no_picture() -> None:
    asked = request(op_set="elementwise(residual)", phase="prefill", hardware="l4", limit="B=1,S=9,D=64")
    with pytest.raises(UserError, match="no op computes anything here"):
        picture(estimate(asked))


# --- the file -----------------------------------------------------------------------------------------------------

PICTURE = ["estimate", "--model", "llama-2-7b", "--hardware", "a10", "--limit", "B=1,S=4096", "--new", "10", "--plot"]


def test_the_roofline_is_drawn_and_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="an extra: pip install 'costgraph[plot]'")
    for name in ("a.svg", "b.svg"):
        found = costgraph(*PICTURE, name, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
    first, second = ((tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    assert first.startswith(b"<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.svg"]


def test_a_picture_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("mine")
    found = costgraph(*PICTURE, "a.svg", cwd=tmp_path)
    assert found.returncode == 2
    assert "replace it with --force" in found.stderr
    assert (tmp_path / "a.svg").read_text() == "mine"


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError('No module named matplotlib')")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    found = started(*PICTURE, "a.svg", cwd=tmp_path, PYTHONPATH=path)
    assert found.returncode == 2
    assert "pip install 'costgraph[plot]'" in found.stderr
