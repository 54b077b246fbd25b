"""Questions that cannot be used are refused in words."""

import contextlib

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
    ("activations <= hbm", " "): "--for '': name a symbol, or a product",
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
