"""The gated delta rule: its einsums give what the recurrence gives, and cost what is counted of it in plain loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from devices import Machine

import costgraph as cg
from costgraph.graph.graph import Graph
from costgraph.op_sets import delta_rule

SIZES = {"B": 2, "S": 3, "A_s": 2, "H_s": 4, "D_s": 5, "p": 2}
LIMIT = ",".join(f"{name}={value}" for name, value in SIZES.items() if name != "p")


def run(graph: Graph) -> dict[str, Any]:
    held = Machine(
        graph.substitute(**{name: size for name, size in SIZES.items() if name in graph.symbols}), seed=7
    ).run()
    return {name: parts[()] for name, parts in held.items()}


@pytest.mark.parametrize("merged", [False, True])
def test_every_position_reads_the_state_after_its_own_correction(merged: bool) -> None:
    """Signs are no matter of cost, so that what is taken off is added here."""
    found = run(delta_rule(merged))
    expected = np.zeros_like(found["rule.read"])
    for at in product(range(SIZES["B"]), range(SIZES["S"]), range(SIZES["A_s"])):
        k, v, q = found["k"][at], found["v"][at], found["q"][at]
        state = found["decay"][at] * found["state"][at]
        state = state + found["rate"][at] * np.outer(v + state @ k, k)
        expected[at] = state @ q
    np.testing.assert_allclose(found["rule.read"], expected)


@pytest.mark.parametrize(("merged", "outer"), [(False, 2), (True, 1)])
def test_products_with_a_state_are_counted_one_by_one(merged: bool, outer: int) -> None:
    """Two that add up along keys, and outer products, each of which is added to the state."""
    products = additions = 0
    for _ in product(*(range(SIZES[name]) for name in ("B", "S", "A_s", "H_s", "D_s"))):
        products += 2 + outer
        additions += 2 + outer
    missing = SIZES["B"] * SIZES["S"] * SIZES["A_s"] * SIZES["H_s"] * merged  # values less what is held
    asked: Any = {"op_set": f"delta_rule(merged={merged})", "phase": "forward", "limit": LIMIT}
    found = cg.derive("flops", **asked, convention="exact(elementwise=one)").limited["flops"]
    assert found.number == products + additions + missing
    alone = cg.derive("flops", **asked).limited["flops"]
    assert alone.number == products + additions / (2 + outer) * 2  # outer products add nothing up
