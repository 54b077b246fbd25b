"""Peaks of training steps and of generation against PyTorch's memory tracker, to the byte; backward peaks to 64."""

from __future__ import annotations

import pytest
from torch_peak import reasons, tracked, walk
from torch_peak_runs import MEASURED, Run

from costgraph.algebra.polynomial import total

TRAINING = {key: values for key, values in MEASURED["training"].items() if key != "of"}
SCALARS = 64  # bytes of single numbers that come and go in the backward pass


@pytest.mark.parametrize("key", TRAINING)
def test_a_training_step(key: str) -> None:
    run = Run(*key.split())
    found = tracked(run, walk(run))
    for quantity, measured in zip(MEASURED["training"]["of"], TRAINING[key], strict=True):
        beside = abs(measured - found[quantity])
        assert beside <= (SCALARS if quantity == "peak_backward" else 0), quantity


ROWS = [
    *("r6 fp32 eager full", "r6 fp32 eager selective", "l6 fp32 mem_efficient full", "l1 fp32 mem_efficient none"),
    *("l6 bf16 eager selective", "l4p bf16 flash none", "r1 autocast flash full", "r1 autocast eager full"),
]


@pytest.mark.slow
def test_each_reason_changes_what_is_alive() -> None:
    """So that one that holds no more, or never did, is seen."""
    changing = set()
    for run in (Run(*key.split()) for key in ROWS):
        whole = [repr(one) for one in walk(run).buffers]
        changing |= {one for one in reasons(run) if [repr(each) for each in walk(run, without=one).buffers] != whole}
    assert changing == {reason for key in TRAINING for reason in reasons(Run(*key.split()))}


@pytest.mark.parametrize(("key", "two"), [("r4 fp32 eager none", False), ("l1 bf16 flash none", True)])
def test_the_largest_instant_is_that_of_pytorch(key: str, two: bool) -> None:
    """Two gradients of the logits, or the gradient of a tied table that two are added to."""
    run = Run(*key.split())
    found = walk(run)
    sizes = {one: run.number(total(term.amount for term in found.terms(one))) for one in found.largest()}
    backward = max((one for one in sizes if found.phase(one) != "update"), key=sizes.__getitem__)
    assert found.label(backward).startswith("loss.cross_entropy.grad" if two else "embed.tokens.table.grad_sum")
