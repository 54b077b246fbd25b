"""Degrees are what divides what an axis splits, not the cluster: the best plan may leave devices idle, and says so."""

from __future__ import annotations

import json
import re
import shlex
from bisect import bisect
from fractions import Fraction
from typing import Any

import pytest
from command_line import costgraph

from costgraph.errors import UserError
from costgraph.reports.search import report
from costgraph.searching.answer import assumed, why_nothing
from costgraph.searching.reading import read_search
from costgraph.searching.search import Found, search
from costgraph.searching.space_reading import batches

TINY: dict[str, Any] = {
    "op_set": "decoder(head=True)", "limit": "L=4,D=3072,A=12,V=96,S=4096,E=4,K=4096", "batch": 6,
    "cluster_of": "h100-sxm:8x1",
}  # fmt: skip
ALONG_DATA = "T=1, C=1, P=1, zero=[0, 3], recompute=none"
NO_OVERLAP = {"efficiency": "flops=0.5,mem=0.8,comms=0.7"}
SERVING: dict[str, Any] = {
    "op_set": "decoder(head=True)", "limit": "L=2,D=64,A=4,V=64,S=512,E=4,K=512", "phase": "generate", "new": 8,
    "cluster_of": "h100-sxm:3x1",
}  # fmt: skip


def found(**more: Any) -> Found:
    """A search of a small model."""
    return search(read_search(**{**TINY, **more}))


def test_the_fastest_plan_may_leave_devices_idle() -> None:
    answer = found(over=ALONG_DATA)
    (first, *_) = answer.plans
    assert (first.numbers["N_d"], first.devices) == (6, 6)
    assert "6 devices, 2 idle" in str(report(answer))
    (told, *_) = answer.to_json()["plans"]
    assert (told["devices"], told["idle_devices"]) == (6, 2)


@pytest.mark.parametrize("of", [{}, {**SERVING, "batch": 4}], ids=["training", "generation"])
def test_the_command_of_a_plan_on_one_device_of_many_estimates_it(of: dict[str, Any]) -> None:
    answer = found(**of, over="N_d=1, T=1, recompute=none" if of else "N_d=1, T=1, C=1, P=1, M=[1, 2], recompute=none")
    told = [plan for plan in answer.to_json()["plans"] if plan["devices"] == 1]
    assert len(told) == (1 if of else 2)
    for plan in told:
        run = costgraph(*shlex.split(plan["command"])[1:], "--json")
        assert json.loads(run.stdout)["needed"] == plan["needed"], run.stderr


def test_a_batch_that_is_no_number_is_named_as_it_was_given() -> None:
    with pytest.raises(UserError, match="batch=0: write a whole number, at least 1"):
        read_search(**{**TINY, "batch": 0})


def test_all_devices_can_be_asked_for() -> None:
    answer = found(over="C=1, P=1, zero=0, recompute=none", where="devices == 8", top=100)
    assert {plan.devices for plan in answer.plans} == {8}


@pytest.mark.parametrize("goal", ["devices", "cost", "step_time"])
def test_the_best_is_that_of_all_degrees_that_are_named(goal: str) -> None:
    """Named are all numbers, whether or not they divide anything."""
    named = f"{ALONG_DATA}, N_d=1..8, M=1..6"
    of: dict[str, Any] = {"minimize": goal, "price": "2 USD/h", "where": ["N_d >= 2", "M >= 2"], "top": 1}
    (best,) = found(over=ALONG_DATA, **of, **NO_OVERLAP).candidates
    (every,) = found(over=named, **of, **NO_OVERLAP).candidates
    assert best.exactly == every.exactly
    assert best.numbers["N_d"] == (3 if goal == "step_time" else 2)


def test_the_fewest_devices_that_have_the_memory_may_be_three() -> None:
    along = "T=1, C=1, P=1, zero=3, M=1, recompute=none"
    needed = {plan.devices: plan.exactly("peak") for plan in found(over=along).plans}
    limit = f"peak <= {int(needed[3]) + 1} byte"
    (first, *_) = found(over=along, minimize="devices", where=limit).plans
    assert needed[3] + 1 < needed[2]
    assert first.devices == 3


