"""Inverse questions: formulas with their domains, whole numbers, and what is said when there is no answer."""

import contextlib
import json
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from costgraph import UserError, solve
from costgraph.cli.solve_text import PYTHON, bounds, condition, latex, markdown, text, to_json
from costgraph.parser import parse
from costgraph.polynomial import Polynomial
from costgraph.solving.inequality import Case, Relation, cases, coefficients
from costgraph.solving.real_roots import intervals
from costgraph.solving.root import Root, nth_root
from costgraph.solving.solution import Answer
from costgraph.symbols import sympy_symbol

MIXED_OR_FULL = "states(mixed_adam) + activations(p=2) <= states(fp32_adam) + activations(p=4)"
FORMULAS = [  # question, for, options, bound, conditions
    (MIXED_OR_FULL, "B", {"limit": "E=4"}, ">= 6*D**2/(8*D*S + A*S**2)", []),
    ("cache == states", "B*S", {}, "== (2 + E)*D", []),
    ("cache == states", "B", {}, "== (2 + E)*D/S", []),
    ("flops(attn) == flops(mlp)", "S", {}, "== (E - 2)*D", ["E > 2"]),
    ("flops.forward(attn) == flops.forward(mlp)", "S", {}, "== (E - 2)*D", ["E > 2"]),
    ("flops(attn.scores) + flops(attn.values) == flops(mlp)", "S", {}, "== E*D", []),
    ("flops(attention_core) == flops(mlp)", "S", {}, "== E*D", []),
    ("activations(dims=st) == activations - activations(dims=st)", "S", {"limit": "E=4,p=2"}, "== 34*D/(5*A)", []),
    ("activations(dims=st) >= activations - activations(dims=st)", "S", {"limit": "E=4,p=2"}, ">= 34*D/(5*A)", []),
    (
        "flops(weights)/lambda_flops >= states/lambda_mem", "B*S", {"phase": "prefill"},
        ">= lambda_flops*p/(2*lambda_mem)", [],
    ),
    (
        "flops(weights)/lambda_flops >= states/lambda_mem", "B", {"phase": "decode"},
        ">= lambda_flops*p/(2*lambda_mem)", [],
    ),
    (
        "states + activations <= hbm", "B", {"limit": "E=4,p=2"},
        "<= (hbm - 216*L*D**2)/(L*S*(34*D + 5*A*S))", ["hbm > 216*L*D**2"],
    ),
    (
        "states + cache <= hbm", "S", {"phase": "decode", "limit": "E=4,p=2"},
        "<= (hbm - 24*L*D**2)/(4*B*D*L)", ["hbm > 24*L*D**2"],
    ),
    (
        "states <= hbm", "T", {"passes": ["tensor_parallel(T)"], "limit": "E=4"}, ">= 216*L*D**2/hbm", [],
    ),
    (
        "(states + cache)/lambda_mem <= flops(weights)/lambda_flops", "B", {"phase": "decode", "limit": "p=2,E=4"},
        ">= 6*D*lambda_flops/(6*D*lambda_mem - S*lambda_flops)", ["6*D*lambda_mem > S*lambda_flops"],
    ),
    (
        "intensity(attn.q) >= lambda_flops/lambda_mem", "B*S", {"phase": "prefill"},
        ">= lambda_flops*p*D/(2*(D*lambda_mem - lambda_flops*p))", ["D*lambda_mem > p*lambda_flops"],
    ),
    ("params = N_params", "L", {"limit": "E=4"}, "== N_params/(12*D**2)", []),
]  # fmt: skip


def written(case: Case, name: str) -> str:
    """The bound of a case in Python syntax, its sign in front."""
    return bounds(case, Polynomial.symbol(name), PYTHON).removeprefix(f"{name} ")


def same(text: str, other: str) -> bool:
    """Whether two bounds have the same sign and are equal as functions."""
    (sign, form), (other_sign, other_form) = (side.split(" ", 1) for side in (text, other))
    return sign == other_sign and parse(form) == parse(other_form)


