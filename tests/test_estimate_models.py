"""Estimates of models from configurations: widths of their own, and phases that they have."""

from __future__ import annotations

from fractions import Fraction

import pytest

import costgraph as cg
from costgraph import UserError
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.timing.roofline import number

LLAMA = {"model": "llama-2-7b", "hardware": "a10", "limit": "B=1,S=350"}
WEIGHTS = 6738415616  # parameters of Llama 2 7B
CACHE = 2 * 32 * 32 * 128 * 351  # elements of the cache at the last token


def asked(**of: str) -> Estimate:
    return cg.estimate(request(**of))  # type: ignore[arg-type]


def flops(found: Estimate) -> int:
    stage = found.formulas[0].at(found.request.bindings)
    return int(sum(number(cost.flops) for cost in stage.costs))


@pytest.mark.parametrize(
    ("widths", "weights", "cache", "batch"),
    [
        ({}, 2, 2, 57),  # as wide as its file says
        ({"weights": "int4"}, 0.5, 2, 112),
        ({"weights": "int4", "cache_dtype": "fp8"}, 0.5, 1, 225),
        ({"dtype": "int4"}, 0.5, 0.5, 451),  # what computes is as wide as p
        ({"dtype": "int4", "cache_dtype": "bf16"}, 0.5, 2, 112),
        ({"dtype": "int4", "limit": "B=1,S=350,p=2"}, 2, 2, 57),  # p was typed, too
    ],
)
def test_weights_and_cache_are_as_wide_as_was_asked(
    widths: dict[str, str], weights: float, cache: float, batch: int
) -> None:
    found = asked(**(LLAMA | widths))
    assert (found.memory["weights"].number, found.memory["cache"].number) == (weights * WEIGHTS, cache * CACHE)
    assert found.largest_batch_decoding == batch


def test_a_question_is_solved_in_the_width_that_was_typed() -> None:
    of = {"model": "llama-2-7b", "phase": "decode", "limit": "S=350"}
    narrow, usual = (cg.solve("states + cache <= 24 GiB", "B", dtype=dtype, **of) for dtype in ("int4", None))  # type: ignore[arg-type]
    assert [found.bindings["p"].number for found in (narrow, usual)] == [Fraction(1, 2), 2]


BERT = {"model": "bert-large", "hardware": "a10", "limit": "B=2,S=128"}


@pytest.mark.parametrize("phase", ["generate", "prefill", "decode"])
def test_an_encoder_neither_generates_nor_caches(phase: str) -> None:
    with pytest.raises(UserError, match="bert-large is an encoder, which neither generates nor caches"):
        asked(**BERT, phase=phase)


def test_an_encoder_has_a_forward_pass_and_a_training_step() -> None:
    forward, train = (asked(**BERT, phase=phase, attention="eager") for phase in ("forward", "train"))
    assert {name: form.number for name, form in forward.memory.items()} == {"weights": 2 * 335174458}
    assert [stage.name for stage in forward.steps] == ["forward pass"]
    assert [stage.name for stage in train.steps] == ["training step"]
    assert flops(train) == 3 * flops(forward)


def test_a_forward_pass_over_devices_is_split_as_a_training_step_is() -> None:
    found = asked(**BERT, phase="forward", mesh="tensor(2)")
    assert found.memory["weights"].number is not None
    assert 335174458 < found.memory["weights"].number < 1.01 * 335174458
