"""Configurations of transformers: what their keys mean, and what is said in remarks."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from configurations import DEEPSEEK, FALCON, GPT2, LLAMA, MAMBA, OPT, numbers, of, params

import costgraph as cg
from costgraph import UserError
from costgraph.blocks import Attention, Experts, Gated, LatentAttention, Mlp
from costgraph.models.config_json import Configuration, configuration, read

# --- sizes ------------------------------------------------------------------------------------------------------------

SIZES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (LLAMA, {}, "L=4, D=64, A=8, G=2, H=8, F=172, V=1000, K=512, p=none"),
    (LLAMA, {"num_key_value_heads": ...}, "G=8"),
    (LLAMA, {"head_dim": 32}, "H=32"),
    (LLAMA, {"head_dim": None}, "H=8"),
    (LLAMA, {"torch_dtype": "bfloat16"}, "p=2"),
    (LLAMA, {"dtype": "float32"}, "p=4"),
    (LLAMA, {"dtype": "torch.float8_e4m3fn"}, "p=1"),
    (LLAMA, {"model_type": "gemma"}, "H=256"),  # not D/A
    (LLAMA, {"model_type": "mistral", "num_key_value_heads": ..., "head_dim": 8}, "G=8, W=4096"),
    (LLAMA, {"model_type": "mistral", "sliding_window": None}, "W=none"),
    (LLAMA, {"model_type": "qwen2", "sliding_window": 4096}, "W=none"),  # is set in every file and used in none
    (LLAMA, {"model_type": "qwen2", "sliding_window": 128, "use_sliding_window": True, "max_window_layers": 3},
     "L_local=1, L_global=3, W=128"),
    (LLAMA, {"model_type": "gemma2"}, "L_local=2, L_global=2, W=4096"),
    (LLAMA, {"model_type": "gemma3_text", "num_hidden_layers": 26}, "L_local=22, L_global=4"),
    (LLAMA, {"model_type": "gemma3_text", "num_hidden_layers": 26, "sliding_window_pattern": 2}, "L_local=13"),
    (LLAMA, {"model_type": "gemma2", "layer_types": ["full_attention"] * 4}, "W=none, L=4"),  # the truth where it is
    (LLAMA, {"model_type": "gemma2", "layer_types": ["full_attention"] + ["sliding_attention"] * 3},
     "L_local=3, L_global=1"),
    (GPT2, {}, "H=16, F=256, K=32"),
    (GPT2, {"n_inner": None}, "F=256"),
    (GPT2, {"n_inner": 100}, "F=100"),
    (GPT2, {"n_embd": ..., "hidden_size": 64}, "D=64"),
    (FALCON, {}, "G=1, F=256"),
    (FALCON, {"num_kv_heads": 4}, "G=1"),  # multi_query goes before it
    (FALCON, {"num_kv_heads": 4, "new_decoder_architecture": True}, "G=4"),
    (FALCON, {"multi_query": False}, "G=8"),
    (DEEPSEEK, {"head_dim": 4}, "L_dense=1, L_moe=5, H_n=8, H_r=4, H_v=8, R_q=24, R_kv=16"),
    (DEEPSEEK, {}, "N_r=8, K_r=2, N_s=1, F_e=32, F=200"),
    (DEEPSEEK, {"q_lora_rank": None}, "R_q=none"),
    (DEEPSEEK, {"first_k_dense_replace": 0}, "L_dense=none, L_moe=none, F=none, L=6"),
    (MAMBA, {}, "A_s=8, H_s=16, D_s=16, G_s=1, K_s=4, Q_s=256, A=none"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "changes", "sizes"), SIZES)
def test_keys_are_sizes(base: dict[str, Any], changes: dict[str, Any], sizes: str) -> None:
    names = " ".join(part.partition("=")[0].strip() for part in sizes.split(","))
    assert numbers(of(base, **changes), names) == sizes


# --- options ----------------------------------------------------------------------------------------------------------


def attention(found: Configuration) -> Attention:
    """The attention of the first layers."""
    mixing = found.architecture.layers[0].block.attention
    assert isinstance(mixing, Attention)
    return mixing


def test_options_follow_from_keys() -> None:
    assert attention(of(LLAMA)).biases == ()
    assert attention(of(LLAMA, attention_bias=True)).biases == ("q", "k", "v", "out")
    assert attention(of(LLAMA, "qwen2")).biases == ("q", "k", "v")
    assert attention(of(LLAMA, "qwen3")).qk_norm is not None
    assert attention(of(LLAMA, "olmo2")).qk_norm_over == "heads"
    assert attention(of(GPT2)).fused
    assert attention(of(GPT2)).dropout
    assert not attention(of(GPT2, attn_pdrop=0)).dropout
    assert attention(of(LLAMA, partial_rotary_factor=0.5)).rotary == "H_r"
    assert attention(of(FALCON, alibi=True)).positions == "alibi"


def test_the_head_is_tied_where_transformers_has_it_so_by_default() -> None:
    tied = {"gpt2": GPT2, "opt": OPT, "falcon": FALCON, "gemma": LLAMA}
    untied = {"llama": LLAMA, "qwen2": LLAMA, "mixtral": LLAMA, "deepseek_v3": DEEPSEEK, "mamba2": MAMBA}
    for kind, base in {**tied, **untied}.items():
        head = of(base, kind).architecture.head
        assert head is not None
        assert head.tied == (kind in tied), kind


def test_opt_has_two_more_rows_of_positions_and_may_norm_afterwards_and_embed_narrower() -> None:
    usual, narrow = of(OPT), of(OPT, do_layer_norm_before=False, word_embed_proj_dim=32)
    assert usual.architecture.embedding is not None
    assert usual.architecture.embedding.offset == 2
    assert usual.architecture.norm is not None
    assert narrow.architecture.norm is None
    assert narrow.architecture.layers[0].block.residual == "post"
    assert numbers(narrow, "D_e") == "D_e=32"
    assert params(narrow) - params(usual) == -100 * 32 - 34 * 0 + 2 * 64 * 32 - 2 * 64


@pytest.mark.parametrize(
    ("keys", "residual"),
    [
        ({}, "parallel"),
        ({"parallel_attn": False}, "pre"),
        ({"new_decoder_architecture": True}, "parallel_two"),
        ({"new_decoder_architecture": True, "num_ln_in_parallel_attn": 1}, "parallel"),
    ],
)
def test_falcon_has_one_norm_or_two(keys: dict[str, Any], residual: str) -> None:
    assert of(FALCON, **keys).architecture.layers[0].block.residual == residual


def test_layers_differ_by_what_their_kind_says() -> None:
    dense, moe = of(DEEPSEEK).architecture.layers
    assert (dense.kind, moe.kind) == ("dense", "moe")
    assert isinstance(dense.block.attention, LatentAttention)
    assert isinstance(dense.block.mlp, Gated)
    assert isinstance(moe.block.mlp, Experts)
    local, everything = of(LLAMA, "gemma2").architecture.layers
    assert (local.block.attention, everything.block.attention) == (
        attention(of(LLAMA, "gemma2")), Attention(softcap=True, positions="rotary"),
    )  # fmt: skip
    assert attention(of(LLAMA, "gemma2")).window == "W"


def test_kinds_of_attention_and_kinds_of_mlp_are_told_apart_together() -> None:
    keys = {"layer_types": ["sliding_attention", "full_attention"] * 2, "mlp_only_layers": [0], "sliding_window": 16}
    found = of(LLAMA, "qwen3_moe", **keys)
    assert numbers(found, "L_local_dense L_global_moe L_local_moe") == "L_local_dense=1, L_global_moe=2, L_local_moe=1"


def test_t5_has_an_encoder_whose_mlp_may_be_gated() -> None:
    keys = {"d_model": 64, "num_layers": 3, "num_decoder_layers": 2, "num_heads": 4, "d_kv": 16, "d_ff": 128}
    base = {"model_type": "t5", "vocab_size": 100, **keys}
    found = of(base)
    assert numbers(found, "L L_encoder") == "L=2, L_encoder=3"
    assert isinstance(found.architecture.encoder[0].block.mlp, Mlp)
    assert found.architecture.layers[0].block.cross is not None
    assert isinstance(of(base, feed_forward_proj="gated-gelu").architecture.layers[0].block.mlp, Gated)


def test_a_text_model_is_read_out_of_what_is_around_it() -> None:
    inner = {**LLAMA, "model_type": "gemma3_text"}
    around = {
        "model_type": "gemma3",
        "text_config": inner,
        "vision_config": {"hidden_size": 5},
        "torch_dtype": "float32",
    }
    found = configuration(around, "config.json")
    assert numbers(found, "D p") == "D=64, p=4"
    assert found.remarks == ("the text model alone is read; not modelled: vision_config",)


def test_published_files_leave_defaults_out() -> None:
    """As gemma-3-4b's does."""
    inner = {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34}
    found = configuration({"model_type": "gemma3", "text_config": {**inner, "sliding_window": 1024}}, "config.json")
    assert params(found) == 3_880_263_168


