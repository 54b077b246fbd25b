"""Pictures: what is drawn is what was derived, and everything stays on its page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph import UserError
from costgraph.algebra.polynomial import total
from costgraph.conventions import EXACT
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.measures import MEASURES
from costgraph.pictures import KINDS, Kind, annotated, curves, graphviz, memory, orders, paper, roofline, timeline
from costgraph.pictures.sheets import Sheets, flowing
from costgraph.setup import Setup

pytest.importorskip("matplotlib", reason="an extra: pip install 'costgraph[plot]'")

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

PLAN = "pipeline(4), microbatches(8), data(2, zero=1), tensor(8, sequence=True)"
CLUSTER: dict[str, object] = {
    "model": "llama-3.1-70b", "phase": "train", "cluster": "h100-sxm:8x8", "limit": "B=64,S=4096",
}  # fmt: skip
ASKED: dict[str, dict[str, object]] = {
    "pipeline": {**CLUSTER, "mesh": PLAN},
    "zero 3": {**CLUSTER, "mesh": "data(64, zero=3)"},
    "generation": {"model": "qwen3-30b-a3b", "hardware": "h100-sxm", "limit": "B=8,S=8192", "new": 1024},
    "encoder": {"model": "flan-t5-xl", "hardware": "a10", "limit": "B=2,S=512", "new": 20},
}


@cache
def run(name: str) -> Estimate:
    return cg.estimate(request(**ASKED[name]))  # type: ignore[arg-type]


def assert_on_its_page(figure: Figure) -> None:
    """No text sticks out, and titles and notes do not meet."""
    figure.draw_without_rendering()
    (axes,) = figure.axes
    written = [*figure.texts, *axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
    for legend in figure.legends:
        written += [legend.get_title(), *legend.get_texts()]
    boxes = [text.get_window_extent() for text in written if text.get_text()]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)
    outside = [one.get_window_extent() for one in (*figure.texts, *figure.legends, axes.xaxis.label, axes.title)]
    assert not any(one.overlaps(other) for i, one in enumerate(outside) for other in outside[:i])


def assert_told_apart_in_grey(figure: Figure) -> None:
    """Bars of two colours differ on paper in lightness, as far as eyes see that, or in their hatch."""
    for axes in figure.axes:
        looks = {(to_rgb(bar.get_facecolor()), bar.get_alpha() or 1.0): bar.get_hatch() or "" for bar in axes.patches}
        for (one, hatch), (other, hatched) in combinations(looks.items(), 2):
            assert one[0] == other[0] or hatch != hatched or abs(lightness(*one) - lightness(*other)) > 0.1, (
                one,
                other,
            )


def lightness(color: tuple[float, float, float], alpha: float) -> float:
    """Of what a printer without colours makes of it, on white paper."""
    red, green, blue = color
    return 1 - alpha * (1 - (0.299 * red + 0.587 * green + 0.114 * blue))


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_the_largest_bar_is_what_the_verdict_needs(name: str) -> None:
    bars = list(memory.bars_of(run(name)))
    assert max(bar.whole for bar in bars) == run(name).verdict.needed
    assert [bar.name for bar in bars] == {
        "pipeline": ["first stage", "middle stage", "last stage"], "zero 3": ["train"],
    }.get(name, ["prefill", "decode"])  # fmt: skip


@pytest.mark.slow
def test_bars_are_as_long_as_their_parts_and_what_does_not_fit_says_so() -> None:
    found = {name: run(name) for name in ("pipeline", "zero 3")}
    bars = [memory.of_verdict(name, one.verdict, one) for name, one in found.items()]
    figure = memory.picture(bars, list(found.values()))
    (axes,) = figure.axes
    for row, bar in enumerate(bars):
        drawn = sum(one.get_width() for box in axes.containers for one in box if round(one.get_y() + 0.33) == row)
        assert drawn == pytest.approx(float(bar.whole) / 2**30)
    (limit,) = axes.get_lines()
    usable = run("pipeline").verdict.usable
    assert usable is not None
    assert list(limit.get_xdata()) == [float(usable) / 2**30] * 2  # type: ignore[arg-type]
    sums = [text.get_text() for text in axes.texts if text.get_text().endswith(("GiB", "too much"))]
    assert sums == ["76.52 GiB", "118.8 GiB, too much"]
    assert_on_its_page(figure)
    assert_told_apart_in_grey(figure)
    assert_told_apart_in_grey(roofline.picture(found["pipeline"]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_a_picture_of_memory_stays_on_its_page(name: str) -> None:
    assert_on_its_page(memory.picture(list(memory.bars_of(run(name))), [run(name)]))


SIDES: dict[str, Callable[[], Estimate]] = {
    "H100": lambda: cg.estimate("qwen3-30b-a3b", "h100-sxm", B=1, S=4096, new=10),
    "A100": lambda: cg.estimate("llama-3-8b", "a100-80gb-sxm", B=8, S=4096, new=10),
    "L40S": lambda: cg.estimate("llama-3-8b", "l40s", phase="train", B=1, S=512),
    "T4": lambda: cg.estimate("llama-3-8b", "t4", B=1, S=4096, new=10, L=4),
    "none": lambda: cg.estimate("llama-3-8b", B=1, S=4096, new=10),
}


def of_several(*names: str) -> tuple[dict[str, Estimate], Figure]:
    found = {name: SIDES[name]() for name in names}
    return found, memory.picture(
        [memory.of_verdict(name, one.verdict, one) for name, one in found.items()], list(found.values())
    )


def test_each_setup_is_held_against_its_own_machine() -> None:
    found, figure = of_several(*SIDES)
    (axes,) = figure.axes
    sums = [text.get_text() for text in axes.texts if re.search(r"GiB(, too much)?$", text.get_text())]
    fits = [one.verdict.fits for one in found.values()]
    assert fits == [True, True, False, True, None]  # of 57.51 GiB that are on an H100, an L40S has 44.99
    assert [said.endswith("too much") for said in sums] == [fit is False for fit in fits]
    marks: list[Any] = [one.get_segments()[0] for one in axes.collections]  # type: ignore[attr-defined]
    for row, (one, mark) in enumerate(zip(found.values(), marks, strict=False)):
        assert one.verdict.usable is not None
        assert mark[0][0] == mark[1][0] == pytest.approx(float(one.verdict.usable) / 2**30)
        assert row - 0.5 < mark[0][1] < row < mark[1][1] < row + 0.6  # across its own bar, and no other
    assert len(marks) == 4
    assert not axes.get_lines()


def test_limits_that_lie_together_have_labels_apart() -> None:
    _, figure = of_several("H100", "A100", "L40S")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    labels = [text for text in axes.texts if "GiB of" in text.get_text()]
    assert [text.get_text() for text in labels] == [
        "79.11 GiB of NVIDIA H100 80GB SXM5", "79.15 GiB of NVIDIA A100 80GB SXM4", "44.99 GiB of NVIDIA L40S",
    ]  # fmt: skip
    boxes = [text.get_window_extent() for text in [*labels, *axes.get_yticklabels()]]
    boxes += [bar.get_window_extent() for bar in axes.patches]
    assert not any(one.overlaps(box) for text in labels for one in [text.get_window_extent()]
                   for box in boxes if box.bounds != one.bounds)  # fmt: skip
    assert_on_its_page(figure)


def test_a_number_stands_in_its_part_or_is_left_out() -> None:
    _, figure = of_several("T4", "L40S")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    parts = [bar.get_window_extent() for bar in axes.patches]
    numbers = [text.get_window_extent() for text in axes.texts if "GiB" not in text.get_text()]
    assert 3 <= len(numbers) < len(parts)
    for number in numbers:
        assert any(part.x0 <= number.x0 and number.x1 <= part.x1 and part.y0 < number.y0 < part.y1 for part in parts)


def test_what_setups_have_in_common_is_above_and_what_not_beside_each() -> None:
    _, figure = of_several("T4", "none")
    (axes,) = figure.axes
    assert axes.get_title("left") == "generate, B = 1, S = 4096, 10 new, flash_attention"
    assert beside(axes) == ["T4\nL = 4, fp16", "none"]
    _, figure = of_several("H100", "A100", "L40S")
    assert figure.axes[0].get_title("left") == "bf16, flash_attention"
    assert beside(figure.axes[0]) == [
        "H100\nQwen3 30B A3B, generate, B = 1, S = 4096, 10 new",
        "A100\nLlama 3 8B, generate, B = 8, S = 4096, 10 new",
        "L40S\nLlama 3 8B, train, B = 1, S = 512",
    ]


def beside(axes: Any) -> list[str]:
    """Names of bars, with what is below each on one line."""
    names = [text.get_text().replace("\u00a0", " ").partition("\n") for text in axes.get_yticklabels()]
    return [f"{name}{end}{words.replace(chr(10), ' ')}" for name, end, words in names]


def test_memory_of_what_is_open_is_refused() -> None:
    asked = request(model="llama-2-7b", hardware="a10")
    with pytest.raises(UserError, match="needs numbers: bind B, S"):
        memory.draw(cg.estimate(asked))
    with pytest.raises(UserError, match="no estimate was given"):
        memory.draw({})


# --- schedules ------------------------------------------------------------------------------------------------------

SCHEDULES = {
    "gpipe": "pipeline(4, schedule=gpipe)",
    "1f1b": "pipeline(4)",
    "interleaved": "pipeline(4, v=2, schedule=interleaved)",
    "zb-h1": "pipeline(4, schedule=zb-h1)",
    **{name: f"pipeline(4, schedule={name})" for name in ("zb-h2", "zb-v", "v-half", "v-min", "dualpipev")},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_idle_for_as_long_as_the_measure_says(name: str) -> None:
    graph = Setup.of(model="llama-3.1-8b", mesh=f"{SCHEDULES[name]}, microbatches(8)", limit="B=8,S=512").graph
    sized = graph.substitute(
        **{key: value for key, value in cg.model("llama-3.1-8b").bindings.items() if key in graph.symbols}, B=8, S=512
    )
    durations = timeline.durations_of(sized, EXACT)
    assert durations is not None
    chunks = 1 if name in ("gpipe", "1f1b", "zb-h1", "zb-h2") else 2
    order = orders.run(name, 4, 8, chunks)
    slots = timeline.slots(order, durations)
    assert timeline.idle(order, slots) == MEASURES["bubble"](sized, EXACT).number
    assert len(slots) == 4 * 8 * chunks * 3
    for stage in range(4):
        mine = [one for one in slots if one.stage == stage]
        assert all(before.end <= after.begin for before, after in pairwise(mine))
        assert sum(one.end - one.begin for one in mine) == 8 * sum(durations.values())
    figure = timeline.picture(order, durations, "Llama 3.1 8B", name)
    assert_on_its_page(figure)
    assert_told_apart_in_grey(figure)


def test_only_a_training_step_on_a_pipeline_with_numbers_has_a_schedule() -> None:
    with pytest.raises(UserError, match="a training step on a pipeline"):
        timeline.draw(cg.estimate(request(model="llama-2-7b", hardware="a10", limit="B=1,S=8")))
    asked = request(model="llama-2-7b", phase="train", cluster="h100-sxm:1x8", mesh="pipeline(8)", limit="B=8,S=8")
    with pytest.raises(UserError, match="needs numbers: bind M"):
        timeline.draw(cg.estimate(asked))


# --- costs that grow ------------------------------------------------------------------------------------------------


def test_lines_meet_where_hand_and_head_say() -> None:
    """12BS²LAH = 18BSLDF where S = 1.5 F, as A·H = D."""
    found = cg.derive("flops(attention_core)", "flops(mlp)", model="llama-3.1-8b", limit="B=1")
    lines = [curves.Line(name, form) for name, form in found.limited.items()]
    assert curves.open_size(lines) == "S"
    assert [one.at for one in curves.crossings(lines, "S")] == [Fraction(3, 2) * 14336]


def test_a_window_is_part_of_a_line_and_of_its_crossing() -> None:
    found = cg.derive("cache", "states", model="gemma-3-27b", phase="decode", limit="B=8")
    cache, states = (curves.Line(name, form) for name, form in found.limited.items())
    (one,) = curves.crossings([cache, states], "S")
    below, above = int(one.at), int(one.at) + 1
    assert (cache.at("S", below) or 0) <= (states.at("S", below) or 0)
    assert (cache.at("S", above) or 0) >= (states.at("S", above) or 0)


def test_lines_over_s_end_where_their_models_do() -> None:
    """At K; where they would meet beyond is said, and not drawn."""
    found = cg.derive("flops", model="llama-3.1-8b", limit="B=1").limited["flops"]
    core = cg.derive("flops(attention_core)", model="llama-3.1-8b", limit="B=1").limited["flops(attention_core)"]
    lines = [curves.Line("all", found, 131072), curves.Line("core", core, 16384), curves.Line("any", found)]
    (axes,) = curves.picture(lines, "S", "flops", "").axes
    ends = [line.get_path().get_extents().x1 for line in axes.get_lines()[:3]]
    assert ends == [131072, 16384, 2**20]
    mlp = cg.derive("flops(mlp)", model="llama-3.1-8b", limit="B=1").limited["flops(mlp)"]
    figure = curves.picture([curves.Line("core", core, 16384), curves.Line("mlp", mlp, 16384)], "S", "flops", "")
    assert not figure.axes[0].texts
    said = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert (
        "Beyond what is drawn: core = mlp at S = 21504. Up to the positions K that models were made for: 16384" in said
    )


def test_both_sides_of_a_comparison_end_at_their_own_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[curves.Line] = []
    monkeypatch.setattr(curves, "of_figure", lambda draw: draw())
    monkeypatch.setattr(curves, "picture", lambda lines, *rest: drawn.extend(lines))
    curves.draw(cg.compare("llama-3.1-8b", "qwen3-8b", "flops", limit="B=1"))
    curves.draw(cg.derive("flops", model="llama-3.1-8b", limit="B=1"))
    assert [line.longest for line in drawn] == [131072, 40960, 131072]


def test_lines_that_jump_have_a_crossing_too() -> None:
    """Of a scan in chunks, of which there are whole numbers, no root is where lines meet."""
    names = ("mamba2-2.7b", "qwen3-1.7b")
    lines = [curves.Line(name, cg.derive("flops", model=name, limit="B=1").limited["flops"]) for name in names]
    (one,) = curves.crossings(lines, "S")
    at = int(one.at)
    scan, dense = ([line.exactly("S", size) or 0 for size in (at - 1, at)] for line in lines)
    assert scan[0] >= dense[0] > 0
    assert 0 < scan[1] < dense[1]
    assert one.written("S") == f"qwen3-1.7b overtakes mamba2-2.7b from S = {at}"


@pytest.mark.slow
def test_a_picture_of_costs_marks_crossings_and_stays_on_its_page() -> None:
    found = cg.derive("flops(attn)", "flops(mlp)", "flops(head)", model="llama-3.1-8b", limit="B=1")
    lines = [curves.Line(name, form) for name, form in found.limited.items()]
    figure = curves.picture(lines, "S", "flops", "Llama 3.1 8B")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["S = 16384"]
    assert_on_its_page(figure)


@pytest.mark.slow
def test_long_names_and_what_is_rounded_stay_on_the_page_too() -> None:
    names = [f"flops({part})" for part in ("attn", "mlp", "head", "attention_core")]
    found = cg.derive(*names, model="llama-3.1-8b", mesh="data(8, zero=3), tensor(8, sequence=True)", limit="B=8")
    lines = [curves.Line(name, form) for name, form in found.limited.items()]
    assert_on_its_page(curves.picture(lines, "S", ", ".join(names) * 3, found.head * 3))
    met = [one.size("S") for one in curves.crossings(lines, "S")]
    assert met
    assert curves.Crossing(Fraction(2**40, 3), ("a", "b")).size("S") == "S ≈ 366504000000"
    assert curves.Crossing(Fraction(3, 2), ("a", "b")).size("S") == "S = 1.5"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("B=1,S=8", "needs one open size, such as S: leave it out of limit"),
        ("p=2", "needs all other sizes: bind B"),
    ],
)
def test_a_picture_of_costs_needs_one_open_size(limit: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        cg.plot(cg.derive("flops", model="llama-3.1-8b", limit=limit))


@pytest.mark.parametrize("sides", [("qwen3-8b",), ("qwen3-8b", "llama-3.1-8b")], ids=["derivation", "comparison"])
def test_what_grows_in_nothing_that_is_open_says_which_measure_does(sides: tuple[str, ...]) -> None:
    asked = cg.compare(*sides, "params", limit="B=1") if sides[1:] else cg.derive("params", model=sides[0], limit="B=1")
    with pytest.raises(UserError, match="there is none in params: name a measure that has one, such as flops"):
        cg.plot(asked)


def test_a_comparison_draws_its_first_measure_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, str]] = []
    monkeypatch.setattr(
        curves, "picture", lambda lines, symbol, title, said, left: drawn.append((f"{title} over {symbol}", left))
    )
    monkeypatch.setattr(curves, "of_figure", lambda draw: draw())
    asked = cg.compare("qwen3-8b", "llama-3.1-8b", limit="B=1")
    assert next(iter(asked.measures)) == "params"
    curves.draw(asked)
    others = [name for name in asked.measures if name != "flops"]
    assert drawn == [("flops over S", f"Not drawn: {', '.join(others)}")]


@pytest.mark.parametrize(
    ("measures", "units"),
    [
        (("flops(attn)", "activations"), "flops(attn) in FLOP; activations in byte"),
        (("cache", "flops", "traffic"), "cache, traffic in byte; flops in FLOP"),
        ((), "params in parameter"),
    ],
)
def test_measures_of_two_units_are_refused_and_none_is_left_out(measures: tuple[str, ...], units: str) -> None:
    phase = "decode" if "cache" in measures else "train"
    with pytest.raises(UserError, match=re.escape(f"a picture has one unit: {units}")):
        cg.plot(cg.derive(*measures, model="qwen3-8b", phase=phase, limit="B=1"))


@pytest.mark.slow
def test_a_picture_of_a_comparison_names_what_it_does_not_show() -> None:
    asked = cg.compare("qwen3-8b", "llama-3.1-8b", "flops", "activations", limit="B=1")
    drawn = cg.plot(asked).content("a.svg")
    assert drawn != cg.plot(cg.compare("qwen3-8b", "llama-3.1-8b", "flops", limit="B=1")).content("a.svg")
    lines = [
        curves.Line(one.text, form) for one, form in zip((asked.a, asked.b), asked.measures["flops"].at, strict=True)
    ]
    (note,) = [
        text.get_text()
        for text in curves.picture(lines, "S", "flops", "", "Not drawn: x").texts
        if "x" in text.get_text()
    ]
    assert note.endswith("Not drawn: x")


# --- graphs ---------------------------------------------------------------------------------------------------------

PLACED = Setup.of(model="llama-3.1-8b", mesh="tensor(T, sequence=True)").graph


def test_what_boxes_keep_is_what_activations_sum() -> None:
    graph = cg.decoder(head=True).apply(cg.backward)
    kept = total(amount * graph.op(name).loop.times for name, amount in annotated.kept_by(graph).items())
    assert kept == cg.activations(graph, EXACT).value.numerator


def test_every_op_is_a_box_with_its_costs_and_collectives_are_outlined() -> None:
    boxes = {box.op.name: box for box in annotated.boxes(PLACED)}
    assert boxes.keys() == PLACED.by_name.keys()
    assert boxes["mlp.up"].lines[:3] == ("bsd,df->bsf", "bsf (B, S, F/T)", "2BSDF/T FLOP")
    sends = {box.op.kind for box in boxes.values() if box.sends}
    assert sends == {"all_gather", "reduce_scatter", "all_reduce"}


@pytest.mark.parametrize("write", [lambda g: annotated.dot(g, "title"), annotated.mermaid], ids=["dot", "mermaid"])
def test_loops_are_frames_and_phases_have_colours(write: object) -> None:
    text = write(PLACED)  # type: ignore[operator]
    assert "L × layer, forward" in text
    assert "L × layer, backward" in text
    assert all(text.count(f">{name}<") + text.count(f'"{name}<br/>') == 1 for name in PLACED.by_name)


def test_names_cannot_break_out_of_their_boxes() -> None:
    b = cg.Builder("x", {"batch": "B", "model": "D"})
    b.op('a"]<b>\\', "gelu", b.input("x", "batch model"))
    text = annotated.dot(b.build(), 'a "title" \\')
    assert 'label="a \\"title\\" \\\\\\l' in text
    assert "<B>a&quot;]&lt;b&gt;\\</B>" in text
    assert '"a\\"]<b>\\\\" [label' in text


@pytest.mark.needs_tool("dot")
def test_graphviz_draws_every_op_and_notebooks_show_it() -> None:
    shown = PLACED._repr_svg_()
    assert shown is not None
    words = "".join(one.text or "" for one in ElementTree.fromstring(shown).iter() if one.tag.endswith("text"))
    assert [name for name in PLACED.by_name if name not in words] == []


STEPS: dict[str, Any] = {
    "dense": {"model": "llama-3.1-8b"},
    "experts of two kinds": {"model": "deepseek-v3"},
    "an encoder and a decoder": {"model": "flan-t5-xl"},
    "a mesh of three axes": {
        "model": "llama-3.1-70b", "mesh": "pipeline(4), data(2, zero=1), tensor(8, sequence=True)",
        "passes": ["recompute(full)"],
    },
    "nothing bound": {"op_set": "decoder", "mesh": "pipeline(P), microbatches(M), data(N_d, zero=3), tensor(T)"},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.needs_tool("dot")
@pytest.mark.parametrize("name", STEPS)
def test_a_whole_training_step_is_read_on_sheets_of_a4(name: str) -> None:
    """Every op once on a sheet, no box on another, nothing off the sheet, no letters below 7 points."""
    setup = Setup.of(phase="train", **STEPS[name])
    asked = setup.graph.substitute(**setup.finite("a graph"))
    program = graphviz.installed()
    assert program is not None
    sheets = Sheets(asked, flowing(annotated.boxes(asked)), lambda texts: graphviz.lay(program, texts))
    assert sorted(sheets.on) == sorted(asked.by_name)
    for number in range(len(sheets.sheets)):
        figure = paper.drawn(sheets, str(setup), [number], whole=True)
        figure.draw_without_rendering()
        assert max(figure.get_figwidth() / 210, figure.get_figheight() / 297) * 25.4 < 1.001
        (axes,) = figure.axes
        assert min(float(text.get_fontsize()) for text in axes.texts) >= 7
        spread = [text.get_window_extent() for text in axes.texts]
        assert all(figure.bbox.x0 <= one.x0 and one.x1 <= figure.bbox.x1 and one.y0 >= 0 for one in spread)
        drawn = [box.get_window_extent() for box in axes.patches if isinstance(box, FancyBboxPatch)]
        assert len(drawn) == sum(at == number + 1 for at in sheets.on.values())
        assert not any(one.overlaps(other) for one, other in combinations(drawn, 2))
    taken = len(asked.ops) / len(sheets.sheets)
    assert taken > 12  # and not one by one


@pytest.mark.slow
@pytest.mark.needs_tool("dot")
def test_a_box_says_what_it_reads_and_on_which_sheet_that_is() -> None:
    setup = Setup.of(model="llama-3.1-8b", phase="train")
    program = graphviz.installed()
    assert program is not None
    sheets = Sheets(setup.graph, flowing(annotated.boxes(setup.graph)), lambda texts: graphviz.lay(program, texts))
    assert len(sheets.sheets) > 1
    for a, b in annotated.edges(setup.graph):
        written = "".join(line for line, _ in sheets.rows(sheets.boxes[b])).replace(" ", "")
        said = f"reads{a}" + ("" if sheets.on[a] == sheets.on[b] else f",sheet{sheets.on[a]}")
        assert (sheets.beside[a] == sheets.beside[b]) or said in written, (a, b)


@pytest.mark.needs_tool("dot")
def test_a_pdf_has_a_page_for_each_sheet_and_others_have_them_below_each_other(tmp_path: Path) -> None:
    picture = cg.plot(cg.decoder(head=True).apply(cg.backward, cg.tensor_parallel("T")))
    pages = len(re.findall(rb"/Type /Page\b", picture.content("a.pdf")))
    box = ElementTree.fromstring(picture.content("a.svg")).attrib["viewBox"].split()
    assert pages > 1
    assert float(box[2]) == 595
    assert 842 * (pages - 1) < float(box[3]) < 842 * pages  # the last is as long as what is on it
    assert picture.content("a.svg") == picture.content("b.svg")
    assert picture.content("a.pdf") == picture.content("b.pdf")


@pytest.mark.needs_tool("dot")
def test_a_notebook_shows_one_picture_of_a_graph() -> None:
    assert PLACED._repr_markdown_() is None


def test_without_graphviz_a_notebook_shows_mermaid_and_a_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert PLACED._repr_svg_() is None
    shown = PLACED._repr_markdown_()
    assert shown is not None
    assert shown == f"```mermaid\n{annotated.mermaid(PLACED)}\n```"
    assert all(op.name in shown for op in PLACED.ops)
    with pytest.raises(UserError, match="needs Graphviz"):
        cg.plot(PLACED)


def test_a_graph_without_room_on_a_page_is_a_line_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costgraph.pictures.graphviz.MOST", 3)
    assert PLACED._repr_svg_() is None
    monkeypatch.setattr("costgraph.pictures.graphviz.installed", lambda: None)
    assert PLACED._repr_markdown_() is None
    assert len(repr(PLACED).splitlines()) == 1


# --- kinds ----------------------------------------------------------------------------------------------------------

OTHERS: dict[str, Callable[[], Any]] = {
    "a derivation": lambda: cg.derive("flops", model="qwen3-8b", limit="B=1"),
    "a comparison": lambda: cg.compare("qwen3-8b", "llama-3.1-8b", "flops", limit="B=1"),
    "a graph": cg.decoder,
    "a search or a sweep": lambda: cg.sweep(
        model="qwen3-8b", hardware="a10", over="B=[1, 2]", measures="peak", limit="S=8"
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", OTHERS)
def test_a_kind_that_there_is_only_of_an_estimate_is_refused(what: str, kind: Kind) -> None:
    with pytest.raises(UserError, match=f"a picture of {what} has its .*, no {kind}, which is of one estimate"):
        cg.plot(OTHERS[what](), kind)


def test_several_estimates_have_their_memory_alone() -> None:
    one = cg.estimate("qwen3-8b", "a10", B=1, S=512, new=1)
    for kind in set(KINDS) - {"memory"}:
        with pytest.raises(UserError, match=f"has their memory, no {kind}, which is of one estimate"):
            cg.plot({"one": one}, kind)
    with pytest.raises(UserError, match="drawn of estimates, by name, and 'two' is a int"):
        cg.plot({"one": one, "two": 2})  # type: ignore[dict-item]


# --- all ------------------------------------------------------------------------------------------------------------

COMMANDS = {
    "roofline": "estimate --model qwen3-8b --hardware a10 --limit B=1,S=512",
    "memory": "estimate --model qwen3-8b --hardware a10 --limit B=1,S=512 --picture memory",
    "schedule": "estimate --model qwen3-8b --phase train --cluster h100-sxm:1x4 --mesh pipeline(4),microbatches(4)"
    " --limit B=4,S=512 --picture schedule",
    "costs": "derive cache states --model qwen3-8b --phase decode --limit B=8",
    "sides": "compare qwen3-8b llama-3.1-8b --measure cache --phase decode --limit B=8",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_draw_the_same_picture_each_time(name: str, tmp_path: Path) -> None:
    for file in ("a.svg", "b.svg"):
        found = costgraph(*COMMANDS[name].split(), "--plot", file, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
    first, second = (tmp_path.joinpath(file).read_bytes() for file in ("a.svg", "b.svg"))
    assert first == second
    assert ElementTree.fromstring(first).tag.endswith("svg")


@pytest.mark.needs_tool("dot")
def test_the_graph_command_draws(tmp_path: Path) -> None:
    found = costgraph("graph", "--plot", "a.png", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert tmp_path.joinpath("a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("estimate --picture memry --plot a.svg", "unknown picture 'memry': did you mean memory?"),
        ("derive --plot a.gif", "a.gif: name a file that ends in .svg, .png, .pdf"),
        ("graph --plot a.gif", "a.gif: name a file that ends in .svg, .png, .pdf"),
        ("compare a b --plot a.gif", "a.gif: name a file that ends in .svg, .png, .pdf"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(arguments: str, message: str) -> None:
    found = costgraph(*arguments.split())
    assert found.returncode == 2
    assert re.fullmatch(f"error: {re.escape(message)}\n", found.stderr)


@pytest.mark.slow
def test_a_picture_shows_itself_and_is_saved(tmp_path: Path) -> None:
    picture = cg.plot(run("generation"), "memory")
    assert "<svg" in picture._repr_svg_()
    picture.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match="unknown picture"):
        cg.plot(run("generation"), "pie")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no picture of a int"):
        cg.plot(3)  # type: ignore[arg-type]
