"""Estimates of models in which a symbol stands for a minimum, or for what is rounded."""

from __future__ import annotations

from fractions import Fraction

import pytest
from command_line import costgraph

from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request


def asked(model: str, limit: str, new: int = 1) -> Estimate:
    return estimate(request(model=model, hardware="h200", limit=limit, new=new, efficiency="flops=1"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "sequence"),
    [
        ("gpt-oss-20b", 100),  # the window of 128 fills on the way
        ("gpt-oss-20b", 127),
        ("gpt-oss-20b", 128),
        ("gpt-oss-20b", 500),
        ("mistral-7b", 4060),
        ("gemma-3-1b", 490),
        ("deepseek-v3", 40),  # experts that are hit
        ("mamba2-2.7b", 250),
    ],
)
def test_generation_is_the_sum_of_its_steps(model: str, sequence: int) -> None:
    new = 60
    answer = asked(model, f"B=1,S={sequence},p=2", new)
    assert answer.generation is not None
    machine = answer.request.machine
    assert machine is not None
    rates = machine.bindings(answer.request.dtype, None)
    steps = Fraction(0)
    for s in range(sequence + 1, sequence + new):
        sizes = {**answer.request.bindings, "S": Polynomial.constant(s)}
        steps += answer.formulas[1].at(sizes).at(rates).time.seconds
    assert answer.generation[1] == answer.steps[0].time.seconds + steps
    assert answer.steps[1].time.seconds <= answer.steps[2].time.seconds


def test_a_cache_is_as_long_as_the_window_at_the_last_token() -> None:
    per_layer = 2 * 8 * 64 * 2  # two of 8 heads of width 64, 2 bytes each
    for sequence, new, local in ((100, 10, 110), (100, 100, 128), (500, 1, 128)):
        cache = asked("gpt-oss-20b", f"B=1,S={sequence}", new).memory["cache"]
        assert cache.number == 12 * per_layer * (sequence + new + local)


@pytest.mark.parametrize("model", ["gpt-oss-20b", "deepseek-v3", "mamba2-2.7b", "gemma-3-1b"])
def test_there_are_numbers_once_sizes_are_bound(model: str) -> None:
    answer = asked(model, "B=1,S=512,p=2")
    assert answer.unbound == ()
    assert answer.largest_batch is not None
    assert answer.generation is not None
    assert answer.generation[1] is not None
    assert 0 < answer.generation[0] < answer.generation[1]


def test_what_is_missing_is_named_and_not_what_stands_for_it() -> None:
    assert asked("gpt-oss-20b", "B=1").unbound == ("S",)
    text = costgraph("estimate", "--model", "gpt-oss-20b", "--hardware", "h200", "--limit", "B=1").stdout
    assert "for numbers, bind S with" in text
    assert "where S_w = min(S, W)\n" in text
    assert "where N_hit = min(N_r, BS K_r) in prefill" in text


def test_a_size_behind_a_definition_is_not_without_effect() -> None:
    answer = asked("gpt-oss-20b", "B=1,S=512,W=64")
    assert not any("W" in remark for remark in answer.remarks)


def test_a_solution_that_fails_says_a_number_with_a_window_too() -> None:
    asked = ("--model", "gpt-oss-20b", "--limit", "S=512")
    said = costgraph("solve", "states + activations <= 80 GiB", "--for", "B", *asked).stderr
    assert "at B = 1 the left side is 273.3 GiB = 293.5 GB too large" in said