@pytest.mark.parametrize(
    ("kind", "keys", "expected"),
    [  # what configurations of transformers 5.24.0 say of a key that is left out
        ("gemma2", {}, True),
        ("gemma3_text", {}, False),
        ("gemma3_text", {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}, True),
        ("gemma3_text", {"attn_logit_softcapping": None}, False),
        ("gemma2", {"attn_logit_softcapping": None, "final_logit_softcapping": None}, False),
    ],
)
def test_scores_and_logits_are_capped_where_the_family_or_a_key_says_so(
    kind: str, keys: dict[str, Any], expected: bool
) -> None:
    found = of(LLAMA, kind, **keys)
    head = found.architecture.head
    assert head is not None
    assert (attention(found).softcap, head.softcap) == (expected, expected)


def test_a_default_of_a_size_is_that_of_its_own_family() -> None:
    assert (
        numbers(of({key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}, "starcoder2"), "G")
        == "G=2"
    )


# --- what is said -----------------------------------------------------------------------------------------------------

REMARKS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (LLAMA, {}, ""),
    (LLAMA, {"rope_theta": 1e6, "use_cache": True, "bos_token_id": 1, "rms_norm_eps": 1e-5}, ""),
    (LLAMA, {"sparkle": "yes"}, "keys without a known effect: sparkle"),
    (LLAMA, {"num_widgets": 0, "n_things": None}, ""),  # says that there is none
]  # fmt: skip


