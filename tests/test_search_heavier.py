"""What a search passes over is nowhere better: what is replayed only adds time."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from costgraph.searching.forms import Forms
from costgraph.searching.looking import Looking, pieces
from costgraph.searching.plans import Costed
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


RING = {"ring_gather": "all_gather", "ring_reduce": "reduce_scatter"}  # what goes round a ring, by what is sent as well
DATA = Structure(("N_d", "C", "M"), zero=1, context="ring")
STAGES = Structure(("P", "C", "T", "M"), schedule="1f1b", context="ring", sequence=True)
AROUND = [("llama-3.2-1b", STAGES), ("gemma-2-2b", DATA), ("olmoe-1b-7b", DATA), ("deepseek-v2-lite", DATA)]


def sent_as_gathered(of: Forms) -> list[list[str]]:
    """What stages send, whether round a ring or not."""
    return [sorted(str(replace(one, kind=RING.get(one.kind, one.kind))) for one in stage.sent) for stage in of.stages]


@pytest.mark.parametrize(("model", "structure"), AROUND, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_gathered_takes_as_long_as_round_a_ring_and_needs_no_less(model: str, structure: Structure) -> None:
    """So a search leaves it out: times are the same forms, claims are the same, memory is less for all sizes."""
    of: dict[str, Any] = {"model": model, "cluster_of": "h100-sxm:8x4", "limit": "S=16384", "efficiency": "flops=0.5"}
    question = read_search(**of, batch=16).question
    ring, gather = (
        Costed(question, one, one.derived_from(question.asked, {}))
        for one in (structure, replace(structure, context="gather"))
    )
    assert sent_as_gathered(ring.main) == sent_as_gathered(gather.main)
    for one, other in zip(ring.main.stages, gather.main.stages, strict=True):
        assert replace(one, alive=(), sent=()) == replace(other, alive=(), sent=())
    assert [rule.claim for rule in ring.rules] == [rule.claim for rule in gather.rules]
    for numbers in product((2, 4, 8), repeat=len(structure.open)):
        plan = dict(zip(structure.open, numbers, strict=True))
        assert ring.exactly(plan, "peak") <= gather.exactly(plan, "peak")
        assert (ring.exactly(plan, "peak") < gather.exactly(plan, "peak")) <= (plan["C"] > 2)


@pytest.mark.parametrize("question", QUESTIONS[:2], ids=str)
def test_the_best_are_those_of_all_graphs(question: dict[str, Any]) -> None:
    asked = read_search(**question, limit="S=1024", top=5)
    found = search(asked)
    assert found.counts.passed > 0
    look = Looking(asked)
    every = [one.exactly for piece in pieces(asked) for one in look(piece).candidates]
    assert [one.exactly for one in found.candidates] == sorted(every)[:5]
