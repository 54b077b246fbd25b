"""What a convention makes of the work, against walks over single queries, keys, parameters and tokens."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.parser import parse
from costgraph.conventions import EXACT
from costgraph.conventions.known import CONVENTIONS, PRESETS
from costgraph.errors import UserError

exact = CONVENTIONS["exact"]
SIZES = {"B": 2, "S": 5, "D": 8, "L": 3, "A": 4, "E": 4, "V": 11, "K": 16, "p": 2}


def at(form: cg.ClosedForm, **more: int) -> object:
    sizes = SIZES | more
    return form.limit(**{name: value for name, value in sizes.items() if name in form.symbols}).number


def pairs(queries: int, context: int, window: int, causal: str) -> float:
    """How many of the scores count."""
    seen = 0
    for i, j in product(range(context - queries, context), range(context)):
        shown = i - window < j
        seen += shown and j <= i if causal == "triangle" else shown or causal == "all"
    return seen


@pytest.mark.parametrize("flash", [False, True])
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("window", [1, 2, 4, 5, 9])
def test_a_triangle_is_what_queries_see(window: int, train: bool, flash: bool) -> None:
    steps = [*([cg.flash_attention] if flash else []), *([cg.backward] if train else [])]
    graph = cg.decoder(window="W").apply(*steps)
    full, seen = (m.flops(graph, exact(causal=how)) for how in ("full", "triangle"))
    matmuls = (7 if flash else 6) if train else 2  # scores and values, twice that for gradients, scores again
    each = 2 * SIZES["B"] * SIZES["D"] * SIZES["L"] * matmuls
    hidden = SIZES["S"] * min(SIZES["S"], window) - pairs(SIZES["S"], SIZES["S"], window, "triangle")
    assert at(full, W=window) - at(seen, W=window) == each * hidden  # type: ignore[operator]


@pytest.mark.parametrize("new", [1, 3, 5])
def test_new_tokens_see_the_cache_and_those_before_them(new: int) -> None:
    graph = cg.decoder().apply(cg.decode("S", new=new))
    full, seen = (m.flops(graph, exact(causal=how)) for how in ("full", "triangle"))
    hidden = new * SIZES["S"] - pairs(new, SIZES["S"], 99, "triangle")
    assert at(full) - at(seen) == 4 * SIZES["B"] * SIZES["D"] * SIZES["L"] * hidden  # type: ignore[operator]


TRAINED = cg.decoder(head=True).apply(cg.backward)


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({}, "6*B*S*(2*L*D*(S + D*(E + 2)) + D*V)"),
        ({"causal": "half"}, "6*B*S*(L*D*(S + 2*D*(E + 2)) + D*V)"),
        ({"causal": "triangle"}, "6*B*S*(L*D*(S + 1 + 2*D*(E + 2)) + D*V)"),
        ({"head": "left_out"}, "12*B*S*L*D*(S + D*(E + 2))"),
        ({"embedding": "matmul"}, "6*B*S*(2*L*D*(S + D*(E + 2)) + D*V) + 2*B*S*D*V"),
        ({"embedding": "matmul", "backward": "twice"}, "6*B*S*(2*L*D*(S + D*(E + 2)) + 2*D*V)"),
        ({"multiply_add": 1}, "3*B*S*(2*L*D*(S + D*(E + 2)) + D*V)"),
        ({"linear": "parameters", "backward": "twice"}, "6*B*S*(2*L*D*(S + D*(E + 2)) + 4*L*D + 2*D + D*V)"),
    ],
    ids=str,
)
def test_options_of_a_convention(options: dict[str, object], form: str) -> None:
    found = m.flops(TRAINED, exact(**options))
    assert found.same_as(form)
    assert (found.value + found.remainder - m.flops(TRAINED, EXACT).value).numerator == 0


def test_six_times_the_parameters_and_attention() -> None:
    palm = exact(linear="parameters", backward="twice", embedding="matmul")
    count = m.params(TRAINED, EXACT).value - parse("K*D")  # rows of positions are added
    assert (m.flops(TRAINED, palm).value - count * parse("6*B*S") - parse("12*L*S**2*B*D")).numerator == 0


def test_windows_may_count_as_the_whole_context() -> None:
    windowed, plain = cg.decoder(window="W"), cg.decoder()
    assert m.flops(windowed, exact(windows="full")).value == m.flops(plain, EXACT).value
    half = exact(windows="full", causal="half")
    assert m.flops(windowed, half).value == m.flops(plain, exact(causal="half")).value


def test_active_parameters_are_those_a_token_is_sent_to() -> None:
    found = cg.derive("params", model="qwen3-30b-a3b", convention="exact(parameters=active)")
    assert found.limited["params"].number == 3_353_032_704  # of 30 532 122 624
    router = cg.derive("params(moe.router)", model="qwen3-30b-a3b", convention="exact(parameters=active)")
    assert router.limited["params(moe.router)"].number == 48 * 2048 * 128


def test_a_router_may_be_left_out() -> None:
    every, without = (
        cg.derive("flops", model="mixtral-8x7b", convention=f"exact(router={how})").forms["flops"].value
        for how in ("counted", "left_out")
    )
    assert str(every - without) == "6*B*S*L*D*N_r"


def test_tokens_of_an_encoder_are_not_those_of_the_decoder() -> None:
    with pytest.raises(UserError, match="an encoder has tokens of its own"):
        cg.derive("flops", model="t5-base", convention="exact(linear=parameters)")


@pytest.mark.parametrize("name", PRESETS)
def test_a_convention_says_who_counts_so_and_is_read_by_its_name(name: str) -> None:
    assert PRESETS[name].source
    assert CONVENTIONS[name]() == PRESETS[name]
    assert cg.derive("flops", convention=name).setup.convention == PRESETS[name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("exact(causal=half)", "exact(causal=half)"),
        ("exact(causal=full, head=counted)", "exact"),
        (
            "notes(elementwise=one, causal=half, additions=counted)",
            "notes(elementwise=one, additions=counted, causal=half)",
        ),
        ("exact(multiply_add=1)", "exact(multiply_add=1)"),
    ],
)
def test_options_that_change_something_are_in_the_name(text: str, name: str) -> None:
    assert cg.derive("flops", convention=text).setup.convention.name == name


def test_an_unknown_option_names_the_choices() -> None:
    with pytest.raises(UserError, match="causal of exact"):
        cg.derive("flops", convention="exact(causal=third)")


def test_a_step_of_decode_may_see_a_sum_of_positions() -> None:
    """S + 1 divides what a product over S + 1 positions costs."""
    for convention in ("megatron-2025", "llm-analysis", "torch"):
        form = cg.derive("flops", convention=convention, passes="decode(S+1)", op_set="decoder").forms["flops"]
        assert form.value == cg.derive("flops", passes="decode(S+1)", op_set="decoder").forms["flops"].value


@pytest.mark.parametrize("convention", ["palm", "kaplan", "torchtitan", "transformers"])
@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_parameters_count_alike_however_they_rest(convention: str, zero: int) -> None:
    model = "mixtral-8x7b"
    alone = cg.derive("flops", model=model, convention=convention).forms["flops"].value
    spread = cg.derive("flops", model=model, convention=convention, mesh=f"data(8, zero={zero})").forms["flops"].value
    assert spread * parse("8") == alone
    tables = cg.derive("flops(embed)", op_set="decoder(head=True)", convention=convention, mesh=f"data(8, zero={zero})")
    assert not tables.forms["flops(embed)"].terms  # positions are added, and the tied table counts at the head


@pytest.mark.parametrize(
    "how", [{"mesh": "data(8, zero=3)"}, {"passes": "autocast", "precision": "fp32_adam"}], ids=str
)
def test_active_parameters_are_found_behind_gathers_and_casts(how: dict[str, str]) -> None:
    found = cg.derive("params", model="mixtral-8x7b", convention="torchtitan", **how)  # type: ignore[arg-type]
    assert found.limited["params"].number == Fraction(12_879_925_248, 8 if "mesh" in how else 1)


def test_one_flop_per_multiply_add_holds_for_convolutions_too() -> None:
    two, one = (
        cg.derive("flops.forward", model="mamba2-130m", convention=name).forms["flops.forward"].value
        for name in ("exact", "exact(multiply_add=1)")
    )
    assert two == one * parse("2")


@pytest.mark.parametrize("axis", ["tensor(4, sequence=True)", "data(4, zero=3)"])
def test_devices_that_share_out_all_tokens_or_parameters_share_out_what_is_counted_by_them(axis: str) -> None:
    for convention in ("palm", "kaplan", "transformers"):
        whole, each = (
            cg.derive("flops", op_set="decoder(head=True)", convention=convention, mesh=mesh).forms["flops"].value
            for mesh in ("", axis)
        )
        assert (each * parse("4") - whole).numerator == 0


def test_messages_have_the_name_as_it_was_typed() -> None:
    with pytest.raises(UserError, match="option of megatron-2025"):
        cg.derive("flops", convention="megatron-2025(casual=half)")
