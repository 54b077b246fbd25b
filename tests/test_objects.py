"""The library from Python: objects wherever text is taken, answers that show themselves, forms that calculate."""

from __future__ import annotations

import contextlib
import io
import json
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest

import costgraph as cg
from costgraph import passes
from costgraph.algebra.parser import parse
from costgraph.algebra.symbols import TABLE
from costgraph.errors import UserError
from costgraph.estimation.reading import request
from costgraph.given import Sizes
from costgraph.known_names import KINDS
from costgraph.passes.update import Update
from costgraph.reports.html import html
from costgraph.reports.nodes import Note, Report, math

GRAPH = cg.decoder().apply(cg.backward)
SIZES: dict[str, Any] = {"B": 2, "S": 8, "L": 3, "D": 16, "A": 4, "E": 4, "p": 2}
ask: Any = cg  # sizes as keywords have names that no type lists


# --- objects in place of text -----------------------------------------------------------------------------------------

SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"limit": {"E": 4}}, {"limit": "E=4"}),
    ({"E": 4}, {"limit": "E=4"}),
    ({"E": 4, "limit": "p=2"}, {"limit": "p=2,E=4"}),
    ({"E": 4, "limit": {"p": 2}}, {"limit": {"p": 2, "E": 4}}),
    ({"model": cg.model("llama-3-8b")}, {"model": "llama-3-8b"}),
    ({"passes": [cg.tensor_parallel(4)]}, {"passes": "tensor_parallel(4)"}),
    ({"passes": cg.flash_attention}, {"passes": "flash_attention"}),
    ({"mesh": [cg.DataAxis(8), cg.TensorAxis(2)]}, {"mesh": "data(8), tensor(2)"}),
    ({"op_set": cg.decoder(head=True)}, {"op_set": "decoder(head=True)"}),
    ({"op_set": cg.decoder}, {}),
    ({"mesh": ["data(8)", cg.TensorAxis(2)]}, {"mesh": "data(8), tensor(2)"}),
    ({"mesh": {"data": 8, "tensor": "T"}}, {"mesh": "data(8), tensor(T)"}),
    ({"batch_size": 2, "seq_len": "4k"}, {"limit": "B=2,S=4000"}),
    ({"mesh": None, "limit": None, "passes": None}, {}),
    ({"precision": {"weights": 2, "gradients": 4}}, {"precision": "weights=2,gradients=4"}),
    ({"op_set": cg.decoder(kv_heads=4000)}, {"op_set": "decoder(kv_heads=4k)"}),
    ({"mesh": cg.TensorAxis(1024)}, {"mesh": "tensor(1Ki)"}),
    ({"passes": "lora(1500)"}, {"passes": "lora(1.5k)"}),
]


@pytest.mark.parametrize(("objects", "text"), SAME, ids=lambda of: ", ".join(of) or "nothing")
def test_an_object_means_what_its_text_means(objects: dict[str, Any], text: dict[str, Any]) -> None:
    one, other = (ask.derive("params", "flops", "states", **options) for options in (objects, text))
    assert {name: str(form) for name, form in one.limited.items()} == {n: str(f) for n, f in other.limited.items()}


def test_a_type_checker_knows_every_size() -> None:
    assert set(Sizes.__annotations__) == {one.name for one in TABLE} - {"price"}
    assert cg.derive("flops", E=4, B="2")["flops"].same_as(cg.derive("flops", limit={"E": 4, "B": 2})["flops"])


def test_an_estimate_needs_no_request() -> None:
    asked = request(model="llama-3-8b", hardware="h100-sxm", limit="B=1,S=4096")
    for found in (
        ask.estimate("llama-3-8b", hardware="h100-sxm", limit={"B": 1, "S": 4096}),
        ask.estimate(cg.model("llama-3-8b"), hardware=cg.machine("h100-sxm"), B=1, S=4096),
        ask.estimate(model="llama-3-8b", hardware="h100-sxm", limit="B=1,S=4096"),
    ):
        assert (found.verdict.needed, found.least) == (ask.estimate(asked).verdict.needed, ask.estimate(asked).least)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"E": 4, "limit": {"E": 4}}, "E is given twice, in the limit and as a keyword"),
    ({"E": 4, "limit": "E=4"}, "E is given twice"),
    ({"headz": 4}, "unknown option 'headz'"),
    ({"B": 4, "batch_size": 4}, "B is given twice"),
    ({"limit": {"B": 4, "batch_size": 4}}, "B is given twice, once as batch_size"),
    ({"dim": 4}, "'dim' has several meanings"),
    ({"modle": "gpt-3"}, "did you mean model"),
    ({"E": -1}, "E"),
]


