"""What libraries and configurations call the sizes of the table: `hidden_size`, `args.seq_length`, `n_kv_heads`.

Names that mean one thing wherever they occur; those that mean several are listed with their meanings.
"""

from __future__ import annotations

from collections.abc import Container

from costgraph.algebra.symbols import SYMBOLS, Symbols

# Meanings in order: the first one counts whose symbols the question has.
MEANINGS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("B",): (
        "batch_size", "batch", "bsz", "global_batch_size", "batchsize", "train_batch_size", "max_batch_size",
        "max_num_seqs", "num_seqs", "global_batch",
    ),
    ("S",): ("seq_len", "seqlen", "seq_length", "sequence_length", "seq", "n_seq", "prompt_len", "prompt_length"),
    ("S_e",): ("encoder_seq_length", "encoder_seq_len"),
    ("L",): (
        "num_hidden_layers", "num_layers", "n_layers", "n_layer", "num_layer", "nlayers", "layers", "number_of_layers",
        "num_decoder_layers", "base_num_decoder_layers", "num_transformer_layers",
    ),
    ("D",): (
        "hidden_size", "d_model", "n_embd", "embed_dim", "embedding_dim", "model_dim", "hidden", "dim_model", "n_embed",
        "emb_dim", "base_emb_dim", "hidden_width", "d_embed", "embedding_length",
    ),
    ("A",): (
        "num_attention_heads", "num_heads", "n_heads", "n_head", "nheads", "num_query_heads", "heads",
        "n_attention_heads", "attention_heads", "num_attn_heads", "base_num_query_heads", "decoder_attention_heads",
        "nhead", "n_query_heads", "head_count",
    ),
    ("G",): (
        "num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_kv_head", "kv_heads", "nheads_kv", "num_query_groups",
        "nheads_k", "n_head_kv", "n_heads_kv", "num_heads_kv", "base_num_kv_heads", "multi_query_group_num", "n_kv",
        "head_count_kv",
    ),
    ("A/G",): ("num_key_value_groups", "n_rep"),
    ("H", "D/A"): (
        "head_dim", "d_head", "headdim", "head_size", "head_dimension", "kv_channels", "dim_head", "d_k", "d_kv",
        "size_per_head", "attention_head_size",
    ),
    ("F", "E*D"): (
        "intermediate_size", "ffn_hidden_size", "d_ff", "ffn_dim", "n_inner", "ffw_size", "ffn_size", "n_ff", "mlp_dim",
        "base_mlp_dim", "d_ffn", "dim_ff", "dim_feedforward", "feed_forward_length", "decoder_ffn_dim",
    ),
    ("E",): ("mlp_ratio", "expansion_ratio", "expansion_factor", "ffn_multiplier"),
    ("V",): ("vocab_size", "n_vocab", "padded_vocab_size", "vocabulary_size", "vocab", "d_vocab", "num_vocab"),
    ("K",): ("max_position_embeddings", "n_positions"),
    ("W",): ("sliding_window", "window_size"),
    ("N_r",): ("num_experts", "num_local_experts", "n_routed_experts", "num_moe_experts", "n_experts", "n_expert"),
    ("K_r",): (
        "num_experts_per_tok", "moe_router_topk", "experts_per_token", "num_experts_per_token", "n_expert_used",
        "n_activated_experts", "moe_top_k", "moe_k",
    ),
    ("N_s",): ("n_shared_experts", "num_shared_experts"),
    ("F_e",): ("moe_intermediate_size", "moe_ffn_hidden_size"),
    ("R_q",): ("q_lora_rank",),
    ("R_kv",): ("kv_lora_rank",),
    ("H_n",): ("qk_nope_head_dim",),
    ("H_r",): ("qk_rope_head_dim",),
    ("H_v",): ("v_head_dim",),
    ("R_a",): ("lora_rank",),
    ("T",): ("tp", "tp_size", "tensor_parallel_size", "tensor_model_parallel_size", "tensor_parallel_degree"),
    ("P",): ("pp", "pp_size", "pipeline_parallel_size", "pipeline_model_parallel_size", "pipeline_parallel_degree"),
    ("N_d",): ("dp", "dp_size", "data_parallel_size", "data_parallel_degree"),
    ("C",): ("cp", "cp_size", "context_parallel_size", "context_parallel_degree"),
    ("X",): ("ep", "ep_size", "expert_parallel_size", "expert_model_parallel_size", "expert_parallel_degree"),
    ("M",): ("num_microbatches", "microbatches", "gradient_accumulation_steps"),
    ("N_params",): (
        "n_params", "num_params", "num_parameters", "n_parameters", "total_params", "number_of_params",
        "n_param", "param_count",
    ),
    ("p",): (
        "bytes_per_param", "bytes_per_element", "dtype_bytes", "dtype_size", "bytes_per_parameter", "bytes_per_elem",
        "bytes_per_value", "element_size", "itemsize", "sizeof_dtype",
    ),
}  # fmt: skip
# What is the sequence length in a model that learns no positions, and else either that or how many it has.
LENGTHS = (
    "n_ctx", "ctx", "ctx_len", "n_context", "context_length", "context_len", "context_size", "ctx_size", "max_seq_len",
    "max_seqlen", "max_seq_length", "max_sequence_length", "max_length", "max_len", "max_model_len", "max_context_len",
    "max_target_length", "block_size", "context_window", "seq_len_max",
)  # fmt: skip
OF_LENGTH = "the sequence length S, or the longest one that positions are learned for, K"
OF_A_DEVICE = "B on one device, B/(N_d*X*M) on a mesh; write the one that is meant"
CALLED: dict[str, tuple[str, ...]] = {name: texts for texts, names in MEANINGS.items() for name in names}
AMBIGUOUS: dict[str, str] = {
    "micro_batch_size": OF_A_DEVICE,
    **dict.fromkeys(("per_device_batch_size", "per_device_train_batch_size", "microbatch_size"), OF_A_DEVICE),
    **dict.fromkeys(LENGTHS, OF_LENGTH),
    "world_size": "all devices, the product of the degrees of a mesh, such as N_d*T*P; write those",
    "num_gpus": "all devices, the product of the degrees of a mesh, such as N_d*T*P; write those",
    "n_gpus": "all devices, the product of the degrees of a mesh, such as N_d*T*P; write those",
    "hidden_dim": "the width D, or that of the MLP, E*D or F; write the one that is meant",
    "n_tokens": "B*S in a step of training, B in one of decode; write the one that is meant",
    "num_tokens": "B*S in a step of training, B in one of decode; write the one that is meant",
    "bs": "the batch size B, or b*s; write B, or say which letters with --notation",
    "dim": "the width D, or that of a head; write the one that is meant",
}


def meaning_of(name: str, symbols: Container[str] | None = None) -> str:
    """What a framework's name stands for in a question that has these symbols; "" if it is none.

    Args:
        name: without what it is an attribute of.
        symbols: those that can occur; any of the table unless given.
    """
    name = name if name in CALLED or name in LENGTHS or "_" not in name else name.lower()  # D_model, N_HEADS
    if name in LENGTHS and isinstance(symbols, Symbols) and "K" not in symbols.own:
        return "S"
    texts = CALLED.get(name, ())
    for text in texts:
        if all(part in (SYMBOLS if symbols is None else symbols) for part in text.replace("*", "/").split("/")):
            return text
    return texts[-1] if texts else ""
