"""Two numbers for one thing: which ways of counting give both, and what separates them by name."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError
from costgraph.library.reconciling.reconciliation import Question, Reconciliation, number, reconcile
from costgraph.library.reconciling.steps import Step
from costgraph.precision import PRECISIONS
from costgraph.reports.reconcile import named

QWEN: dict[str, Any] = {"model": "qwen3-30b-a3b", "limit": "B=1,S=8192"}
LLAMA: dict[str, Any] = {"model": "llama-2-7b", "limit": "B=1,S=2048"}
PEERS = ("megatron-2022", "megatron-2025", "palm", "kaplan", "chinchilla", "nanogpt", "llm-analysis", "calculon",
         "torchtitan", "maxtext", "verl", "transformers", "deepspeed", "fvcore")  # fmt: skip


def ran(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command."""
    found = costgraph(*arguments)
    return found.returncode, found.stdout


def terms(found: Reconciliation) -> dict[str, int]:
    """The terms of a difference by the option that they are about."""
    return {step.what.partition(":")[0]: int(step.amount.number or 0) for step in found.steps}


@pytest.mark.slow
def test_both_integers_of_a_public_dispute_are_found() -> None:
    # pytorch/torchtitan#4300: per token, before and after; the parts are worked out by hand from the sizes
    found = reconcile("37578559488", "192856412160", per="token", **QWEN)
    square = 48 * 32 * 128 * 8192
    unrouted = 6 * 48 * (128 - 8) * 3 * 2048 * 768
    assert [str(side.chosen) for side in (found.a, found.b)] == [
        "torchtitan, train, per token", "palm(causal=half), train, per token",
    ]  # fmt: skip
    assert terms(found) == {"causal": -6 * square, "parameters": unrouted, "embedding": 6 * 151936 * 2048}
    assert found.reproduced
    assert not found.left.numerator
    assert 6 * (3_353_032_704 - 151936 * 2048) + 12 * square == 37_578_559_488


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gpt-3", "llama-2-7b"])
def test_between_any_two_peers_all_is_explained(model: str) -> None:
    of: Any = {"model": model, "limit": "B=1,S=2048"}
    numbers = {name: cg.derive("flops", convention=name, **of).limited["flops"].number for name in PEERS}
    question = Question("flops", "", of)
    for one, other in combinations(PEERS, 2):
        found = question.reconcile(str(numbers[one]), str(numbers[other]))
        assert (found.reproduced, found.left.number) == (True, 0), (one, other)
        assert sum(step.amount.number or 0 for step in found.steps) == (numbers[other] or 0) - (numbers[one] or 0)


@pytest.mark.slow
# a number, what it was made by -> the reading that is chosen
@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (6 * 2048 * (6_738_415_616 - 32000 * 4096), "transformers, train"),
        (2 * 2048 * (6_738_415_616 - 32000 * 4096 - 65 * 4096), "notes(attention=left_out), forward"),
        (8 * 2048 * 32 * (4 * 4096**2 + 3 * 4096 * 11008) + 6 * 2048 * 32000 * 4096,
         "notes(attention=left_out), train, everything recomputed"),
    ],
)  # fmt: skip
def test_parts_of_a_step_are_told_apart(number: int, reading: str) -> None:
    found = reconcile(str(number), str(number), **LLAMA)
    assert reading in {str(one) for one in found.a.found}


@pytest.mark.slow
def test_what_no_way_to_count_gives_is_left_and_said() -> None:
    found = reconcile("87784836562945", "87784836562944", **LLAMA)
    assert (found.a.reproduced, found.b.reproduced, found.steps) == (False, True, ())
    assert (found.a.left.number, found.left.number, found.difference.number) == (1, -1, -1)


@pytest.mark.slow
def test_the_same_number_twice_differs_in_nothing() -> None:
    found = reconcile("87784836562944", "87,784,836,562,944", **LLAMA)
    assert (found.reproduced, found.steps, found.difference.number) == (True, (), 0)


@pytest.mark.slow
def test_a_rounded_number_is_one_to_its_last_digit() -> None:
    assert reconcile("8.78e13", "8.45e13", **LLAMA).reproduced
    assert not reconcile("8.77849e13", "8.45e13", **LLAMA).reproduced


