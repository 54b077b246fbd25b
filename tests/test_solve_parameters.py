"""`N_params` in a question: the parameters of the model that was named, a letter where none is."""

from __future__ import annotations

import re
from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.errors import UserError
from costgraph.solving.solution import solve

COUNTED = "N_params read as the parameters of "


@pytest.mark.parametrize(
    ("question", "unknown", "of", "says", "said"),
    [
        ("N_params == 7B", "L", {}, "L = 3500000000/(D²(E + 2))", "decoder: 2*L*D**2*(E + 2)"),
        ("n_params == 7B", "L", {}, "L = 3500000000/(D²(E + 2))", "decoder: 2*L*D**2*(E + 2)"),
        (r"N_{\text{params}} = 7B", "L", {}, "L = 3500000000/(D²(E + 2))", "decoder: 2*L*D**2*(E + 2)"),
        ("N = 7B", "L", {"let": "N=N_params"}, "L = 3500000000/(D²(E + 2))", "decoder: 2*L*D**2*(E + 2)"),
        ("N_params == 7B", "L", {"op_set": "decoder(mlp=gated)"}, "L = 7000000000/(D(4D + 3F))", "decoder(mlp=gated)"),
        ("N_params <= 7B", "L", {"model": "llama-3-8b", "symbolic": "L"}, "largest L: 27", "Llama 3 8B"),
        ("N_params <= 7B", "L", {"model": "llama-2-7b", "symbolic": "L"}, "largest L: 33", "Llama 2 7B"),
        ("N_params*p <= 80 GB", "L", {"mesh": "tensor(T)"}, "L ≤ 40000000000/(D²p(E + 2))", "decoder"),
        ("6*N_params*B*S/lambda_flops == t", "t", {"op_set": "decoder"}, "t = 12BSLD²(E + 2)/lambda_flops", "decoder"),
        ("6*N_params*B*S/lambda_flops == t", "t", {"model": "llama-3-8b"}, "6BSD(L(", "Llama 3 8B (llama-3-8b): 8030"),
        # a letter
        ("6*N_params*B*S/lambda_flops == t", "t", {}, "t = 6BS N_params/lambda_flops", ""),
        ("t == N_params*p/lambda_mem", "N_params", {"op_set": "decoder"}, "N_params = lambda_mem t/p", ""),
        ("params == N_params", "L", {}, "L = N_params/(2D²(E + 2))", ""),
        ("6*N_params*B*S/lambda_flops == t", "t", {"limit": "N_params=7B"}, "t = 42000000000BS/lambda_flops", ""),
        ("6*N_params*B*S/lambda_flops == t", "t", {"model": "llama-2-7b"}, "t = 42000000000BS/lambda_flops", ""),
    ],
)
def test_the_parameters_of_a_question_are_those_of_its_model(
    question: str, unknown: str, of: Any, says: str, said: str
) -> None:
    answer = solve(question, unknown, **of)
    assert says in str(answer)
    counted = "; ".join(answer.remarks)
    assert (COUNTED + said in counted) if said else (COUNTED not in counted)


def test_it_is_what_check_puts_in() -> None:
    """6*N_params*B*S is flops but for attention, which costs 12*B*L*D*S**2: at S = 1 the rest of both sides cancels."""
    with pytest.raises(cg.UserError, match=r"at S = 1 the left side is 12\*B\*L\*D FLOP too small"):
        solve("6*N_params*B*S == flops", "S", op_set="decoder")
    assert cg.check("6*N_params*B*S", "flops").difference == parse("12*B*L*D*S**2")


def test_a_count_that_was_typed_is_not_counted() -> None:
    with pytest.raises(cg.UserError, match="L does not occur in the question"):
        solve("N_params == 7B", "L", limit="N_params=3")


@pytest.mark.parametrize(
    ("question", "unknown", "asked", "readings"),
    [
        ("params + 1B <= 7B", "L", {"limit": "D=4096,E=4"}, "7000000000 and 7*B"),
        ("cache <= 7 B", "B", {"model": "llama-3-8b", "phase": "decode", "limit": "S=4096"}, "7000000000 and 7*B"),
        ("params <= 7T", "L", {"limit": "D=4096,E=4", "mesh": "tensor(T)"}, "7000000000000 and 7*T"),
    ],
)
def test_a_lone_number_beside_a_size_of_its_letter_is_refused_with_both_readings(
    question: str, unknown: str, asked: dict[str, str], readings: str
) -> None:
    with pytest.raises(UserError, match=re.escape(readings)):
        solve(question, unknown, **asked)  # type: ignore[arg-type]
