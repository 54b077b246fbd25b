"""Questions that cannot be used are refused in words."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph import UserError, solve

UNLIKE = {
    "flops + states <= hbm": "cannot add FLOP and byte",
    "flops <= 80 GiB": "cannot compare FLOP and byte",
    "flops <= hbm": "cannot compare FLOP and byte",
    "states - lambda_mem <= hbm": "cannot subtract byte and byte/s",
    "flops/lambda_flops <= states": "cannot compare s and byte",
    "intensity <= lambda_mem/lambda_flops": "cannot compare FLOP/byte and byte/FLOP",
    "(states**2 + states*states)/states + flops <= hbm": "cannot add byte and FLOP",
    "(states**2 + B)/states <= hbm": "cannot add byte^2 and a number",
    "params <= 80GB": "cannot compare a number and byte in 'params and 80 GB'; a count times p, or 2, is bytes",
    "S <= hbm": "a count times p, or 2, is bytes",
    "B <= 80ms": "cannot compare a number and s in 'B and 80 ms'",
    "t == N_params/lambda_mem": "cannot compare s and s/byte",
    "params == flops": "a count times a number, such as 6, is FLOPs",
    "params <= 80GB*lambda_mem": "cannot compare a number and byte^2/s",
    "states + B <= hbm": "cannot add byte and a number",
    "t == B*p/lambda_flops": "cannot compare s and byte*s/FLOP",
    "t == B*flops/lambda_mem": "cannot compare s and FLOP*s/byte",
    "hbm == B*t": "cannot compare byte and s",
    "B*N_params*p <= hbm/t": "cannot compare byte and byte/s",
    "2*B*N_params/lambda_flops + hbm/lambda_flops <= t": "cannot compare byte*s/FLOP and s",
}


@pytest.mark.parametrize("question", UNLIKE)
def test_unlike_things_are_not_added_or_compared(question: str) -> None:
    with pytest.raises(UserError, match=re.escape(UNLIKE[question])):
        solve(question, "B")


ROOFLINE = {  # a formula as it is typed: dimensions come from the symbols, and a count may be one of FLOPs or bytes
    "t == N_params*p*B/lambda_mem": "lambda_mem*t/(p*N_params)",
    "6*N_params*B*S/lambda_flops == t": "lambda_flops*t/(6*S*N_params)",
    "t*lambda_flops == 6*N_params*B*S": "lambda_flops*t/(6*S*N_params)",
    "t == 2*N_params*B/lambda_flops + N_params*p/lambda_mem": "",
    "2*B*N_params*p <= lambda_mem*20 ms": "lambda_mem/(100*p*N_params)",
    "2*N_params*B/lambda_flops <= 2*N_params/lambda_mem": "lambda_flops/lambda_mem",
    "24*B*S*L*D**2/lambda_flops <= 24*L*D**2/lambda_mem": "lambda_flops/(S*lambda_mem)",
    "2*B/lambda_flops + 2*B/lambda_mem <= 20 ms": "lambda_flops*lambda_mem/(100*(lambda_flops + lambda_mem))",
    "B <= lambda_flops*p/(2*lambda_mem)": "p*lambda_flops/(2*lambda_mem)",
    "B*p*N_params/(312 TFLOP/s) <= p*N_params/(312 TFLOP/s)": "1",
}


@pytest.mark.parametrize("question", ROOFLINE)
def test_formulas_of_a_roofline_are_read_as_they_are_typed(question: str) -> None:
    (solution,) = solve(question, "B").solutions
    root = solution.case.high
    assert root is not None
    assert root.text() == ROOFLINE[question] or not ROOFLINE[question]


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
    ("activations <= hbm", " "): "for_='': name a symbol, or a product",
    ("activations <= hbm", "2*B"): "name a symbol, or a product",
    ("activations <= hbm", "B*S"): "S does not only occur as a part of B*S",
    ("activations <= hbm", "V"): "V does not occur in the question",
    ("().__class__ <= hbm", "B"): "only numbers, symbols",
    ("__import__('os').system('x') <= hbm", "B"): "only numbers, symbols",
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
        solve("activations <= hbm", "B", limit="S->oo")


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