# two numbers of the cache of Llama 3.1 8B at B=1, S=4096, which are 512 MiB -> how each is counted
CACHES = [
    ("1GiB", "2GiB", "exact, 4 bytes an element, decode", "exact, keys and values for every head, decode"),
    ("512MB", "1GiB", "exact, MiB called MB, decode", "exact, 4 bytes an element, decode"),
    ("512MiB", "0.5GiB", "exact, decode", "exact, decode"),
    ("537MB", "1.07GB", "exact, decode", "exact, 4 bytes an element, decode"),
    ("0.3GiB", "1GiB", "exact, 1 byte an element, one position more, decode", "exact, 4 bytes an element, decode"),
]


@pytest.mark.parametrize(("a", "b", "counted", "otherwise"), CACHES)
def test_what_is_right_without_rounding_wins_over_what_is_right_when_rounded(
    a: str, b: str, counted: str, otherwise: str
) -> None:
    found = reconcile(a, b, "cache", model="llama-3.1-8b", phase="decode", limit="B=1,S=4096")
    assert (str(found.a.chosen), str(found.b.chosen)) == (counted, otherwise)
    rounded = sum(Fraction(side.value.number or 0) for side in (found.a, found.b))
    assert abs(Fraction(found.left.number or 0)) < rounded / 10


def test_half_a_unit_of_the_last_digit_away_is_another_number() -> None:
    half = number("1GiB")
    assert half is not None
    usual = reconcile("1", "2", "cache", model="llama-2-7b", phase="decode").a.chosen
    given = [half.is_given(usual, Quotient(2**29 + one)) for one in (-1, 0, 1, 2**30 - 1, 2**30)]
    assert given == [False, False, True, True, False]


