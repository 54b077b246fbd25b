"""Forms as functions: what calling the form gives and refuses, for numbers and for arrays."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import costgraph as cg

np = pytest.importorskip("numpy")
ask: Any = cg  # sizes as keywords have names that no type lists
KEPT = ask.activations(cg.decoder(), B=1)
FLOPS = cg.flops(cg.decoder())

# forms of every kind: a sum, of another phase with a minimum, a maximum, what is rounded, a quotient, what cancels
FORMS: dict[str, tuple[Callable[[], Any], list[dict[str, Any]]]] = {
    "beyond 64 bits": (
        lambda: cg.flops("llama-3-8b"),
        [{"B": 512, "S": 131072}, {"B": 1024, "S": 131072}, {"B": 2**40, "S": 2**40}],
    ),
    "a minimum": (
        lambda: ask.cache("gemma-2-9b", phase="decode", B=1),
        [{"S": 1000}, {"S": 4096}, {"S": 100_000}],
    ),
    "a maximum": (lambda: cg.peak("llama-3-8b"), [{"B": 1, "S": 8}, {"B": 2, "S": 8192}, {"B": 8, "S": 100_000}]),
    "a quotient": (
        lambda: cg.flops("gpt2") / cg.activations("gpt2"),
        [{"B": 1, "S": 3, "p": 2}, {"B": 7, "S": 1000, "p": 4}],
    ),
    "ratios": (
        lambda: cg.activations(cg.decoder()),
        [
            {"B": 1, "S": 8, "L": 3, "D": 15, "A": 5, "E": 0.2, "p": Fraction(1, 2)},
            {"B": 2, "S": 9, "L": 3, "D": 16, "A": 4, "E": 8, "p": 2},
        ],
    ),
    "what cancels": (
        lambda: ask.params(cg.decoder(), D=1, E=1) - 6 * ask.params(cg.decoder(), L=1, E=1, D=1) * 10**15,
        [{"L": 10**15}, {"L": 6 * 10**15 + 1}, {"L": 6 * 10**15}],
    ),
    "devices": (
        lambda: cg.communication("llama-3-8b", mesh="tensor(T)"),
        [{"B": 1, "S": 2, "T": 1}, {"B": 3, "S": 1024, "T": 2}, {"B": 5, "S": 64, "T": 8}],
    ),
    "what is rounded": (
        lambda: cg.flops("mamba2-1.3b"),
        [{"B": 1, "S": 256}, {"B": 3, "S": 257}, {"B": 1, "S": 5}],
    ),
}


@pytest.mark.parametrize("of", FORMS)
def test_numbers_give_what_a_call_gives_and_arrays_the_floats_next_to_it(of: str) -> None:
    made, points = FORMS[of]
    form = made()
    names = list(points[0])
    function = form.lambdify(*names)
    exact = [form(**point) for point in points]
    assert [function(**point) for point in points] == exact
    for kind in (list, np.array):
        found = function(*(kind([point[name] for point in points]) for name in names))
        assert found.dtype == np.float64
        assert list(found) == pytest.approx([float(one) for one in exact], rel=1e-12, abs=0)


def test_arrays_broadcast_and_numbers_stay_beside_them() -> None:
    function = FLOPS.lambdify("B", "S", "L", "D", "E")
    found = function(np.array([[1], [2]]), [3, 4, 5], 2, 8, 4)
    assert [list(row) for row in found] == [[FLOPS(B=b, S=s, L=2, D=8, E=4) for s in (3, 4, 5)] for b in (1, 2)]
    assert function([], 1, 1, 1, 1).shape == (0,)
    assert KEPT.lambdify("S", "L", "D", "A", "E", "p", "V")(1, 1, 4, 2, 1, 1, [1, 2, 3]).shape == (3,)


@pytest.mark.parametrize("many", [False, True], ids=["numbers", "arrays"])
@pytest.mark.parametrize(
    ("form", "sizes"),
    [
        (KEPT, {"S": 2, "L": 1, "D": 10, "E": 4, "A": 3, "p": 2}),
        (KEPT, {"S": 2, "L": 1, "D": 12, "E": 4, "A": 3, "p": 0}),
        (FLOPS, {"B": -1, "S": 2, "L": 3, "D": 4, "E": 4}),
        (FLOPS, {"B": 1.5, "S": 2, "L": 3, "D": 4, "E": 4}),
        (FLOPS, {"B": 1, "S": float("nan"), "L": 3, "D": 4, "E": 4}),
        (FLOPS, {"B": 1, "S": float("inf"), "L": 3, "D": 4, "E": 4}),
        (FLOPS, {"B": True, "S": 1, "L": 3, "D": 4, "E": 4}),
        (cg.peak(cg.decoder(), mesh="tensor(T)"), {"B": 1, "S": 4, "L": 1, "D": 8, "A": 2, "E": 4, "p": 2, "T": 4}),
    ],
    ids=str,
)
def test_what_a_call_refuses_a_function_refuses_in_the_same_words(form: Any, sizes: dict[str, Any], many: bool) -> None:
    with pytest.raises(cg.UserError) as called:
        form(**sizes)
    with pytest.raises(cg.UserError) as caught:
        form.lambdify(*sizes)(*([size] for size in sizes.values()) if many else sizes.values())
    assert str(caught.value) == str(called.value)


@pytest.mark.parametrize("good", [1, 2])
def test_one_size_of_many_that_breaks_what_is_assumed_is_found(good: int) -> None:
    function = KEPT.lambdify("S", "L", "D", "A", "E", "p")
    assert function(2, 1, [12, 9], 3, 4, good)[0] == KEPT(S=2, L=1, D=12, A=3, E=4, p=good)
    with pytest.raises(cg.UserError, match=r"A \| D does not hold: 3 does not divide 10"):
        function(2, 1, [12, 10], 3, 4, good)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: KEPT.lambdify("S"), "depends on L, too; name it"),
        (lambda: KEPT.lambdify("S", "S"), "one of them is there twice"),
        (lambda: KEPT.lambdify("S", "zz"), "unknown symbol 'zz'"),
        (lambda: ask.cache("gemma-2-9b", phase="decode", B=1).lambdify("S_w"), "bind S instead of S_w"),
        (lambda: FLOPS.lambdify()(1), "takes B, S, L, D, E; S is missing"),
        (lambda: FLOPS.lambdify()(1, 1, 1, 1, 1, 1), "not 6 sizes"),
        (lambda: FLOPS.lambdify()(1, 1, 1, 1, 1, p=1), "not p"),
        (lambda: FLOPS.lambdify()(1, 1, 1, 1, 1, B=1), "B is given twice"),
        (lambda: FLOPS.lambdify()([1, 2], [1, 2, 3], 1, 1, 1), r"do not broadcast: B \(2,\), S \(3,\)"),
        (lambda: FLOPS.lambdify()([[1], [1, 2]], 1, 1, 1, 1), "B: no array of numbers"),
        (lambda: FLOPS.lambdify()(["4k", "2"], 1, 1, 1, 1), "B: '4k' is no number"),
        (lambda: FLOPS.lambdify()([10**400], 1, 1, 1, 1), "beyond float64"),
        (lambda: FLOPS.lambdify()([10**300], 10**9, 1, 1, 1), "beyond float64"),
    ],
)
def test_what_cannot_be_a_function_or_a_size_is_refused_in_a_sentence(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(cg.UserError, match=says):
        call()


@pytest.mark.parametrize("named", [(), ("B, S",), (["B", "S"],), ("B", "S"), "sympy"], ids=str)
def test_arguments_are_named_as_sympy_has_it(named: Any) -> None:
    form = cg.flops("gpt2")
    symbols = sorted(form.expr.free_symbols, key=str)
    assert form.lambdify(*(symbols if named == "sympy" else named))(2, 8) == form(B=2, S=8)
