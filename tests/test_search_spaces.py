"""Random spaces of plans: a search finds what trying every plan by itself finds, ties and limits included.

Limits are the exact value of some plan, so that whether it keeps them is decided by the last digit.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import exhaustively

from costgraph.errors import UserError
from costgraph.estimation.estimate import estimate
from costgraph.estimation.reading import request
from costgraph.searching.answer import why_nothing
from costgraph.searching.asked import Search
from costgraph.searching.columns import DIGITS
from costgraph.searching.constraints import Constraint
from costgraph.searching.reading import read_search
from costgraph.searching.search import Plan, search
from costgraph.searching.sweep import sweep
from costgraph.searching.sweep_reading import read_sweep
from costgraph.searching.tally import Tally

MANY = 64  # combinations in a space: each is estimated by itself, twice
RELATIONS = ("<=", "<", ">=", ">", "==")
SIZES = ("L=4,D=64,A=8,V=96,S=32,E=4,K=32", "L=6,D=96,A=12,V=96,S=64,E=4,K=64")
OP_SETS = ("decoder(head=True)", "decoder(head=True, biases=True)", "decoder")


def some(*values: str) -> st.SearchStrategy[str]:
    """One or two of some values, as a list."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(lambda of: f"[{', '.join(of)}]")


SPACES = st.fixed_dictionaries(
    {
        "T": some("1", "2", "4"), "P": some("1", "2", "3"), "C": some("1", "2"), "M": some("1", "2", "4", "6"),
        "v": st.just("2"), "zero": some("0", "1", "2", "3"), "recompute": some("none", "full", "every=2"),
        "schedule": some("gpipe", "1f1b", "interleaved", "zb-h1"), "context": some("ring", "heads", "gather"),
        "sequence": some("yes", "no"),
    }
).filter(lambda space: prod(values.count(",") + 1 for values in space.values()) <= MANY)  # fmt: skip
QUESTIONS = st.fixed_dictionaries(
    {
        "op_set": st.sampled_from(OP_SETS), "limit": st.sampled_from(SIZES), "batch": st.sampled_from((12, 16)),
        "cluster_of": st.sampled_from(("h100-sxm:2x2", "h100-sxm:3x2", "a100-80gb-sxm:4x1")),
        "minimize": st.sampled_from(("step_time", "cost", "devices")),
        "efficiency": st.sampled_from(("", "flops=0.6,mem=0.8,comms=0.7")),
    }
)  # fmt: skip


def asked(question: dict[str, Any], space: dict[str, str], overlap: bool) -> Search:
    """The search of a space."""
    over = ", ".join(f"{name}={values}" for name, values in space.items())
    hides = "data=all,tensor=0.5" if overlap and question["efficiency"] else ""
    return read_search(**question, over=over, overlap=hides, price="2 USD/h", top=1000)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(QUESTIONS, SPACES, st.booleans(), st.sampled_from(RELATIONS), st.data())
def test_a_search_finds_what_trying_every_plan_finds(
    question: dict[str, Any], space: dict[str, str], overlap: bool, relation: str, data: st.DataObject
) -> None:
    of = asked(question, space, overlap)
    every, found = exhaustively(of), search(of)
    assert [one.exactly for one in found.candidates] == [ranks for ranks, _ in every]
    assert found.counts.fitting == len(every)
    if not every:
        return
    name = data.draw(st.sampled_from(("peak", "step_time", "cost", "mfu", "bound")))
    plan = found.plans[data.draw(st.integers(0, len(every) - 1))]
    limit = exact_value(plan, name)
    of = replace(of, where=(*of.where, Constraint("the limit", name, relation, limit)))
    of = replace(of, question=replace(of.question, limited=(*of.question.limited, name)))
    kept, fewer = exhaustively(of), search(of)
    assert [one.exactly for one in fewer.candidates] == [ranks for ranks, _ in kept]
    assert any(exact_value(plan, name) == limit for plan in fewer.plans) == ("=" in relation)
    if not kept:
        assert sum(line.startswith("the limit: ") for line in why_nothing(fewer)) == 1