STORED = [  # by the bytes of a weight, its share of the scales of its block included
    ({"quant_method": "gptq", "bits": 4}, "gptq", Fraction(1, 2) + Fraction(5, 2 * 128)),  # a scale of 2, half a zero
    ({"quant_method": "gptq", "bits": 4, "group_size": -1, "desc_act": True}, "gptq", Fraction(1, 2)),
    (
        {"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True},
        "awq",
        Fraction(1, 2) + Fraction(5, 128),
    ),
    ({"quant_method": "gptq", "bits": 8, "group_size": 32}, "gptq", 1 + Fraction(3, 32)),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", Fraction(4097, 4096)),
    ({"quant_method": "fp8", "fmt": "e4m3"}, "fp8", Fraction(1)),
    ({"quant_method": "mxfp4"}, "mxfp4", Fraction(17, 32)),
    ({"load_in_4bit": True}, "bitsandbytes", Fraction(9, 16)),
    ({"load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "bitsandbytes", Fraction(8452, 16384)),  # 4.127 bits
    ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes", Fraction(1)),
]


@pytest.mark.parametrize(("table", "method", "width"), STORED)
def test_how_weights_are_stored_is_said_with_their_bytes(table: dict[str, Any], method: str, width: Fraction) -> None:
    (said,) = of(LLAMA, quantization_config=table).remarks
    assert said == (
        f"quantization_config ({method}): the file stores most weights in {width} bytes, scales of blocks included; "
        f"here all are p bytes wide (--weights {width} for all of them)"
    )


def test_the_bytes_of_a_stored_weight_can_be_asked_for() -> None:
    asked = {"model": "llama-2-7b", "phase": "decode", "weights": "133/256"}
    found = cg.derive("states", **asked)  # type: ignore[arg-type]
    assert found.limited["states"].number == Fraction(133, 256) * 6738415616


@pytest.mark.parametrize(("base", "changes", "remark"), REMARKS)
def test_what_is_left_out_is_said(base: dict[str, Any], changes: dict[str, Any], remark: str) -> None:
    remarks = of(base, **changes).remarks
    assert ("".join(remarks)).startswith(remark)
    assert bool(remarks) == bool(remark)


def test_remarks_stand_in_the_answer(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, "sparkle": 1}))
    found = cg.derive("params", model=str(tmp_path), convention="exact")
    assert "keys without a known effect: sparkle" in found.remarks


def test_infinity_is_no_json_and_stands_in_files_all_the_same(tmp_path: Path) -> None:
    text = json.dumps({**MAMBA, "time_step_limit": [0.0, float("inf")]})
    assert "Infinity" in text
    (tmp_path / "config.json").write_text(text)
    assert read(tmp_path).sizes["A_s"] == 8


def test_positions_in_a_learned_table_are_a_limit_others_a_remark(tmp_path: Path) -> None:
    for name, keys in {"gpt2": GPT2, "llama": LLAMA}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(keys))
    asked: dict[str, Any] = {"limit": "B=1,S=1000", "convention": "exact"}
    with pytest.raises(UserError, match="S=1000: positions are a learned table, which has K=32"):
        cg.derive("flops", model=str(tmp_path / "gpt2.json"), **asked)
    (remark,) = cg.derive("flops", model=str(tmp_path / "llama.json"), **asked).remarks
    assert "longer than K=512" in remark
