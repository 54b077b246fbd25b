"""Questions in which min(S, W) or ceil(S/k) depends on the unknown: split at the knee, or searched in whole numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from windowed import windowed

from costgraph import UserError, solve
from costgraph.algebra.inequalities import Relation, holds
from costgraph.op_sets import OP_SETS
from costgraph.solving.solution import Answer

ALL = "B=1,D=64,A=2,W=100,k=10"


@pytest.fixture(autouse=True)
def _op_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OP_SETS, "windowed", windowed)


def ask(question: str, for_: str = "S", limit: str = "") -> Answer:
    return solve(question, for_, op_set="windowed", phase="forward", limit=limit or ())


def written(answer: Answer) -> list[str]:
    """Every case: low, high, conditions."""
    lines = []
    for case in (solution.case for solution in answer.solutions):
        low, high = (None if root is None else root.text() for root in (case.low, case.high))
        where = " and ".join(map(str, case.conditions))
        lines.append(f"{low or ''}..{high or ''}" + (f" if {where}" if where else ""))
    return lines


@pytest.mark.parametrize(
    ("question", "limit", "cases"),
    [
        ("2*S_w <= 50", "", ["..25 if W >= S", ".. if W <= 25 and S >= W"]),
        ("2*S_w <= 50", "W=100", ["..25"]),
        ("2*S_w <= 50", "W=20", [".."]),
        ("S_w >= W/2", "W=100", ["50.."]),
        ("S_w == W", "W=9", ["9.."]),
        ("S_w == 5", "W=9", ["5..5"]),
        ("S_w < 5", "W=9", ["..5"]),
        ("S_w*(20 - S) >= 96", "W=9", ["8..28/3"]),
        ("S*S_w <= 8100", "W=81", ["..100"]),
        ("(S_w - 3)**2 <= 0", "W=9", ["3..3"]),
        ("S_w - S/2 >= 3", "W=9", ["6..12"]),
    ],
)
def test_each_side_is_solved_where_it_is_the_one(question: str, limit: str, cases: list[str]) -> None:
    assert written(ask(question, "S", limit)) == cases


@pytest.mark.parametrize(
    ("question", "limit", "smallest", "largest"),
    [
        ("N_q <= 7", "k=100", 1, 700),
        ("N_q < 7", "k=100", 1, 600),
        ("N_q >= 7", "k=100", 601, None),
        ("N_q > 7", "k=100", 701, None),
        ("N_q == 7", "k=100", 601, 700),
        ("7 >= N_q", "k=100", 1, 700),
        ("flops <= 10**7", ALL, 1, 390),
        ("flops(attn) <= 10**9", ALL, 1, 39062),
    ],
)
def test_whole_numbers_where_something_is_rounded(
    question: str, limit: str, smallest: int, largest: int | None
) -> None:
    (solution,) = ask(question, "S", limit).solutions
    assert (solution.smallest or 1, solution.largest) == (smallest, largest)


@pytest.mark.parametrize(
    ("question", "limit", "message"),
    [
        ("N_q <= 7", "", r"N_q = ceil\(S/k\) jumps with S: bind all other symbols for an answer in whole numbers"),
        ("N_q - S <= 7", "k=10", "rises and falls with it"),
        ("N_q <= 1/2", "k=10", "no whole S satisfies it"),
        ("S_w >= 10", "W=9", "no S satisfies S_w >= 10: at S = 9 the left side is 1 too small"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(question: str, limit: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ask(question, "S", limit)


def test_a_symbol_that_does_not_depend_on_the_unknown_stays_and_is_explained() -> None:
    answer = ask("flops <= 10**15", "B")
    assert written(answer) == ["..500000000000000/(D*(2*S*S_w + A*N_q))"]
    assert [str(one) for one in answer.definitions] == ["S_w = min(S, W)", "N_q = ceil(S/k)"]


@given(
    st.integers(1, 40), st.integers(1, 30), st.integers(-30, 60), st.integers(-3, 3), st.integers(-3, 3),
    st.sampled_from(["<=", "<", ">=", ">"]),
)  # fmt: skip
def test_a_knee_is_what_trying_all_numbers_finds(
    window: int, least: int, constant: int, slope: int, quadratic: int, relation: Relation
) -> None:
    assume(slope or quadratic)
    question = f"{quadratic}*S_w*S + {slope}*S_w {relation} {constant} - {least}*S"

    def right(value: int) -> bool:
        side = min(value, window)
        return holds(quadratic * side * value + slope * side - constant + least * value, relation)

    tried = [value for value in range(1, 2000) if right(value)]
    try:
        solutions = ask(question, "S", f"W={window}").solutions
    except UserError:
        assert not tried
        return
    inside = set[int]()
    for solution in solutions:
        low = 1 if solution.smallest is None else math.ceil(solution.smallest)
        high = 1999 if solution.largest is None else math.floor(solution.largest)
        inside.update(range(max(low, 1), min(high, 1999) + 1))
    assert sorted(inside) == tried