@pytest.mark.parametrize(("options", "says"), REFUSED, ids=lambda of: str(of))
def test_what_is_no_size_is_refused_in_words(options: dict[str, Any], says: str) -> None:
    with pytest.raises(cg.UserError, match=says) as caught:
        ask.derive("params", **options)
    assert "\n" not in str(caught.value)


ESTIMATES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"hardware": cg.cluster("h100-sxm:8x2")}, {"cluster": "h100-sxm:8x2"}),
    ({"hardware": "h100-sxm:8x2"}, {"cluster": "h100-sxm:8x2"}),
    ({"efficiency": {"flops": 0.5, "mem": "4/5", "comms": 0.7}}, {"efficiency": "flops=0.5,mem=0.8,comms=0.7"}),
    (
        {"efficiency": {"flops": 0.5, "comms": 0.7}, "overlap": {"data": "all", "tensor": 0.5}},
        {"efficiency": "flops=0.5,comms=0.7", "overlap": "data=all,tensor=0.5"},
    ),
    ({"measured": {"step": "10 s", "tokens/s": 4000}}, {"measured": "step=10 s,tokens/s=4000"}),
    ({"tokens": 15e12}, {"tokens": "15T"}),
]


@pytest.mark.parametrize(("objects", "text"), ESTIMATES, ids=lambda of: ", ".join(of))
def test_an_estimate_takes_objects_where_it_takes_text(objects: dict[str, Any], text: dict[str, Any]) -> None:
    plan: dict[str, Any] = {"phase": "train", "mesh": "data(2, zero=3), tensor(8)", "B": 2, "S": 4096}
    where = {} if "hardware" in objects else {"cluster": "h100-sxm:8x2"}
    assert str(ask.estimate("llama-3-8b", **plan, **where, **objects)) == str(
        ask.estimate("llama-3-8b", **plan, **where, **text)
    )


def test_the_machine_may_stand_second() -> None:
    assert str(ask.estimate("llama-3-8b", "a10", B=1, S=350)) == str(
        ask.estimate(model="llama-3-8b", hardware="a10", B=1, S=350)
    )


@pytest.mark.parametrize("price", [2.5, "2.5"])
def test_a_price_needs_its_currency(price: str | float) -> None:
    with pytest.raises(cg.UserError, match=r"'2.5' has no unit; write a price such as '2.5 USD/h'"):
        ask.estimate("llama-3-8b", "a10", B=1, S=350, price=price)


def test_a_number_of_three_readings_is_refused_in_a_call_too() -> None:
    with pytest.raises(cg.UserError, match="4K' has three readings"):
        ask.derive("params", op_set="decoder(kv_heads=4K)")


CONFIG = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "vocab_size": 1000, "max_position_embeddings": 128,
}  # fmt: skip


class Configuration:
    """As transformers has them."""

    def to_dict(self) -> dict[str, Any]:
        return {**CONFIG, "_name_or_path": "somebody/tiny"}


def test_a_model_is_a_configuration_in_memory_as_well_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    given = [cg.model(file), cg.model(str(file)), cg.model(tmp_path), cg.model(CONFIG), cg.model(Configuration())]  # type: ignore[arg-type]
    assert len({str(cg.params(one)) for one in given}) == 1
    assert given[-1].name == "tiny"
    for wrong in ({**CONFIG, "hidden_size": object()}, {"vocab_size": 1}, 3):
        with pytest.raises(cg.UserError):
            cg.model(wrong)  # type: ignore[arg-type]


def test_a_formula_to_check_is_text_a_form_or_an_expression_of_sympy() -> None:
    flops = cg.flops(GRAPH)
    for formula in (flops, flops.expr, str(flops)):
        assert cg.check(formula, "flops").agrees
        assert not cg.check(formula, "flops", phase="forward").agrees


