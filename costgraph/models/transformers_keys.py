"""Keys that every configuration of transformers may have, and which unknown ones speak of a size.

Source: transformers 5.23.0 and 4.57, `configuration_utils.py` (PreTrainedConfig), `generation/configuration_utils.py`
(parameters of generation that older files carry), `modeling_rope_utils.py`.
"""

from __future__ import annotations

import re

WITHOUT_EFFECT = frozenset({
    "architectures", "auto_map", "model_type", "name_or_path", "_name_or_path", "_commit_hash",
    "transformers_version", "task_specific_params", "attn_implementation", "_attn_implementation",
    "_attn_implementation_internal", "_attn_implementation_autoset", "experts_implementation",
    "_experts_implementation", "_experts_implementation_internal", "use_flash_attn", "_flash_attn_2_enabled",
    "torchscript", "use_bfloat16", "tf_legacy_loss", "gradient_checkpointing", "finetuning_task",
    "problem_type", "id2label", "label2id", "num_labels", "tokenizer_class", "prefix", "output_hidden_states",
    "output_attentions", "return_dict", "use_return_dict", "return_dict_in_generate", "output_scores",
    "use_cache", "chunk_size_feed_forward", "remove_invalid_values", "is_encoder_decoder", "bos_token_id",
    "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "unk_token_id",
    "decoder_start_token_id", "initializer_range", "initializer_factor", "init_std", "init_method",
    "use_unpad_attention", "generation_config", "max_length", "max_new_tokens", "min_length",
    "min_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty",
    "temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff",
    "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
    "bad_words_ids", "num_return_sequences", "forced_bos_token_id", "forced_eos_token_id",
    "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "renormalize_logits",
    "cache_implementation", "penalty_alpha", "num_assistant_tokens", "unsloth_fixed", "unsloth_version",
    "rope_theta", "rope_scaling", "rope_parameters", "rope_local_base_freq", "rope_interleave",
    "original_max_position_embeddings", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps",
    "norm_epsilon", "pretraining_tp", "tie_last_hidden_states",
})  # fmt: skip

# Values that leave a model as it is; any other is refused.
ONLY = {
    "pruned_heads": ({},),
    "tie_encoder_decoder": (False,),
    "cross_attention_hidden_size": (None,),
    "add_cross_attention": (False,),
    "is_decoder": (False,),
    "per_layer_config": (None, {}),
}

BYTES = {  # of an element of each type
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1,
}  # fmt: skip

SIZES = frozenset({
    "dim", "dims", "size", "sizes", "num", "n", "number", "count", "head", "heads", "layer", "layers",
    "depth", "width", "hidden", "inner", "expert", "experts", "rank", "ranks", "window", "windows", "chunk",
    "chunks", "channel", "channels", "group", "groups", "kernel", "stride", "strides", "block", "blocks",
    "stage", "stages", "state", "intermediate", "ffn", "ff", "vocab", "length", "len", "positions",
    "position", "kv", "lora", "latent", "latents", "memory", "expand", "expansion", "ratio", "freq",
    "frequency", "every", "pattern", "interval", "topk", "nope", "shared", "sparse", "dense", "index",
    "indexer",
})  # fmt: skip
NAMES_NO_SIZE = re.compile(r"(_eps|_epsilon|_dropout|_pdrop|_prob|_std|_coef|_loss|_id|_ids|_index|_type|_init|_bias)$")


def speaks_of_a_size(key: str) -> bool:
    """Whether a key that nobody knows would change a cost, by the words of its name."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", key).lower())
    return not NAMES_NO_SIZE.search(key) and not SIZES.isdisjoint(words)
