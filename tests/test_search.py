"""A search finds what trying every plan by itself finds."""

from __future__ import annotations

import json
import re
import shlex
from fractions import Fraction
from typing import Any

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st
from plans import exhaustively

from costgraph.errors import UserError
from costgraph.searching.answer import tried
from costgraph.searching.asked import Search
from costgraph.searching.ranges import read_over
from costgraph.searching.reading import read_search
from costgraph.searching.search import Found, search
from costgraph.searching.space_reading import whole

SMALL: dict[str, Any] = {"model": "llama-3.2-1b", "cluster_of": "h100-sxm:2x2", "batch": 4, "limit": "S=1024"}
EFFICIENCY = "flops=0.6,mem=0.8,comms=0.7"


def asked(**more: Any) -> Search:
    """A search of a small space."""
    return read_search(**{**SMALL, **more})


def ranks(found: Found) -> list[tuple[Fraction, ...]]:
    """What the plans that were found are ranked by."""
    return [one.exactly for one in found.candidates]


UNEQUAL = "P=[2, 3, 6], T=1, C=1, zero=1, schedule=[1f1b, interleaved, zb-h1], v=[2, 4], recompute=none"
FLAT = "P=1, zero=[0, 3], recompute=[none, full]"
SPACES: list[dict[str, Any]] = [
    {"over": f"{FLAT}, C=1"},
    {"over": f"{FLAT}, C=1", "efficiency": EFFICIENCY},
    {"over": f"{FLAT}, T=[1, 2]", "efficiency": EFFICIENCY, "overlap": "data=all,tensor=0.5"},
    {"over": "T=1, C=1, zero=[0, 3], recompute=none", "minimize": "devices"},
    {"over": f"{FLAT}, C=1", "where": ["peak <= 0.1*hbm"]},
    {"over": f"{FLAT}, C=1", "where": ["step_time <= 0.05 s", "peak <= 12 GiB"]},
    {"over": "T=[2, 4], N_d=[1, 2], P=1, zero=1, sequence=[yes, no], context=[gather, ring, heads], recompute=none"},
    {"over": "P=[2, 4], T=1, C=1, zero=1, schedule=[gpipe, 1f1b, interleaved, zb-h1], recompute=[none, every=2]"},
    {"cluster_of": "h100-sxm:3x2", "batch": 12, "over": UNEQUAL},
    {
        "cluster_of": "h100-sxm:3x2",
        "batch": 12,
        "over": UNEQUAL,
        "efficiency": EFFICIENCY,
        "where": ["P <= 3"],
    },
    {"cluster_of": "h100-sxm:8x2", "over": "T=[4, 8, 16], C=1, P=1, zero=1, recompute=none, sequence=[yes, no]"},
    {"cluster_of": "a100-80gb-sxm:4x4", "over": "T=[16], C=1, P=1, recompute=none", "efficiency": EFFICIENCY},
    {"over": "P=[2, 4, 8], T=1, C=1, zero=1, schedule=[1f1b, interleaved], v=2, recompute=[every=2, every=4]"},
    {"model": "olmoe-1b-7b", "over": "P=1, T=1, C=1, M=[1, 2], zero=[1, 3], recompute=none", "precision": "adam_8bit"},
]


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_best_plans_are_those_of_all(space: dict[str, Any]) -> None:
    question = asked(**space, top=1000)
    every, found = exhaustively(question), search(question)
    assert every
    assert ranks(found) == [rank for rank, _ in every][:1000]
    assert found.counts.fitting == len(every)


@pytest.mark.slow
@pytest.mark.parametrize("top", [1, 3, 7])
def test_fewer_plans_are_the_first_of_many(top: int) -> None:
    every = search(asked(over=FLAT, top=1000))
    assert ranks(search(asked(over=FLAT, top=top))) == ranks(every)[:top]


QUICK: dict[str, Any] = {"over": "T=[1, 2], C=1, P=1, zero=[0, 3], recompute=none"}


