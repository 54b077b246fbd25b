"""What `costgraph solve` prints where an answer is long: names for parts, conditions on lines of their own."""

import re

import pytest

from costgraph import solve
from costgraph.algebra.parser import parse
from costgraph.algebra.printers import PYTHON
from costgraph.algebra.symbols import SYMBOLS
from costgraph.reports.layout import text
from costgraph.reports.root_names import LETTERS
from costgraph.reports.solve import report
from costgraph.reports.solve_json import to_json
from costgraph.solving.solution import Answer

LONG = "flops/lambda_flops <= traffic/lambda_mem"


def lines(answer: Answer, width: int | None = None) -> list[str]:
    """As Python syntax, so that it can be read back."""
    return text(report(answer), PYTHON, width).splitlines()


def test_no_symbol_has_the_letter_of_a_part() -> None:
    assert not set(LETTERS) & set(SYMBOLS)


def test_a_short_root_is_written_out() -> None:
    shown = lines(solve("S*S + D <= B*S", "S"))
    assert "  B/2 - sqrt((B/2)**2 - D) <= S <= sqrt((B/2)**2 - D) + B/2    if B**2 >= 4*D" in shown
    assert not any(line.startswith("  with") for line in shown)


def test_parts_of_a_long_root_have_names_that_conditions_use() -> None:
    shown = lines(solve(LONG, "S", op_set="decoder(head=True)"))
    assert "  S <= (sqrt(u**2 + w) - u)/x    if x > 0" in shown
    assert "  every S    if x < 0 and u > 0 and u**2 + w < 0" in shown
    assert "  every S    if x <= 0 and u <= 0" in shown


def test_names_put_in_give_the_root() -> None:
    """With numbers for the symbols, against the exact root."""
    answer = solve(LONG, "S", op_set="decoder(head=True)")
    shown = "\n".join(lines(answer, 1000))
    values = {
        name: 3 + i for i, name in enumerate(("A", "B", "D", "E", "K", "L", "V", "p", "lambda_flops", "lambda_mem"))
    }
    values["lambda_mem"] = 10**6  # so that x > 0
    named = {name: parse(form) for name, form in re.findall(r"(?:with|    ) ([uwx]) = (.*)", shown.replace("==", "="))}
    u, w, x = (
        float(named[name].substitute({k: parse(str(n)).numerator for k, n in values.items()}).number or 0)
        for name in "uwx"
    )
    root = answer.solutions[0].case.high
    assert root is not None
    exact = float(root.expr.subs({symbol: values[symbol.name] for symbol in root.expr.free_symbols}))
    assert x > 0
    assert ((u * u + w) ** 0.5 - u) / x == pytest.approx(exact, rel=1e-6)


def test_conditions_that_do_not_fit_stand_below() -> None:
    shown = lines(solve(LONG, "S", phase="decode"))
    below = [i for i, line in enumerate(shown) if line.startswith("    if ")]
    assert len(below) == 3
    assert all(shown[i + 1].startswith("    and ") for i in below)
    assert "  every S" in shown


def test_formula_and_answer_with_numbers_have_different_names() -> None:
    shown = "\n".join(lines(solve(LONG, "S", model_name="gpt-3", hardware="a100-80gb-sxm", attention="eager")))
    assert re.findall(r"^(?:  with|      ) ([a-z]) == ", shown, re.MULTILINE) == ["u", "w", "x", "y", "z"]


def test_json_has_every_bound_and_condition_in_full() -> None:
    for case in to_json(solve(LONG, "S", op_set="decoder(head=True)"))["solutions"]:
        for written in (case["low"], case["high"], *case["if"]):
            assert not set(re.findall(r"\b[a-z]\b", written or "")) & set(LETTERS)


def test_numbers_come_first_and_what_is_left_open_after_the_form() -> None:
    numbers = str(solve("states <= hbm", "L", E=4, D=4096, hardware="a10"))
    assert numbers.index("largest L") < numbers.index("while sizes are open") < numbers.index("36D²(E + 2)")
    left_open = str(solve("states <= hbm", "L", E=4))
    assert left_open.index("36D²(E + 2)") < left_open.index("at E=4") < left_open.index("216D²")
