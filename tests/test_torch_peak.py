"""Peaks of training steps and of generation against PyTorch's memory tracker, to the byte; backward peaks to 64."""

from __future__ import annotations

import pytest
from torch_peak import MEASURED, Run, reasons, tracked, walk
from torch_peak_inference import generated

from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import total
from costgraph.graph.builder import Purpose

TRAINING = {key: values for key, values in MEASURED["training"].items() if key != "of"}
INFERENCE = {key: values for key, values in MEASURED["inference"].items() if key != "of"}
SCALARS = 64  # bytes of single numbers that come and go in the backward pass
# What is left, each as a form: by model, attention, what is checkpointed, and quantity
COPIES = "copies of keys and values for all heads are made inside of what is replayed"
LOCAL = "a norm that is written out holds its input in fp32 beside what it makes"
LEFT = {
    "l1p * none peak_forward": ("2*B*S*D", LOCAL),
    "l4p * none peak_forward": ("2*B*S*D", LOCAL),
    "l6 eager selective peak_forward": ("B*S*H*p*(2*A - G)", COPIES),
    "l6 eager selective peak_backward": ("B*S*A*H*p", COPIES),
    "r6 eager selective peak_backward": (
        "3*B*S*D*p",
        "the replay holds queries, keys and values as it transposes them",
    ),
    "r6 eager full peak_backward": ("-D*p", "the gradient of a bias is made after that of its matrix"),
    "r6 flash full peak_backward": ("-D*p", "the gradient of a bias is made after that of its matrix"),
    "r6 mem_efficient full peak_backward": ("-D*p", "the gradient of a bias is made after that of its matrix"),
}


def left(run: Run, quantity: str) -> int:
    """What no reason accounts for."""
    if run.model.endswith("p") and run.precision == "fp32":
        return 0
    attention = "*" if run.model.endswith("p") else run.attention
    known = LEFT.get(f"{run.model} {attention} {run.checkpointing} {quantity}")
    return run.number(size(known[0])) if known else 0


@pytest.mark.parametrize("key", TRAINING)
def test_a_training_step(key: str) -> None:
    run = Run(*key.split())
    found = tracked(run, walk(run))
    for quantity, measured in zip(MEASURED["training"]["of"], TRAINING[key], strict=True):
        beside = abs(measured - found[quantity] - left(run, quantity))
        assert beside <= (SCALARS if quantity == "peak_backward" else 0), quantity


@pytest.mark.parametrize(
    "key", ["r6 fp32 eager full", "l6 fp32 mem_efficient full", "l1 fp32 mem_efficient none", "r1 autocast flash full"]
)
def test_each_reason_changes_what_is_alive(key: str) -> None:
    """So that one that holds no more, or never did, is seen."""
    run = Run(*key.split())
    whole = walk(run)
    for reason in reasons(run):
        assert [repr(one) for one in walk(run, without=reason).buffers] != [repr(one) for one in whole.buffers]


def test_what_is_left_is_needed() -> None:
    rows = {tuple(key.split()) for key in TRAINING}
    for name in LEFT:
        model, attention, checkpointing, _ = name.split()
        of = [key for key in rows if key[0] == model and attention in ("*", key[2]) and key[3] == checkpointing]
        assert of, name


@pytest.mark.parametrize("key", INFERENCE)
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_generation(key: str, phase: Purpose) -> None:
    """To the byte, with what Python has names for."""
    run = Run(*key.split())
    found = generated(run, phase)
    peak = max(run.number(total(term.amount for term in found.terms(one))) for one in found.largest())
    assert peak == INFERENCE[key][MEASURED["inference"]["of"].index(f"peak_{phase}")]


@pytest.mark.parametrize(("key", "two"), [("r4 fp32 eager none", False), ("l1 bf16 flash none", True)])
def test_the_largest_instant_is_that_of_pytorch(key: str, two: bool) -> None:
    """Two gradients of the logits, or the gradient of a tied table that two are added to."""
    run = Run(*key.split())
    found = walk(run)
    sizes = {one: run.number(total(term.amount for term in found.terms(one))) for one in found.largest()}
    backward = max((one for one in sizes if found.phase(one) != "update"), key=sizes.__getitem__)
    assert found.label(backward).startswith("loss.cross_entropy.grad" if two else "embed.tokens.table.grad_sum")