def test_models_and_graphs_are_compared_as_they_are() -> None:
    typed = cg.compare("llama-3-8b", "qwen3-8b", "params")
    assert str(cg.compare(cg.model("llama-3-8b"), cg.model("qwen3-8b"), "params")) == str(typed)
    fused = cg.compare(cg.decoder(), cg.decoder().apply(cg.flash_attention), "activations").measures["activations"]
    assert str(fused.difference) == "2*B*S**2*L*A*p + B*S**2*L*A - 4*B*S*L*A"


def test_a_request_and_options_beside_it_are_refused() -> None:
    asked = request(model="llama-3-8b", hardware="a10")
    with pytest.raises(cg.UserError, match="B belongs to the request"):
        ask.estimate(asked, B=1)


def test_what_a_user_got_wrong_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="unknown model"):
        cg.model("gpt-33")


# --- answers show themselves ------------------------------------------------------------------------------------------

ANSWERS: dict[str, Any] = {
    "derivation": lambda: ask.derive("params", "flops", E=4),
    "by part": lambda: ask.derive("flops", model="mixtral-8x7b"),
    "estimate": lambda: ask.estimate("llama-3-8b", hardware="h100-sxm", B=1, S=4096),
    "open estimate": lambda: ask.estimate("llama-3-8b"),
    "solution": lambda: cg.solve("states + activations <= hbm", "B", hardware="a10"),
    "comparison": lambda: cg.compare("notes", "exact", "params"),
    "machine": lambda: cg.machine("h100-sxm"),
    "cluster": lambda: cg.cluster("h100-sxm:8x128"),
    "model": lambda: cg.model("deepseek-v3"),
    "a formula that agrees": lambda: cg.check(cg.flops(GRAPH), "flops"),
    "a formula that differs": lambda: cg.check("6*N_params*B*S", "flops"),
    "a leading term": lambda: cg.check("6*N_params*B*S", "flops", when="S << D"),
    "search": lambda: ask.search(
        "llama-3.2-1b", "h100-sxm:2x1", batch=4, S=1024, over="zero=[1, 3], recompute=none", top=2
    ),
    "sweep": lambda: ask.sweep("llama-3.2-1b", {"S": [1024, 2048]}, "peak,flops", B=1, hardware="a10"),
    "peak": lambda: ask.derive("peak", p=2, E=4),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_shows_itself_in_a_prompt_a_program_and_a_notebook(name: str) -> None:
    found = ANSWERS[name]()
    assert len(repr(found).splitlines()) < 60
    assert found.shown.startswith(repr(found).splitlines()[0])
    html = found._repr_html_()
    assert html.startswith("<div")
    assert html.count("<td") == html.count("</td>")
    assert "\x1b" not in html + str(found)
    assert found._repr_markdown_()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("by part", "a picture of a derivation has its costs over the size that is open"),
        ("estimate", "did you mean memory"),
        ("comparison", "a picture of a comparison has its costs over the size that is open"),
    ],
)
def test_an_answer_draws_itself(name: str, advice: str) -> None:
    found = {
        "by part": lambda: ask.derive("flops", model="llama-3-8b", B=1),
        "estimate": ANSWERS["estimate"],
        "comparison": lambda: ask.compare("attention=eager", "attention=flash", "activations", model="gpt2", B=1, p=2),
    }[name]()
    assert found.plot().content("a.svg") == cg.plot(found).content("a.svg")
    with pytest.raises(cg.UserError, match=f"unknown picture 'memry': {advice}"):
        found.plot("memry")


def test_print_gives_what_the_command_line_gives() -> None:
    from command_line import costgraph

    typed = costgraph("derive", "params", "flops", "--limit", "E=4").stdout
    assert f"{ask.derive('params', 'flops', limit='E=4')}\n" == typed


def test_what_stdout_cannot_take_is_written_as_in_a_program() -> None:
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with contextlib.redirect_stdout(plain):
        print(ask.derive("params"))
        plain.flush()
    assert b"2*L*D**2*(E + 2)" in plain.buffer.getvalue()


