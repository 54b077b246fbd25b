"""Inverse questions that nothing answers: that it is said, and by how much."""

import re
from typing import Any

import pytest

from costgraph import UserError, solve

GPT3: Any = {"op_set": "decoder", "model_name": "gpt-3", "hardware": "a100-80gb-sxm", "attention": "eager"}

NO_ANSWER = {
    (
        "states + activations <= hbm",
        "B",
    ): "no B satisfies states + activations <= hbm: at B = 1 the left side is 3.021 TiB",
    ("states <= hbm - 100000000000", "B"): "B does not occur in the question",
    ("states + p*S*B <= p*B", "B"): "no B satisfies",
    ("B*B + 1 == B", "B"): "no B satisfies",
    ("(L - 96)*B + 2 <= 0", "B"): "no B satisfies (L - 96)*B + 2 <= 0: whatever B is, the left side is 2 too large",
}


@pytest.mark.parametrize(("question", "wanted"), NO_ANSWER)
def test_an_unsatisfiable_question_says_so_and_by_how_much(question: str, wanted: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, wanted, limit="S=2048,p=2", **GPT3)
    assert NO_ANSWER[question, wanted] in str(refused.value)


def test_what_stays_on_every_device_is_named_as_the_least_that_is_missing() -> None:
    with pytest.raises(UserError, match=r"as T -> oo the left side is .* too large"):
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
        ("B*B - B*D + D**2 <= 0", "at B = D/2 the left side is 3*D**2/4 too large; bind D for a number"),
    ],
)
def test_what_no_whole_number_satisfies_is_not_answered(question: str, by: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, "B")
    assert by in str(refused.value)


def test_a_batch_that_does_not_fit_is_not_called_the_largest() -> None:
    options: Any = {"op_set": "decoder", "model_name": "llama-2-7b", "hardware": "h200", "attention": "eager"}
    with pytest.raises(UserError, match=r"at B = 1 the left side is 1\.145 TiB = 1\.259 TB too large"):
        solve("states + activations <= hbm", "B", limit="S=20000,p=2,L=20,E=129/32", **options)


def test_a_condition_that_fails_is_named_with_the_formula() -> None:
    with pytest.raises(UserError, match=r"S == D\*\(E - 2\) needs E > 2, but E=1"):
        solve("flops(attn) == flops(mlp)", "S", limit="E=1")


MISSES = {  # question, for -> where and by how much it fails least
    ("E + 5 <= 0", "E"): "as E -> 0 the left side is 5 too large",
    ("E*E - 3*E + 5 <= 0", "E"): "at E = 3/2 the left side is 2.75 too large",
    ("B*B - 3*B + 5 <= 0", "B"): "at B = 1 the left side is 3 too large",
    ("B*B + 1 == B", "B"): "at B = 1 the left side is 1 too large",
    ("6*B - B*B >= 10", "B"): "at B = 3 the left side is 1 too small",
    ("B*B - 4*B + 4 < 0", "B"): "at B = 2 both sides are equal",
    ("1/B <= 0", "B"): "as B -> oo both sides are equal",
    ("1/(B - 3) == 0", "B"): "as B -> oo both sides are equal",
    ("B < 1", "B"): "at B = 1 both sides are equal",
    ("E < 0", "E"): "as E -> 0 both sides are equal",
    ("E**4 - 4*E + 5 <= 0", "E"): "at E = 1 the left side is 2 too large",
    (
        "B*D + S <= 0",
        "B",
    ): "at B = 1 the left side is S + D too large; bind S, D for a number, as in limit={'S': 2048, 'D': ...}",
    ("E*D + S <= 0", "E"): "as E -> 0 the left side is S too large; bind S for a number",
    ("D/B <= 0", "B"): "as B -> oo both sides are equal",
    ("D/B + S <= 0", "B"): "as B -> oo the left side is S too large; bind S for a number",
    ("states + activations <= 0", "B"): "byte too large; bind ",
    ("flops/lambda_flops + t <= 0", "lambda_flops"): "as lambda_flops -> oo the left side is t s too large; bind t",
}


