"""Configurations of transformers that cannot be expressed exactly, or not be read: one message lists all reasons."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from configurations import DEEPSEEK, GPT2, LLAMA, MAMBA, of
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph import UserError
from costgraph.models.config_json import configuration, read
from costgraph.models.family import by_model_type, of_model_type
from costgraph.models.keys import plain
from costgraph.models.known import known
from costgraph.toml_text import of_package

REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (LLAMA, {"model_type": "lama"}, "unknown model_type 'lama': did you mean llama"),
    (LLAMA, {"model_type": 3}, "model_type = 3: text in quotes is expected"),
    (LLAMA, {"hidden_size": ...}, "D (hidden width) is missing, looked for as hidden_size"),
    (GPT2, {"n_layer": ...}, "L (number of layers (transformer blocks)) is missing, looked for as n_layer or num_h"),
    (LLAMA, {"hidden_size": "64"}, "hidden_size = '64': D (hidden width) must be a positive integer"),
    (LLAMA, {"hidden_size": True}, "hidden_size = true: D (hidden width) must be a positive integer"),
    (LLAMA, {"hidden_size": 64.5}, "hidden_size = 64.5: D (hidden width) must be a positive integer"),
    (LLAMA, {"hidden_size": [64]}, "hidden_size = a list: D (hidden width) must be a positive integer"),
    (LLAMA, {"num_hidden_layers": -4}, "num_hidden_layers = -4"),
    (LLAMA, {"num_hidden_layers": 0}, "num_hidden_layers = 0"),
    (LLAMA, {"num_hidden_layers": 10**30}, "layers are more than the 100000 that are told apart"),
    (LLAMA, {"num_key_value_heads": 3}, "num_attention_heads = 8 is not divisible by num_key_value_heads = 3"),
    (LLAMA, {"num_attention_heads": 6},
     "H (width of a head) = D/A = 32/3 is no positive integer at num_attention_heads = 6, hidden_size = 64"),
    (GPT2, {"hidden_size": 32}, "n_embd = 64 and hidden_size = 32 contradict each other"),
    (LLAMA, {"torch_dtype": "int3"}, "torch_dtype = 'int3' is not known (float64, float32"),
    (LLAMA, {"torch_dtype": {"a": 1}}, "torch_dtype = an object is not known"),
    (LLAMA, {"hidden_act": "mish"}, "hidden_act = 'mish' is not modelled (known: silu"),
    (LLAMA, {"attention_bias": "yes"}, "attention_bias = 'yes' is not modelled (known: false, true)"),
    (LLAMA, {"attention_dropout": [1]}, "attention_dropout = a list is not modelled"),
    (GPT2, {"attn_pdrop": "much"}, "attn_pdrop = 'much' is not modelled (known: 0, a number)"),
    (LLAMA, {"tie_word_embeddings": 1}, "tie_word_embeddings = 1: true or false is expected"),
    (LLAMA, {"num_widgets": 5}, "num_widgets = 5 speaks of a size that llama does not have"),
    (LLAMA, {"n_routed_experts": 8}, "n_routed_experts = 8 speaks of a size that llama does not have"),
    (LLAMA, {"altUpNumInputs": 4}, "altUpNumInputs = 4 speaks of a size"),
    (LLAMA, {"is_decoder": True}, "is_decoder = true is not modelled (only false)"),
    (LLAMA, {"pruned_heads": {"1": [2]}}, "pruned_heads = an object is not modelled"),
    (LLAMA, {"layer_types": ["linear_attention"] * 4}, "layer_types: linear_attention not modelled (known: full"),
    (LLAMA, {"model_type": "gemma2", "layer_types": ["full_attention"] * 3}, "layer_types has 3 entries for 4 layers"),
    (LLAMA, {"model_type": "gemma2", "layer_types": "full"}, "layer_types: a list of words is expected"),
    (LLAMA, {"layer_types": ["sliding_attention"] * 4}, "W (window: positions that a query sees, its own included) is"),
    (LLAMA, {"model_type": "qwen3_moe", "mlp_only_layers": [4]}, "mlp_only_layers = a list: a list of layers, 0 to 3"),
    (LLAMA, {"model_type": "qwen3_moe", "decoder_sparse_step": -1}, "decoder_sparse_step = -1: a whole number of at"),
    (LLAMA, {"model_type": "qwen3_moe", "decoder_sparse_step": 0}, "sparse_step = 0: a whole number of at least 1"),
    (LLAMA, {"hidden_size": math.nan}, "llama: hidden_size = nan: D (hidden width) must be a positive integer"),
    (LLAMA, {"text_config": [1]}, "text_config = a list: an object is expected"),
    (LLAMA, {"model_type": "mixtral", "num_experts_per_tok": 9}, "num_experts_per_tok = 9 is more than N_r = 8"),
    (DEEPSEEK, {"qk_head_dim": 13}, "qk_head_dim = 13 is not H_n + H_r = 12"),
    (DEEPSEEK, {"moe_layer_freq": 2}, "moe_layer_freq = 2 is not modelled (only 1)"),
    (DEEPSEEK, {"q_lora_rank": "all"}, "q_lora_rank = 'all' is not modelled"),
    (MAMBA, {"expand": 3}, "expand = 3 is not A_s*H_s/D = 2"),
    (LLAMA, {"partial_rotary_factor": 1.5}, "H_r (width of a head's rotary part) is a share of H"),
    (LLAMA, {"quantization_config": {"quant_method": "magic"}}, "quant_method = 'magic' is not known (fp8"),
    (LLAMA, {"quantization_config": {"quant_method": ["fp8"]}}, "quant_method = a list is not known"),
    (LLAMA, {"quantization_config": 8}, "quant_method = null is not known"),
    (LLAMA, {"quantization_config": {"quant_method": "gptq", "bits": 40}}, "bits = 40: a whole number from 1 to 8"),
    (LLAMA, {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 0}}, "group_size = 0: a positive"),
    (LLAMA, {"quantization_config": {"quant_method": "fp8", "weight_block_size": 128}}, "weight_block_size = 128: two"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "changes", "message"), REFUSED)
def test_what_cannot_be_expressed_is_refused_in_words(
    base: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as refused:
        of(base, **changes)
    assert message in str(refused.value)
    assert str(refused.value).startswith("config.json: ")
    assert "\n" not in str(refused.value)


def test_one_message_lists_all_that_is_wrong() -> None:
    with pytest.raises(UserError) as refused:
        of(LLAMA, hidden_size=..., vocab_size=-1, num_key_value_heads=3, hidden_act="mish", num_widgets=5, dtype="x")
    for part in ("hidden_size", "vocab_size = -1", "not divisible", "mish", "num_widgets", "torch_dtype"):
        assert part in str(refused.value)


def test_what_is_wrong_for_one_reason_is_one_sentence() -> None:
    with pytest.raises(UserError) as refused:
        of({"model_type": "llama", "num_key_value_heads": 8, **{f"num_{i}": 1 for i in range(30)}})
    assert str(refused.value) == (
        "config.json: llama: missing are"
        " L (num_hidden_layers), D (hidden_size), V (vocab_size), A (num_attention_heads)"
        ", F (intermediate_size); num_0 = 1, num_1 = 1, num_2 = 1, num_3 = 1, num_4 = 1, num_5 = 1, num_6 = 1"
        ", num_7 = 1, num_8 = 1 and 21 more speak of sizes that llama does not have"
    )


def test_a_hopeless_file_is_told_the_first_reasons() -> None:
    wrong: Any = dict.fromkeys(
        ("hidden_size", "vocab_size", "num_attention_heads", "num_hidden_layers", "head_dim"), -1
    )
    with pytest.raises(UserError, match=r"; and \d+ more$"):
        of(LLAMA, **wrong, hidden_act="mish", dtype="x", num_key_value_heads=-3)


UNREADABLE: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "not a JSON document"),
    "no object": ("[1, 2]", "a configuration is an object"),
    "no model type": ("{}", "model_type is missing"),
    "too deep": ('{"a": ' * 5000 + "1" + "}" * 5000, "nested more than 200 deep"),
    "too large": ('{"a": "' + "x" * (1 << 21) + '"}', "is larger than 1 MiB"),
    "a key twice": ('{"model_type": "llama", "model_type": "gpt2"}', "stands twice"),
    "a number too long": ('{"model_type": "llama", "hidden_size": ' + "9" * 5000 + "}", "has more than 1000 digits"),
    "a binary file": ("\0", "holds a NUL"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_read_are_refused_in_words(name: str, tmp_path: Path) -> None:
    text, message = UNREADABLE[name]
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError) as refused:
        read(tmp_path)
    assert message in str(refused.value)
    assert "config.json" in str(refused.value)


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json: there is no such file"):
        cg.model(str(tmp_path))


# --- whatever stands there --------------------------------------------------------------------------------------------

ODD = st.sampled_from(
    [None, True, False, 0, -1, 3, 0.5, -2.5, 1e300, 10**40, "", "x", "null", "*", "64", [], [1], [None], {}, {"a": 1},
     ["full_attention"], ["sliding_attention"] * 2]
)  # fmt: skip
BASES = (LLAMA, GPT2, DEEPSEEK, MAMBA)


@given(data=st.data(), base=st.sampled_from(BASES), kind=st.sampled_from(["", *by_model_type()]))
def test_any_values_are_read_or_refused_in_words(data: st.DataObject, base: dict[str, Any], kind: str) -> None:
    known = sorted({*of_model_type(kind or base["model_type"]).keys, *base, "torch_dtype", "quantization_config"})
    changes = data.draw(st.dictionaries(st.sampled_from(known), ODD, max_size=4))
    changes.pop("model_type", None)
    with suppress(UserError):
        of(base, kind, **changes)


# --- published configurations, changed ----------------------------------------------------------------------------

CHANGED = [
    ("llama-3.1-8b", {"num_attention_heads": 33}, ["D/A = 4096/33", "not divisible by num_key_value_heads = 8"]),
    ("llama-3.1-8b", {"num_key_value_heads": 5, "vocab_size": True}, ["not divisible by", "vocab_size = true"]),
    ("llama-3.1-8b", {"num_hidden_layers": 10**9}, ["1000000000 layers are more than the 100000"]),
    ("llama-3.1-8b", {"num_attention_heads": 10**30}, ["is no positive integer"]),
    ("llama-3.1-8b", {"attention_chunk_size": 8192}, ["speaks of a size that llama does not have"]),
    ("llama-3.1-8b", {"head_dim": "128", "torch_dtype": "int3"}, ["head_dim = '128'", "torch_dtype = 'int3'"]),
    ("llama-3.1-8b", {"text_config": {"hidden_size": 8}}, ["num_hidden_layers", "vocab_size"]),
    ("gpt-oss-20b", {"num_experts_per_tok": 64}, ["num_experts_per_tok = 64 is more than num_local_experts = 32"]),
    ("gpt-oss-20b", {"layer_types": ["full_attention"] * 3}, ["layer_types has 3 entries for 24 layers"]),
    ("gemma-2-9b", {"layer_types": ["chunked_attention"] * 42}, ["chunked_attention not modelled"]),
    ("mistral-7b", {"sliding_window": -5}, ["sliding_window = -5"]),
    ("bert-base", {"is_decoder": True}, ["is_decoder = true is not modelled"]),
    ("t5-base", {"feed_forward_proj": "swish"}, ["feed_forward_proj = 'swish' is not modelled"]),
    ("mamba2-130m", {"expand": 7, "n_groups": 5}, ["expand = 7 is not A_s*H_s/D = 2", "not divisible by n_groups = 5"]),
    ("bloom-560m", {"n_head": 0}, ["n_head = 0"]),
    ("falcon-7b", {"alibi": "yes"}, ["alibi = 'yes' is not modelled"]),
    ("opt-350m", {"word_embed_proj_dim": -3}, ["word_embed_proj_dim = -3"]),
    ("gpt-neox-20b", {"rotary_pct": 2.0}, ["rotary_pct = 2", "is a share of H"]),
    ("phi-4", {"partial_rotary_factor": math.inf}, ["partial_rotary_factor = inf"]),
    ("qwen1.5-moe-a2.7b", {"mlp_only_layers": [99]}, ["a list of layers, 0 to 23"]),
    ("gpt2", {"n_positions": None, "n_inner": -1}, ["looked for as n_positions", "n_inner = -1"]),
    ("deepseek-v3", {"qk_head_dim": 100, "moe_layer_freq": 2}, ["qk_head_dim = 100", "moe_layer_freq = 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "said"), CHANGED)
def test_published_configurations_are_refused_once_they_contradict_themselves(
    name: str, changes: dict[str, Any], said: list[str]
) -> None:
    keys = of_package(known()[name])["config"]
    keys = {key: None if value == "null" else plain(value) for key, value in keys.items()}
    with pytest.raises(UserError) as refused:
        configuration({**keys, **changes}, "config.json")
    assert [words for words in said if words not in str(refused.value)] == []
    assert "\n" not in str(refused.value)
