"""Measures of parts: by place, op, segment, kind of layers and dims; a part that contributes nothing says why."""

from __future__ import annotations

import pytest
from two_kinds import two_kinds

import costgraph as cg
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label

TRAIN = two_kinds().apply(cg.backward)


def value(measure: str, op_set: Graph = TRAIN) -> str:
    (form,) = cg.derive(measure, op_set=op_set).forms.values()
    return str(form)


# --- dims -------------------------------------------------------------------------------------------------------------

DIMS = {  # as letters, as names
    "st": "query*context",
    "ts": "context*query",
    "b": "batch",
    "bf": "batch*ffn",
    "d": "model",
    "s": "query",
}


@pytest.mark.parametrize("letters", DIMS)
def test_dims_are_named_by_their_customary_letters_or_by_their_names(letters: str) -> None:
    by_letters, by_names = value(f"activations(dims={letters})"), value(f"activations(dims={DIMS[letters]})")
    assert by_letters == by_names != "0"


@pytest.mark.parametrize("dims", ["query", "model", "narrow", "query*context", "batch*ffn", "head", "query*narrow"])
def test_what_counts_has_all_the_dims(dims: str) -> None:
    form = cg.derive(f"activations(dims={dims})", op_set=TRAIN).forms[f"activations(dims={dims})"]
    every = cg.activations(TRAIN)
    expected = [term for term in every.terms if set(dims.split("*")) <= set(TRAIN.tensors[term.source].names)]
    assert list(form.terms) == expected


@pytest.mark.parametrize(
    ("dims", "said"),
    [
        ("zz", "unknown dim 'zz': choose from batch, query"),
        ("modle", "unknown dim 'modle': did you mean model?"),
        ("query*contxt", "unknown dim 'contxt': did you mean context?"),
        ("w", "unknown dim 'w'"),  # letters of a name are none of a dim
        ("n", "unknown dim 'n'"),
        ("r", "unknown dim 'r'"),
        ("vocab", "unknown dim 'vocab'"),
        ("ss", "dims=ss: dim query stands twice"),
        ("query*s", "dims=query*s: dim query stands twice"),
        ("s+t", "dims are given once, as in dims=st or dims=query*context"),
        ("s, dims=t", "dims are given once"),
        ("2", "dims are given once"),
    ],
)
def test_what_is_no_dim_of_the_model_is_refused(dims: str, said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        value(f"activations(dims={dims})")
    assert said in str(refused.value)


# --- kinds of layers --------------------------------------------------------------------------------------------------

KINDS = {  # what is asked for -> the ops by kind and by the beginning of their names
    "wide": ("wide", ""),
    "narrow": ("narrow", ""),
    "narrow.mlp": ("narrow", "mlp."),
    "narrow/mlp": ("narrow", "mlp."),
    "narrow/mlp.up": ("narrow", "mlp.up"),
    "narrow.mlp.up": ("narrow", "mlp.up"),
    "wide.block": ("wide", ""),
    "wide.attention_core": ("wide", "attn."),
}


@pytest.mark.parametrize("part", KINDS)
def test_a_kind_of_layers_is_a_part_and_so_is_a_place_in_it(part: str) -> None:
    kind, start = KINDS[part]
    found = cg.derive(f"flops({part})", op_set=TRAIN).forms[f"flops({part})"]
    expected = [
        term
        for term in cg.flops(TRAIN).terms
        if TRAIN.op(term.op).loop.kind == kind
        and label(TRAIN.op(term.op).source).startswith(start)
        and ("core" not in part or TRAIN.op(term.op).within("attention_core"))
    ]
    assert expected
    assert list(found.terms) == expected


def test_kinds_and_what_stands_outside_are_the_whole() -> None:
    for measure in ("params", "states", "flops", "activations"):
        whole = cg.derive(measure, op_set=TRAIN).forms[measure]
        assert whole.same_as(f"{value(f'{measure}(wide)')} + {value(f'{measure}(narrow)')}")
        assert value(f"{measure}(wide, narrow)") == str(whole)


def test_loops_inside_loops_are_kinds_inside_kinds() -> None:
    b = cg.Builder("nested", {"b": "B", "d": "D"})
    x = b.input("x", "bd")
    with b.repeat("L", "outer"), b.repeat(3, "inner"):
        b.einsum("mlp.y", "bd,d->b", x, b.parameter("mlp.w", "d"))
    graph = b.build()
    asked = ("outer", "inner", "outer.inner", "outer/inner", "inner.mlp", "outer/inner/mlp.y", "outer.inner.mlp", "mlp")
    assert {value(f"params({part})", op_set=graph) for part in asked} == {"3*L*D"}
    with pytest.raises(cg.UserError, match=r"unknown part of the model 'outer\.mlp'"):
        value("params(outer.mlp)", op_set=graph)


def test_a_name_that_a_kind_and_a_place_share_is_refused_with_both_spellings() -> None:
    b = cg.Builder("shared", {"b": "B", "d": "D"})
    with b.repeat("L", "moe"), b.segment("block"):
        y = b.einsum("moe.up", "bd,d->b", b.input("x", "bd"), b.parameter("moe.w", "d"))
        b.einsum("attn.q", "b,d->bd", y, b.parameter("attn.w", "d"))
    graph = b.build()
    with pytest.raises(cg.UserError) as refused:
        value("params(moe)", op_set=graph)
    assert str(refused.value) == (
        "moe is a kind of layers, and a part of the model: write moe.block for those layers, moe.moe for the part"
    )
    assert (value("params(moe.block)", op_set=graph), value("params(moe.moe)", op_set=graph)) == ("2*L*D", "L*D")


def test_a_kind_may_be_called_like_a_statement_of_python() -> None:
    b = cg.Builder("words", {"b": "B", "d": "D"})
    for kind in ("global", "class"):
        with b.repeat("L", kind):
            b.einsum("attn.q", "bd,d->b", b.input("x", "bd"), b.parameter("attn.w", "d"))
    graph = b.build()
    assert value("params(global)", op_set=graph) == value("params(class.attn)", op_set=graph) == "L*D"
    assert value("params(global.attn.q, class)", op_set=graph) == "2*L*D"
    with pytest.raises(cg.UserError, match="unknown symbol 'global'"):
        value("params(class, global=2)", op_set=graph)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("narow.mlp", "unknown part of the model 'narow.mlp': did you mean narrow/mlp"),
        ("narrow/mlp.upp", "did you mean narrow/mlp.up"),
        ("wid", "did you mean wide?"),
        ("narrow.norm.mlp", "unknown part of the model 'narrow.norm.mlp'"),
        ("q*k", "takes parts of the model, a precision, or SYMBOL=VALUE"),
        ("wide/2", "takes parts of the model"),
    ],
)
def test_what_a_message_offers_can_be_typed(part: str, said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        value(f"flops({part})")
    assert said in str(refused.value)
    for offered in str(refused.value).partition("did you mean ")[2].rstrip("?").split(" or "):
        if offered:
            value(f"flops({offered})")


# --- nothing, and what is left out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("flops(norm)", "flops(norm) is 0: no matmul is in norm, and notes counts nothing else; elementwise=... would"),
        ("params(norm)", "params(norm) is 0: notes leaves out all there is, which is 4*L*D + 2*D*L_n"),
        ("activations(attn, dims=narrow)", "is 0: no tensor of attn that it counts has dims narrow"),
    ],
)
def test_a_part_that_contributes_nothing_says_why(measure: str, said: str) -> None:
    (remark,) = cg.derive(measure, op_set=TRAIN).remarks
    assert said in remark