@pytest.mark.parametrize(("question", "wanted", "options", "bound", "conditions"), FORMULAS)
def test_the_answer_is_the_formula(question: str, wanted: str, options: Any, bound: str, conditions: list[str]) -> None:
    answer = solve(question, wanted, **options)
    (solution,) = answer.solutions
    assert same(written(solution.case, answer.unknown.name), bound)
    assert [condition(c, PYTHON) for c in solution.case.conditions] == conditions


@pytest.mark.parametrize(("question", "wanted", "options", "bound", "conditions"), FORMULAS)
def test_the_bound_is_where_both_sides_are_equal(
    question: str, wanted: str, options: Any, bound: str, conditions: list[str]
) -> None:
    """Checked by substitution into a second answer with numbers, on both sides of the bound."""
    answer = solve(question, wanted, **options)
    (solution,) = answer.solutions
    root = solution.case.low or solution.case.high
    assert root is not None
    values = {name: 1 + i for i, name in enumerate(root.symbols)}
    numbers = {sympy_symbol(n): v for n, v in values.items()}
    expected = parse(bound.split(" ", 1)[1]).to_sympy().subs(numbers)
    assert root.expr.subs(numbers) == expected


def test_quadratic_answers_have_a_square_root() -> None:
    answer = solve("states + activations <= hbm", "S", limit="E=4,p=2")
    (solution,) = answer.solutions
    assert solution.case.high is not None
    assert solution.case.high.unicode() == "(√((17BLD)² + 5BLA(hbm - 216LD²)) - 17BLD)/(5BLA)"
    left = "B*L*S*(34*D + 5*A*S) + 216*L*D**2 - hbm"
    s = solution.case.high.expr
    assert sympy.expand(parse(left).to_sympy().subs(sympy_symbol("S"), s)) == 0


# --- whole numbers ------------------------------------------------------------------------------------------------

GPT3: Any = {"op_set": "decoder", "model_name": "gpt-3", "hardware": "a100-80gb-sxm"}


def test_the_smallest_degree_also_divides_what_it_splits() -> None:
    answer = solve(
        "states + activations <= hbm",
        "T",
        passes=["tensor_parallel(T)"],
        limit="B=1,S=2048,p=2",
        **GPT3,
    )
    (solution,) = answer.solutions
    assert (solution.smallest, solution.divides) == (55, 96)
    assert "smallest T: 55; with T | 96 and T | 49152: 96" in text(answer, None)


def test_a_degree_that_can_divide_nothing_is_not_passed_off_as_one() -> None:
    whole: Any = GPT3 | {"op_set": "decoder(head=True)"}  # 50257 words
    answer = solve("states + activations <= hbm", "T", passes=["tensor_parallel(T)"], limit="B=1,S=2048,p=2", **whole)
    (solution,) = answer.solutions
    assert (solution.smallest, solution.divides) == (56, None)
    assert "smallest T: 56; with T | 96 and T | 49152 and T | 50257: none up to 4096 more" in text(answer, None)


def test_the_largest_whole_number_really_fits_and_the_next_does_not() -> None:
    options: Any = {"op_set": "decoder", "model_name": "llama-2-7b", "hardware": "a10", "phase": "decode"}
    answer = solve("states + cache <= hbm", "S", limit="B=3,p=2", **options)
    largest = answer.solutions[0].largest
    weights = 2 * 32 * (4 * 4096**2 + 3 * 4096 * 11008)  # four D x D and three D x 11008 matrices a layer, two bytes
    used = [weights + 2 * 2 * 3 * 32 * 4096 * s for s in (int(largest or 0), int(largest or 0) + 1)]
    assert used[0] <= 24 * 2**30 < used[1]


def test_fractions_stay_fractions_where_they_make_sense() -> None:
    answer = solve("params <= N_params", "E", limit="N_params=6442450944,L=32,D=4096")
    assert answer.solutions[0].largest == 4
    answer = solve("params == N_params", "E", limit="N_params=7000000000,L=32,D=4096")
    assert answer.solutions[0].largest == (Fraction(7 * 10**9, 32 * 4096**2) - 4) / 2


