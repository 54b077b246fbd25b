"""Costs per token, sequence or layer, of all devices, and of some ops: against what papers print, and whole costs."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.errors import UserError
from costgraph.library.checking.comparison import check as compare
from costgraph.measures.per import Share


def value(measure: str, **of: Any) -> object:
    return cg.derive(measure, **of).limited[measure].value


PRINTED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    # formula, measure, of what, setup; each is printed in a paper or a post
    ("6*N_params + 12*L*D*S", "flops", {"per": "token"}, {}),  # PaLM 2022, Appendix B
    ("2*N_params + 4*L*D*S", "flops", {"per": "token"}, {"phase": "decode"}),
    ("34*B*S*D + 5*A*B*S**2", "activations", {"per": "layer"}, {"limit": "E=4,p=2"}),  # Korthikanti 2022, Eq. 2
    ("12*D**2", "params", {"per": "layer"}, {"limit": "E=4"}),
    ("2*D*L*p", "cache", {"per": "token"}, {"phase": "prefill"}),
    ("16*D**2", "flops", {"per": "token", "ops": ("mlp.*",)}, {"phase": "forward", "limit": "E=4,L=1"}),
    ("72*B*L*S*D**2*(1 + S/(6*D))", "flops", {"whole": True}, {"limit": "E=4", "mesh": "data(N_d), tensor(T)"}),
]


@pytest.mark.parametrize(("formula", "measure", "share", "setup"), PRINTED, ids=[row[0] for row in PRINTED])
def test_formulas_of_papers_agree(formula: str, measure: str, share: dict[str, Any], setup: dict[str, Any]) -> None:
    assert compare(formula, measure, **share, **setup).agrees


@pytest.mark.parametrize(
    ("phase", "tokens", "mesh"),
    [
        *(("train", "B*S", mesh) for mesh in ("", "tensor(T)", "data(N_d), context(C)", "microbatches(M)")),
        *(("forward", "B*S", mesh) for mesh in ("", "tensor(T)")),
        *(("prefill", "B*S", mesh) for mesh in ("", "data(N_d), context(C)")),
        *(("decode", "B", mesh) for mesh in ("", "data(N_d), tensor(T)")),
    ],
)
def test_a_token_is_one_of_the_step_of_the_whole_mesh(phase: str, tokens: str, mesh: str) -> None:
    of = {"phase": phase, "mesh": mesh}
    step = cg.derive("flops", **of).limited["flops"].value  # type: ignore[arg-type]
    assert value("flops", per="token", **of) == step / parse(tokens)
    assert value("flops", per="sequence", **of) == step / parse("B")


def test_layers_together_and_what_is_outside_of_them_are_the_whole() -> None:
    found = cg.derive("params", per="layer", model="llama-2-7b", symbolic="L,D,V")
    whole = cg.derive("params", model="llama-2-7b", symbolic="L,D,V").forms["params"].value
    outside = parse("2*D*V + D")
    assert found.forms["params"].value * parse("L") + outside == whole
    assert found.remarks == ("params per layer leaves out D*(2*V + 1) outside of layers",)


KINDS = {
    "deepseek-v3": ("L_dense", "L_moe"),
    "gemma-2-9b": ("L_local", "L_global"),
    "gpt-oss-20b": ("L_local", "L_global"),
}


@pytest.mark.parametrize("model", KINDS)
@pytest.mark.parametrize("measure", ["flops", "activations", "params(attn)", "cache", "flops(weights)"])
def test_a_layer_of_a_kind_is_what_one_more_of_it_costs(model: str, measure: str) -> None:
    of: dict[str, Any] = {"model": model, "phase": "decode" if measure == "cache" else "train"}
    counts = KINDS[model]
    whole = cg.derive(measure, **of, symbolic=counts).forms[measure].value
    one_more = {name: whole.substitute({name: parse(f"{name} + 1").numerator}) - whole for name in counts}
    found = cg.derive(measure, per="layer", **of).forms
    named = {f"L_{name.partition('layers=')[2].rstrip(')')}": form.value for name, form in found.items()}
    assert named == (one_more if len(named) > 1 else {"L_": one_more[counts[0]]})
    assert len({*one_more.values()}) == len(named)


def test_kinds_of_layers_have_their_names_in_the_answer() -> None:
    assert [*cg.derive("flops", model="deepseek-v3", per="layer")] == ["flops(layers=dense)", "flops(layers=moe)"]
    assert [*cg.derive("flops(attn)", model="gemma-2-9b", per="layer")] == [
        "flops(attn, layers=local)", "flops(attn, layers=global)",
    ]  # fmt: skip
    assert [*cg.derive("params", model="gemma-2-9b", per="layer")] == ["params"]  # local and global are as large


def test_layers_of_a_kind_are_those_of_its_word_where_that_means_nothing_else() -> None:
    for measure, model, kind in (("params", "gemma-2-9b", "local"), ("flops", "deepseek-v3", "dense")):
        assert value(f"{measure}(layers={kind})", model=model) is not None
        named = cg.derive(f"{measure}({kind})", f"{measure}(layers={kind})", model=model).forms.values()
        assert len({form.value for form in named}) == 1


@pytest.mark.parametrize(
    ("measure", "of", "message"),
    [
        ("flops(layers=mo)", {"model": "deepseek-v3"}, "unknown kind of layers 'mo': did you mean moe"),
        ("flops(layers=moe)", {"model": "llama-2-7b"}, "llama-2-7b has layers of one kind"),
        ("flops(layers=moe, layers=moe)", {"model": "deepseek-v3"}, "(?s)layers"),
        ("flops(layers=2)", {"model": "deepseek-v3"}, "by their kind, as in layers=moe"),
        ("peak(layers=moe)", {"model": "deepseek-v3"}, "a peak is of all that a device holds"),
        (
            "flops",
            {"model": "t5-base", "per": "layer"},
            r"layers of kind encoder, and others; .* flops\(layers=encoder",
        ),
    ],
)
def test_a_kind_of_layers_that_there_is_not_is_refused(measure: str, of: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cg.derive(measure, **of)


def test_a_formula_for_a_layer_is_of_one_kind() -> None:
    with pytest.raises(UserError, match=r"params\(layers=dense\) or params\(layers=moe\)"):
        compare("6*D**2", "params", per="layer", model="deepseek-v3")
    printed = "4*D*H*(A+G)/2 + 3*D*F + 4*D"
    assert compare(printed, "params", per="layer", model="gemma-2-9b").agrees
    assert compare("4*B*S*H*(A*S + D*(A+G))*3", "flops(attn, layers=global)", per="layer", model="gemma-2-9b").agrees


def test_what_a_convention_leaves_out_is_that_of_the_share() -> None:
    found = cg.derive("params", per="layer").forms["params"]
    exact = cg.derive("params", per="layer", convention="exact").forms["params"]
    assert found.value + found.remainder == exact.value


def test_all_devices_together_do_what_one_would_where_nothing_is_done_twice() -> None:
    one = cg.derive("flops").forms["flops"].value
    assert value("flops", whole=True, mesh="data(N_d), tensor(T)") == one
    assert value("params", whole=True, mesh="data(N_d)") == cg.derive("params").forms["params"].value * parse("N_d")
    assert cg.derive("communication", whole=True, mesh="tensor(T)").forms["communication"].unit == "byte sent"


def test_ops_are_chosen_by_patterns_whichever_layers_they_stand_in() -> None:
    for model in ("llama-2-7b", "deepseek-v3"):  # in the second one attention stands in layers of two kinds
        named = cg.derive("flops(attn)", model=model).limited["flops(attn)"]
        assert value("flops", ops="attn.*", model=model) == named.value


def test_a_maximum_is_one_per_token_too() -> None:
    form = cg.derive("peak", per="sequence", limit="B=2,S=8,L=2,D=8,A=2,E=4,p=2").limited["peak"]
    whole = cg.derive("peak", limit="B=2,S=8,L=2,D=8,A=2,E=4,p=2").limited["peak"]
    assert form.value * parse("2") == whole.value


def test_without_a_share_nothing_changes() -> None:
    assert cg.derive("flops").share == Share()
    assert "per" not in cg.derive("flops").to_json()


def test_a_share_stands_in_the_head_and_in_json() -> None:
    found = cg.derive("flops", per="token", ops="attn.*")
    assert found.head == "decoder, train, per token, ops attn.*"
    assert found.forms["flops"].unit == "FLOP/token"
    assert {"per": "token", "ops": ["attn.*"]}.items() <= found.to_json().items()


@pytest.mark.parametrize(
    ("share", "setup", "message"),
    [
        ({"per": "day"}, {}, "unknown choice of per='day'"),
        ({"whole": True}, {}, "there is one device"),
        ({"whole": True}, {"mesh": "pipeline(P)"}, "stages of a pipeline are not alike"),
        ({"ops": ("atn.*",)}, {}, "no op is called 'atn.*'.*did you mean attn"),
        ({"per": "token"}, {"op_set": "matmul"}, "matmul has no tokens"),
        ({"per": "layer"}, {"op_set": "attention"}, "no layers that repeat"),
    ],
)
def test_a_share_that_there_is_not_is_refused(share: dict[str, Any], setup: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cg.derive("flops", **share, **setup)


def test_a_quotient_has_no_share() -> None:
    with pytest.raises(UserError, match="intensity is a quotient, which is the same per token"):
        cg.derive("intensity", per="token")


@pytest.mark.parametrize(
    ("measure", "share", "message"),
    [
        ("peak", {"ops": "attn.*"}, "peak is of all ops together"),
        ("peak", {"per": "layer"}, "peak is of all layers together"),
        ("step_time", {"per": "token"}, "step_time is one for all devices, tokens and ops"),
    ],
)
def test_what_is_of_all_together_has_no_such_share(measure: str, share: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cg.derive(measure, **share)  # type: ignore[arg-type]


def test_the_command_line_says_the_same() -> None:
    run = costgraph("derive", "flops", "--per", "token", "--ops", "attn.*", "--whole", "--mesh", "tensor(T)")
    assert "decoder, train, mesh tensor(T), per token, all devices, ops attn.*" in run.stdout
    refused = costgraph("check", "--per", "token")
    assert (refused.returncode, "--per is for --formula" in refused.stderr) == (2, True)


@pytest.mark.parametrize("mesh", ["pipeline(4)", "pipeline(P)", "pipeline(4), microbatches(8)"])
def test_a_layer_of_a_stage_is_a_layer(mesh: str) -> None:
    whole = cg.derive("params", "flops", model="llama-3-8b", per="layer")
    parts = cg.derive("params", "flops", model="llama-3-8b", per="layer", mesh=mesh)
    assert parts["params"].same_as(whole["params"])
    assert parts["flops"].same_as(whole["flops"])


@pytest.mark.parametrize(
    ("measure", "of", "said"),
    [
        ("flops", {"ops": "norm.*"}, "flops is 0: no matmul is in norm.*, and notes counts nothing else"),
        ("params", {"ops": "norm.*"}, "params is 0: notes leaves out all there is, which is 4*L*D"),
        ("activations", {"ops": "embed*", "op_set": "decoder(head=True)"}, "activations is 0: "),
        ("flops.backward", {"per": "token", "phase": "forward"}, "flops.backward is 0: nothing runs backward"),
        ("cache", {"per": "sequence"}, "cache is 0: one is kept in"),
    ],
)
def test_a_share_that_is_zero_says_why(measure: str, of: dict[str, Any], said: str) -> None:
    (remark,) = cg.derive(measure, **of).remarks
    assert remark.startswith(said)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (["mlp and attn"], {"model": "llama-3-8b", "mesh": "tensor(2)"}),
        (["mlp and attn"], {"model": "llama-3-8b", "mesh": "tensor(2, sequence=True)"}),
        (["attn"], {"ops": "attn.*", "mesh": "tensor(T)"}),
        ([], {"mesh": "tensor(T)"}),  # nothing is told apart
        ([], {"model": "llama-3-8b", "mesh": "data(2)"}),
        ([], {"model": "llama-3-8b", "mesh": "tensor(2)", "phase": "forward"}),
    ],
)
def test_gradients_that_are_added_up_elsewhere_are_said_to_be(said: list[str], asked: dict[str, Any]) -> None:
    remarks = [one for one in cg.derive("communication", **asked).remarks if "handed back" in one]
    wanted = "communication of norm includes the sums of gradients that are handed back by "
    assert remarks == [wanted + one for one in said]
