"""Forms compare: equal by value, with one hash; smaller or larger where that holds whatever their sizes are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

import costgraph as cg

ask: Any = cg  # sizes as keywords have names that no type lists
F = cg.flops(cg.decoder())
KEPT = cg.activations(cg.decoder())
PARAMS = cg.params("llama-3-8b")
PEAK = cg.peak("llama-3-8b")  # a maximum
WINDOW = cg.cache("gemma-2-9b", phase="decode")  # with a minimum
WINDOW_IN_FULL = ask.cache("gemma-2-9b", phase="decode", W="S")

SAME: dict[str, list[Any]] = {
    "a sum": [F, F * 1, 2 * F / 2, F + F - F, cg.flops(cg.decoder(), phase="forward") * 3],
    "its double": [2 * F, F + F, F * 2],
    "a number": [PARAMS, PARAMS * 1, 8030261248, 2 * PARAMS / 2, cg.params("llama-3-8b") + 0],
    "parts of a step": [
        cg.flops("llama-3-8b", phase="forward") + cg.flops("llama-3-8b", part="backward"),
        cg.flops("llama-3-8b"),
    ],
    "a quotient": [F / KEPT, 2 * F / (2 * KEPT), (F / KEPT) ** 1],
    "a maximum": [PEAK, PEAK * 1, 3 * PEAK / 3],
    "a minimum": [WINDOW, WINDOW * 1, 2 * WINDOW - WINDOW],
    "with another window": [ask.cache("gemma-2-9b", phase="decode", W=2048)],
}


def test_equal_is_an_equivalence_by_value_with_one_hash() -> None:
    every = [(name, one) for name, ones in SAME.items() for one in ones]
    for (first, one), (second, other) in product(every, repeat=2):
        assert (one == other) is (first == second)
        assert (one != other) is (first != second)
        if first == second:
            assert hash(one) == hash(other)
            assert {one: 1}[other] == 1


def test_equal_is_what_same_as_says() -> None:
    forms = [one for ones in SAME.values() for one in ones if not isinstance(one, int)]
    for one, other in product(forms, repeat=2):
        assert (one == other) is one.same_as(other)


@pytest.mark.parametrize("one", [F, KEPT, PEAK, WINDOW, F / KEPT, PARAMS], ids=lambda of: of.name)
def test_an_order_that_holds_at_all_sizes_is_decided(one: Any) -> None:
    assert one < 2 * one
    assert one <= one * 1
    assert one >= one
    assert one > one / 2
    assert 2 * one >= one
    assert one > 0
    assert not one < one
    assert not one > 2 * one
    assert not one <= 0
    assert not one < 0


DECIDED = [
    (lambda: F.limit(B="2*B") > F, True),
    (lambda: F >= 12, True),  # counts are at least 1
    (lambda: KEPT + KEPT.limit(B=1) >= KEPT, True),
    (lambda: KEPT.limit(L=1) <= KEPT, True),
    (lambda: KEPT.limit(L=1) > KEPT, False),
    (lambda: PEAK > 10**9, True),
    (lambda: PEAK <= 10**9, False),
    (lambda: WINDOW <= WINDOW_IN_FULL, True),
    (lambda: WINDOW > WINDOW_IN_FULL, False),
]


@pytest.mark.parametrize(("asked", "is_so"), DECIDED)
def test_what_sizes_cannot_change_is_decided(asked: Callable[[], bool], is_so: bool) -> None:
    assert asked() is is_so


OPEN: list[tuple[Callable[[], bool], str]] = [
    (lambda: KEPT.limit(L=1) < KEPT, "activations < activations depends on L; bind"),
    (lambda: WINDOW < WINDOW_IN_FULL, "cache < cache depends on S; bind"),
    (lambda: PEAK < 10**15, "peak < 1000000000000000 depends on B, S; bind"),
    (lambda: ask.flops("llama-3-8b", B=1) < 10**15, "flops < 1000000000000000 depends on S; bind"),
    (lambda: F / KEPT > 1, "depends on S, D, A, E, p"),
    (lambda: F < KEPT, "flops is in FLOP, activations in byte"),
    (lambda: F < "1", "neither a form nor a number"),  # type: ignore[operator]
    (lambda: F.limit(L="oo") > F, "grows without bound"),
]


@pytest.mark.parametrize(("asked", "says"), OPEN)
def test_what_sizes_decide_is_refused_with_those_that_do(asked: Callable[[], bool], says: str) -> None:
    with pytest.raises(cg.UserError, match=says):
        asked()


def test_no_symbol_that_stands_for_a_maximum_is_asked_for() -> None:
    with pytest.raises(cg.UserError, match="peak depends on B, S; bind"):
        float(PEAK)