def test_text_of_a_user_is_no_element_of_a_page() -> None:
    assert "<b>a &lt;b&gt; c</b>" in html(Report("a <b> c", ()))
    assert "<p>word: 1 &lt; 2 <i>D²</i></p>" in html(Report("", ((Note(("1 < 2 ", math(parse("D**2"))), "word"),),)))


def test_a_form_has_its_name_and_unit_in_latex() -> None:
    assert cg.params(cg.decoder())._repr_latex_() == (
        r"$\text{params} = 2 L D^{2} \left(E + 2\right)\ \text{parameter}$"
    )
    regime = cg.flops(GRAPH).when("S << D")._repr_latex_()
    assert regime.endswith(r"\ \text{FLOP} \quad (S \ll D)$")


# --- forms calculate --------------------------------------------------------------------------------------------------


def test_forms_calculate_as_their_values_do() -> None:
    flops, params, kept = cg.flops(GRAPH), cg.params(GRAPH), cg.activations(GRAPH)
    f, n, k = (Fraction(form(**SIZES)) for form in (flops, params, kept))  # type: ignore[arg-type]
    for made, right in [
        (2 * flops, 2 * f),
        (flops * 2, 2 * f),
        (flops / 3, f / 3),
        (kept * 0.5, k / 2),
        (-kept, -k),
        (kept + 7, k + 7),
        (7 + kept, k + 7),
        (kept - 7, k - 7),
        (7 - kept, 7 - k),
        (sum([kept, kept], start=kept), 3 * k),
        (flops / params, f / n),
        (flops * params, f * n),
        (flops / params * params, f),
    ]:
        assert made(**SIZES) == right, made.name


def test_the_sum_of_many_forms_is_a_form() -> None:
    kept = cg.activations(GRAPH)
    added: Any = sum([kept, kept, kept])
    assert added.value == (3 * kept).value


def test_units_travel_with_products_and_must_agree_in_sums() -> None:
    flops, kept = cg.flops(GRAPH), cg.activations(GRAPH)
    assert (flops / kept).unit == "FLOP/byte"
    assert (flops * kept).unit == "FLOP*byte"
    assert (2 * kept).unit == "byte"
    with pytest.raises(cg.UserError, match="is in FLOP"):
        _ = flops + kept
    with pytest.raises(cg.UserError, match="is in FLOP"):
        _ = flops.limit(**SIZES) < kept.limit(**SIZES)


def test_what_a_convention_leaves_out_goes_through_products() -> None:
    """With all of it counted the result is that of the exact forms."""
    params, kept = cg.params(GRAPH), cg.activations(GRAPH)
    exact = cg.params(GRAPH, cg.derive(convention="exact").convention)
    tripled = 3 * params
    assert tripled.value + tripled.remainder == (3 * exact).value
    ratio = kept / params
    whole = (kept.value + kept.remainder) / (params.value + params.remainder)
    assert ratio.value + ratio.remainder == whole


def test_a_form_with_every_size_is_a_number() -> None:
    kept = cg.activations(GRAPH)
    bound = kept.limit(**SIZES)
    assert float(bound) == int(bound) == kept(**SIZES) == bound.number
    assert f"{bound:.2e}" == f"{float(bound):.2e}"
    assert f"{kept}" == str(kept)
    assert (round(bound), round(bound / 3, 1)) == (int(bound), round(int(bound) / 3, 1))
    assert bound < 10**9
    assert bound >= bound
    assert not bound > bound
    with pytest.raises(ValueError, match="activations depends on B, S, L"):
        float(kept)
    with pytest.raises(cg.UserError, match="neither a form nor a number"):
        _ = kept * "2"  # type: ignore[operator]
    with pytest.raises(cg.UserError, match="divide by zero"):
        _ = kept / 0


def test_sizes_are_put_in_as_sympy_has_it() -> None:
    kept = cg.activations(GRAPH)
    symbol = next(one for one in kept.expr.free_symbols if one.name == "B")
    assert kept.subs("B", 2) == kept.subs({symbol: 2}) == kept.subs(B=2) == kept.subs([("B", 2)]) == kept.limit(B=2)
    assert kept.limit(B=2, S=8) == kept.limit("B=2,S=8") == kept.limit({"B": 2, "S": 8}) == kept.limit("B=2", S=8)
    assert kept({"B": 2, "S": "4k"}) == kept(B=2, S=4000)