def test_a_small_space_by_hand() -> None:
    question = asked(**QUICK, top=100)
    assert ranks(search(question)) == [rank for rank, _ in exhaustively(question)]


def test_what_a_plan_needs_exactly_is_enough() -> None:
    """Doubles cannot tell a byte in a million from none: rationals do."""
    needed = min(one.exactly[-1] for one in search(asked(**QUICK, top=100)).candidates)
    fits = search(asked(**QUICK, where=[f"peak <= {needed} byte"])) if needed.denominator == 1 else None
    assert fits is not None
    assert fits.counts.fitting >= 1
    below = search(asked(**QUICK, where=[f"peak <= {needed - 1} byte"]))
    assert below.counts.fitting == 0
    strictly = search(asked(**QUICK, where=[f"peak < {needed} byte"]))
    assert strictly.counts.fitting == 0


def test_of_plans_as_fast_the_one_that_needs_less_is_first() -> None:
    found = ranks(search(asked(**QUICK, top=100)))
    assert found == sorted(found)
    assert len({seconds for seconds, _ in found}) < len(found)


def test_a_model_with_layers_of_several_kinds_gets_a_pipeline() -> None:
    """61 layers, three of them dense: no number of stages divides both kinds, so whole layers are spread."""
    of: dict[str, Any] = {"model": "deepseek-v3", "cluster_of": "h100-sxm:8x256", "batch": 15360, "limit": "S=4096"}
    question = read_search(**of)
    assert question.space.uneven == (2, 4, 8, 16, 32)
    assert {dict(one.degrees).get("P") for one in question.space.structures() if "P" in one.axes} == {2, 4, 8, 16, 32}
    assert {one.zero for one in question.space.structures() if one.degrees and "N_d" in one.axes} == {0, 1, 2, 3}
    narrow = "P=16, X=64, T=1, C=1, N_d=2, M=[60, 120], zero=1, recompute=full, schedule=1f1b"
    (best, *_) = search(read_search(**of, over=narrow)).plans
    assert best.mesh == "pipeline(16), data(2, zero=1), experts(64), microbatches(120)"
    assert best.answer.verdict.needed == best.exactly("peak")
    assert best.answer.bound(best.answer.main).seconds == best.exactly("step_time")


# --- generation -------------------------------------------------------------------------------------------------------

SERVING: dict[str, Any] = {
    "model": "llama-3.2-1b", "cluster_of": "h100-sxm:2x2", "limit": "S=512", "phase": "generate", "new": 64,
    "over": "B=[1, 2, 8, 64]",
}  # fmt: skip


def test_generation_is_the_fastest_within_limits() -> None:
    question = read_search(**SERVING, where=["ttft <= 100 ms", "tpot <= 5 ms"], top=100)
    found = search(question)
    assert found.candidates
    rates = [plan.value for plan in found.plans]
    assert rates == sorted(rates, reverse=True)
    for plan in found.plans:
        answer = plan.answer
        assert answer.throughput(answer.main, answer.bound(answer.main).seconds) == plan.value
        assert answer.bound(answer.steps[0]).seconds <= Fraction(1, 10)
        assert answer.bound(answer.main).seconds <= Fraction(5, 1000)
        assert answer.verdict.needed == plan.exactly("peak")


# --- on the command line ----------------------------------------------------------------------------------------------

SHORT = ("--model", "llama-3.2-1b", "--cluster", "h100-sxm:2x2", "--batch", "4", "--limit", "S=1024")
FEW = ("--over", "T=[1, 2], C=1, P=1, zero=[0, 3], recompute=none")


def test_each_plan_comes_with_the_command_that_estimates_it() -> None:
    run = costgraph("search", *SHORT, *FEW, "--efficiency", "flops=0.5", "--overlap", "data=all,tensor=0.5", "--json")
    assert run.returncode == 0
    found = json.loads(run.stdout)
    assert found["schema"] == "costgraph.search/1"
    for plan in found["plans"][:3]:
        program, *words = shlex.split(plan["command"])
        again = json.loads(costgraph(*words, "--json").stdout)
        assert program == "costgraph"
        assert again["needed"] == plan["needed"]
        assert again["mesh"] == plan["mesh"]


