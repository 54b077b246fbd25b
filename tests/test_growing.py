"""What all tokens of a generation cost, in columns and in rationals: what `estimate` says, and what each step says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.estimation.estimate import estimate
from costgraph.estimation.reading import request
from costgraph.searching import exact, growing
from costgraph.searching.answer import assumed
from costgraph.searching.columns import DIGITS
from costgraph.searching.growing import Line, Maxima, Stretch, over
from costgraph.searching.reading import read_search
from costgraph.searching.search import search
from costgraph.searching.sweep import Looking, sweep
from costgraph.searching.sweep_reading import read_sweep
from costgraph.searching.tally import Tally

EFFICIENCY = {"efficiency": "flops=0.5,mem=0.8,comms=0.7"}
NODE = {"cluster": "h100-sxm:8x1"}
STAGES = {"mesh": "pipeline(4), microbatches(4)"}  # of 26 layers of two kinds
GENERATIONS: list[dict[str, Any]] = [  # of which sizes in columns, how many tokens, on what
    {"model": "llama-3.2-1b", "over": "B=[1, 512], S=[16, 2048]", "new": 256, **EFFICIENCY},
    {"model": "gemma-2-2b", "over": "B=8, S=[96, 4090]", "new": 4000},  # windows fill on the way
    {
        **NODE, "model": "gemma-2-2b", "mesh": "data(2), tensor(4)", "over": "B=[8, 512], S=16", "new": 9000,
        **EFFICIENCY, "overlap": "tensor=0.5",
    },
    {**NODE, "model": "gemma-3-1b", **STAGES, "over": "B=[8, 64]", "limit": "S=400", "new": 200},
    {
        **NODE, "model": "gemma-3-1b", **STAGES, "over": "B=[8, 64]", "limit": "S=400", "new": 200,
        **EFFICIENCY,
    },
    {**NODE, "model": "olmoe-1b-7b", "mesh": "data(2), experts(4)", "over": "B=[8, 64], S=40", "new": 2000},
    {"model": "t5-base", "over": "B=8, S=40", "new": 1000, "limit": "S_e=64", **EFFICIENCY},
    {"model": "mamba2-130m", "over": "B=8, S=40", "new": 1000},
    {"model": "llama-3.2-1b", "over": "B=8, S=40", "new": 1, **EFFICIENCY},
    {"model": "llama-3.2-1b", "over": "B=[1, 4096], S=1", "new": 100_000},
]  # fmt: skip


def priced(generation: dict[str, Any]) -> dict[str, Any]:
    """What is the same at all points."""
    typed = {"hardware": "h100-sxm"} if "cluster" not in generation else {}
    return {"phase": "generate", "price": "2 USD/h", **typed, **generation}


@pytest.mark.parametrize("generation", GENERATIONS, ids=str)
def test_all_tokens_cost_what_estimate_says(generation: dict[str, Any]) -> None:
    typed = priced(generation)
    of = read_sweep(typed.pop("over"), "cost,peak", typed=typed)
    look = Looking(of)
    rows = [(block, row) for block in sweep(of, Tally(), looking=look) for row in block.rows(of.names)]
    assert len(rows) == of.grid.size
    for block, row in rows:
        numbers = dict(zip(of.names, row, strict=True))
        sizes = [f"{name}={numbers[name]}" for name in of.grid.numbers]
        said = estimate(request(**{**typed, "limit": [*sizes, *([typed["limit"]] if "limit" in typed else [])]}))
        point = {one: int(numbers[one]) for one in of.grid.numbers}
        costs, swept = said.usd_per_million_tokens, look.of_point(block.choices, point)
        exactly = {"cost": costs[1] or costs[0], "peak": said.verdict.needed}
        for name, value in exactly.items():
            assert value is not None
            assert swept.exact(point, name) == value
            assert f"{numbers[name]:.{DIGITS}g}" == f"{float(value):.{DIGITS}g}"


@pytest.mark.parametrize("more", [{}, EFFICIENCY], ids=str)
def test_plans_are_ranked_by_what_all_tokens_cost(more: dict[str, Any]) -> None:
    of: dict[str, Any] = {"model": "llama-3.2-1b", "cluster_of": "h100-sxm:2x2", "limit": "S=512", **more}
    asked = read_search(**of, phase="generate", new=64, price="2 USD/h", minimize="cost", over="B=[1, 8]", top=50)
    found = search(asked)
    values = []
    for plan in found.plans:
        costs = plan.answer.usd_per_million_tokens
        assert plan.value == (costs[1] or costs[0])
        values.append(plan.value)
    assert values == sorted(values)
    assert len(set(values)) > 3
    kept = search(read_search(**of, phase="generate", new=64, price="2 USD/h", minimize="cost", over="B=[1, 8]",
                              where=f"cost <= {float(values[3]):.17g} USD", top=50))  # fmt: skip
    assert {plan.value for plan in kept.plans} >= set(values[:3])
    assert len(kept.plans) in {3, 4}


def test_without_a_price_plans_are_ranked_by_the_hours_of_devices_that_cost_is_made_of() -> None:
    of: dict[str, Any] = {"model": "llama-3.2-1b", "cluster_of": "h100-sxm:2x1", "limit": "S=512", "phase": "generate"}
    of |= {"new": 8, "minimize": "cost", "over": "B=[1, 8]", "top": 50}
    hours, dollars = (search(read_search(**of, price=price)) for price in (None, "2 USD/h"))
    assert [(plan.mesh, 2 * plan.value) for plan in hours.plans] == [(plan.mesh, plan.value) for plan in dollars.plans]
    assert hours.search.minimize == "device_hours"
    assert any("device-hours per million tokens" in line for line in assumed(hours.search))


def test_what_is_no_straight_line_is_taken_token_by_token(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = priced({"model": "gemma-2-2b", "new": 90, **EFFICIENCY})

    def costs() -> list[Any]:
        of = read_sweep("B=[2, 8], S=[4000, 4090]", "cost", where="cost <= 9", typed=typed)
        look = Looking(of)
        found = [row[-1] for block in sweep(of, Tally(), looking=look) for row in block.rows(of.names)]
        (swept,) = look._known.values()
        return [*found, swept.exact({"B": 2, "S": 4000}, "cost")]

    by_lines = costs()
    for module in (growing, exact):
        monkeypatch.setattr(module, "straight", lambda forms: False)
    *doubles, exactly = costs()
    assert exactly == by_lines[-1]
    np.testing.assert_allclose(doubles, by_lines[:-1], rtol=1e-12)


lines = st.tuples(st.integers(0, 40), st.integers(0, 9))  # by what they are at 0, and what a position adds
maxima = st.lists(lines, min_size=1, max_size=3)


@given(st.lists(maxima, min_size=1, max_size=3), st.lists(lines, max_size=3), st.integers(1, 9), st.integers(0, 20))
def test_a_sum_of_maxima_over_contexts_is_that_of_each(
    sums: list[list[tuple[int, int]]], floors: list[tuple[int, int]], first: int, more: int
) -> None:
    ends = Stretch(np.array([float(first), 3.0]), np.array([float(first + more), 3.0 + more]))
    of = Maxima([[line(one, ends) for one in sides] for sides in sums], [line(one, ends) for one in floors])
    expected = [
        sum(
            max([sum(max(a + b * s for a, b in sides) for sides in sums), *(a + b * s for a, b in floors)])
            for s in range(start, start + more + 1)
        )
        for start in (first, 3)
    ]
    np.testing.assert_allclose(over(ends, of), [float(Fraction(one)) for one in expected], rtol=1e-12)


def line(one: tuple[int, int], ends: Stretch) -> Line:
    """Its values at both ends."""
    return Line(*(one[0] + one[1] * context for context in ends))
