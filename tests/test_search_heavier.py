"""What a search passes over is nowhere better: what is replayed only adds time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from costgraph.searching.looking import Looking, pieces
from costgraph.searching.reading import read_search
from costgraph.searching.search import search
from costgraph.searching.structure import Structure

Costs = dict[tuple[tuple[str, int], ...], tuple[float, float]]
SMALL = {"model": "llama-3.2-1b", "cluster_of": "h100-sxm:2x2", "batch": 4}
QUESTIONS: list[dict[str, Any]] = [
    SMALL,
    {**SMALL, "efficiency": "flops=0.5,mem=0.8,comms=0.7"},
    {**SMALL, "efficiency": "flops=0.5", "overlap": "data=all"},
    {"model": "olmoe-1b-7b", "cluster_of": "a100-80gb-sxm:2x2", "batch": 4, "over": "C=1, recompute=[none, every=2]"},
    {"model": "llama-3.2-1b", "cluster_of": "h100-sxm:4x1", "batch": 4, "attention": "eager", "over": "P=1"},
]  # fmt: skip


def costs(question: dict[str, Any], over: str) -> dict[Structure, Costs]:
    """Time and memory of all legal plans, by structure."""
    said = ", ".join(filter(None, [question.get("over", ""), over]))
    asked = read_search(**{**question, "over": said}, limit="S=1024")
    look, found = Looking(asked), dict[Structure, Costs]()
    for structure in dict.fromkeys(piece.structure for piece in pieces(asked)):
        costed, mine = look.costed(structure), found.setdefault(structure, {})
        for columns in asked.space.blocks(structure):
            legal, _ = costed.legal(columns)
            outputs, joined = costed.outputs(columns)
            for at in np.flatnonzero(legal & joined).tolist():
                numbers = tuple((name, int(columns[name][at])) for name in structure.open)
                mine[numbers] = float(outputs["step_time"][at]), float(outputs["peak"][at])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_no_plan_of_a_heavier_kind_is_faster_or_legal_alone(question: dict[str, Any]) -> None:
    found = costs(question, "")
    heavier = [one for one in found if one.lightest != one and one.lightest in found]
    assert heavier
    for one in heavier:
        light = found[one.lightest]
        assert found[one].keys() <= light.keys()
        assert all(light[numbers][0] <= seconds * (1 + 1e-12) for numbers, (seconds, _) in found[one].items())


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS[:2] + QUESTIONS[4:], ids=str)
def test_what_is_left_out_takes_as_long_and_needs_no_less(question: dict[str, Any]) -> None:
    found = costs(question, "context=all, schedule=all")
    compared = 0
    for one, plans in found.items():
        context = "ring" if one.context == "gather" else one.context
        other = found.get(
            one.__class__(**{**vars(one), "context": context, "schedule": one.schedule.replace("gpipe", "1f1b")}), {}
        )
        for numbers in plans.keys() & other.keys():
            assert other[numbers][0] <= plans[numbers][0] * (1 + 1e-12)
            assert other[numbers][1] <= plans[numbers][1] * (1 + 1e-12)
            compared += other is not plans
    assert compared


@pytest.mark.parametrize("question", QUESTIONS[:2], ids=str)
def test_the_best_are_those_of_all_graphs(question: dict[str, Any]) -> None:
    asked = read_search(**question, limit="S=1024", top=5)
    found = search(asked)
    assert found.counts.passed > 0
    look = Looking(asked)
    every = [one.exactly for piece in pieces(asked) for one in look(piece).candidates]
    assert [one.exactly for one in found.candidates] == sorted(every)[:5]
