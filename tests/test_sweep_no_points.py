"""A sweep of which no point is left says which limit excludes most, and how far the nearest point is from it."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.reports.sweep import report
from costgraph.searching import no_points

ask: Any = cg  # of answers one asks what no stub knows
ON_H100 = {"hardware": "h100-sxm"}
TENSOR: dict[str, Any] = {**ON_H100, "mesh": "tensor(T)"}
REASONS: list[tuple[str, dict[str, Any], str, list[str]]] = [
    (
        "B=1..2", ON_H100, "peak <= 1 GiB",
        ["2 points are possible, and none keeps peak", "1 GiB: 2 break it, the most", "1.074 GB: B=1, S=64"],
    ),
    (
        "T=[1, 2], B=[3, 5]", TENSOR, "peak <= 1 MiB, T <= 1",
        [
            "4 points are", "peak <= 1 MiB: 4 break it, the most; without it 2 would fit", ": T=2, B=3, S=64",
            "T <= 1: 2 break it",
        ],
    ),
    ("T=[16, 32], B=[3, 5]", TENSOR, "peak <= 1 MiB", ["T | 8: 4 break it", "4 points left out: sizes do"]),
    ("hardware=[a10, h100-sxm], B=2", {}, "peak <= 0.1*hbm", ["hbm: 2 break it, the most", "hardware=h100-sxm, B=2"]),
    ("B=1..2", {}, "states <= 1 GB", ["states <= 1 GB: 2 break it, the most; without it 2 would fit; the nearest has"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("over", "more", "where", "said"), REASONS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_excludes_most_is_said(over: str, more: dict[str, Any], where: str, said: list[str]) -> None:
    measures = "states" if "states" in where else "peak"
    points = ask.sweep("llama-3.2-1b", f"{over}, S=64", measures, where, **more)
    text = " ".join(str(report(points)).split())
    assert [one for one in said if one not in text] == []
    assert "no point is left" in text


BESIDE = [(1, "<=", "1 byte more than"), (0, "<", "the nearest has exactly"), (-1, ">=", "1 byte less than")]


@pytest.mark.parametrize(("beyond", "relation", "said"), BESIDE)
def test_a_point_just_beside_a_limit_says_how_far_it_is(beyond: int, relation: str, said: str) -> None:
    """Rounded, both would read as one number instead of the same."""
    needed = int(ask.sweep("llama-3.2-1b", "B=1, S=64", "peak", **ON_H100).column("peak")[0])
    limit = f"peak {relation} {needed - beyond} byte"
    assert said in " ".join(str(report(ask.sweep("llama-3.2-1b", "B=1, S=64", "peak", limit, **ON_H100))).split())


def test_a_point_that_is_left_needs_no_reason() -> None:
    points = ask.sweep("llama-3.2-1b", "B=1..2, S=64", "peak", "peak <= 1 TB, B <= 1", **ON_H100)
    assert len(points) == 1
    assert "break it" not in str(report(points))


def test_no_more_points_are_looked_at_again_than_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_points, "MOST", 30)
    points = ask.sweep("llama-3.2-1b", "B=1..100, S=64", "states", "states <= 1 GB", limit="p=2")
    assert next(no_points.why_none(points.sweep)).startswith("30 points of the first 30 are possible")


def test_a_table_has_the_reason_beside_it() -> None:
    run = costgraph(
        "sweep", "llama-3.2-1b", "h100-sxm", "--over", "B=1..2, S=64", "--measures", "peak", "--where", "peak <= 1 GiB",
        "--format", "csv",
    )  # fmt: skip
    assert run.stdout.split() == ["B,S,peak"]
    assert "note: peak <= 1 GiB: 2 break it, the most" in run.stderr