def test_text_has_plans_assumptions_and_commands() -> None:
    run = costgraph("search", *SHORT, *FEW, "--top", "2")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert lines[1].endswith("fit")
    assert sum(line.startswith("  costgraph estimate") for line in lines) == 2
    assert sum(line.startswith(("bound: ", "tried: ")) for line in lines) == 2


def test_nothing_fits_says_which_limit_excludes_most_and_by_how_much() -> None:
    run = costgraph("search", *SHORT, *FEW, "--where", "peak <= 1 GiB", "--where", "step_time <= 1 h")
    assert run.returncode == 1
    assert "no plan fits" in run.stdout
    assert "peak <= 1 GiB: " in run.stdout
    assert "the most; without it" in run.stdout
    assert "the nearest has " in run.stdout
    assert "step_time <= 1 h: " not in run.stdout


def test_nothing_legal_says_which_claim_excludes_most() -> None:
    run = costgraph("search", *SHORT[:5], "3", *SHORT[6:], "--over", "N_d=4, T=1, C=1, P=1, M=1")
    assert run.returncode == 1
    assert "no plan is legal" in run.stdout
    assert "N_d | 3: 8 break it, 8 of them no other" in run.stdout


def test_degrees_that_fit_no_devices_are_said() -> None:
    run = costgraph("search", *SHORT, "--over", "P=17")
    assert run.returncode == 1
    assert "no degrees that are tried come to 4 devices or fewer; --over tries others" in run.stdout


@pytest.mark.parametrize("top", [1, 2, 3])
def test_the_last_plan_that_is_shown_has_its_distance_to_the_next(top: int) -> None:
    question = asked(**QUICK, top=100)
    every, found = search(question), search(asked(**QUICK, top=top))
    assert [found.worse(at) for at in range(top)] == [every.worse(at) for at in range(top)]
    assert every.worse(len(every.candidates) - 1) is None
    assert all(one is not None for one in map(found.worse, range(top)))


def test_how_much_there_is_to_do_is_said_before_it_is_done() -> None:
    run = costgraph("search", *SHORT[:5], "1024", *SHORT[6:], "--over", "P=1, zero=1, recompute=none, M=1..9000, C=1")
    assert run.stderr == "note: 135 000 plans at most, of 12 graphs\n"


SHARES = [
    "mfu >= 12 %",
    "hfu >= 0.11",
    "cost <= 0.04 USD",
    "tokens/s >= 60000 token/s",
    "step_time <= 3*hbm/lambda_mem",
]


@pytest.mark.parametrize("where", SHARES)
def test_plans_keep_limits_on_what_estimate_says_of_them(where: str) -> None:
    more: dict[str, Any] = {**QUICK, "efficiency": EFFICIENCY, "price": "2 USD/h", "top": 100}
    every, kept = search(asked(**more)), search(asked(**more, where=[where]))
    (_, limit) = kept.search.where
    values = {
        plan.mesh: {
            "mfu": plan.answer.mfu(plan.answer.main, plan.value), "hfu": plan.answer.hfu(plan.answer.main, plan.value),
            "step_time": plan.value, "cost": plan.answer.usd_per_million_tokens[1] or Fraction(0),
            "tokens/s": plan.answer.throughput(plan.answer.main, plan.value),
        }[limit.name]
        for plan in every.plans
    }  # fmt: skip
    expected = [mesh for mesh, value in values.items() if limit.holds_exactly(value)]
    assert [plan.mesh for plan in kept.plans] == expected
    assert 0 < len(expected) < len(values)