def test_irrational_bounds_are_rounded_to_the_right_whole_number() -> None:
    answer = solve("S*S <= hbm", "S", limit="hbm=1000000000000000000000000000000000000000000000000000001")
    assert answer.solutions[0].largest == 10**27
    answer = solve("S*S <= hbm", "S", limit=f"hbm={10**54 - 1}")
    assert answer.solutions[0].largest == 10**27 - 1


def test_degrees_above_two_are_solved_once_everything_is_bound() -> None:
    answer = solve("D**3 + D <= hbm", "D", limit="hbm=1010")
    assert answer.solutions[0].largest == 10
    with pytest.raises(UserError, match="degree 3 in D: bind hbm to solve it"):
        solve("D**3 + D <= hbm", "D")


# --- several answers, no answer -----------------------------------------------------------------------------------


def test_both_solutions_are_shown() -> None:
    answer = solve("S*S + 6 == 5*S", "S")
    assert [s.case.low and s.case.low.number for s in answer.solutions] == [2, 3]
    between = solve("S*S + 6 <= 5*S", "S").solutions[0]
    assert (between.smallest, between.largest) == (2, 3)
    outside = solve("S*S + 6 >= 5*S", "S").solutions
    assert [(s.smallest, s.largest) for s in outside] == [(None, 2), (3, None)]


def test_each_solution_comes_with_its_domain() -> None:
    answer = solve("(E - 2)*B <= D", "B")
    assert [(written(s.case, "B"), [condition(c, PYTHON) for c in s.case.conditions]) for s in answer.solutions] == [
        ("<= D/(E - 2)", ["E > 2"]),
        ("every B", ["E < 2"]),
    ]
    lines = text(answer, None).splitlines()
    assert "  B ≤ D/(E - 2)    if E > 2" in lines or "  B <= D/(E - 2)    if E > 2" in lines


def test_two_roots_have_a_condition_that_they_exist() -> None:
    answer = solve("S*S + D <= A*S", "S")
    (solution,) = answer.solutions
    assert [condition(c, PYTHON) for c in solution.case.conditions] == ["A**2 >= 4*D"]


@pytest.mark.parametrize(
    ("question", "limit", "said"),
    [
        ("(T - 1)*B <= 0", "T=1", "every B"),
        ("(T - 1)*B <= S", "T=1", "every B"),
        ("(T - 1)*B + D <= S", "T=1", "every B"),
    ],
)
def test_an_unknown_that_cancels_leaves_every_value_or_a_condition(question: str, limit: str, said: str) -> None:
    (solution,) = solve(question, "B", limit=limit).solutions
    assert bounds(solution.case, Polynomial.symbol("B"), PYTHON) == said
    assert [condition(c, PYTHON) for c in solution.case.conditions] == (["S >= D"] if "D" in question else [])


NO_ANSWER = {
    (
        "states + activations <= hbm",
        "B",
    ): "no B satisfies states + activations <= hbm: at B = 1 the left side is 3.02 TiB",
    ("states <= hbm - 100000000000", "B"): "B does not occur in the question",
    ("states + S*B <= B", "B"): "no B satisfies",
    ("B*B + 1 == B", "B"): "no B satisfies",
    ("(L - 96)*B + 2 <= 0", "B"): "no B satisfies (L - 96)*B + 2 <= 0: at B = 1 the left side is 2 too large",
}


@pytest.mark.parametrize(("question", "wanted"), NO_ANSWER)
def test_an_unsatisfiable_question_says_so_and_by_how_much(question: str, wanted: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, wanted, limit="S=2048,p=2", **GPT3)
    assert NO_ANSWER[question, wanted] in str(refused.value)


def test_what_stays_on_every_device_is_named_as_the_least_that_is_missing() -> None:
    with pytest.raises(UserError, match=r"at T -> oo the left side is .* too large"):
        solve(
            "states + activations <= hbm",
            "T",
            passes=["tensor_parallel(T)"],
            limit="B=1024,S=2048,p=2",
            **GPT3,
        )


