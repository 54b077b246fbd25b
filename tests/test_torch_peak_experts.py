"""Peaks of training steps of Mixtral as transformers builds it, against PyTorch's memory tracker."""

from __future__ import annotations

import pytest
from torch_peak import tracked, walk
from torch_peak_experts import reasons_of_experts
from torch_peak_runs import MEASURED, Run

ROWS = {key: values for key, values in MEASURED["experts"].items() if key != "of"}
SCALARS = 4  # bytes of a number of the loss, in the backward pass


@pytest.mark.parametrize("key", ROWS)
def test_a_training_step_of_mixtral(key: str) -> None:
    run = Run(*key.split())
    found = tracked(run, walk(run, reasons_of_experts))
    for quantity, measured in zip(MEASURED["experts"]["of"], ROWS[key], strict=True):
        assert abs(measured - found[quantity]) <= (SCALARS if quantity == "peak_backward" else 0), quantity


@pytest.mark.slow
def test_each_reason_changes_what_is_tracked_of_a_row() -> None:
    """So that one that holds no more, or never did, is seen."""
    seen, every = set(), set()
    for run in (Run(*key.split()) for key in ROWS):
        whole = tracked(run, walk(run, reasons_of_experts))
        for reason in reasons_of_experts(run):
            every.add(reason.__name__)
            if tracked(run, walk(run, reasons_of_experts, without=reason)) != whole:
                seen.add(reason.__name__)
    assert every - seen == {"named_in_python", "held_by_nodes"}