def test_forms_are_reconciled_as_forms() -> None:
    found = reconcile("6*N_params*B*S + 12*B*S**2*L*D", "12*B*S*L*D*(D*(E+2) + S/2)", op_set="decoder")
    assert found.reproduced
    assert [(step.what, str(step.amount)) for step in found.steps] == [
        ("causal: full -> half (half of a causal square)", "-6*B*S**2*L*D"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "readings"),
    [
        ("6*N_params", "6*N_params + 12*L*S*D", ["palm(attention=left_out, embedding=tables)",
                                                 "palm(embedding=tables)"]),
        ("6*(N_params - K*D)", "6*(N_params - K*D) + 12*L*S*D", ["palm(attention=left_out)", "palm"]),
        ("2*N_params", "2*N_params + 2*L*S*D", ["palm(attention=left_out, embedding=tables)",
                                                "palm(causal=half, embedding=tables)"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model", ["gpt2", "gpt-3"])
def test_plain_rules_of_thumb_are_found_with_and_without_positions(
    model: str, a: str, b: str, readings: list[str]
) -> None:
    found = reconcile(a, b, per="token", model=model, limit="S=1024")
    work = "forward" if a.startswith("2") else "train"
    named = [[str(one) for one in side.found] for side in (found.a, found.b)]
    assert all(f"{reading}, {work}, per token" in side for reading, side in zip(readings, named, strict=True)), named
    assert not found.left.numerator


def test_ways_that_count_the_same_are_listed_once() -> None:
    found = reconcile("6*N_params*B*S", "6*N_params*B*S", op_set="decoder")
    counts = Question("flops", "", {"op_set": "decoder"}).counts
    assert len({counts.same(one) for one in found.a.found}) == len(found.a.found)
    assert [str(one) for one in found.a.found] == ["notes(attention=left_out), train"]
    policies = reconcile("2*N_params", "2*N_params", "states", op_set="decoder")
    assert [str(one) for one in policies.a.found] == [
        "notes, weights alone, mixed_adam, train",  # which all policies with weights of two bytes have
        "notes, gradients alone, mixed_adam_bf16, train",
    ]


@pytest.mark.parametrize("measure", ["step_time", "peak", "flops", "activations"])
def test_sizes_that_a_number_says_nothing_about_are_named(measure: str) -> None:
    side = reconcile("1", "2", measure, op_set="decoder").a
    assert {"B", "S", "D"} <= set(side.open)
    assert not [name for name in side.open if name.startswith("max_")]


def test_states_differ_in_their_policy() -> None:
    found = reconcile("16*N_params", "18*N_params", "states", op_set="decoder")
    assert [step.what for step in found.steps] == ["precision: mixed_adam_bf16 -> mixed_adam"]


# Pairs that were printed in public, of all but FLOPs: how the second is counted, and what separates them.
PAIRS = [
    # a checkpoint counts the tied table once, a sum over modules twice
    ("124439808", "163037184", "params", "gpt2", "", "", "exact, a tied table twice, train",
     {"a tied table twice": 38597376}),
    # nanoGPT prints 123.65M for the same model: its count leaves the positions out
    ("124439808", "123.65M", "params", "gpt2", "", "", "exact, without the table of positions, train",
     {"without the table of positions": -786432}),
    # "46.7B total parameters but only uses 12.9B parameters per token"
    ("46.7B", "12.9B", "params", "mixtral-8x7b", "", "", "exact, of the experts those that a token is sent to, train",
     None),
    # "30.5B in total", "Number of Paramaters (Non-Embedding): 29.9B"
    ("30.5B", "29.9B", "params", "qwen3-30b-a3b", "", "", "exact, without the embedding, without the head, train",
     None),
    # How to Scale Your Model: 160 kB a token, which are KiB, in int8
    ("160kB", "164kB", "cache", "llama-3-70b", "decode", "B=1,S=1", "exact, 1 byte an element, decode", None),
    # a counter that takes heads for key/value heads
    ("131072", "524288", "cache", "llama-3-8b", "decode", "B=1,S=1",
     "exact, keys and values for every head, decode", {"keys and values for every head": 393216}),
    # FlexGen: OPT-175B takes 325 GB, others say 350 GB
    ("325GB", "350GB", "states", "opt-175b", "decode", "", None, None),
    # ZeRO's 16 bytes a parameter, Megatron-LM's 18
    ("107.8GB", "121.3GB", "states", "llama-2-7b", "train", "", "exact, mixed_adam, train",
     {"precision: mixed_adam_bf16 -> mixed_adam": 2 * 6738415616}),
    # Personal Copilot (draft): 206 GB, which are GiB
    ("206GB", "222GB", "activations", "", "train", "S=2048,B=4,D=6144,A=48,L=40,E=4",
     "notes, 2 bytes an element, train", None),
    # How to Scale Your Model, LLaMA 3-70B in bf16: all weights and 32 caches, or weights alone, are read in a step
    ("141.1GB", "227.0GB", "traffic", "llama-3-70b", "decode", "B=32,S=8192", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "measure", "model", "phase", "limit", "reading", "separates"), PAIRS)
def test_public_pairs_of_other_measures_are_reconciled(
    a: str,
    b: str,
    measure: str,
    model: str,
    phase: str,
    limit: str,
    reading: str | None,
    separates: dict[str, int] | None,
) -> None:
    of: dict[str, Any] = {"model": model} if model else {"op_set": "decoder(kv_heads=1)"}
    given: dict[str, Any] = {"limit": limit, "phase": phase}
    found = reconcile(a, b, measure, **of, **{name: value for name, value in given.items() if value})
    assert found.reproduced, (found.a.chosen, found.b.chosen)
    assert reading in {None, str(found.b.chosen)}
    if separates is not None:
        assert {step.what: step.amount.number for step in found.steps} == separates


def test_terms_add_up_to_the_difference_of_what_is_read() -> None:
    found = reconcile("30532122624", "3340238848", "params", model="qwen3-30b-a3b")
    assert sum(step.amount.number or 0 for step in found.steps) == found.difference.number
    assert not found.left.numerator
    assert found.b.chosen.ways == (("router", "left_out"), ("experts", "active"))


@pytest.mark.parametrize(
    ("of", "a", "ways"),
    [
        ({"model": "mistral-7b", "phase": "decode", "limit": "B=1,S=32768"}, 2 * 32 * 8 * 128 * 2 * 32768,
         {"window": "context"}),
        ({"model": "llama-2-7b", "phase": "decode", "limit": "B=2,S=99"}, 2 * 32 * 4096 * 2 * 100 * 2,
         {"positions": "one more"}),
        ({"model": "llama-2-7b", "phase": "decode", "limit": "B=2,S=99"}, 32 * 4096 * 2 * 99 * 2,
         {"itemsize": "1"}),
    ],
)  # fmt: skip
def test_what_a_cache_is_counted_with_is_found(of: dict[str, Any], a: int, ways: dict[str, str]) -> None:
    found = reconcile(str(a), str(a), "cache", **of)
    assert dict(found.a.chosen.ways) == ways


def test_all_is_searched_and_said_and_bounded() -> None:
    found = reconcile("1", "2", "states", model="llama-2-7b", phase="train")
    # all of the state or weights, gradients, both, the optimizer's, or no gradients; with a master copy that, what is
    # beside it, or none of it; the embedding or not, the head or not; of exact, norms or not
    kept = sum(6 + 3 * bool(policy.master) for policy in PRECISIONS.values())
    assert found.searched == kept * 2 * 2 * (1 + 2)
    assert "with up to 4 of these: embedding (left_out); head (left_out); norms (left_out); kept" in found.space
    assert not found.reproduced


@pytest.mark.parametrize(
    ("a", "measure", "said"),
    [("13.4GB", "params", "are bytes, and params are in parameter"), ("16B", "states", "write 16GB or 16GiB")],
)
def test_a_unit_that_does_not_fit_the_measure_is_refused(a: str, measure: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        reconcile(a, a, measure, model="llama-2-7b")


def test_a_share_of_nothing_known_is_refused() -> None:
    with pytest.raises(UserError, match="unknown share 'head'"):
        reconcile("1", "2", per="head", **LLAMA)
    with pytest.raises(UserError, match="per is for flops"):
        reconcile("1", "2", "params", per="token", **LLAMA)


@pytest.mark.parametrize(
    ("a", "b", "head"),
    [
        ("6.74B", "7B", "nothing of the difference has a name"),
        ("7B", "6.74B", "nothing of the difference has a name"),
        ("6.61B", "6.74B", "part of the difference has a name"),
        ("6.74B", "6.607B", "part of the difference has a name"),
        ("6738415616", "6607343616", "all of the difference has a name"),
        ("6.61B", "6.62B", "nothing of the difference has a name"),
        ("7B", "6.6B", "part of the difference has a name"),
    ],
)
def test_the_head_says_how_much_of_the_difference_has_a_name(a: str, b: str, head: str) -> None:
    assert named(reconcile(a, b, "params", model="llama-2-7b")) == head


@pytest.mark.parametrize(
    ("amounts", "difference", "head"),
    [
        ((175,), 10, "what has a name explains nothing of the difference"),  # -1650 % of it are left
        ((-1,), 10, "what has a name explains nothing of the difference"),
        ((20,), 10, "what has a name explains nothing of the difference"),
        ((5, -5), 10, "nothing of the difference has a name"),
        ((19,), 10, "part of the difference has a name"),
        ((4, 6), 10, "all of the difference has a name"),
    ],
)
def test_terms_that_lead_away_explain_nothing(amounts: tuple[int, ...], difference: int, head: str) -> None:
    found = reconcile("6.74B", "7B", "params", model="llama-2-7b")
    sides = [replace(side, value=Quotient(value)) for side, value in ((found.a, 0), (found.b, difference))]
    steps = tuple(Step("a term", Quotient(amount)) for amount in amounts)
    assert named(replace(found, a=sides[0], b=sides[1], steps=steps)) == head


@pytest.mark.slow
def test_on_the_command_line_the_exit_code_says_whether_both_were_found() -> None:
    options = ("--model", "qwen3-30b-a3b", "--measure", "flops", "--per", "token", "--limit", "B=1,S=8192")
    code, text = ran("reconcile", "37578559488", "192856412160", *options)
    assert code == 0
    for said in ("torchtitan, train, per token", "palm(causal=half), train, per token", "searched: ", "0  left"):
        assert said in text
    code, text = ran("reconcile", "37578559488", "192856412161", *options)
    assert code == 1
    assert "no way to count gives it" in text
    code, text = ran("reconcile", "37578559488", "192856412160", *options, "--json")
    found = json.loads(text)
    assert (code, found["schema"], found["left"]) == (0, "costgraph.reconcile/1", "0")
    assert [term["amount"] for term in found["terms"]] == ["-9663676416", "163074539520", "1866989568"]
    assert ran("reconcile", "1", "2")[0] == 2