@pytest.mark.parametrize(
    ("question", "by"),
    [
        ("B*2 <= 1", "at B = 1 the left side is 1 too large"),
        ("B*B + 616/100 <= 5*B", "at B = 2 the left side is 0.16 too large"),  # between 2.2 and 2.8
        ("B*B - B*D + D**2 <= 0", "at B = 1 the sides differ by D**2 - D + 1; bind D for a number"),
    ],
)
def test_what_no_whole_number_satisfies_is_not_answered(question: str, by: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, "B")
    assert by in str(refused.value)


def test_a_batch_that_does_not_fit_is_not_called_the_largest() -> None:
    options: Any = {"op_set": "decoder", "model_name": "llama-2-7b", "hardware": "h200"}
    with pytest.raises(UserError, match=r"at B = 1 the left side is 1\.144 TiB = 1\.257 TB too large"):
        solve("states + activations <= hbm", "B", limit="S=20000,p=2,L=20", **options)


def test_a_condition_that_fails_is_named_with_the_formula() -> None:
    with pytest.raises(UserError, match=r"S == D\*\(E - 2\) needs E > 2, but E=1"):
        solve("flops(attn) == flops(mlp)", "S", limit="E=1")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("S**2 - 5*S*D + 6*D**2 <= 0", ["2*D <= S <= 3*D"]),
        ("S**2 - 5*S*D + 6*D**2 == 0", ["S == 2*D", "S == 3*D"]),
        ("S**2 - 4*S + 4 == 0", ["S == 2"]),
        ("S**2 - 4*S + 4 <= 0", ["S == 2"]),
        ("S**2 - 4*S + 4 >= 0", ["every S"]),
        ("S**2 - 4*S*D + 4*D**2 >= 0", ["every S"]),
        ("S*S + D <= B*S", ["B/2 - sqrt((B/2)**2 - D) <= S <= sqrt((B/2)**2 - D) + B/2"]),
    ],
)
def test_roots_are_reduced_and_said_once(question: str, said: list[str]) -> None:
    answer = solve(question, "S")
    assert [bounds(s.case, Polynomial.symbol("S"), PYTHON) for s in answer.solutions] == said


def test_a_degree_is_asked_of_a_model_that_is_split() -> None:
    asked: Any = GPT3 | {"limit": "B=1,S=2048,p=2"}
    answer = solve("states + activations <= hbm", "T", **asked)
    assert (
        answer.solutions == solve("states + activations <= hbm", "T", passes=["tensor_parallel(T)"], **asked).solutions
    )
    assert answer.remarks == ("solved for T with --pass 'tensor_parallel(T)', as no pass splits the model",)
    assert solve("(T - 1)*B <= S", "T").remarks == ()


UNLIKE = {
    "flops + states <= hbm": "cannot add FLOP and byte",
    "flops <= hbm": "cannot compare FLOP and byte",
    "states - lambda_mem <= hbm": "cannot subtract byte and byte/s",
    "flops/lambda_flops <= states": "cannot compare s and byte",
    "intensity <= lambda_mem/lambda_flops": "cannot compare FLOP/byte and byte/FLOP",
    "(states**2 + B)/states + flops <= hbm": "cannot add byte and FLOP",
}


@pytest.mark.parametrize("question", UNLIKE)
def test_unlike_things_are_not_added_or_compared(question: str) -> None:
    with pytest.raises(UserError, match=UNLIKE[question]):
        solve(question, "B")


@pytest.mark.parametrize("question", ["activations <= 10**9", "p*params*B <= hbm", "B*flops/flops <= 7 + S"])
def test_bare_numbers_and_sizes_stand_beside_anything(question: str) -> None:
    assert solve(question, "B", limit="S=8").solutions


