"""Qi et al. 2023, sections 2.2 and 2.3: what the orders of ZB-H1 and ZB-H2 give when they are run, stage by stage."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from costgraph.pictures.jobs import Kind
from costgraph.pictures.orders import Run, run

SIZES = [(2, 3), (3, 5), (4, 7), (4, 12), (8, 20)]  # stages, microbatches: 2P - 1 of them or more
COSTS: list[dict[Kind, int]] = [
    {"F": forward, "B": inputs, "W": weights}
    for forward, inputs, weights in ((1, 1, 1), (3, 4, 2), (5, 7, 3), (2, 2, 2), (12, 13, 11))
]


def h2(P: int, M: int) -> Run:
    return run("zb-h2", P, M)


def idle(step: Run, costs: dict[Kind, int]) -> list[Fraction]:
    """How long each stage does nothing between its own first pass and its own last."""
    slots = list(step.slots(lambda _, job: Fraction(costs[job.kind])))
    found = []
    for stage in range(step.P):
        mine = [slot for slot in slots if slot.stage == stage]
        found.append(mine[-1].end - mine[0].begin - step.M * sum(costs.values()))
    return found


def waiting(step: Run, stage: int) -> set[tuple[int, int]]:
    """Microbatches without gradients of their inputs, and those without gradients of weights alone, job by job."""
    inputs, weights, seen = 0, 0, set()
    for job in step.stages[stage]:
        inputs += {"F": 1, "B": -1, "W": 0}[job.kind]
        weights += {"F": 0, "B": 1, "W": -1}[job.kind]
        seen.add((inputs, weights))
    return seen


@pytest.mark.parametrize(("P", "M"), SIZES)
@pytest.mark.parametrize("costs", COSTS, ids=str)
def test_the_first_stage_of_h2_is_idle_as_printed_and_no_other_longer(P: int, M: int, costs: dict[Kind, int]) -> None:
    found = idle(h2(P, M), costs)
    assert found[0] == (P - 1) * (costs["F"] + costs["B"] - 2 * costs["W"])
    assert max(found) == found[0]


@pytest.mark.parametrize(("P", "M"), SIZES)
def test_no_stage_of_h2_is_idle_where_all_passes_take_as_long(P: int, M: int) -> None:
    assert not any(idle(h2(P, M), {"F": 1, "B": 1, "W": 1}))


@pytest.mark.parametrize(("P", "M"), SIZES)
def test_h2_holds_2p_less_1_microbatches(P: int, M: int) -> None:
    step = h2(P, M)
    assert [step.worst(stage)[0].total for stage in range(P)] == [2 * P - 1] * P
    assert step.worst(0, "B")[0].total == 2 * P - 1


@pytest.mark.parametrize(("P", "M"), SIZES)
def test_a_worker_holds_as_many_of_either_kind_as_printed(P: int, M: int) -> None:
    """Worker i, counted from 1: (p - i + 1) M_B + (i - 1) M_W, and (2p - 2i + 1) M_B + (2i - 2) M_W of H2."""
    for i in range(1, P + 1):
        for step, inputs, weights in (
            (run("zb-h1", P, M), P - i + 1, i - 1), (h2(P, M), 2 * P - 2 * i + 1, 2 * i - 2),
        ):  # fmt: skip
            seen = waiting(step, i - 1)
            assert max(first for first, _ in seen) == inputs
            assert max(first + second for first, second in seen) == inputs + weights
            assert (inputs, weights) in seen


@pytest.mark.parametrize("name", ["zb-h2", "zb-v"])
@pytest.mark.parametrize("costs", COSTS, ids=str)
def test_steps_that_follow_without_waiting_take_as_long_as_the_stage_that_is_idle_longest(
    name: str, costs: dict[Kind, int]
) -> None:
    """Several steps of all stages in a row, each of which begins one when its own has ended."""
    for P, M in SIZES:
        one = run(name, P, M)
        ends = [
            replace(one, stages=[[job._replace(microbatch=job.microbatch + M * step) for step in range(steps)
                                  for job in jobs] for jobs in one.stages]).span(costs)
            for steps in (3, 4)
        ]  # fmt: skip
        assert (ends[1] - ends[0]) / (M * sum(costs.values())) - 1 == one.bubble(costs)
