"""An encoder's input is as long as the decoder's, S, unless S_e is typed; it does not grow while tokens are made."""

from __future__ import annotations

from typing import Any

import pytest

import costgraph as cg
from costgraph import UserError
from costgraph.estimation.reading import request

HEADS = 12 * 64  # of T5 base: heads times their width
CROSS = 2 * 2 * 12 * HEADS  # FLOPs of cross scores and values of one query, for each position of the encoder


def number(measure: str, **asked: Any) -> Any:
    return cg.derive(measure, model="t5-base", **asked).limited[measure].number


@pytest.mark.parametrize(
    ("passes", "limit", "length"),
    [
        ("", "B=1,S=8", 8),
        ("decode(S+1)", "B=1,S=8", 8),  # one more position in the decoder, none in the encoder
        ("", "B=1,S=8,S_e=3", 3),
        ("decode(100)", "B=1,S=8", 8),
    ],
)
def test_cross_attention_of_a_step_sees_the_input_of_the_encoder(passes: str, limit: str, length: int) -> None:
    flops = number("flops(cross)", phase="decode", passes=passes or (), limit=limit)
    assert flops == CROSS * length + 12 * 2 * 2 * 768 * HEADS  # and its query and output


@pytest.mark.parametrize(("limit", "positions"), [("B=1,S=8,p=2", 8 + 8), ("B=1,S=8,S_e=3,p=2", 8 + 3)])
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_the_cache_holds_keys_and_values_of_the_encoder(phase: str, limit: str, positions: int) -> None:
    assert number("cache", phase=phase, limit=limit) == 2 * 12 * HEADS * 2 * positions


def test_lengths_of_both_grow_together_where_one_is_asked_for() -> None:
    """1 GiB of 2 * 2 * 12 * 768 bytes a position: for twice S, or for S and 100."""
    asked = {"model": "t5-base", "phase": "decode"}
    both = cg.solve("cache <= 1 GiB", "S", limit="B=1,p=2", **asked)  # type: ignore[arg-type]
    apart = cg.solve("cache <= 1 GiB", "S", limit="B=1,p=2,S_e=100", **asked)  # type: ignore[arg-type]
    assert [one.solutions[0].largest for one in (both, apart)] == [2**30 // (2 * 36864), 2**30 // 36864 - 100]


def test_lengths_that_grow_without_end_have_no_limit_unless_it_is_said_how() -> None:
    with pytest.raises(UserError, match="no limit for S_e->oo and S->oo together"):
        cg.derive("intensity", model="t5-base", phase="prefill", limit="S->oo")
    assert cg.derive("intensity", model="t5-base", phase="prefill", limit="S->oo,S_e=8").forms


def test_the_encoder_has_its_place_while_tokens_are_made() -> None:
    made = cg.estimate(request(model="t5-base", hardware="a10", limit="B=1,S=8", new=5))
    assert made.memory["weights"].number == 2 * 222903552
    assert made.memory["cache"].number == 2 * 12 * HEADS * 2 * (8 + 5 + 8)
