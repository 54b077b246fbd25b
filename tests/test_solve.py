"""Inverse questions: formulas with their domains, whole numbers, and what is said when there is no answer."""

import json
import subprocess
import sys
from typing import Any

import pytest
import sympy

from costgraph import estimate, machine, solve
from costgraph.algebra.inequalities import Case
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import UNICODE
from costgraph.algebra.symbols import sympy_symbol
from costgraph.reports.latex import latex
from costgraph.reports.layout import text
from costgraph.reports.markdown import markdown
from costgraph.reports.solve import PYTHON, bounds, condition, report
from costgraph.reports.solve_json import to_json
from costgraph.solving.solution import Answer

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


GPT3: Any = {"op_set": "decoder", "model_name": "gpt-3", "hardware": "a100-80gb-sxm"}


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
        ("every B", ["E <= 2"]),
    ]
    lines = text(report(answer), UNICODE).splitlines()
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
    assert answer.remarks == ("solved for T with --mesh 'tensor(T)', as nothing splits the model",)
    assert solve("(T - 1)*B <= S", "T").remarks == ()


REMARKS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "what a model brings along": ("activations <= hbm", "B", GPT3 | {"limit": "S=8,p=2"}, ()),
    "typed without effect": (
        "cache == states", "B", {"limit": "L=3,E=4"}, ("L does not occur in the question, or cancels from it",),
    ),
    "part of a claim": ("states <= hbm", "T", {"passes": ["tensor_parallel(T)"], "limit": "A=96"}, ()),
    "a split model": ("activations <= hbm", "B", {"passes": ["tensor_parallel(T)"], "limit": "T=8"}, ()),
    "a model that is not": (
        "activations <= hbm", "B", {"limit": "T=1"}, ("T does not occur in the question, or cancels from it",),
    ),
    "a sequence beyond the model": (
        "states + cache <= hbm", "B", {"model_name": "llama-2-7b", "hardware": "a10", "limit": "S=5000,p=2"},
        ("S=5000: longer than K=4096, the longest sequence that the model was made for",),
    ),
    "an answer beyond the model": (
        "states + cache <= hbm", "S", {"model_name": "llama-2-7b", "hardware": "a10", "limit": "B=1,p=2"},
        ("S=20350: longer than K=4096, the longest sequence that the model was made for",),
    ),
    "a width that was typed": (
        "states + cache <= hbm", "B", {"hardware": "a10", "limit": "S=5000,L=2,D=8,E=4,p=2"}, (),
    ),
    "a width that is open": (
        "activations <= hbm", "B", {"hardware": "a10", "limit": "S=5000,L=2,D=8,E=4"},
        ("p, the bytes per element, is open; bind it with --dtype or --limit p=2",),
    ),
    "a width from the data type": (
        "activations <= hbm", "B", {"hardware": "a10", "dtype": "fp16", "limit": "S=5000,L=2,D=8,E=4"}, (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REMARKS)
def test_what_the_user_should_know_is_remarked(name: str) -> None:
    question, wanted, options, said = REMARKS[name]
    answer = solve(question, wanted, **options)
    assert answer.remarks == said
    assert to_json(answer)["remarks"] == list(said)


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.fixture
def answer() -> Answer:
    return solve("states + activations <= hbm", "B", limit="E=4,p=2,S=2048", hardware="a100-80gb-sxm")


def test_json_is_the_contract(answer: Answer) -> None:
    data = json.loads(json.dumps(to_json(answer)))
    assert data["schema"] == "costgraph.solve/1"
    usable = machine("a100-80gb-sxm").usable.quantity.value
    assert data["limit"] == {"hbm": str(usable), "E": "4", "p": "2", "S": "2048"}
    (formula,), (solution,) = data["formulas"], data["solutions"]
    assert formula["low"] is None
    assert parse(formula["high"]) == parse("(hbm - 36*L*D**2*(E+2))/(L*S*(A*S*(2*p+1) + 2*D*(p*(E+4)+1)))")
    assert solution["if"] == ["10623254528 > 27*L*D**2"]


def test_latex_and_markdown_show_formula_and_answer(answer: Answer) -> None:
    for page in (latex(report(answer)), markdown(report(answer))):
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


def test_a_first_token_needs_logits_of_the_last_position_alone_as_in_an_estimate() -> None:
    asked: Any = {"model": "llama-3-8b", "hardware": "h100-sxm", "limit": {"S": 2048}}
    (solution,) = solve("ttft <= 0.5 s", "B", **asked).solutions
    assert solution.largest == 16  # 15 with logits of 2048 positions each
    found = [estimate(**{**asked, "limit": {"S": 2048, "B": size}}, phase="prefill").least for size in (16, 17)]
    assert found[0] <= 0.5 < found[1]
    every: Any = {**asked, "model": "llama-3-8b(head=all)"}
    assert solve("ttft <= 0.5 s", "B", **every).solutions[0].largest == 15


@pytest.mark.parametrize("typed", ["tpot <= 6000 µs", "tpot <= 6000μs", "tpot <= 6000 us", "tpot <= 6 ms"])
def test_a_time_is_typed_as_answers_print_it(typed: str) -> None:
    answer = solve(typed, "B", model="llama-3-8b", hardware="h100-sxm", limit={"S": 2048})
    assert answer.solutions[0].largest == 18