REFUSED = [
    ((), "search: over which devices?"),
    (("--cluster", "h100-sxm"), "h100-sxm: how many devices?"),
    (("--cluster", "h100-sxm:2x2", "--minimize", "speed"), "unknown goal of --minimize 'speed'"),
    (("--cluster", "h100-sxm:2x2", "--minimize", "cost", "--where", "cost <= 1 USD"), "add --price"),
    (("--cluster", "h100-sxm:2x2", "--top", "0"), "--top 0: write a whole number, at least 1"),
    (("--cluster", "h100-sxm:2x2", "--over", "Q=3"), "unknown name in --over 'Q'"),
    (("--cluster", "h100-sxm:2x2", "--over", "T=x"), "--over T=x: write positive whole numbers"),
    (("--cluster", "h100-sxm:2x2", "--over", "zero=4"), "unknown zero in --over '4'"),
    (("--cluster", "h100-sxm:2x2", "--over", "recompute=some"), "recompute=some: write none, selective, full"),
    (("--cluster", "h100-sxm:2x2", "--where", "peak"), "--where 'peak': write NAME <= LIMIT"),
    (("--cluster", "h100-sxm:2x2", "--where", "speed <= 3"), "unknown name in --where 'speed'"),
    (("--cluster", "h100-sxm:2x2", "--where", "T <= 1 s"), "the limit of a number is a number"),
    (("--cluster", "h100-sxm:2x2", "--where", "ttft <= 1 s"), "unknown name in --where 'ttft'"),
    (("--cluster", "h100-sxm:2x2", "--phase", "prefill"), "unknown phase 'prefill'"),
    (("--cluster", "h100-sxm:2x2", "--efficiency", "flops=1e-999"), "beyond the numbers that columns hold"),
    (("--cluster", "h100-sxm:2x2", "--overlap", "data=all"), "--overlap is about an estimate"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_what_cannot_be_searched_is_refused_in_one_line(options: tuple[str, ...], said: str) -> None:
    run = costgraph("search", "--model", "llama-3.2-1b", "--batch", "4", "--limit", "S=1024", *options)
    assert run.returncode == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_weights_that_only_a_prefill_reads_are_not_left_out() -> None:
    of: dict[str, Any] = {"model": "t5-base", "cluster_of": "h100-sxm:2x1", "phase": "generate", "new": 20}
    found = search(read_search(**of, limit="S=64,S_e=512", over="B=[1, 8]", where="ttft <= 1 s", top=100))
    assert {plan.mesh for plan in found.plans} >= {"tensor(2)", "data(2)"}
    for plan in found.plans:
        answer = plan.answer
        assert plan.exactly("peak") == answer.verdict.needed
        assert plan.exactly("tpot") == answer.bound(answer.main).seconds
        assert plan.exactly("ttft") == answer.bound(answer.steps[0]).seconds


# --- what is tried ----------------------------------------------------------------------------------------------------

TRIED = [
    ("", "zero 0, 1, 2, 3; "),
    ("zero=all", "zero 0, 1, 2, 3; "),
    ("zero=[0, 1]", "zero 0, 1; "),
    ("P=1", "zero 0, 1, 2, 3; "),
    ("P=3", "whole layers in 3 unequal stages, with schedule gpipe, 1f1b, interleaved, zb-h1"),
    ("schedule=all", "schedule gpipe, 1f1b, interleaved, zb-h1, zb-h2, zb-v, v-half, v-min, dualpipev"),
    ("context=all", "context ring, heads, gather"),
    ("sequence=all", "sequence yes, no"),
    ("T=[8, 16]", "copies of key/value heads where T is above 8"),
]


@pytest.mark.parametrize(("over", "said"), TRIED)
def test_what_was_tried_is_said_with_the_rule_for_it(over: str, said: str) -> None:
    question = read_search(**{**SMALL, "cluster_of": "h100-sxm:8x6", "batch": 48, "limit": "S=1008"}, over=over)
    assert said in tried(question.space)


COPIED = [
    ("llama-3-70b", "h100-sxm:8x2", (1, 2, 4, 8)),  # as many key/value heads as a node has devices
    ("llama-3-70b", "gb200:16x2", (1, 2, 4, 8, 16)),
    ("llama-3-70b", "gb200:12x6", (1, 2, 4, 8)),
    ("qwen2.5-7b", "h100-sxm:8x2", (1, 2, 4)),  # 28 heads are not 8 times as many
    ("gemma-2b", "h100-sxm:8x2", (1, 2, 4, 8)),  # one key/value head, of which each device has a copy
    ("gpt2", "h100-sxm:6x2", (1, 2, 3, 4, 6, 12)),  # heads that share none
]


@pytest.mark.parametrize(("model", "place", "degrees"), COPIED)
def test_key_value_heads_are_copied_within_a_node(model: str, place: str, degrees: tuple[int, ...]) -> None:
    found = read_search(model=model, cluster_of=place, batch=72, limit="S=1024").space
    assert found.numbers["T"] == degrees


def test_sizes_have_to_be_known() -> None:
    run = costgraph("search", "--model", "llama-3.2-1b", "--cluster", "h100-sxm:2x2")
    assert run.returncode == 2
    assert "search needs all sizes: --limit B=...,S=... (or --batch)" in run.stderr


# --- what is tried, as text -------------------------------------------------------------------------------------------

RANGES = [
    ("B=1..4", {"B": ("1", "2", "3", "4")}),
    ("B=1..10..4", {"B": ("1", "5", "9")}),
    ("B=1..10..*2", {"B": ("1", "2", "4", "8")}),
    ("S=[2048, 8192]", {"S": ("2048", "8192")}),
    ("S=[1..3, 8, 3]", {"S": ("1", "2", "3", "8")}),
    ("S=1k..4k..1k", {"S": ("1000", "2000", "3000", "4000")}),
    ("S=1Ki..8Ki..*2", {"S": ("1024", "2048", "4096", "8192")}),
    ("S=1.5k .. 2 k..250", {"S": ("1500", "1750", "2000")}),
    ("seq=2..4..*2, batch_size=1..2, tp=[1, 2]", {"S": ("2", "4"), "B": ("1", "2"), "T": ("1", "2")}),
    ("model=[a, b], T=8", {"model": ("a", "b"), "T": ("8",)}),
    ("mesh=[data(2), tensor(2, sequence=True)]", {"mesh": ("data(2)", "tensor(2, sequence=True)")}),
    ("mesh=[data(4), [data(2), tensor(2)]]", {"mesh": ("data(4)", "data(2), tensor(2)")}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "values"), RANGES)
def test_ranges(text: str, values: dict[str, tuple[str, ...]]) -> None:
    assert read_over(text) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B", "write NAME=VALUE"),
        ("B=", "write NAME=VALUE"),
        ("B=[]", "a value is missing"),
        ("B=[1,]", "a value is missing"),
        ("B=1, B=2", "B is given twice"),
        ("B=4..1", "write 1..4"),
        ("B=1..4..0", "a range grows"),
        ("B=0..4..*2", "a range grows"),
        ("B=1..4..*1", "a range grows"),
        ("S=8k..1k", "write 1k..8k"),
        ("S=1k..8k*2", "1k..8k..1k by steps, or 1k..8k..*2 that doubles"),
        ("S=1K..4K", "'1K' has three readings"),
        ("S=1.0005k..4k", "1.0005k is no whole number"),
        ("S=1..1T", "at most 1000000 values"),
        ("B=1..99999999", "at most 1000000 values"),
        ("B=1..99999999999999999999", "numbers of up to 15 digits"),
    ],
)
def test_no_ranges(text: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        read_over(text)


def test_numbers_that_are_searched_or_swept_have_the_spellings_of_sizes() -> None:
    assert whole("S", ["4Ki", "4k", "7", "1.5k"]) == (7, 1500, 4000, 4096)
    for text in ("7.5", "1.0005k", "0k", "x", "4KB"):
        with pytest.raises(UserError, match="write positive whole numbers"):
            whole("S", [text])


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 50))
def test_a_range_is_that_of_python_with_its_end(first: int, length: int, step: int) -> None:
    found = read_over(f"B={first}..{first + length}..{step}")["B"]
    assert found == tuple(map(str, range(first, first + length + 1, step)))