# --- names ------------------------------------------------------------------------------------------------------------


def test_every_public_name_is_there_and_nothing_else_is_listed() -> None:
    assert sorted(cg.__all__) == dir(cg)
    assert all(hasattr(cg, name) for name in dir(cg))
    assert len(set(cg.__all__) - {"__version__"}) <= 40


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("lora", "passes='lora', or build it: from costgraph.passes import Lora"),
        ("ContextAxis", "it stands in costgraph.mesh"),
        ("Lora", "it stands in costgraph.passes"),
        ("flop", "did you mean flops?"),
        ("zzz", "has no attribute 'zzz'$"),
    ],
)
def test_a_name_that_stands_elsewhere_is_told_where(name: str, says: str) -> None:
    with pytest.raises(AttributeError, match=says):
        getattr(cg, name)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_can_be_asked_for(kind: str) -> None:
    names = cg.known(kind)
    assert names
    assert all(isinstance(name, str) for name in names)


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(cg.UserError, match="did you mean models"):
        cg.known("model")


# --- measures ---------------------------------------------------------------------------------------------------------

NAMES = ("params", "states", "flops", "activations", "traffic", "intensity")


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_says_what_the_command_line_says_under_its_name(name: str) -> None:
    typed = ask.derive(name).forms[name]
    for graph in (cg.decoder(), GRAPH, cg.decoder().apply(cg.backward, Update)):
        assert getattr(cg, name)(graph).same_as(typed)


def test_flash_attention_and_adapters_say_nothing_of_a_phase() -> None:
    fused = cg.decoder().apply(cg.flash_attention)
    assert cg.activations(fused).same_as(ask.derive("activations", attention="flash").forms["activations"])


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_takes_a_model_by_name_and_as_an_object(name: str) -> None:
    typed = ask.derive(name, model="llama-3-8b").limited[name]
    assert getattr(cg, name)("llama-3-8b").same_as(typed)
    assert getattr(cg, name)(cg.model("llama-3-8b")).same_as(typed)


OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("communication", "llama-3-8b", {"mesh": "tensor(4)"}),
    ("flops", "llama-3-8b", {"B": 1, "S": 4096}),
    ("activations", "decoder(kv_heads=G)", {"attention": "flash", "limit": {"E": 4}}),
    ("cache", "decoder", {"phase": "decode", "mesh": {"tensor": 4}}),
    ("states", "llama-3-8b", {"precision": "mixed_adam_bf16", "mesh": "data(8, zero=3)"}),
]


@pytest.mark.parametrize(("name", "what", "options"), OPTIONS, ids=lambda of: str(of))
def test_a_measure_takes_what_derive_takes(name: str, what: str, options: dict[str, Any]) -> None:
    kind = "model" if what == "llama-3-8b" else "op_set"
    assert getattr(cg, name)(what, **options).same_as(ask.derive(name, **{kind: what}, **options)[name])


def test_an_option_that_no_measure_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(cg.UserError, match=r"unknown option of flops 'mehs': did you mean mesh"):
        cg.flops("llama-3-8b", mehs="tensor(4)")


def test_the_forms_of_a_derivation_are_found_by_name() -> None:
    found = ask.derive("params", "flops", E=4)
    assert found["flops"] == found.limited["flops"]
    assert list(found) == ["params", "flops"]
    with pytest.raises(cg.UserError, match="did you mean flops"):
        found["flop"]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("cache", {}, "one is kept in phase='prefill' or 'decode'"),
        ("communication", {}, "one device sends nothing"),
        ("activations", {"phase": "decode"}, "nothing is kept for a backward pass"),
    ],
)
def test_a_measure_that_is_zero_warns_why(name: str, options: dict[str, Any], says: str) -> None:
    for what in ("llama-3-8b", cg.decoder()):
        with pytest.warns(UserWarning, match=says):
            assert not getattr(cg, name)(what, **options).number