REFUSED = {  # (question, for) -> what the message must say
    ("states <= hbm", "b"): "unknown symbol 'b': did you mean B",
    ("states", "B"): "no relation; write LEFT <= RIGHT",
    ("states <= hbm <= B", "B"): "more than one relation",
    ("states < > hbm", "B"): "more than one relation",
    ("statez <= hbm", "B"): "unknown symbol or measure 'statez': did you mean states",
    ("statez(p=2) <= hbm", "B"): "unknown measure 'statez': did you mean states",
    ("states(p=0) <= hbm", "L"): "must be a positive rational",
    ("states(x=2) <= hbm", "L"): "unknown symbol 'x'",
    ("states(p=2, p=4) <= hbm", "L"): "p is given twice",
    ("states(p=1/(B+1)) <= hbm", "L"): "must be a size",
    ("flops(attnn) <= hbm", "B"): "unknown part of the model 'attnn'",
    ("flops(2) <= hbm", "B"): "takes parts of the model",
    ("flops(dims=st) <= hbm", "B"): "the terms of this measure are not single tensors",
    ("flops.recompute <= hbm", "B"): "flops.recompute is 0 in phase train",
    ("cache(attn.q) <= hbm", "B"): "cache of attn.q is 0 in phase decode",
    ("activations <= hbm", "B*B"): "without powers",
    ("activations <= hbm", "2*B"): "name a symbol, or a product",
    ("activations <= hbm", "B*S"): "S does not only occur as a part of B*S",
    ("activations <= hbm", "V"): "V does not occur in the question",
    ("().__class__ <= hbm", "B"): "only numbers, symbols",
    ("__import__('os').system('x') <= hbm", "B"): "unknown measure",
    ("states <= 9**9**9", "L"): "a number of more than 1000 digits",
    ("activations/(D - E) <= hbm", "B"): "may have either sign; multiply it out",
    ("states <= ", "B"): "an expression is missing",
}


@pytest.mark.parametrize(("question", "wanted"), REFUSED)
def test_unusable_questions_are_refused_in_words(question: str, wanted: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, wanted)
    assert REFUSED[question, wanted] in str(refused.value)


def test_what_is_solved_for_cannot_be_given() -> None:
    with pytest.raises(UserError, match="B is what the question is solved for"):
        solve("activations <= hbm", "B", limit="B=2")
    with pytest.raises(UserError, match="solving needs sizes, not limits"):
        solve("activations <= hbm", "B", limit="T->oo")


PIECES = [
    "states",
    "activations",
    "flops",
    "cache",
    "hbm",
    "B",
    "S",
    "p",
    "T",
    "(",
    ")",
    "=",
    "==",
    "<=",
    ">",
    "+",
    "-",
    "*",
]
PIECES += [
    "/",
    "**",
    ",",
    ".",
    "2",
    "9",
    "0",
    "attn",
    "dims",
    "st",
    "mixed_adam",
    " ",
    "'",
    "\\",
    "[",
    "]",
    "lambda",
    "é",
    "~",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.sampled_from(["B", "S", "T", "B*S", "p"]))
def test_any_text_is_answered_or_refused(question: str, wanted: str) -> None:
    with contextlib.suppress(UserError):
        solve(question, wanted)


# --- the algebra --------------------------------------------------------------------------------------------------

B = Polynomial.symbol("B")
small = st.integers(min_value=-6, max_value=6)


def inside(found: list[Case], value: Fraction) -> bool:
    """Whether a number lies in one of the cases."""

    def within(case: Case) -> bool:
        low = None if case.low is None else case.low.number
        high = None if case.high is None else case.high.number
        return (low is None or low <= value) and (high is None or value <= high)

    return any(map(within, found))


@given(
    st.lists(small, min_size=2, max_size=3),
    st.sampled_from(["<=", ">="]),
    st.fractions(min_value=Fraction(1, 50), max_value=20),
)
def test_cases_hold_exactly_where_the_relation_does(row: list[int], relation: Relation, value: Fraction) -> None:
    form = sum((B**k * c for k, c in enumerate(row)), Polynomial({}))
    assume("B" in form.symbols)
    number = sum((c * value**k for k, c in enumerate(row)), Fraction(0))
    assume(abs(number) > Fraction(1, 10**6))  # not at an irrational root, which is known to 40 digits
    assert inside(cases(form, relation, "B"), value) == (number <= 0 if relation == "<=" else number >= 0)


@given(
    st.lists(small, min_size=4, max_size=6),
    st.sampled_from(["<=", ">="]),
    st.fractions(min_value=Fraction(1, 50), max_value=20),
)
def test_the_same_for_any_degree(row: list[int], relation: Relation, value: Fraction) -> None:
    form = sum((B**k * c for k, c in enumerate(row)), Polynomial({}))
    assume("B" in form.symbols)
    number = sum((c * value**k for k, c in enumerate(row)), Fraction(0))
    assume(abs(number) > Fraction(1, 10**6))
    assert inside(intervals(form, relation, "B"), value) == (number <= 0 if relation == "<=" else number >= 0)


