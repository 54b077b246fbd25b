"""Where a window is shorter than the sequence, an answer about bytes says what it counts of it."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph.estimation.reading import request

SAID = "rows of keys and values in a window"


@pytest.mark.parametrize(
    ("measure", "phase", "limit", "said"),
    [
        ("traffic", "train", "B=1,S=8192", True),
        ("traffic", "prefill", "B=1,S=8192", True),
        ("intensity", "prefill", "B=1,S=8192", True),
        ("traffic", "prefill", "B=1", True),
        ("traffic", "prefill", "B=1,S=4096", False),
        ("traffic", "decode", "B=1,S=8192", False),
        ("flops", "train", "B=1,S=8192", False),
    ],
)
def test_of_bytes_it_is_said(measure: str, phase: str, limit: str, said: bool) -> None:
    found = cg.derive(measure, model="mistral-7b", phase=phase, limit=limit)
    assert any(SAID in remark for remark in found.remarks) == said


@pytest.mark.parametrize(("tokens", "said"), [(8192, True), (1000, False)])
def test_of_times_it_is_said(tokens: int, said: bool) -> None:
    asked = request(model="mistral-7b", hardware="h100-sxm", limit=f"B=1,S={tokens}")
    assert any(SAID in remark for remark in cg.estimate(asked).remarks) == said


def test_a_model_without_windows_says_nothing() -> None:
    assert not any(SAID in one for one in cg.derive("traffic", model="llama-2-7b").remarks)