TRIED: list[tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = [
    ({"model": "gpt2", "batch": 6, "cluster_of": "h100-sxm:8x1"}, {"N_d": (1, 2, 3, 6), "M": (1, 2, 3, 6)}),
    ({"model": "gpt2", "batch": 6, "cluster_of": "h100-sxm:8x1"}, {"T": (1, 2, 3, 4, 6), "P": (1, 2, 3, 4, 6)}),
    ({"model": "gpt2", "batch": 6, "cluster_of": "h100-sxm:4x1", "limit": "S=96"}, {"C": (1, 2, 3, 4), "X": (1,)}),
    ({"model": "deepseek-v2-lite", "batch": 8, "cluster_of": "h100-sxm:8x1"}, {"P": (1, 2, 4, 8), "X": (1, 2, 4, 8)}),
    ({"model": "llama-3-8b", "batch": 7, "cluster_of": "h100-sxm:8x2"}, {"N_d": (1, 7), "T": (1, 2, 4, 8)}),
    ({"model": "gpt2", "phase": "generate", "cluster_of": "h100-sxm:5x1"}, {"N_d": (1, 2, 3, 4, 5), "B": batches()}),
    ({"model": "gpt2", "phase": "generate", "batch": 6, "cluster_of": "h100-sxm:5x1"}, {"N_d": (1, 2, 3)}),
]


@pytest.mark.parametrize(("of", "numbers"), TRIED, ids=str)
def test_degrees_are_what_divides_what_they_split(of: dict[str, Any], numbers: dict[str, tuple[int, ...]]) -> None:
    space = read_search(**{"limit": "S=1024", **of}).space
    assert {name: space.numbers[name] for name in numbers} == numbers
    assert not space.untried


@pytest.mark.parametrize("of", [TINY, {**TINY, "cluster_of": "h100-sxm:3x2"}, SERVING], ids=["8", "3x2", "serving"])
def test_plans_are_counted_before_they_are_made(of: dict[str, Any]) -> None:
    space = read_search(**of).space
    for structure in space.structures():
        if not structure.one_group:  # which has M from P
            assert space.plans(structure) == sum(mesh.length for mesh in space.blocks(structure))


MORE_THAN_MANY = [
    (
        {"model": "deepseek-v3", "cluster_of": "h100-sxm:8x256", "batch": 15360, "minimize": "devices"},
        "degrees that do not divide the 2048 devices",
        False,
    ),
    (
        {"model": "llama-3.1-405b", "cluster_of": "h100-sxm:8x2048", "batch": 61440},
        "degrees that do not divide the 16384 devices, plans that leave devices idle",
        True,
    ),
]


@pytest.mark.parametrize(("of", "untried", "on_all"), MORE_THAN_MANY, ids=["divisors", "all devices"])
def test_of_too_many_plans_fewer_degrees_are_tried(of: dict[str, Any], untried: str, on_all: bool) -> None:
    asked = read_search(**of, limit="S=8192")
    assert f"not tried, as there are more than 5 000 000 plans: {untried}" in assumed(asked)
    assert asked.space.all_devices == on_all
    assert all(asked.space.devices % one == 0 for name in ("P", "N_d", "C", "T") for one in asked.space.numbers[name])


# --- generation -------------------------------------------------------------------------------------------------------


def test_of_the_batch_of_a_replica_one_that_is_tried_is_near_any_other() -> None:
    tried = batches()
    assert tried[:256] == tuple(range(1, 257))
    assert len(tried) < 800
    assert all(tried[bisect(tried, one) - 1] * 128 >= one * 127 for one in range(1, 4097))


@pytest.mark.parametrize("limit", ["ttft <= 40 us", "tpot <= 8 us", "peak <= 21 MiB"])
def test_the_batch_that_keeps_a_limit_is_the_largest_of_all_that_do(limit: str) -> None:
    """Any number of replicas, each with as many sequences."""
    (best,) = search(read_search(**SERVING, where=limit, top=1)).plans
    (every,) = search(read_search(**SERVING, over="B=1..2000, N_d=1..3, T=1..4", where=limit, top=1)).plans
    assert best.value == every.value
    assert 1 < best.numbers["B"] < 2000
    assert best.numbers["B"] & (best.numbers["B"] - 1)  # no power of two
    assert best.answer.throughput(best.answer.main, best.answer.least) == best.value


# --- what is said of a plan -------------------------------------------------------------------------------------------

NEAREST: list[tuple[dict[str, Any], str]] = [
    ({**TINY, "over": "T=1, C=1, P=1, N_d=6, zero=3, recompute=full"}, "data(6, zero=3); recompute(full)"),
    ({**TINY, "over": "T=1, C=1, P=1, N_d=6, zero=3, recompute=none"}, "data(6, zero=3)"),
    ({**SERVING, "over": "T=2, N_d=1, B=[3, 4]"}, "tensor(2); B=3"),
    ({**SERVING, "over": "T=1, N_d=1, B=3"}, "one device; B=3"),
]


@pytest.mark.parametrize(("of", "called"), NEAREST, ids=lambda one: one if isinstance(one, str) else "")
def test_the_nearest_plan_is_named_with_all_that_its_number_depends_on(of: dict[str, Any], called: str) -> None:
    answer = search(read_search(**of, where="peak <= 1 KiB"))
    assert list(why_nothing(answer))[-1].endswith(f"1 KiB = 1.024 kB: {called}")


def test_parts_of_memory_add_up_to_what_is_needed() -> None:
    answer = found(over=ALONG_DATA)
    lines = [line.strip() for line in str(report(answer)).replace("\n    ", " ").splitlines()]
    said = [line for line in lines if line.startswith("needs ")]
    assert len(said) == len(answer.plans)
    assert any(", rest " in line for line in said)
    for line, plan in zip(said, answer.plans, strict=True):
        sizes = re.findall(r"([\d.]+) (MiB|GiB)", line.partition(": ")[2])
        total = sum(Fraction(size) * (2**30 if unit == "GiB" else 2**20) for size, unit in sizes)
        assert abs(total / plan.exactly("peak") - 1) < Fraction(1, 500)