@pytest.mark.parametrize(("question", "wanted"), MISSES)
def test_the_nearest_miss_is_named_with_its_place(question: str, wanted: str) -> None:
    with pytest.raises(UserError) as refused:
        solve(question, wanted)
    assert MISSES[question, wanted] in str(refused.value)
    assert ("; bind " in str(refused.value)) == ("; bind " in MISSES[question, wanted])


@pytest.mark.parametrize("row", [(5, -3, 1), (7, -2, 0, 1), (4, 0, -3, 0, 1), (9, -6, 2)])
def test_no_number_misses_by_less(row: tuple[int, ...]) -> None:
    question = " + ".join(f"({c})*E**{power}" for power, c in enumerate(row))
    with pytest.raises(UserError) as refused:
        solve(f"{question} <= 0", "E")
    said = re.search(r"the left side is ([\d.]+) too large", str(refused.value))
    assert said is not None
    least = min(sum(c * (k / 1000) ** power for power, c in enumerate(row)) for k in range(1, 5000))
    assert float(said[1]) == pytest.approx(least, rel=1e-5)


LLAMA: Any = {"model_name": "llama-3-8b", "hardware": "h100-sxm"}


@pytest.mark.parametrize(
    ("question", "wanted", "limit", "by"),
    [
        # one side of the maximum is the larger one whatever B is; 0.2029 of the peak is 16.08 GFLOP in 80 µs
        ("mfu >= 0.4", "B", "S=2048", "as B -> oo the left side is 0.197138 too small"),
        # compute is longer from some S on, memory before: 7.505e9 weights of 2 bytes and one position of the cache
        ("ttft <= 1 ms", "S", "B=1", "at S = 1 the left side is 3.481 ms too large"),
        ("peak <= 1 B", "S", "B=1,p=2", "at S = 1 the left side is"),
    ],
)
def test_how_much_a_maximum_misses_by_is_asked_where_it_is_closest(
    question: str, wanted: str, limit: str, by: str
) -> None:
    phase = "decode" if "mfu" in question else "prefill"
    with pytest.raises(UserError) as refused:
        solve(question, wanted, limit=limit, phase=phase, **LLAMA)
    assert by in str(refused.value)
    assert "max_" not in str(refused.value)
    assert " needs " not in str(refused.value)  # which of the sides is the larger is no condition


LONG = [  # question, for, of what -> what is said: numbers, a remedy, and no formula of a model
    (
        ("states + activations <= hbm", "B"),
        {"model_name": "llama-3.1-70b", "hardware": "a10", "limit": "S=4096"},
        "at B = 1 the left side is 1.233 TiB = 1.356 TB too large, 1.133 TiB = 1.246 TB of it whatever B is;"
        " estimate says what to change",
    ),
    (
        ("peak <= 1 GB", "S"),
        {"model_name": "llama-3.2-1b", "hardware": "h100-sxm", "limit": "B=1"},
        "at S = 1 the left side is 20.27 GiB = 21.77 GB too large; estimate says what to change",
    ),
    (
        ("states + activations <= hbm", "T"),
        {
            "op_set": "decoder(kv_heads=G)", "hardware": "a10", "mesh": "tensor(T)",
            "limit": "L=80,D=8192,A=64,G=8,S=4096,B=1,p=2",
        },
        "as T -> oo the left side is 2.512 GiB = 2.697 GB too large",
    ),
    (
        ("states + activations <= 0", "B"),
        {"model_name": "llama-3-8b", "symbolic": "D,H,L,F,V,A,G"},
        "at B = 1 the left side is too large; bind ",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("question", "of", "said"), LONG)
def test_what_a_long_formula_would_not_explain_is_said_in_numbers(
    question: tuple[str, str], of: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        solve(*question, **of)
    assert said in str(refused.value)
    assert len(str(refused.value)) <= 250