@given(
    st.integers(min_value=0, max_value=10**30), st.integers(min_value=1, max_value=10**6), st.sampled_from([2, 3, 5])
)
def test_roots_are_exact_or_right_to_many_digits(n: int, d: int, index: int) -> None:
    value = Fraction(n, d)
    assert nth_root(value**index, index) == value
    root = nth_root(value, index)
    assert root**index <= value < (root + Fraction(2, 10**40)) ** index


def test_coefficients_share_no_factor_and_start_at_the_lowest_power() -> None:
    form = parse("6*L*D*B**2 + 4*L*D**2*B/S").numerator
    assert [str(c) for c in coefficients(form, "B")] == ["2*D", "3*S"]


def test_symbolic_cases_agree_with_numbers() -> None:
    """Every symbolic case, numbers put in, is the answer of the numeric question where its conditions hold."""
    generator = random.Random(7)
    form = parse("(E - 2)*D*B**2 + (A - 3)*B - (S - 4)").numerator
    found = cases(form, "<=", "B")
    assert len(found) > 4
    for _ in range(200):
        values = {name: Polynomial.constant(generator.randint(1, 6)) for name in ("D", "A", "S", "E")}
        numeric = form.substitute(values)
        if "B" not in numeric.symbols or any(not (parse(t).substitute(values).number) for t in ("E-2", "A-3", "S-4")):
            continue
        holding = [
            case
            for case in found
            if all(
                (c.form.substitute(values).number or 0) >= (0 if not c.strict else Fraction(1, 10**9))
                for c in case.conditions
            )
        ]
        at = Fraction(generator.randint(1, 80), 7)
        expected = (numeric.substitute({"B": Polynomial.constant(at)}).number or 0) <= 0
        bound = [Case(case.low and put(case.low, values), case.high and put(case.high, values)) for case in holding]
        assert inside(bound, at) == expected


def put(root: Root, values: dict[str, Polynomial]) -> Root:
    """The root with numbers in place of symbols."""
    above, below, factor, radicand = (
        part.substitute(values) for part in (root.above, root.below, root.factor, root.radicand)
    )
    return Root(above, below, factor, radicand, root.index)


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.fixture
def answer() -> Answer:
    return solve("states + activations <= hbm", "B", limit="E=4,p=2,S=2048", hardware="a100-80gb-sxm")


def test_json_is_the_contract(answer: Answer) -> None:
    data = json.loads(json.dumps(to_json(answer)))
    assert data["schema"] == "costgraph.solve/1"
    assert data["limit"] == {"hbm": str(80 * 2**30), "E": "4", "p": "2", "S": "2048"}
    (formula,), (solution,) = data["formulas"], data["solutions"]
    assert formula["low"] is None
    assert parse(formula["high"]) == parse("(hbm - 36*L*D**2*(E+2))/(L*S*(A*S*(2*p+1) + 2*D*(p*(E+4)+1)))")
    assert solution["if"] == ["10737418240 > 27*L*D**2"]


def test_latex_and_markdown_show_formula_and_answer(answer: Answer) -> None:
    for page in (latex(answer), markdown(answer)):
        assert page.count(r"B \le") == 2
        assert r"M_{\mathrm{hbm}}" in page


def test_a_formula_is_shown_before_numbers_are_put_in() -> None:
    (formula,) = solve(MIXED_OR_FULL, "B", limit="E=4").formulas
    assert same(written(formula, "B"), ">= (2 + E)*D**2/(S*((E + 4)*D + A*S))")
    assert solve("cache == states", "B").formulas == ()  # nothing was put in: the answer is the formula


def test_no_answer_of_degree_two_needs_sympy() -> None:
    code = "import sys, costgraph as cg; cg.solve('states + activations <= hbm', 'S', limit='E=4,p=2');"
    code += "assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
