"""What the field also calls things: other names that are understood, and words that are answered with the right one.

One table for passes, axes, op sets, phases, measures and options; sizes of models have theirs in
`algebra/frameworks.py`.
"""

from __future__ import annotations

UNDERSTOOD: dict[str, dict[str, str]] = {  # by what is asked for
    "axis": {
        "dp": "data", "ddp": "data", "data_parallel": "data", "tp": "tensor", "model": "tensor", "pp": "pipeline",
        "pipe": "pipeline", "stages": "pipeline", "cp": "context", "ep": "experts",
        "expert": "experts", "micro": "microbatches", "microbatch": "microbatches",
    },
    "pass": {
        "flash": "flash_attention", "flash_attn": "flash_attention", "fa": "flash_attention", "fa2": "flash_attention",
        "flashattention": "flash_attention", "tp": "tensor_parallel", "amp": "autocast",
    },
    "kind of thing": {"hardware": "machines", "gpus": "machines", "rewrites": "passes"},
    "kind of thing to list": {"machines": "hardware", "gpus": "hardware", "devices": "hardware", "op_sets": "op-sets"},
    "topic": {  # of published formulas
        "parameters": "params", "parameter": "params", "kv": "cache", "kv_cache": "cache", "kvcache": "cache",
        "optimizer": "states", "training_state": "states", "activation": "activations", "comms": "communication",
        "collectives": "communication", "sequence_parallel": "sequence", "sp": "sequence", "fsdp": "zero",
        "tensor_parallel": "tensor", "checkpointing": "recompute", "recomputation": "recompute", "gqa": "kv_heads",
        "mqa": "kv_heads", "mla": "latent_attention", "moe": "experts", "mamba": "state_space", "ssm": "state_space",
        "machines": "hardware", "gpus": "hardware", "bubbles": "bubble", "latency": "time",
    },
    "target": {
        "xlsx": "excel", "xls": "excel", "md": "markdown", "tex": "latex", "js": "javascript", "ts": "typescript",
        "py": "python", "rs": "rust", "txt": "text", "typ": "typst", "htm": "html", "cpp": "c", "np": "numpy",
        "sqlite": "sql", "jax": "numpy",
    },
    "op set": {"gpt": "decoder", "gpt2": "decoder", "transformer": "decoder", "bert": "encoder", "gemm": "matmul"},
}  # fmt: skip
MEANT: dict[str, str] = {  # what a word that is no name here is written as
    "zero": "--mesh 'data(N_d, zero=1)', or zero=3, which shards the weights, too",
    "fsdp": "--mesh 'data(N_d, zero=3)'",
    "hsdp": "--mesh 'data(N_h), data(N_d, zero=3)'",
    "dp": "--mesh 'data(N_d)'",
    "data_parallel": "--mesh 'data(N_d)'",
    "tp": "--mesh 'tensor(T)'",
    "tensor": "--mesh 'tensor(T)'",
    "sp": "--mesh 'tensor(T, sequence=True)'",
    "sequence_parallel": "--mesh 'tensor(T, sequence=True)'",
    "pp": "--mesh 'pipeline(P)'",
    "pipeline": "--mesh 'pipeline(P)'",
    "pipeline_parallel": "--mesh 'pipeline(P)'",
    "cp": "--mesh 'context(C)'",
    "ring": "--mesh 'context(C)'",
    "ulysses": "--mesh 'context(C, how=\"heads\")'",
    "context_parallel": "--mesh 'context(C)'",
    "ep": "--mesh 'experts(X)'",
    "expert_parallel": "--mesh 'experts(X)'",
    "micro_batches": "--mesh 'microbatches(M)'",
    "checkpointing": "--pass 'recompute(full)'",
    "gradient_checkpointing": "--pass 'recompute(full)'",
    "activation_checkpointing": "--pass 'recompute(full)'",
    "activation_recomputation": "--pass 'recompute(selective)' or 'recompute(full)'",
    "recomputation": "--pass 'recompute(selective)' or 'recompute(full)'",
    "recompute": "--pass 'recompute(selective)' or 'recompute(full)'",
    "remat": "--pass 'recompute(full)'",
    "flash": "--attention flash",
    "flash_attention": "--attention flash",
    "seq": "--limit S=...",
    "seq_len": "--limit S=...",
    "seqlen": "--limit S=...",
    "context": "--limit S=...",
    "batch": "--limit B=...",
    "batch_size": "--limit B=...",
    "layers": "--limit L=...",
    "hidden_size": "--limit D=...",
    "heads": "--limit A=...",
    "dtype": "--limit p=bf16",
    "bf16": "--limit p=bf16 for what computes, or --precision mixed_adam for what training keeps",
    "fp16": "--limit p=fp16 for what computes, or --precision mixed_adam for what training keeps",
    "fp32": "--limit p=fp32 for what computes, or --precision fp32_adam for what training keeps",
    "fp8": "--limit p=fp8 for what computes, or --precision fp8_adam for what training keeps",
    "inference": "prefill or decode",
    "generation": "decode for a step of it, or ask `costgraph estimate --phase generate` for all of it",
    "training": "train",
    "memory": "states, activations, cache, or peak, which is the most of all of them at once",
    "latency": "step_time, ttft for the first token, or tpot for each further one",
    "time": "step_time, ttft for the first token, or tpot for each further one",
    "throughput": "step_time or tpot, of which it is the inverse",
    "bandwidth": "traffic for bytes read and written, or communication for bytes sent",
    "kv": "cache",
    "kv_cache": "cache",
    "compute": "flops",
    "csv": "excel, or make a table with `costgraph sweep -o FILE.csv`",
    "weights": "params for how many there are, or states for their bytes",
    "optimizer": "states",
    "gpu": "--hardware, in `costgraph estimate` or `costgraph solve`",
    "gpus": "--mesh 'data(N_d)'",
    "devices": "--mesh 'data(N_d)'",
    "no_pager": "it before the command: costgraph --no-pager list models",
    "version": "it alone: costgraph --version",
}

TOPICS: dict[str, tuple[str, ...]] = {  # what an abbreviation is called where things are written out
    "mla": ("latent",), "gqa": ("grouped", "kv_heads"), "mqa": ("kv_heads=1", "multi-query"), "moe": ("experts",),
    "kv": ("cache",), "kv-cache": ("cache",), "swa": ("window",), "ssm": ("state space", "mamba"),
    "mtp": ("further token",), "gla": ("linear attention",), "gdn": ("gated delta",),
    "mfu": ("utilization", "mfu"), "tp": ("tensor_parallel", "tensor(", "tensor-parallel"), "pp": ("pipeline",),
    "dp": ("data(", "data parallel"), "cp": ("context(", "context parallel"), "ep": ("experts(",), "fsdp": ("zero=3",),
    "rematerialization": ("recompute",), "checkpointing": ("recompute", "recomputation"), "finetuning": ("lora",),
}  # fmt: skip


def understood(what: str, name: str) -> str:
    """The name that is meant by another one; the name itself if there is no other."""
    return UNDERSTOOD.get(what, {}).get(name.strip().lower().replace("-", "_"), name)


def meant(name: str) -> str:
    """How what a word means is written; "" if nobody knows."""
    return MEANT.get(name.strip().lower().lstrip("-").replace("-", "_"), "")