def test_a_graph_in_a_phase_is_measured_as_it_is() -> None:
    graph = cg.decoder().apply(cg.decode)
    assert cg.flops(graph).same_as(ask.derive("flops", phase="decode").forms["flops"])
    assert cg.cache(graph).same_as(ask.derive("cache", phase="decode").forms["cache"])


def test_a_convention_is_named_or_given() -> None:
    exact = ask.derive(convention="exact").convention
    assert cg.params(GRAPH, "exact").same_as(cg.params(GRAPH, exact))
    assert cg.params("llama-3-8b").convention.name == "exact"
    assert cg.params(GRAPH).convention.name == "notes"


def test_a_phase_is_that_of_the_model_and_a_part_that_of_a_step() -> None:
    assert cg.flops("llama-3-8b", phase="decode").same_as(
        ask.derive("flops", model="llama-3-8b", phase="decode").limited["flops"]
    )
    assert cg.cache(cg.decoder(), phase="decode").same_as(ask.derive("cache", phase="decode").forms["cache"])
    assert cg.flops(cg.decoder(), phase="forward").same_as(ask.derive("flops.forward").forms["flops.forward"])
    with pytest.raises(cg.UserError, match="unknown phase 'decod': did you mean decode"):
        cg.flops("llama-3-8b", phase="decod")


def test_a_report_is_shown_as_the_answer_that_it_is_of() -> None:
    answer = cg.derive("flops")
    assert (str(answer.report), repr(answer.report)) == (str(answer), repr(answer))
    assert answer.report._repr_html_() == answer._repr_html_()


def test_a_number_over_a_form_and_what_is_negative_have_names() -> None:
    form = cg.params(cg.decoder())
    assert ((2 / form).unit, (2 / form)(L=1, D=1, E=2)) == ("1/parameter", Fraction(1, 4))
    assert (-form).name == "-params"


ASKING = ["derive", "estimate", "solve", "check", "compare", "search", "sweep", "flops", "peak"]
SHARED = {"model", "op_set", "mesh", "limit", "symbolic", "precision", "attention", "weights", "let", "notation"}
OF_MACHINES = {"dtype", "link", "collectives", "efficiency", "overlap", "new", "price"}


@pytest.mark.parametrize("name", ASKING)
def test_a_question_has_the_name_that_it_is_asked_by_and_its_keywords_in_its_signature(name: str) -> None:
    function = getattr(cg, name)
    shown = signature(function).parameters
    assert function.__name__ == function.__qualname__ == name
    assert shown.keys() >= SHARED | (OF_MACHINES if name in ("estimate", "search", "sweep") else set())
    assert shown["sizes"].kind is Parameter.VAR_KEYWORD
    assert all(one.annotation is not Parameter.empty for one in shown.values())
    assert "Any" not in str(signature(function))


@pytest.mark.parametrize(
    "asked",
    [
        lambda: cg.estimate("gpt2", "a10", model="gpt2", B=1, S=8),
        lambda: cg.search("gpt2", "a10:1x1", model="gpt2", batch=1, S=8),
        lambda: cg.sweep("gpt2", "B=1..2", "flops", model="gpt2", S=8),
    ],
    ids=["estimate", "search", "sweep"],
)
def test_a_model_is_the_first_argument_or_a_keyword_and_not_both(asked: Callable[[], object]) -> None:
    with pytest.raises(cg.UserError, match="the model is given twice"):
        asked()


def test_a_model_as_a_keyword_is_the_same() -> None:
    first, second = cg.estimate("gpt2", "a10", B=1, S=8), cg.estimate(model="gpt2", hardware="a10", B=1, S=8)
    assert str(first) == str(second)
    of: Any = {"over": "B=1..2", "measures": "flops", "S": 8}
    assert str(cg.sweep("gpt2", **of)) == str(cg.sweep(model="gpt2", **of))


@pytest.mark.parametrize(
    ("name", "remedy"), [("derive", 'write cg.derive("flops", op_set=graph)'), ("flops", "write cg.flops(graph)")]
)
def test_what_a_graph_is_asked_for_is_a_function_of_the_library(name: str, remedy: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(remedy)):
        getattr(cg.decoder(), name)
    assert not hasattr(cg.decoder(), "nothing")