def test_layers_that_cannot_be_cut_as_numbers_say_are_no_plan() -> None:
    question = {
        "op_set": "decoder(head=True)", "limit": SIZES[1], "batch": 12, "cluster_of": "h100-sxm:2x2",
        "minimize": "step_time", "efficiency": "",
    }  # fmt: skip
    space = {
        "T": "[1, 2]", "P": "[2]", "M": "[2]", "v": "2", "recompute": "[none, every=2]", "schedule": "[interleaved]",
        "sequence": "[yes]",
    }  # fmt: skip
    of = asked(question, space, overlap=False)
    assert [one.exactly for one in search(of).candidates] == [ranks for ranks, _ in exhaustively(of)]


def exact_value(plan: Plan, name: str) -> Fraction:
    """A measure of a plan that was found, as its estimate says it."""
    answer = plan.answer
    if name == "mfu":
        return Fraction(answer.mfu(answer.main, answer.estimated(answer.main) or answer.least))
    return plan.exactly(name)


# --- points -----------------------------------------------------------------------------------------------------------

MESHES = (
    "", "data(2, zero=3), tensor(2)", "tensor(4, sequence=True), microbatches(2)", "pipeline(2), microbatches(4)",
    "context(2, how='ring'), data(2)", "pipeline(4, v=2, schedule='interleaved'), microbatches(8)",
)  # fmt: skip
SERVING = ("", "data(2), tensor(2)", "pipeline(2), microbatches(4)", "tensor(4)")  # of phases without gradients
MEASURED = ("peak", "step_time", "bound", "mfu", "hfu", "tokens/s", "cost")


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(("llama-3.2-1b", "gpt2", "olmoe-1b-7b", "gemma-2-2b")), st.sampled_from(MESHES),
    st.sampled_from(("train", "prefill", "decode", "generate")), st.integers(1, 12).map(lambda one: 8 * one),
    st.integers(1, 40).map(lambda one: 16 * one), st.sampled_from(("", "flops=0.55,mem=0.7,comms=0.8")),
)  # fmt: skip
def test_a_point_is_what_estimate_says_to_the_last_digit(
    model: str, mesh: str, phase: str, batch: int, length: int, efficiency: str
) -> None:
    typed: dict[str, Any] = {"model": model, "phase": phase, "efficiency": efficiency, "price": "2 USD/h"}
    mesh = mesh if phase == "train" else SERVING[MESHES.index(mesh) % len(SERVING)]
    typed |= {"cluster": "h100-sxm:4x2", "mesh": mesh} if mesh else {"hardware": "h100-sxm"}
    unequal = model == "gemma-2-2b" and "pipeline" in mesh  # so that S decides which layers stages have
    over = {"B": [batch]} if unequal else {"B": [batch], "S": [length]}
    of = read_sweep(over, MEASURED, typed={**typed, **({"limit": f"S={length}"} if unequal else {})})
    try:
        rows = [row for block in sweep(of, Tally()) for row in block.rows(of.names)]
    except UserError:
        rows = []
    if not rows:
        with pytest.raises(UserError):
            estimate(request(limit=f"B={batch},S={length}", **typed)).verdict.needed  # noqa: B018
        return
    said = estimate(request(limit=f"B={batch},S={length}", **typed))
    seconds = said.estimated(said.main) or said.least
    per_token = said.usd_per_million_tokens
    assert said.verdict.needed is not None
    exactly = {
        "peak": said.verdict.needed, "step_time": seconds, "bound": said.least, "mfu": said.mfu(said.main, seconds),
        "hfu": said.hfu(said.main, seconds), "tokens/s": said.throughput(said.main, seconds),
        "cost": per_token[1] or per_token[0] or Fraction(0),
    }  # fmt: skip
    found = dict(zip(of.names, rows[0], strict=True))
    assert {name: f"{found[name]:.{DIGITS}g}" for name in exactly} == {
        name: f"{float(value):.{DIGITS}g}" for name, value in exactly.items()
    }
