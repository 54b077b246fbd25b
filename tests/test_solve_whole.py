"""Whole numbers, strict relations and divisors."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from costgraph import UserError, solve
from costgraph.algebra.printers import UNICODE
from costgraph.reports.layout import text
from costgraph.reports.solve import PYTHON, bounds, report
from costgraph.reports.solve_json import to_json

GPT3: Any = {"op_set": "decoder", "model_name": "gpt-3", "hardware": "a100-80gb-sxm"}


def test_the_smallest_degree_also_divides_what_it_splits() -> None:
    answer = solve(
        "states + activations <= hbm",
        "T",
        passes=["tensor_parallel(T)"],
        limit="B=1,S=2048,p=2",
        attention="eager",
        **GPT3,
    )
    (solution,) = answer.solutions
    assert (solution.smallest, solution.divides) == (56, 96)
    assert "smallest T: 56; with T | 96 and T | 49152: 96" in text(report(answer), UNICODE)


def test_a_degree_that_can_divide_nothing_is_not_passed_off_as_one() -> None:
    whole: Any = GPT3 | {"op_set": "decoder(head=True)", "attention": "eager"}  # 50257 words
    answer = solve("states + activations <= hbm", "T", passes=["tensor_parallel(T)"], limit="B=1,S=2048,p=2", **whole)
    (solution,) = answer.solutions
    assert (solution.smallest, solution.divides) == (57, None)
    assert "smallest T: 57; with T | 96 and T | 49152 and T | 50257: none up to 4096 more" in text(
        report(answer), UNICODE
    )


def test_the_largest_whole_number_really_fits_and_the_next_does_not() -> None:
    options: Any = {"op_set": "decoder", "model_name": "llama-2-7b", "hardware": "a10", "phase": "decode"}
    answer = solve("states + cache <= hbm", "S", limit="B=3,p=2,E=129/32", **options)
    largest = answer.solutions[0].largest
    weights = 2 * 32 * (4 * 4096**2 + 3 * 4096 * 11008)  # four D x D and three D x 11008 matrices a layer, two bytes
    used = [weights + 2 * 2 * 3 * 32 * 4096 * s for s in (int(largest or 0), int(largest or 0) + 1)]
    assert used[0] <= 23028 * 2**20 < used[1]  # what an A10 reports of its 24 GiB


def test_fractions_stay_fractions_where_they_make_sense() -> None:
    answer = solve("params <= N_params", "E", limit="N_params=6442450944,L=32,D=4096")
    assert answer.solutions[0].largest == 4
    answer = solve("params == N_params", "E", limit="N_params=7000000000,L=32,D=4096")
    assert answer.solutions[0].largest == (Fraction(7 * 10**9, 32 * 4096**2) - 4) / 2


def test_irrational_bounds_are_rounded_to_the_right_whole_number() -> None:
    answer = solve("S*S*p <= hbm", "S", limit="p=1,hbm=1000000000000000000000000000000000000000000000000000001")
    assert answer.solutions[0].largest == 10**27
    answer = solve("S*S*p <= hbm", "S", limit=f"p=1,hbm={10**54 - 1}")
    assert answer.solutions[0].largest == 10**27 - 1


def test_degrees_above_two_are_solved_once_everything_is_bound() -> None:
    answer = solve("p*(D**3 + D) <= hbm", "D", limit="p=1,hbm=1010")
    assert answer.solutions[0].largest == 10
    with pytest.raises(UserError, match="degree 3 in D: bind hbm to solve it"):
        solve("p*(D**3 + D) <= hbm", "D", limit="p=1")


# --- strict relations ---------------------------------------------------------------------------------------------

ENDS = {  # question, for -> what is said, smallest, largest
    ("B < 5", "B"): ("B < 5", None, 4),
    ("B <= 5", "B"): ("B <= 5", None, 5),
    ("B > 5", "B"): ("B > 5", 6, None),
    ("B >= 5", "B"): ("B >= 5", 5, None),
    ("2*B < 5", "B"): ("B < 5/2", None, 2),
    ("2*B > 5", "B"): ("B > 5/2", 3, None),
    ("5 > B", "B"): ("B < 5", None, 4),
    ("B*B < 25", "B"): ("B < 5", None, 4),
    ("B*B < 26", "B"): ("B < 5.099019514", None, 5),
    ("S*S + 6 < 6*S", "S"): ("1.267949192 < S < 4.732050808", 2, 4),
    ("S*S + 8 < 6*S", "S"): ("2 < S < 4", 3, 3),
    ("S**3 + S < 1010", "S"): ("S < 10", None, 9),
    ("S**3 + S <= 1010", "S"): ("S <= 10", None, 10),
    ("E < 5", "E"): ("E < 5", None, None),  # no fraction is the largest
    ("E <= 5", "E"): ("E <= 5", None, 5),
    ("E*E <= 5", "E"): ("E <= 2.236067977", None, None),  # nothing that is exact
}


@pytest.mark.parametrize(("question", "wanted"), ENDS)
def test_whether_the_bound_itself_counts_is_kept(question: str, wanted: str) -> None:
    said, smallest, largest = ENDS[question, wanted]
    answer = solve(question, wanted)
    (solution,) = answer.solutions
    assert bounds(solution.case, answer.unknown.target, PYTHON) == said
    assert (solution.smallest, solution.largest) == (smallest, largest)
    (data,) = to_json(answer)["solutions"]
    assert data["strict"] == ("<" in said.replace("<=", "") or ">" in said.replace(">=", ""))
    assert (data["smallest"], data["largest"]) == tuple(
        None if end is None else str(end) for end in (smallest, largest)
    )


def test_a_strict_relation_leaves_out_the_point_where_both_sides_touch() -> None:
    answer = solve("S*S + 4*D*D > 4*S*D", "S")
    assert [bounds(s.case, answer.unknown.target, PYTHON) for s in answer.solutions] == ["S < 2*D", "S > 2*D"]
    third = solve("(S - 2)**2*(S + 1) > 0", "S")
    assert [(s.smallest, s.largest) for s in third.solutions] == [(None, 1), (3, None)]


ROWS = st.lists(st.integers(min_value=-9, max_value=9), min_size=2, max_size=4)
TRUE: dict[str, Callable[[int, int], bool]] = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}


@given(ROWS, st.sampled_from(list(TRUE)))
def test_the_extreme_whole_numbers_are_those_that_counting_finds(row: list[int], relation: str) -> None:
    """Up to 40, beyond which no polynomial with such coefficients changes sign."""
    question = " + ".join(f"({c})*B**{power}" for power, c in enumerate(row))

    def right(value: int) -> bool:
        return TRUE[relation](sum(c * value**power for power, c in enumerate(row)), 0)

    assume(any(row[1:]))
    counted = {value for value in range(1, 41) if right(value)}
    try:
        solutions = solve(f"{question} {relation} 0", "B").solutions
    except UserError:
        assert not counted
        return
    found = set()
    for solution in solutions:
        found |= set(range(int(solution.smallest or 1), int(solution.largest or 40) + 1))
    assert found == counted


# --- equations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "between", "line"),
    [
        ("2*B == 5", ["2", "3"], "no whole B solves it; next to it: 2 and 3"),
        ("2*B == 1", ["1"], "no whole B solves it; next to it: 1"),
        ("B*B == 5", ["2", "3"], "no whole B solves it; next to it: 2 and 3"),
        ("2*B == 6", [], ""),
    ],
)
def test_a_root_that_is_not_whole_has_whole_neighbours(question: str, between: list[str], line: str) -> None:
    answer = solve(question, "B")
    (data,) = to_json(answer)["solutions"]
    assert data["between"] == between
    assert data["smallest"] == data["largest"] == (None if between else "3")
    assert line in text(report(answer), UNICODE)
    assert "no whole" in text(report(answer), UNICODE) or not between


def test_a_root_of_higher_degree_is_said_once_and_exactly_where_it_is_rational() -> None:
    answer = solve("(3*E - 2)**2*(E - 7)*(E*E + 1) == 0", "E")
    assert [s.case.low and s.case.low.text() for s in answer.solutions] == ["2/3", "7"]
    rounded = solve("E**3 + E == 1", "E").solutions[0].case.low
    assert rounded is not None
    assert rounded.text() == "0.6823278038280193273694837397110482568912"  # real root of x**3 + x - 1, OEIS A263719
    assert rounded.latex() == rounded.text()


def test_a_point_that_is_touched_from_outside_is_an_answer() -> None:
    answer = solve("(S - 2)**2*(S + 1) <= 0", "S")
    assert [bounds(s.case, answer.unknown.target, PYTHON) for s in answer.solutions] == ["S == 2"]


# --- units --------------------------------------------------------------------------------------------------------


def test_bytes_are_answered_in_both_kinds_of_units() -> None:
    answer = solve("states + activations <= hbm", "hbm", op_set="decoder", model_name="gpt-3", limit="B=1,S=2048,p=2")
    assert "3.098 TiB = 3.406 TB" in text(report(answer), UNICODE)
    rate = solve("flops/lambda_flops <= t", "lambda_flops", limit="B=1,S=8,L=1,D=64,E=4,t=1,p=2")
    assert "2.408 MFLOP/s" in text(report(rate), UNICODE)


def test_a_number_of_hundreds_of_digits_stays_on_its_line() -> None:
    long = "9" * 300
    answer = solve("activations <= hbm", "B", limit=f"S={long},D={long},A=1,L=1,E=4,p=2,hbm={long}{long}{long}")
    assert max(map(len, text(report(answer), UNICODE).splitlines()[3:])) < 1500
    assert "S=999" in text(report(answer), UNICODE)
    assert "999..., D=999" in text(report(answer), UNICODE)


CAPACITIES = [
    ("states <= 80 GiB", "states <= 80*2**30"),
    ("states <= 80GiB", "states <= 80*2**30"),
    ("states <= 0.5 TB", "states <= 500000000000"),
    ("80  GB ≥ states + 2 MiB", "80*10**9 >= states + 2*2**20"),
    ("2*(40 GiB) >= states", "80*2**30 >= states"),
]


@pytest.mark.parametrize(("written", "meant"), CAPACITIES)
def test_capacities_may_be_written_with_their_unit(written: str, meant: str) -> None:
    limit = "D=4096,E=4,p=2"
    assert solve(written, "L", limit=limit).solutions == solve(meant, "L", limit=limit).solutions


# --- what is assumed of a whole number ----------------------------------------------------------------------------


def test_as_many_microbatches_as_a_schedule_takes_and_as_divide_the_batch() -> None:
    """A step of Llama 3 8B over 8 stages: 5 microbatches would be quick enough, and 1F1B takes 8 or more."""
    answer = solve(
        "step_time <= 10", "M", model="llama-3-8b", phase="train", mesh="pipeline(8), microbatches(M)",
        limit="B=64,S=8192", hardware="h100-sxm",
    )  # fmt: skip
    (solution,) = answer.solutions
    assert (solution.smallest_kept, solution.largest_kept, solution.divides) == (8, 64, 8)
    said = text(report(answer), UNICODE)
    assert f"smallest M: {solution.smallest}; with M | 64 and 8 <= M: 8" in said
    assert f"largest M: {solution.largest}; with M | 64 and 8 <= M: 64" in said
    (data,) = to_json(answer)["solutions"]
    assert (data["smallest_kept"], data["largest_kept"], data["divides"]) == ("8", "64", "8")


def test_where_fewer_microbatches_fit_than_a_schedule_takes_none_is_passed_off() -> None:
    answer = solve(
        "2*M <= 11", "M", model="llama-3-8b", phase="train", mesh="pipeline(8), microbatches(M)", limit="B=64,S=8"
    )
    (solution,) = answer.solutions
    assert (solution.largest, solution.largest_kept) == (5, None)
    assert "largest M: 5; with M | 64 and 8 <= M: none" in text(report(answer), UNICODE)


def test_a_degree_beyond_the_key_value_heads_names_what_copies_them() -> None:
    small = "flops=1 TFLOP/s, mem_bw=1 TB/s, mem=3 GB, link_bw=1 GB/s, node=1024"
    answer = solve(
        "states + activations <= hbm", "T", model="llama-3-8b", phase="train", mesh="tensor(T)", limit="B=1,S=2048",
        hardware=small,
    )  # fmt: skip
    (line,) = [line for line in text(report(answer), UNICODE, 1000).splitlines() if "smallest T" in line]
    assert "with T | 8 and" in line
    assert "none up to 4096 more" in line
    assert "tensor(..., replicate_kv=True)" in line
