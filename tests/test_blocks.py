"""What each block costs, as forms; what it keeps, caches, reads; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from architectures import MODELS, stack

import costgraph as cg
from costgraph.blocks import (
    Attention,
    Block,
    Embedding,
    Experts,
    Gated,
    Head,
    LatentAttention,
    Layers,
    Mamba2,
    Mlp,
    MultiToken,
    Norm,
)  # fmt: skip
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.graph.builder import Builder, Purpose
from costgraph.measures import MEASURES
from costgraph.models.architecture import Architecture
from costgraph.passes.decode import Decode
from costgraph.passes.prefill import Prefill
from costgraph.passes.widths import Widths

DIMS = {"batch": "B", "query": "S", "context": "S", "model": "D"}


def alone(block: Any, phase: Purpose = "train") -> cg.Graph:
    """A graph of one block."""
    b = Builder("alone", DIMS, phase=phase)
    block.write(b, "it", b.input("x", "batch query model"))
    graph = b.build()
    match phase:
        case "train":
            return graph.apply(cg.backward)
        case "prefill":
            return graph.apply(Prefill())
        case "decode":
            return graph.apply(Decode())


def check(graph: cg.Graph, **expected: str) -> None:
    """Measures, by name with `_` for `.`, are as expected."""
    for measure, text in expected.items():
        form = MEASURES[measure.replace("_", ".")](graph, EXACT)
        assert form.same_as(text), f"{measure}: {form}"


LATENT, WINDOW = LatentAttention(), Attention(window="W")
SSM = Mamba2(norm=None, conv_bias=False)
KEYS = "D*H*(2*A + 2*G)"

PARAMS = [
    (Attention(), KEYS),
    (Attention(kv_heads="A"), "4*D*A*H"),
    (Attention(kv_heads=1), "D*H*(2*A + 2)"),
    (Attention(fused=True), KEYS),
    (Attention(biases=("q", "k", "v")), f"{KEYS} + H*(A + 2*G)"),
    (Attention(biases=("q", "k", "v", "out"), fused=True), f"{KEYS} + H*(A + 2*G) + D"),
    (Attention(qk_norm=Norm()), f"{KEYS} + 2*H"),
    (Attention(qk_norm=Norm(), qk_norm_over="heads"), f"{KEYS} + H*(A + G)"),
    (Attention(qk_norm=Norm("layer")), f"{KEYS} + 4*H"),
    (Attention(sinks=True), f"{KEYS} + A"),
    (Attention(positions="relative"), f"{KEYS} + 32*A"),
    (Attention(positions="rotary", window="W", softcap=True), KEYS),
    (Mlp(), "2*D*F"),
    (Mlp(biases=True), "2*D*F + F + D"),
    (Gated(), "3*D*F"),
    (Gated(fused=True, biases=True), "3*D*F + 2*F + D"),
    (Experts(), "D*N_r*(3*F_e + 1)"),
    (Experts(gated=False), "D*N_r*(2*F_e + 1)"),
    (Experts(biases=True, router_bias=True), "D*N_r*(3*F_e + 1) + N_r*(2*F_e + D + 1)"),
    (Experts(shared="N_s"), "D*N_r*(3*F_e + 1) + 3*D*F_e*N_s"),
    (Experts(shared=1, shared_width="F", shared_gate=True), "D*N_r*(3*F_e + 1) + 3*D*F + D"),
    (LATENT, "D*A*(H_n + H_r) + D*(R_kv + H_r) + R_kv + R_kv*A*(H_n + H_v) + A*H_v*D"),
    (
        LatentAttention(q_rank="R_q", norm=None),
        "D*R_q + R_q*A*(H_n + H_r) + D*(R_kv + H_r) + R_kv*A*(H_n + H_v) + A*H_v*D",
    ),
    (SSM, "D*(3*A_s*H_s + 2*G_s*D_s + A_s) + K_s*(A_s*H_s + 2*G_s*D_s) + 3*A_s"),
]


@pytest.mark.parametrize(("block", "form"), PARAMS, ids=lambda value: str(value)[:60])
def test_parameters(block: Any, form: str) -> None:
    check(alone(block), params=form)


FORWARD = [
    (Attention(), "2*B*S*(D*H*(2*A + 2*G) + 2*S*A*H)"),
    (WINDOW, "2*B*S*(D*H*(2*A + 2*G) + 2*S_w*A*H)"),
    (replace(WINDOW, masked=True), "2*B*S*(D*H*(2*A + 2*G) + 2*S*A*H)"),
    (Attention(fused=True, softcap=True, sinks=True, repeat_kv="after_cache"), "2*B*S*(D*H*(2*A + 2*G) + 2*S*A*H)"),
    (Gated(), "6*B*S*D*F"),
    (Gated(fused=True), "6*B*S*D*F"),
    (Experts(), "2*B*S*D*(3*K_r*F_e + N_r)"),
    (Experts(load="worst"), "2*B*S*D*(3*K_r*F_e + N_r)"),
    (Experts(load=Fraction(5, 4)), "2*B*S*D*(15/4*K_r*F_e + N_r)"),
    (LATENT, "2*B*S*(A*(D*(H_n + H_r + H_v) + R_kv*(H_n + H_v) + S*(H_n + H_r + H_v)) + D*(R_kv + H_r))"),
]


@pytest.mark.parametrize(("block", "form"), FORWARD, ids=lambda value: str(value)[:60])
def test_flops(block: Any, form: str) -> None:
    check(alone(block), flops_forward=form, flops=f"3*({form})")


def test_a_scan_costs_as_much_as_attention_inside_chunks_and_states_between_them() -> None:
    projections = "2*B*S*D*(3*A_s*H_s + 2*G_s*D_s + A_s)"
    convolutions = "2*B*S*K_s*(A_s*H_s + 2*G_s*D_s)"
    inside = "2*B*N_c*Q_s**2*(G_s*D_s + A_s*H_s)"
    between = "4*B*N_c*Q_s*A_s*H_s*D_s"
    check(alone(SSM), flops_forward="+".join((projections, convolutions, inside, between)))
    check(alone(SSM, "decode"), flops=f"({projections} + {convolutions})/S + 2*B*A_s*H_s*D_s")


KEPT = [
    # x by q, k, v; q, k, v; the weights of scores; their result
    (Attention(kv_heads="A"), "p*B*S*(D + 4*A*H + S*A)"),
    (Attention(), "p*B*S*(D + 2*A*H + 2*G*H + S*A)"),
    (Attention(fused=True), "p*B*S*(D + 2*A*H + 2*G*H + S*A)"),
    (Attention(repeat_kv="after_cache"), "p*B*S*(D + 4*A*H + S*A)"),
    (Attention(positions="rotary"), "p*B*S*(D + 2*A*H + 2*G*H + S*A)"),
    (Attention(softcap=True), "p*B*S*(D + 2*A*H + 2*G*H + 2*S*A)"),
    (WINDOW, "p*B*S*(D + 2*A*H + 2*G*H + S_w*A)"),
    (Attention(dropout=True), "p*B*S*(D + 2*A*H + 2*G*H + 2*S*A) + B*S**2*A"),
    (Mlp(), "p*B*S*(D + 2*F)"),
    (Mlp(act="relu"), "p*B*S*(D + F)"),
    (Gated(), "p*B*S*(D + 4*F)"),
    (Gated(fused=True), "p*B*S*(D + 4*F)"),
    # x and probabilities; rows, gate, up, activated, product, results; shares; indices of 8 bytes
    (Experts(), "B*S*(p*(D + N_r + K_r*(2*D + 4*F_e + 1)) + 8*K_r)"),
]


@pytest.mark.parametrize(("block", "form"), KEPT, ids=lambda value: str(value)[:60])
def test_what_is_kept_for_the_backward(block: Any, form: str) -> None:
    check(alone(block), activations=form)


@pytest.mark.parametrize(
    ("norm", "form"),
    [
        (Norm(), "B*S*(p*D + 4)"),
        (Norm("layer_scale"), "B*S*(p*D + 8)"),
        (Norm("layer"), "B*S*(p*D + 8)"),
        (Norm(steps=True), "B*S*(4*D + p*D + 4)"),
    ],
)
def test_what_norms_keep(norm: Norm, form: str) -> None:
    b = Builder("norm", DIMS)
    norm.write(b, "norm", b.input("x", "batch query model"))
    check(b.build().apply(cg.backward), activations=form)


@pytest.mark.parametrize("block", [Attention(), WINDOW, LATENT, Attention(sinks=True, positions="alibi")])
def test_flash_attention_keeps_what_the_core_reads_and_one_number_a_row(block: Any) -> None:
    b = Builder("fused", DIMS)
    block.write(b, "it", b.input("x", "batch query model"))
    plain = b.build()
    core = [op for op in plain.ops if op.within("attention_core")]
    (fused,) = [op for op in plain.apply(cg.flash_attention).ops if op.kind == "flash_attention"]
    made = {name for op in core for name in op.outputs}
    assert set(fused.inputs) == {name for op in core for name in op.inputs} - made
    train = plain.apply(cg.flash_attention, cg.backward)
    kept = {term.source for term in cg.activations(train, EXACT).terms}
    assert "it.flash.lse" in kept
    assert not kept & {"it.softmax", "it.scores"}
    assert cg.flops(train, EXACT).value != cg.flops(plain.apply(cg.backward), EXACT).value  # scores run again


CACHES = [
    (Attention(), "2*p*B*S*G*H", "2*p*B*S*G*H"),
    (Attention(repeat_kv="after_cache"), "2*p*B*S*G*H", "2*p*B*S*G*H"),
    (Attention(repeat_kv="before_cache"), "2*p*B*S*A*H", "2*p*B*S*A*H"),
    (WINDOW, "2*p*B*S_w*G*H", "2*p*B*S_w*G*H"),
    (replace(WINDOW, masked=True), "2*p*B*S_k*G*H", "2*p*B*S_k*G*H"),
    (LATENT, "p*B*S*(R_kv + H_r)", "p*B*S*(R_kv + H_r)"),
    (replace(LATENT, absorbed=False), "p*B*S*(R_kv + H_r)", "p*B*S*(R_kv + H_r)"),
    (
        SSM, "B*(4*A_s*H_s*D_s + p*K_s*(A_s*H_s + 2*G_s*D_s))", "B*(4*A_s*H_s*D_s + p*K_s*(A_s*H_s + 2*G_s*D_s))",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("block", "prefill", "decode"), CACHES, ids=lambda value: str(value)[:60])
def test_caches(block: Any, prefill: str, decode: str) -> None:
    check(alone(block, "prefill"), cache=prefill)
    check(alone(block, "decode"), cache=decode)


def test_definitions_say_what_stands_for_a_minimum() -> None:
    forms = {
        "S_w = min(S, W)": cg.flops(alone(WINDOW), EXACT),
        "S_k = min(S, W - 1)": MEASURES["cache"](alone(replace(WINDOW, masked=True), "decode"), EXACT),
        "N_hit = min(N_r, B*S*K_r)": MEASURES["traffic"](alone(Experts()), EXACT),
        "N_c = ceil(S/Q_s)": cg.flops(alone(SSM), EXACT),
    }
    for written, form in forms.items():
        assert written in [str(one) for one in form.definitions]
    decoding = MEASURES["traffic"](alone(Experts(), "decode"), EXACT)
    assert [str(one) for one in decoding.definitions] == ["N_hit = min(N_r, B*K_r)"]


def test_traffic_reads_the_experts_that_are_hit() -> None:
    graph = alone(Experts(), "decode")
    read = {term.source: str(term.amount) for term in MEASURES["traffic"](graph, EXACT).terms if "_hit" in term.source}
    assert read == {f"it.{one}_hit": "D*N_hit*F_e*p" for one in ("up", "gate", "down")}
    narrow = MEASURES["traffic"](graph.apply(Widths(weights="p_w")), EXACT).terms
    assert {str(term.amount) for term in narrow if "_hit" in term.source} == {"D*N_hit*F_e*p_w"}
    one = MEASURES["traffic"](graph, EXACT).limit(B=1, N_r=128, K_r=8, D=2048, F_e=768, p=2).value.number
    all_hit = MEASURES["traffic"](graph, EXACT).limit(B=1, N_r=8, K_r=8, D=2048, F_e=768, p=2).value.number
    assert one is not None
    assert all_hit is not None
    router = 2 * 2048 * 120 + 4 * 2 * 120  # the router's matrix, and scores and probabilities of 120 more experts
    assert one - all_hit == router


def test_a_latent_is_absorbed_in_decode_unless_an_implementation_expands_it() -> None:
    check(
        alone(LATENT, "decode"),
        flops="2*B*(A*(D*(H_n + H_r + H_v) + R_kv*(H_n + H_v) + S*(2*R_kv + H_r)) + D*(R_kv + H_r))",
    )
    check(
        alone(replace(LATENT, absorbed=False), "decode"),
        flops="2*B*(A*(D*(H_n + H_r + H_v) + S*R_kv*(H_n + H_v) + S*(H_n + H_r + H_v)) + D*(R_kv + H_r))",
    )


@pytest.mark.parametrize(
    ("residual", "norms", "sends"),
    [("pre", 2, 4), ("post", 2, 4), ("sandwich", 4, 4), ("outer", 2, 4), ("parallel", 1, 2), ("parallel_two", 2, 3)],
)
def test_residual_orders(residual: Any, norms: int, sends: int) -> None:
    block = Block(Attention(), Gated(), residual=residual)
    graph = Architecture((Layers("L", block),), head=None, norm=None).build()
    check(graph, params=f"D*V + L*({KEYS} + 3*D*F + {norms}*D)")
    placed = graph.apply(cg.backward, cg.tensor_parallel("T"))
    form = cg.communication(placed, EXACT)
    inside = [t for t in form.terms if placed.op(t.op).loop.times != 1]
    assert len(inside) in (sends, sends + 1), [t.op for t in inside]


# --- ends -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("embedding", "head", "form"),
    [
        (Embedding(), Head(), "D*V"),
        (Embedding(), Head(tied=False), "2*D*V"),
        (Embedding(positions="K"), Head(), "D*V + D*K"),
        (Embedding(positions="K", offset=2), Head(), "D*V + D*(K + 2)"),
        (Embedding(types=2, norm=Norm("layer")), Head(), "D*V + 4*D"),
        (Embedding(width=512), Head(), "512*V + 1024*D"),
        (Embedding(), Head(bias=True, transform=True), "D*V + V + D**2 + 3*D"),
    ],
)
def test_parameters_of_the_ends(embedding: Embedding, head: Head, form: str) -> None:
    graph = Architecture((Layers("L", Block(None, Mlp(), Norm())),), embedding, None, head).build()
    check(graph, params=f"{form} + L*(2*D*F + D)")


def test_logits_are_those_of_all_positions_or_of_the_last_alone() -> None:
    for positions, tokens in (("all", "B*S"), ("last", "B")):
        model = stack(Block(None, Mlp()), head=Head(positions=positions))  # type: ignore[arg-type]
        check(model.build("prefill").apply(Prefill()), flops=f"4*B*S*L*D*F + 2*{tokens}*D*V")
        check(model.build(), flops="4*B*S*L*D*F + 2*B*S*D*V")


def test_positions_must_fit_into_a_learned_table_alone() -> None:
    said = [
        str(claim)
        for model in ("opt-175b", "llama-3.1-8b")
        for claim in cg.flops(MODELS[model].architecture.build()).limit(S=2049, K=2048).assumptions
    ]
    assert said.count("2049 <= 2048") == 1


def test_multi_token_prediction_shares_tables_and_runs_in_training_alone() -> None:
    one = Block(None, Mlp(), Norm())
    alone = stack(one)
    more = replace(alone, multi_token=MultiToken(one, times=2))
    check(more.build(), params=f"{cg.params(alone.build(), EXACT).value} + 2*(2*D**2 + 4*D + 2*D*F)")
    check(more.build(), flops="(L + 2)*4*B*S*D*F + 2*(4*B*S*D**2) + 3*2*B*S*D*V")
    check(more.build().apply(cg.backward), flops="3*((L + 2)*4*B*S*D*F + 2*(4*B*S*D**2) + 3*2*B*S*D*V)")
    check(more.build("prefill").apply(Prefill()), flops="4*B*S*L*D*F + 2*B*S*D*V")


def test_keys_and_values_of_an_encoder_are_made_once() -> None:
    t5 = MODELS["t5-base"].architecture
    check(t5.build("prefill").apply(Prefill()), cache="2*p*B*L_decoder*A*H*(S + S_e)")
    step = t5.build("decode").apply(Decode("S+1"))
    check(
        step,
        cache="2*p*B*L_decoder*A*H*(S + 1 + S_e)",
        flops="2*B*(L_decoder*(6*D*A*H + 2*D*F + 2*A*H*(S + 1 + S_e)) + D*V)",
    )
    assert not [op for op in step.ops if op.name.startswith("encoder")]


@pytest.mark.parametrize("model", ["mamba2-130m", "deepseek-v2-lite", "t5-base"])
def test_a_graph_that_is_made_for_one_phase_is_not_taken_for_another(model: str) -> None:
    architecture = MODELS[model].architecture
    with pytest.raises(UserError, match=r"decode: model was made for train; build\('decode'\) has other ops"):
        architecture.build().apply(cg.decode)
    with pytest.raises(UserError, match=r"backward: model was made for decode; build\('train'\) has other ops"):
        architecture.build("decode").apply(cg.backward)


def test_a_graph_that_is_the_same_in_all_phases_becomes_each() -> None:
    graph = MODELS["mistral-7b"].architecture.build()
    assert graph.purpose == ""
    for step in (cg.backward, Prefill, cg.decode):
        graph.apply(step)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Layers("L", Block(Attention(heads=8, kv_heads=16))),), "kv_heads=16 are more than the 8 heads"),
        ((Layers("L", Block(Attention(heads=8, kv_heads=3))),), "3"),
        (
            (Layers("L", Block(mlp=Experts(experts=4, chosen=8))),),
            "8 chosen experts are more than the 4 that there are",
        ),
        ((Layers("L", Block(residual="parallel", mlp=None)),), "a parallel block has two parts"),
        (
            (Layers("L", Block(mlp=Gated("F"))), Layers(2, Block(mlp=Gated("E*D")), "wide")),
            "dim ffn is F already and cannot be D\\*E as well",
        ),
        (
            (Layers("L", Block(Attention(window=8))), Layers(2, Block(Attention(window=9)), "wide")),
            "S_w = min\\(S, 8\\) is defined already",
        ),
    ],
)
def test_what_cannot_be_is_refused(layers: tuple[Layers, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Architecture(layers).build().substitute(B=1)