def test_a_graph_shows_its_ops_and_what_each_costs_in_a_program_and_a_notebook() -> None:
    shown, html = str(GRAPH), GRAPH._repr_html_()
    assert shown.startswith(repr(GRAPH)[len("<Graph ") : -1])
    for op in GRAPH.ops:
        assert f"{op.name} " in shown
        assert f"{op.name}</td>" in html
    assert html.index("</table>") < (html.index("<img") if "<img" in html else len(html))


@pytest.mark.parametrize(
    ("mesh", "cells"),
    [
        ("data(2)", ["data(2)", "batch", "devices: 2"]),
        ("data(N_d, zero=3), tensor(4)", ["weights, gradients, optimizer", "head, kv_head", "devices: 4 N_d"]),
        ("tensor(T, sequence=True), microbatches(8)", ["query", "batch", "devices: T"]),
        ("", ["one device", "devices: 1"]),
    ],
)
def test_a_mesh_is_printed_as_typed_and_shown_with_what_its_axes_split(mesh: str, cells: list[str]) -> None:
    shown = cg.Mesh(mesh)
    assert str(shown) == mesh
    assert shown._repr_html_().startswith("<div")
    assert not [cell for cell in cells if cell not in shown.shown]


@pytest.mark.parametrize("name", [*passes.CLASSES])
def test_a_pass_that_is_made_of_a_graph_says_how_both_are_given(name: str) -> None:
    make = getattr(passes, name)
    with pytest.raises(UserError, match="made of options, not of a graph") as refused:
        make(GRAPH)
    given = str(refused.value).partition("give both: derive('flops', op_set=graph, ")[2].removesuffix(")")
    assert given in ("mesh='tensor(T)'", "phase='train'", f"passes=['{make.name}']")


def test_what_is_said_to_be_given_is_understood() -> None:
    assert cg.derive("flops", op_set=cg.decoder(), passes=["backward"])["flops"] == cg.flops(GRAPH)


@pytest.mark.parametrize(
    ("sizes", "spec", "text"),
    [
        ({"L": 1, "D": 2, "E": 1}, ".2e", "2.40e+01"),
        ({"L": 1, "D": 2, "E": 1}, ",", "24"),
        ({"L": 1000, "D": 2, "E": 1}, ",", "24,000"),
        ({"L": 1, "D": 2, "E": 1}, ">6", "    24"),
        ({"L": 1, "D": 2}, ">14", f"{cg.params(cg.decoder())(L=1, D=2)!s:>14}"),
        ({"L": 1, "D": 2, "E": 1}, "", "24"),
    ],
)
def test_a_form_and_its_number_at_sizes_take_formats(sizes: dict[str, Any], spec: str, text: str) -> None:
    form = cg.params(cg.decoder())
    assert format(form(sizes), spec) == text
    assert format(form.limit(sizes), spec) == text


def test_a_number_that_is_not_whole_takes_formats_and_shows_itself_in_a_notebook() -> None:
    third: Any = (cg.params(cg.decoder()) / 72)(L=1, D=2, E=1)
    assert third == Fraction(1, 3)
    assert (f"{third:.2e}", f"{third:>6}", f"{third}") == ("3.33e-01", "   1/3", "1/3")
    assert (repr(third), third._repr_latex_()) == ("Fraction(1, 3)", r"$\frac{1}{3}$")


@pytest.mark.parametrize("spec", ["zz", "d.", ",s", ".1q"])
def test_a_format_that_numbers_have_not_is_refused_in_words(spec: str) -> None:
    third: Any = (cg.params(cg.decoder()) / 72)(L=1, D=2, E=1)
    for one in (third, cg.params(cg.decoder()).limit(L=1, D=2, E=1)):
        with pytest.raises(UserError, match=r"formats no number such as .*: write one such as ',' or '\.3e'"):
            format(one, spec)


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_an_order_that_sizes_decide_is_refused_as_it_was_typed(sign: str) -> None:
    params = cg.params(cg.decoder())
    order = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[sign]
    for other, name in ((5000, "5000"), (3 * params.limit(L=2), r"3\*params")):
        with pytest.raises(UserError, match=rf"^params {sign} {name} depends on"):
            order(params, other)
