"""Searches and sweeps from Python: what the command line says, as answers that are tables, reports and pictures."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.errors import Heard, UserError
from costgraph.reports.html import html
from costgraph.reports.markdown import markdown
from costgraph.searching.ranges import read_over

ask: Any = cg
SMALL: dict[str, Any] = {"batch": 4, "over": "T=[1, 2], C=1, P=1, zero=[0, 3], recompute=none", "top": 3}
TYPED = (
    "--model", "llama-3.2-1b", "--cluster", "h100-sxm:2x2", "--batch", "4", "--limit", "S=1024", "--over",
    SMALL["over"], "--top", "3",
)  # fmt: skip


def test_a_search_is_what_the_command_prints() -> None:
    found = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", limit="S=1024", **SMALL)
    with mock.patch.object(Heard, "at_shell", True):
        shown = str(found)
    assert shown.splitlines() == costgraph("search", *TYPED).stdout.splitlines()


SAME: list[dict[str, Any]] = [
    {"S": 1024},
    {"limit": {"S": 1024}},
    {"model": cg.model("llama-3.2-1b"), "S": 1024},
    {"cluster": cg.cluster("h100-sxm:2x2"), "S": 1024},
    {"over": {"T": [1, 2], "C": 1, "P": [1], "zero": (0, 3), "recompute": "none"}, "S": 1024},
    {"where": "peak <= hbm", "S": 1024},
    {"where": ["peak <= hbm"], "S": 1024},
]


@pytest.mark.parametrize("given", SAME, ids=lambda of: ", ".join(of))
def test_objects_and_keywords_search_for_the_same(given: dict[str, Any]) -> None:
    plain = {"model": "llama-3.2-1b", "cluster": "h100-sxm:2x2", **SMALL}
    found, other = ask.search(**{**plain, **given}), ask.search(**plain, limit="S=1024")
    assert [one.exactly for one in found.candidates] == [one.exactly for one in other.candidates]
    assert [plan.mesh for plan in found.plans] == [plan.mesh for plan in other.plans]


@pytest.mark.parametrize("given", SAME[:4], ids=lambda of: ", ".join(of))
def test_the_command_of_a_plan_is_one_that_can_be_typed(given: dict[str, Any]) -> None:
    plain = {"model": "llama-3.2-1b", "cluster": "h100-sxm:2x2", **SMALL, **given}
    (first, *_) = ask.search(**plain).columns()["command"]
    (same, *_) = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", limit="S=1024", **SMALL).columns()["command"]
    assert sorted(first.replace("S=1024,B=4", "S=1024 --limit B=4").split()) == sorted(same.split())


def test_plans_are_a_table() -> None:
    found = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", S=1024, price="2.5 USD/h", **SMALL)
    table = found.table
    assert table.column_names == [
        "mesh", "recompute", "devices", "peak", "step_time", "tokens/s", "cost", "bound", "command",
    ]  # fmt: skip
    assert table["mesh"].to_pylist() == [plan.mesh for plan in found.plans]
    assert table["peak"].to_pylist() == [float(plan.answer.verdict.needed) for plan in found.plans]
    assert table.num_rows == 3


def test_an_answer_without_plans_says_why() -> None:
    found = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", S=1024, where="peak <= 1 GiB", **SMALL)
    assert not found.plans
    assert found.table.num_rows == 0
    assert "no plan fits" in str(found)
    assert "no plan fits" in html(found.report)


def test_a_report_keeps_commands_whole_in_every_format() -> None:
    found = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", S=1024, **SMALL)
    command = found.columns()["command"][0]
    assert f"  - `{command}`" in markdown(found.report)
    assert f"  {command}" in str(found).splitlines()
    assert "<code>costgraph estimate" in found._repr_html_()
    assert len(repr(found).splitlines()) < 60


# --- sweeps -----------------------------------------------------------------------------------------------------------

OVER = {"hardware": ["a100-80gb-sxm", "h100-sxm"], "B": range(1, 3), "S": 64}


def test_a_sweep_is_what_the_command_writes() -> None:
    points = ask.sweep("llama-3.2-1b", OVER, ["peak", "flops"])
    run = costgraph(
        "sweep", "--model", "llama-3.2-1b", "--over", "hardware=[a100-80gb-sxm, h100-sxm], B=[1, 2], S=64",
        "--measures", "peak,flops", "--format", "jsonl",
    )  # fmt: skip
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert points.table.to_pylist() == rows
    assert len(points) == len(rows) == 4


def test_choices_may_be_objects() -> None:
    over = {"model": [cg.model("llama-3.2-1b"), "llama-3-8b"], "hardware": cg.machine("h100-sxm")}
    points = ask.sweep(over=over, measures="peak,step_time", B=1, S=64)
    text = ask.sweep(over="model=[llama-3.2-1b, llama-3-8b], hardware=h100-sxm", measures="peak,step_time", B=1, S=64)
    assert list(points.rows()) == list(text.rows())
    assert points.columns()["model"] == ["llama-3.2-1b", "llama-3-8b"]


def test_a_mesh_may_be_an_object() -> None:
    mesh = cg.Mesh([cg.DataAxis("N_d", zero=1), cg.TensorAxis(2)])
    points = ask.sweep("llama-3.2-1b", {"N_d": [1, 2]}, "states", mesh=mesh, limit={"B": 2})
    text = ask.sweep("llama-3.2-1b", "N_d=[1, 2]", "states", mesh="data(N_d, zero=1), tensor(2)", B=2)
    assert list(points.rows()) == list(text.rows())


def test_a_sweep_shows_itself() -> None:
    points = ask.sweep("llama-3.2-1b", {"B": range(1, 200)}, "flops", S=64)
    lines = str(points).splitlines()
    assert lines[0] == "flops over B: train, model llama-3.2-1b, limit S=64"
    assert "159 more rows; .rows() has all, .table as a table" in lines
    assert len(repr(points).splitlines()) < 60
    assert "<table" in points._repr_html_()


@pytest.mark.needs_library("pandas")
def test_pandas_takes_it() -> None:
    frame = ask.sweep("llama-3.2-1b", OVER, ["peak", "flops"]).to_pandas()
    assert frame["hardware"].tolist() == ["a100-80gb-sxm"] * 2 + ["h100-sxm"] * 2
    assert frame["B"].tolist() == [1, 2, 1, 2]
    assert {name: str(frame[name].dtype) for name in ("B", "S", "peak")} == {
        "B": "int64",
        "S": "int64",
        "peak": "float64",
    }
    plans = ask.search("llama-3.2-1b", cluster="h100-sxm:2x2", S=1024, **SMALL).to_pandas()
    assert len(plans) == 3


@pytest.mark.needs_library("polars")
def test_polars_takes_it() -> None:
    points = ask.sweep("llama-3.2-1b", OVER, ["peak", "flops"])
    assert points.to_polars().rows() == list(points.rows())


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "sweep: over what?"),
    ({"over": {"B": []}, "measures": "flops"}, "over B: no value"),
    ({"over": {"B": [1]}}, "measures: which measures?"),
    ({"over": 3, "measures": "flops"}, "over is text"),
    ({"over": {"B": range(10**7)}, "measures": "flops"}, "at most 1000000 values"),
    ({"over": {"B": [1.5]}, "measures": "flops"}, "write positive whole numbers"),
    ({"over": {"B": [1]}, "measures": "flops", "S": 1, "limit": {"S": 2}}, "S is given twice"),
    ({"over": {"B": [1]}, "measures": "flops", "speed": 1}, "speed"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED, ids=lambda one: str(one))
def test_what_cannot_be_swept_is_an_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        ask.sweep("llama-3.2-1b", **given)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_mapping_says_what_text_says() -> None:
    text = read_over("B=1..3, zero=[1, 3], hardware=h100-sxm")
    assert read_over({"B": range(1, 4), "zero": (1, 3), "hardware": "h100-sxm"}) == text
