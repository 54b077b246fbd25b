"""Schedules of a pipeline: what their forms say is what comes out when they are run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

import costgraph as cg
from costgraph import UserError
from costgraph.algebra.assumption import AtMost, Enough
from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.errors import BugError
from costgraph.exporting.exchange.reading import read_forms
from costgraph.pictures.jobs import Job, Kind
from costgraph.pictures.orders import ORDERS, Run, run
from costgraph.schedules import SCHEDULES, Claims, Costs, Schedule, Stage, assumptions_of_stage

KINDS_OF_JOBS: tuple[Kind, ...] = ("F", "B", "W")
COSTS: list[tuple[int, int, int]] = [(1, 1, 1), (2, 5, 2), (7, 9, 1)]  # of forward, backward, weight
NAMES = list(SCHEDULES)
FOLDED = ("zb-v", "v-half", "v-min", "dualpipev")  # in the shape of a V
LEAST = {"gpipe": "1", "zb-h2": "2*P - 1", "zb-v": "2*P - 1"} | dict.fromkeys(FOLDED[1:], "2*P")  # of microbatches


def legal(name: str) -> Iterator[tuple[int, int, int]]:
    """Stages, microbatches and chunks that a schedule takes."""
    for P in range(1, 9):
        for M, v in product(range(1, 4 * P + 1), range(1, 5)):
            chunks = v == 2 if name in FOLDED else (v > 1) == (name == "interleaved")
            groups = name != "interleaved" or M % P == 0
            if chunks and groups and at(size(LEAST.get(name, "P")), P, M, v) <= M and (name != "v-min" or P > 2):
                yield P, M, v


def stages(P: int) -> dict[Stage, int]:
    """The stages that there are, by name."""
    return {"first": 0, **({"middle": 1} if P > 2 else {}), "last": P - 1}


def sizes(numbers: tuple[int, int, int]) -> tuple[Polynomial, Polynomial, Polynomial]:
    first, second, third = map(Polynomial.constant, numbers)
    return first, second, third


def at(form: Polynomial, P: int, M: int, v: int) -> Fraction:
    """The value of a form in P, M and v."""
    value = form.substitute(dict(zip("PMv", sizes((P, M, v)), strict=True))).number
    assert value is not None
    return Fraction(value)


def with_symbols(schedule: Schedule, v: int) -> tuple[Polynomial, Polynomial, Polynomial]:
    return size("P"), size("M"), size("v") if schedule.name == "interleaved" else size(v)


def assumed(claims: Claims, P: int, M: int, v: int) -> bool:
    """Whether what is assumed of symbols holds of numbers."""
    try:
        return all(claim.substitute(dict(zip("PMv", sizes((P, M, v)), strict=True))) for claim in claims)
    except UserError:
        return False


def of_such_costs(
    schedule: Schedule, given: tuple[Polynomial, ...], numbers: tuple[int, int, int], costs: Costs
) -> bool:
    """Whether a schedule pays for such costs, and what else it assumes holds."""
    try:
        claims = schedule.assumptions_of_costs(costs, given[0])
    except UserError:
        return False
    return assumed((*claims, *schedule.assumptions(given[0], given[1], given[2])), *numbers)


def test_what_is_assumed_holds_of_some_numbers() -> None:
    for name in NAMES:
        open_ = SCHEDULES[name].assumptions(
            *with_symbols(SCHEDULES[name], 2 if name in FOLDED else 1 + (name == "interleaved"))
        )
        assert sum(assumed(open_, *numbers) for numbers in legal(name)) >= 20


def test_every_schedule_is_simulated() -> None:
    assert ORDERS.keys() == SCHEDULES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_takes_every_microbatch_through_every_chunk_once(name: str) -> None:
    for P, M, v in legal(name):
        every = {Job(kind, one, chunk) for kind in KINDS_OF_JOBS for one in range(M) for chunk in range(v)}
        for jobs in run(name, P, M, v).stages:
            assert len(jobs) == len(every)
            assert {job._replace(joined=False) for job in jobs} == every


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_is_idle_as_long_as_the_form_says(name: str) -> None:
    schedule, rng = SCHEDULES[name], random.Random(13)
    for P, M, v in legal(name):
        step = run(name, P, M, v)
        weight = rng.randint(1, 5)
        forward = weight + rng.randint(0, 5)
        backward = weight + rng.randint(0, 9) if name not in FOLDED else forward + rng.randint(0, 1) * rng.randint(0, 9)
        for costs in (*COSTS, (forward, backward, weight)):
            simulated = step.bubble(dict(zip(KINDS_OF_JOBS, costs, strict=True)))
            for given in (sizes((P, M, v)), with_symbols(schedule, v))[: 1 if P == 1 else 2]:
                if name in FOLDED and not of_such_costs(schedule, given, (P, M, v), Costs(*sizes(costs))):
                    continue
                ratio = schedule.bubble(*given, *sizes(costs))
                said = at(ratio.numerator, P, M, v) / at(ratio.denominator, P, M, v)
                assert said == simulated, (P, M, v, costs)


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_holds_what_the_form_says(name: str) -> None:
    schedule = SCHEDULES[name]
    for P, M, v in legal(name):
        step = run(name, P, M, v)
        for stage, index in stages(P).items():
            held = Fraction(step.worst(index)[0].total, v)
            waiting = Fraction(step.worst(index, "B")[0].total, v)
            for given in (sizes((P, M, v)), with_symbols(schedule, v)):
                if not assumed(schedule.assumptions(*given), P, M, v):
                    continue
                form, late = schedule.in_flight(stage, *given), schedule.put_off(index, stage, given[0])
                assert at(form, P, M, v) == held, (P, M, v, stage)
                if name not in FOLDED:
                    assert at(form - late, P, M, v) == waiting, (P, M, v, stage)


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_but_the_last_holds_what_the_form_of_its_number_says(name: str) -> None:
    for P, M, v in legal(name):
        for index in range(P - 1):
            said = SCHEDULES[name].in_flight_at(index, *sizes((P, M, v)))
            assert said.number == Fraction(run(name, P, M, v).worst(index)[0].total, v) or name == "interleaved", index


@pytest.mark.parametrize("name", NAMES)
def test_outside_of_the_layers_it_holds_what_the_form_says(name: str) -> None:
    schedule = SCHEDULES[name]
    for P, M, v in legal(name):
        step = run(name, P, M, v)
        for stage, index in stages(P).items():
            chunk = {"first": 0, "middle": None, "last": None if name in FOLDED else v - 1}[stage]
            worst = step.worst(index)
            behind = max(one.chunks[-1] for one in worst)
            if name in FOLDED:
                worst = [one for one in worst if one.chunks[-1] == behind]
            most = max(one.chunks[chunk] for one in worst) if chunk is not None else 0
            for given in (sizes((P, M, v)), with_symbols(schedule, v)):
                if not assumed(schedule.assumptions(*given), P, M, v):
                    continue
                assert at(schedule.in_flight_outside(stage, *given), P, M, v) == most, (P, M, v, stage)
                if name in FOLDED and stage == "first":
                    assert at(schedule.in_flight_behind(given[0]), P, M, v) == behind


def test_no_instant_has_more_of_the_outer_chunk_than_the_worst() -> None:
    for P, M, v in legal("interleaved"):
        step = run("interleaved", P, M, v)
        for stage, chunk in ((0, 0), (P - 1, v - 1)):
            most = [max(one.chunks[chunk] for one in seen) for seen in (step.alive(stage, "W"), step.worst(stage))]
            assert most[0] == most[1]


@pytest.mark.parametrize("name", NAMES)
def test_no_stage_between_holds_more_than_the_second(name: str) -> None:
    for P, M, v in legal(name):
        held = [run(name, P, M, v).worst(stage)[0].total for stage in range(P)]
        assert held == sorted(held, reverse=True) or (name == "v-min" and max(held[1:-1], default=0) <= held[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_sends_as_often_as_the_form_says(name: str) -> None:
    for P, M, v in legal(name):
        step = run(name, P, M, v)
        for stage, index in stages(P).items():
            if P == 1 and name in FOLDED:
                continue
            forward, backward = SCHEDULES[name].sends(stage, size(P), size(v))
            assert ((forward * M).number, (backward * M).number) == step.sent(index), (P, M, v, stage)


def test_bubbles_as_they_are_printed() -> None:
    forward, backward, weight = costs = Costs(size("S*D+D"), size("2*S*D+D"), size("D"))
    for name, v in (("gpipe", size(1)), ("1f1b", size(1)), ("interleaved", size("v"))):
        assert SCHEDULES[name].bubble(size("P"), size("M"), v, *costs) == Quotient(size("P-1"), size("M") * v)
    above, below = forward + backward - weight, forward + backward + weight
    printed = Quotient(size("P-1") * above, size("M") * below)
    assert SCHEDULES["zb-h1"].bubble(size("P"), size("M"), size(1), *costs) == printed


REFUSED = [
    ("1f1b", (4, 8, 2), "schedule='1f1b': a stage holds one chunk of layers; v=2 is for schedule='interleaved'"),
    ("gpipe", (4, 8, "v"), "schedule='gpipe': a stage holds one chunk of layers; v=v is for schedule='interleaved'"),
    ("zb-h1", (4, 8, 2), "schedule='zb-h1': a stage holds one chunk of layers; v=2 is for schedule='interleaved'"),
    ("interleaved", (4, 8, 1), "1 is less than 2; a stage with one chunk of layers is schedule='1f1b'"),
    (
        "interleaved", (8, 12, 2),
        "schedule='interleaved': M=12 microbatches are no groups of P=8; write M=8 or M=16, or schedule='1f1b'",
    ),
    (
        "interleaved", (8, 4, 2),
        "schedule='interleaved': M=4 microbatches are no groups of P=8; write M=8, or schedule='1f1b'",
    ),
    ("1f1b", (8, 4, 1), "4 is less than 8; 1f1b needs as many microbatches as stages; schedule='gpipe' takes fewer"),
    ("zb-h1", (8, 4, 1), "4 is less than 8; zb-h1 needs as many microbatches as stages; schedule='gpipe' takes fewer"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "said"), REFUSED, ids=str)
def test_numbers_that_do_not_fit_are_refused(name: str, given: tuple[int | str, ...], said: str) -> None:
    with pytest.raises(UserError) as error:
        SCHEDULES[name].check(*map(size, given))
    assert str(error.value) == said


@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_fit_are_taken(name: str) -> None:
    for given in legal(name):
        SCHEDULES[name].check(*sizes(given))
        assert not SCHEDULES[name].assumptions(*sizes(given))


ASSUMED: dict[tuple[Any, ...], list[str]] = {
    ("gpipe", "P", "M", 1): [],
    ("1f1b", "P", "M", 1): ["P <= M"],
    ("1f1b", 1, "M", 1): [],
    ("zb-h1", 4, "M", 1): ["4 <= M"],
    ("interleaved", "P", "M", "v"): ["2 <= v", "P | M", "2*P <= M"],
    ("interleaved", 4, "M", 2): ["4 | M", "8 <= M"],
    ("interleaved", 4, 4, 2): [],
}


@pytest.mark.parametrize("given", ASSUMED, ids=str)
def test_what_is_assumed_of_symbols(given: tuple[Any, ...]) -> None:
    name, *letters = given
    SCHEDULES[name].check(*map(size, letters))
    assert [str(claim) for claim in SCHEDULES[name].assumptions(*map(size, letters))] == ASSUMED[given]


BOUND_LATER = [
    ("interleaved", {"v": 1}, "2 <= v does not hold: 1 is less than 2; "
     "a stage with one chunk of layers is schedule='1f1b'"),
    (
        "1f1b", {"P": 8, "M": 4},
        "P <= M does not hold: 4 is less than 8; "
        "1f1b needs as many microbatches as stages; schedule='gpipe' takes fewer",
    ),
    (
        "interleaved", {"P": 8, "M": 8},
        "2*P <= M does not hold: 8 is less than 16; "
        "give P and M as numbers where a step has one group of microbatches (interleaved)",
    ),
    (
        "interleaved", {"P": 8, "M": 12},
        "P | M does not hold: 8 does not divide 12; interleaved takes groups of as many microbatches as stages",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "bound", "said"), BOUND_LATER, ids=str)
def test_numbers_that_come_later_are_refused_as_well(name: str, bound: dict[str, int], said: str) -> None:
    claims = SCHEDULES[name].assumptions(size("P"), size("M"), size("v"))
    with pytest.raises(UserError) as error:
        [claim.substitute({letter: size(value) for letter, value in bound.items()}) for claim in claims]
    assert str(error.value) == said


def test_a_pipeline_of_two_stages_has_no_middle() -> None:
    with pytest.raises(UserError, match="2 is less than 3; two stages are stage='first' and stage='last'"):
        assumptions_of_stage("middle", size(2))
    assert [str(claim) for claim in assumptions_of_stage("middle", size("P"))] == ["3 <= P"]
    assert not assumptions_of_stage("last", size(1))


def test_h1_is_for_gradients_of_weights_that_cost_no_more_than_the_others() -> None:
    h1 = SCHEDULES["zb-h1"]
    with pytest.raises(UserError, match="2 is less than 3; zb-h1 gains less where gradients of weights cost most"):
        h1.bubble(*sizes((4, 8, 1)), *sizes((2, 4, 3)))
    assert [str(claim) for claim in h1.assumptions_of_costs(Costs(size("S"), size("2*D"), size("D")), size("P"))] == [
        "D <= S"
    ]
    slower = run("zb-h1", 4, 8).bubble(
        {"F": 2, "B": 4, "W": 3}
    )  # as the schedule takes it, it is not what the form says
    assert slower > Fraction(3 * (2 + 4 - 3), 8 * (2 + 4 + 3))


def test_stages_that_cost_nothing_have_no_bubble() -> None:
    with pytest.raises(UserError, match="neither busy nor idle"):
        SCHEDULES["1f1b"].bubble(size("P"), size("M"), size(1), *sizes((0, 0, 0)))


SETTLED: dict[Enough, bool] = {
    Enough(size(1), size("M")): True,
    Enough(size(2), size("M")): False,
    Enough(size(2), size("2*M")): True,
    Enough(size("P"), size("M")): False,
    Enough(size(1), size("M/P")): False,
    Enough(size(2), size(2)): True,
    Enough(size(1), size("p")): False,
}


@pytest.mark.parametrize("claim", SETTLED, ids=str)
def test_a_claim_that_holds_of_all_counts_is_settled(claim: Enough) -> None:
    assert claim.settled == SETTLED[claim]


def test_a_claim_that_is_not_required_is_shown() -> None:
    bound = {"P": size(8), "M": size(4)}
    assert not AtMost(size("P"), size("M")).substitute(bound).settled
    with pytest.raises(UserError, match="P <= M does not hold: 4 is less than 8"):
        Enough(size("P"), size("M")).substitute(bound)


def test_a_claim_that_is_required_is_exported_and_comes_back() -> None:
    form = cg.params(cg.decoder())
    claims = (*form.assumptions, Enough(size("P"), size("M"), advice="more of them"))
    given = {"params": replace(form, assumptions=claims)}
    assert read_forms(str(cg.export(given, "json"))) == given
    assert "P <= M" in str(cg.export(given, "python"))


def test_a_simulation_in_which_every_stage_waits_is_seen() -> None:
    backward_first = [[Job("B", 0), Job("F", 0), Job("W", 0)]]
    with pytest.raises(BugError, match="every stage waits"):
        Run(1, 1, 1, backward_first, apart=False).span({"F": 1, "B": 1, "W": 1})
