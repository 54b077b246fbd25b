"""What graphs of a search have in common is worked out once, and is what each by itself has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from costgraph.searching.forms import forms
from costgraph.searching.legality import rules
from costgraph.searching.reading import read_search
from costgraph.searching.stage_forms import Alike
from costgraph.searching.structure import Structure
from costgraph.setup import Setup

PIPELINE = Structure(("P", "N_d", "M"), zero=1, schedule="1f1b")
FLAT = Structure(("N_d", "T", "M"), zero=3, sequence=True)
SCHEDULES = [
    replace(PIPELINE, schedule="gpipe"), PIPELINE, replace(PIPELINE, schedule="interleaved"),
    replace(PIPELINE, schedule="interleaved", one_group=True), replace(PIPELINE, schedule="zb-h1"),
]  # fmt: skip
UNEQUAL = [replace(one, degrees=(("P", 5), *((("v", 2),) if "inter" in one.schedule else ()))) for one in SCHEDULES]
OF: dict[str, list[Structure]] = {  # one of which the first and last stage share a table, experts, windows
    "llama-3.2-1b": [*SCHEDULES, FLAT, replace(FLAT, recompute="full"), Structure(("N_d", "C"), context="ring")],
    "gpt2": [*SCHEDULES[1:3], *UNEQUAL[1:4]],
    "olmoe-1b-7b": [*SCHEDULES[:2], Structure(("N_d", "X"), zero=1), Structure(("P", "X", "M"), schedule="zb-h1")],
    "gemma-2-2b": SCHEDULES[1:3],
}


@pytest.mark.parametrize("model", OF)
def test_forms_that_share_work_are_those_of_each_by_itself(model: str) -> None:
    of: dict[str, Any] = {"model": model, "cluster_of": "h100-sxm:8x1", "limit": "S=512", "efficiency": "flops=0.6"}
    asked = read_search(**of, batch=80).question.asked
    alike = Alike()
    for structure in OF[model]:
        found = forms(structure.derived_from(asked, shared := dict[str, Setup]()), "train", (), ("mfu", "hfu"), alike)
        alone = forms(structure.request(asked, {}), "train", (), ("mfu", "hfu"))
        assert shared
        assert found.stages == alone.stages, structure
        assert [rule.claim for rule in rules(found.claims)] == [rule.claim for rule in rules(alone.claims)]
        assert replace(found, stages=(), claims=()) == replace(alone, stages=(), claims=())


def test_stages_with_the_same_ops_are_summed_up_once() -> None:
    asked = read_search(model="llama-3.2-1b", cluster_of="h100-sxm:4x1", limit="S=512", batch=8).question.asked
    alike, shared = Alike(), dict[str, Setup]()
    counts = []
    for structure in SCHEDULES:
        forms(structure.derived_from(asked, shared), "train", (), (), alike)
        counts.append(len(alike.known))
    assert counts == [
        6,
        6,
        10,
        16,
        16,
    ]  # time and memory of three stages; the ends of an interleaved one send more
