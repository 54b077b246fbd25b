"""Options behind the name of a model: logits of the last position, and products that are taken apart."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph import UserError
from costgraph.models.known import model

GEMMA = "gemma-2b(head=last)"
SIZES = "B=3,S=350"
ALL, LAST = 2 * 3 * 350 * 2048 * 256000, 2 * 3 * 2048 * 256000  # FLOPs of the head at prefill: 2 B S D V, and 2 B D V


def head(name: str, phase: str, measure: str = "flops(head)") -> object:
    return cg.derive(measure, model=name, phase=phase, limit=SIZES).limited[measure].number


@pytest.mark.parametrize(
    ("name", "phase", "flops"),
    [
        ("gemma-2b", "prefill", ALL),
        ("gemma-2b(head=all)", "prefill", ALL),
        (GEMMA, "prefill", LAST),
        (GEMMA, "decode", LAST),  # of one new token the last is all
        ("gemma-2b", "decode", LAST),
        (GEMMA, "train", 3 * ALL),  # a loss needs all of them
    ],
)
def test_the_head_has_logits_of_all_positions_or_of_the_last(name: str, phase: str, flops: int) -> None:
    assert head(name, phase) == flops


def test_of_several_new_tokens_the_last_one_has_logits() -> None:
    found = cg.derive("flops(head)", model=GEMMA, passes="decode(S, new=4)", limit=SIZES)
    assert found.limited["flops(head)"].number == LAST


@pytest.mark.parametrize(
    ("phase", "said"), [("prefill", "the last position"), ("train", "all positions (for the loss)")]
)
def test_what_positions_have_logits_is_among_the_assumptions(phase: str, said: str) -> None:
    found = cg.derive("flops", model=GEMMA, phase=phase, limit=SIZES)
    assert f"logits of {said}" in map(str, found.forms["flops"].assumptions)
    usual = cg.derive("flops", model="gemma-2b", phase=phase, limit=SIZES)
    assert not any("logits" in str(one) for one in usual.forms["flops"].assumptions)


def test_options_may_stand_together() -> None:
    both = model("deepseek-v3(as='transformers', mtp=1, head=last)")
    assert cg.derive("flops(head)", model=both, phase="prefill", limit=SIZES).limited["flops(head)"].number == (
        2 * 3 * 7168 * 129280
    )


def test_one_key_of_all_heads_is_split_from_queries_only_where_products_are_apart() -> None:
    """Queries over two devices, the key and the value on both: D H (A/2 + 2), and A/2 heads of the output."""
    asked = {"mesh": "tensor(2, replicate_kv=True)", "convention": "notes", "limit": SIZES}
    with pytest.raises(UserError, match="one product makes queries and the copied keys and values"):
        cg.derive("params(attn)", model="starcoder", **asked)  # type: ignore[arg-type]
    apart = cg.derive("params(attn)", model="starcoder(fused=False)", **asked)  # type: ignore[arg-type]
    assert apart.limited["params(attn)"].number == 40 * 6144 * 128 * (24 + 2 + 24)


@pytest.mark.parametrize("name", ["gpt2", "phi-4", "falcon-40b"])
@pytest.mark.parametrize("measure", ["params", "flops", "cache"])
def test_products_that_are_apart_cost_the_same(name: str, measure: str) -> None:
    phase = "decode" if measure == "cache" else "train"
    one, three = (
        cg.derive(measure, model=asked, phase=phase, limit=SIZES).limited[measure].number
        for asked in (name, f"{name}(fused=False)")
    )
    assert one == three


REFUSED = {
    "gemma-2b(head=first)": "unknown positions of the head 'first': choose from all, last",
    "bert-base(head=last)": "bert-base: head=last: only a model that generates has a last position",
    "gpt2(fused=True)": "gpt2(fused=True): the product of queries, keys and values is one; fused=False has three",
    "llama-2-7b(fused=False)": "the product of queries, keys and values is three already",
    "gpt-3(head=last)": "only models with a configuration have options",
}


@pytest.mark.parametrize("asked", REFUSED)
def test_options_that_mean_nothing_are_refused(asked: str) -> None:
    with pytest.raises(UserError) as refused:
        model(asked)
    assert REFUSED[asked] in str(refused.value)