def test_what_contributes_needs_no_remark() -> None:
    assert cg.derive("flops(attn)", "activations(dims=st)", "flops", op_set=TRAIN).remarks == ()


@pytest.mark.parametrize(
    ("measure", "options", "said"),
    [
        ("cache", {}, "cache is 0: one is kept in --phase prefill or decode"),
        ("cache", {"phase": "decode", "op_set": "matmul"}, "cache is 0: nothing is kept from one step to the next"),
        ("communication", {}, "communication is 0: one device sends nothing; --mesh 'tensor(T)' has T"),
        ("communication", {"mesh": "data(N_d)", "phase": "forward"}, "communication is 0: no axis makes devices send"),
        ("activations", {"phase": "forward"}, "which --phase train has"),
        ("flops.backward", {"phase": "decode"}, "flops.backward is 0: nothing runs backward; --phase train does"),
        ("flops.recompute", {}, "flops.recompute is 0: nothing is replayed; --pass 'recompute(full)' would"),
    ],
)
def test_a_measure_that_is_zero_says_why(measure: str, options: dict[str, str], said: str) -> None:
    derivation = cg.derive(measure, **options)  # type: ignore[arg-type]
    assert not derivation.forms[measure].value.numerator
    assert any(said in remark for remark in derivation.remarks)


@pytest.mark.parametrize("part", ["norm", "attn", "wide", "mlp, norm"])
@pytest.mark.parametrize("measure", ["params", "states", "activations", "traffic", "flops"])
def test_the_remainder_of_a_part_is_what_the_convention_leaves_out_of_it(measure: str, part: str) -> None:
    name = f"{measure}({part})"
    notes, exact = (cg.derive(name, op_set=TRAIN, convention=one).forms[name] for one in ("notes", "exact"))
    assert notes.value + notes.remainder == exact.value


# --- joint axes -------------------------------------------------------------------------------------------------------


def test_axes_that_belong_together_are_one_name_in_every_formula() -> None:
    mesh = "data(N_h), data(N_d)"
    spellings = ("communication.N_h-N_d", "communication.N_h.N_d")
    for one in spellings:
        assert list(cg.derive(one, mesh=mesh).forms) == ["communication.N_h-N_d"]
        assert list(cg.derive(f"{one}(p=2)", mesh=mesh).forms) == ["communication.N_h-N_d(p=2)"]
    answers = [cg.solve(f"2 * {one} <= hbm", "D", mesh=mesh).formulas for one in (*spellings, "communication")]
    assert answers[0] == answers[1] == answers[2]
