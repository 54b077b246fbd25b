"""What libraries and configurations call the sizes of the table: `hidden_size`, `args.seq_length`, `n_kv_heads`.

Names that mean one thing wherever they occur; those that mean several are listed with their meanings.
"""

from __future__ import annotations

from collections.abc import Container

from costgraph.algebra.symbols import SYMBOLS

# Meanings in order: the first one counts whose symbols the question has.
MEANINGS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("B",): ("batch_size", "batch", "bsz", "global_batch_size", "batchsize"),
    ("S",): ("seq_len", "seqlen", "seq_length", "sequence_length", "seq"),
    ("S_e",): ("encoder_seq_length", "encoder_seq_len"),
    ("L",): (
        "num_hidden_layers", "num_layers", "n_layers", "n_layer", "num_layer", "nlayers", "layers", "number_of_layers",
    ),
    ("D",): (
        "hidden_size", "d_model", "n_embd", "embed_dim", "embedding_dim", "model_dim", "hidden", "dim_model", "n_embed",
    ),
    ("A",): (
        "num_attention_heads", "num_heads", "n_heads", "n_head", "nheads", "num_query_heads", "heads",
        "n_attention_heads", "attention_heads",
    ),
    ("G",): (
        "num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_kv_head", "kv_heads", "nheads_kv", "num_query_groups",
        "nheads_k",
    ),
    ("H", "D/A"): ("head_dim", "d_head", "headdim", "head_size", "head_dimension", "kv_channels"),
    ("F", "E*D"): ("intermediate_size", "ffn_hidden_size", "d_ff", "ffn_dim", "n_inner", "ffw_size", "ffn_size"),
    ("V",): ("vocab_size", "n_vocab", "padded_vocab_size", "vocabulary_size", "vocab"),
    ("K",): ("max_position_embeddings", "n_positions"),
    ("W",): ("sliding_window", "window_size"),
    ("N_r",): ("num_experts", "num_local_experts", "n_routed_experts", "num_moe_experts"),
    ("K_r",): ("num_experts_per_tok", "moe_router_topk", "experts_per_token", "num_experts_per_token"),
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
    ("N_params",): ("n_params", "num_params", "num_parameters", "n_parameters", "total_params", "number_of_params"),
    ("p",): ("bytes_per_param", "bytes_per_element", "dtype_bytes", "dtype_size", "bytes_per_parameter"),
}  # fmt: skip
CALLED: dict[str, tuple[str, ...]] = {name: texts for texts, names in MEANINGS.items() for name in names}
AMBIGUOUS: dict[str, str] = {
    "micro_batch_size": "B on one device, B/(N_d*X*M) on a mesh; write the one that is meant",
    "hidden_dim": "the width D, or that of the MLP, E*D or F; write the one that is meant",
    "n_ctx": "the sequence length S, or the longest one that positions are learned for, K",
    "context_length": "the sequence length S, or the longest one that positions are learned for, K",
    "max_seq_len": "the sequence length S, or the longest one that positions are learned for, K",
    "block_size": "the sequence length S, or the longest one that positions are learned for, K",
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
    texts = CALLED.get(name, ())
    for text in texts:
        if all(part in (SYMBOLS if symbols is None else symbols) for part in text.replace("*", "/").split("/")):
            return text
    return texts[-1] if texts else ""
