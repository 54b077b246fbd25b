"""What the field also calls things: other names that are understood, and words that are answered with the right one.

One table for passes, axes, op sets, phases, measures and options; sizes of models have theirs in
`algebra/frameworks.py`.
"""

from __future__ import annotations

UNDERSTOOD: dict[str, dict[str, str]] = {  # by what is asked for
    "axis": {
        "dp": "data", "ddp": "data", "data_parallel": "data", "tp": "tensor", "model": "tensor", "pp": "pipeline",
        "pipe": "pipeline", "stages": "pipeline", "cp": "context", "ep": "experts",
        "expert": "experts", "moe": "experts", "micro": "microbatches", "microbatch": "microbatches",
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
    "op": {
        "attention": "attn", "self_attention": "attn", "self_attn": "attn", "ffn": "mlp", "feed_forward": "mlp",
        "feedforward": "mlp", "lm_head": "head", "unembed": "head", "embedding": "embed", "embeddings": "embed",
        "norms": "norm", "layernorm": "norm", "rmsnorm": "norm",
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
    "dtype": "--limit p=... for all, or --weights ... and --cache-dtype ... apart",
    "bf16": "--limit p=bf16 for what computes, or --precision mixed_adam for what training keeps",
    "fp16": "--limit p=fp16 for what computes, or --precision mixed_adam for what training keeps",
    "fp32": "--limit p=fp32 for what computes, or --precision fp32_adam for what training keeps",
    "fp8": "--limit p=fp8 for what computes, or --precision fp8_adam for what training keeps",
    "inference": "prefill or decode, or ask `costgraph estimate --phase generate` for all of a generation",
    "generate": "decode for a step of it, or ask `costgraph estimate --phase generate` for all of it",
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
    "gpus": "--mesh 'data(N_d)'",
    "devices": "--mesh 'data(N_d)'",
    "no_pager": "it before the command: costgraph --no-pager list models",
    "version": "it alone: costgraph --version",
}

EXPERTS = "--model mixtral-8x7b, or another one that has experts"
FUSED, DEGREE = "--pass flash_attention; nothing else is fused", "the degree alone, as in tensor(4)"
UNDROPPED, KEPT_AS = "--op-set 'decoder(dropout=False)'", "--precision, with one of `costgraph list precisions`"
NODES = "costgraph estimate MODEL h100-sxm:8x2, of two nodes with eight devices"
CHUNKS = "--mesh 'pipeline(4, v=2, schedule=interleaved)'"
OFFLOADED = "--precision 'weights=2,gradients=2', which leaves out what another memory holds"
DRAFTED = "--pass 'decode(new=4)', a step in which so many positions are looked at"
HEADS, QUANTIZED = "--op-set 'decoder(kv_heads={})'", "--weights int4, and --cache-dtype fp8 for the cache"
SHARDED, REPLAYED = "--mesh 'data(N_d, zero={})'", "--pass 'recompute({})'"
POLICY = "--precision {}"
KEPT = "moments=4+4 for the two of Adam, beside master=4 for its copy of the weights"
# The same where it depends on what is asked for.
MEANT_AS: dict[str, dict[str, str]] = {
    "measure": {
        **dict.fromkeys(("comms", "comm", "collectives", "allreduce", "all_reduce", "network"), "communication"),
        **dict.fromkeys(("vram", "gpu_memory", "device_memory", "max_memory", "hbm", "footprint", "mem"), "peak"),
        **dict.fromkeys(
            ("gradients", "grads", "gradient", "optimizer_states", "optimizer_state", "moments", "master_weights"),
            "states, of which they are a part; --explain shows it",
        ),
        **dict.fromkeys(("parameters", "parameter", "num_params", "n_params", "model_size"), "params"),
        **dict.fromkeys(("macs", "mac", "tflops", "gflops", "ops", "operations"), "flops, two for each multiply-add"),
        **dict.fromkeys(("bytes", "io", "reads", "writes", "memory_traffic", "data_movement"), "traffic"),
        **dict.fromkeys(
            ("throughput", "tokens_per_second", "tokens_per_s", "tps", "speed"),
            "step_time or tpot, of which it is the inverse",
        ),
        **dict.fromkeys(("utilization", "utilisation", "hfu"), "mfu"),
        **dict.fromkeys(("flops_per_token", "flop_per_token"), "flops, with --per token"),
        **dict.fromkeys(("memory_per_token", "kv_per_token", "bytes_per_token"), "cache, with --per token"),
        **dict.fromkeys(("runtime", "duration", "training_time", "step"), "step_time"),
        **dict.fromkeys(("price", "dollars", "usd", "money"), "cost"),
        "weight_memory": "states, or params for how many there are",
        "activation_memory": "activations", "kv_cache": "cache", "kvcache": "cache", "kv_cache_size": "cache",
        "roofline": "intensity, or draw it with `costgraph estimate --plot FILE`",
    },
    "schedule of pipeline": {
        **dict.fromkeys(("zb1p", "zbh1", "zb_1p", "zero_bubble", "zb"), "zb-h1, or zb-h2 or zb-v, which are idle less"),
        **dict.fromkeys(("zb2p", "zbh2", "zb_2p"), "zb-h2"),
        **dict.fromkeys(("zbv", "v_zb", "zbvzerobubble"), "zb-v"),
        **dict.fromkeys(("vhalf", "v_shape"), "v-half, or v-min or zb-v"), "vmin": "v-min",
        "dualpipe": "data(2), pipeline(P/2, schedule=dualpipev), microbatches(M/2): the devices of both directions are "
        "replicas; with half of the stages and of the microbatches of each",
        **dict.fromkeys(("vpp", "virtual", "interleaved_1f1b"), "interleaved, with v=2 or more"),
        **dict.fromkeys(("1f1b_flush", "pipedream", "pipedream_flush", "dapple"), "1f1b"),
        "afab": "gpipe",
    },
    "pass": {
        "ddp": "--mesh 'data(N_d)'",
        **dict.fromkeys(
            ("ac", "act_ckpt", "activation_checkpoint", "grad_ckpt", "gradient_checkpoint", "grad_checkpointing",
             "full_recompute", "full_recomputation", "full_checkpointing"),
            REPLAYED.format("full"),
        ),
        **dict.fromkeys(
            ("selective_recompute", "selective_recomputation", "selective_checkpointing", "sac"),
            REPLAYED.format("selective"),
        ),
        **dict.fromkeys(
            ("sdpa", "fa3", "xformers", "memory_efficient_attention", "flash3", "flashattention2"),
            "--pass flash_attention",
        ),
        **dict.fromkeys(("offload", "cpu_offload", "zero_offload", "optimizer_offload"), OFFLOADED),
        **dict.fromkeys(("compile", "torch_compile", "fusion", "fused"), FUSED),
        **dict.fromkeys(("speculative", "speculative_decoding", "spec_decode", "draft", "eagle", "medusa"), DRAFTED),
        **dict.fromkeys(("kv_quant", "kv_cache_quant", "fp8_kv", "kv_fp8"), "--cache-dtype fp8"),
        **dict.fromkeys(("dropout", "no_dropout"), UNDROPPED),
        **dict.fromkeys(("fused_adam", "sgd", "lion", "adafactor"), KEPT_AS),
        **dict.fromkeys(("gradient_clipping", "clip", "ema", "weight_decay"), "nothing: it is not modelled"),
        "gqa": HEADS.format("G"), "mqa": HEADS.format("1"), "grouped_query_attention": HEADS.format("G"),
        "multi_query_attention": HEADS.format("1"),
        **dict.fromkeys(("swa", "sliding_window", "local_attention"), "--op-set 'decoder(window=W)'"),
        **dict.fromkeys(("moe", "mixture_of_experts"), EXPERTS),
        **dict.fromkeys(("mla", "latent_attention"), "--model deepseek-v3, or another one that has latents"),
        **dict.fromkeys(("quantize", "quantization", "quantisation", "awq", "gptq", "int8", "int4"), QUANTIZED),
        "qlora": "--pass 'lora(16)' with --weights int4",
        **dict.fromkeys(("causal", "causal_mask"), "--convention 'exact(causal=half)'"),
        **dict.fromkeys(("kv_cache", "cache", "cached"), "--phase decode, which reads one"),
        **dict.fromkeys(("paged_attention", "vllm", "continuous_batching"), "--phase decode, and B for what is served"),
        **{f"zero{sign}{stage}": SHARDED.format(stage) for stage in (1, 2, 3) for sign in ("", "_")},
        **dict.fromkeys(("3d", "3d_parallel", "3d_parallelism"), "--mesh 'pipeline(P), data(N_d), tensor(T)'"),
        **dict.fromkeys(("gradient_accumulation", "grad_accum", "microbatches"), "--mesh 'microbatches(M)'"),
        "selective": REPLAYED.format("selective"), "full": REPLAYED.format("full"),
        **dict.fromkeys(("adam", "adamw", "optimizer", "mixed_precision"), POLICY.format("mixed_adam")),
        "bias": "--op-set 'decoder(biases=True)'", "biases": "--op-set 'decoder(biases=True)'",
    },
    "precision": {
        **dict.fromkeys(("bf16_mixed", "16_mixed", "fp16_mixed", "half", "amp_bf16"), POLICY.format("mixed_adam")),
        **dict.fromkeys(("int8", "int4", "nf4", "q4", "q8", "w4a16", "w8a8"), "--weights int4, if nothing is trained"),
        **dict.fromkeys(
            ("adam", "adamw", "fused_adam"), "--precision mixed_adam, or fp32_adam where nothing is in 16 bits"
        ),
        "sgd": "--precision sgd_momentum, or 'weights=4,gradients=4' without momentum",
        "momentum": POLICY.format("sgd_momentum"), "lion": POLICY.format("mixed_lion"),
        **dict.fromkeys(("mixed", "amp", "mixed_precision"), POLICY.format("mixed_adam")),
        **dict.fromkeys(("8bit", "8bit_adam", "bnb", "adam8bit"), POLICY.format("adam_8bit")),
        "muon": "--precision 'weights=2,gradients=4,master=4,moments=4' for its one momentum",
    },
    "key of a precision": {
        **dict.fromkeys(("optimizer", "opt", "optimizer_states", "states", "adam", "momentum", "variance"), KEPT),
        **dict.fromkeys(("params", "parameters", "param", "model", "weight"), "weights=..."),
        **dict.fromkeys(("grads", "grad", "gradient"), "gradients=..."),
        **dict.fromkeys(("master_weights", "fp32", "copy", "main"), "master=..."),
        **dict.fromkeys(("moment", "m", "v", "exp_avg"), "moments=..., with + between several"),
    },
    "attention of choices": {
        **dict.fromkeys(
            ("fa", "fa2", "fa3", "flash2", "flash_attn", "flash_attention", "flash_attention_2", "xformers", "fused",
             "memory_efficient", "sdpa", "cudnn", "flashinfer"),
            "--attention flash",
        ),
        **dict.fromkeys(("math", "naive", "standard", "vanilla", "torch", "unfused", "full"), "--attention eager"),
    },
    "phase": {
        **dict.fromkeys(("backward", "bwd"), "--phase train, of which flops.backward is a part"),
        **dict.fromkeys(
            ("generate", "serve", "serving", "sampling"),
            "decode for a step of it, or ask `costgraph estimate --phase generate` for all of it",
        ),
        **dict.fromkeys(("pretrain", "pretraining", "finetune", "finetuning", "sft"), "train"),
        **dict.fromkeys(("fwd", "eval", "evaluate", "encode"), "forward"),
    },
    "convention": {
        **dict.fromkeys(
            ("calflops", "thop", "ptflops", "torchprofile", "torchinfo", "torchsummary"),
            "one of `costgraph list conventions`, or say what it counts, as in 'exact(multiply_add=1)'",
        ),
        **dict.fromkeys(("causal", "half", "causal_half"), "--convention 'exact(causal=half)'"),
        **dict.fromkeys(("6nd", "6n"), "--convention kaplan, or derive flops --when 'S << D'"),
        "megatron": "--convention megatron-2022, or megatron-2025",
    },
    "choice of --per": {
        **dict.fromkeys(("device", "gpu", "chip", "rank"), "nothing: an answer is of one device; --whole is of all"),
        **dict.fromkeys(("batch", "step", "iteration"), "nothing: an answer is of a step"),
        **dict.fromkeys(("request", "sample", "prompt"), "--per sequence"),
    },
    "goal of --minimize": {
        **dict.fromkeys(("time", "latency", "step"), "--minimize step_time"),
        **dict.fromkeys(("price", "money", "usd"), "--minimize cost, with --price"),
        **dict.fromkeys(("gpus", "gpu", "machines"), "--minimize devices"),
        **dict.fromkeys(("memory", "peak", "vram"), "--where 'peak <= 40 GiB', say, and minimize step_time"),
    },
    "axis": {
        **dict.fromkeys(("sequence", "seq"), "--mesh 'tensor(T, sequence=True)', or 'context(C)'"),
        **dict.fromkeys(
            ("vpp", "virtual_pipeline", "interleaved", "interleave", "virtual_stages"),
            CHUNKS,
        ),
        **dict.fromkeys(("nodes", "node", "hosts"), NODES),
        **dict.fromkeys(("grad_accum", "gradient_accumulation", "accumulation", "ga"), "--mesh 'microbatches(M)'"),
        **{f"zero{sign}{stage}": SHARDED.format(stage) for stage in (1, 2, 3) for sign in ("", "_")},
    },
    "symbol": {
        **dict.fromkeys(("tokens", "n_tokens", "num_tokens"), "B and S, of which it is the product"),
        **dict.fromkeys(
            ("precision", "quantization"), "p=bf16 for what computes, or --precision mixed_adam for what training keeps"
        ),
        **dict.fromkeys(("params", "parameters"), "N_params, or the sizes that make it"),
        **dict.fromkeys(("new", "max_new_tokens", "output_len"), "--new, where tokens are generated"),
    },
    "option of an axis": {
        **dict.fromkeys(("size", "n", "devices", "gpus", "world_size", "t", "p", "n_d", "c", "x", "m"), DEGREE),
        **dict.fromkeys(("stage", "zero_stage", "level", "sharding"), "zero=3"),
        **dict.fromkeys(("sequence_parallel", "sp"), "sequence=True"),
        **dict.fromkeys(("chunks", "virtual", "vpp", "interleave", "virtual_stages"), "v=2, with schedule=interleaved"),
    },
    "option of a pass": {
        **dict.fromkeys(("r", "lora_r", "lora_rank", "dim"), "rank=16, or the number alone"),
        **dict.fromkeys(("alpha", "lora_alpha", "scaling"), "nothing: a scale costs nothing that is counted"),
        **dict.fromkeys(("target_modules", "modules"), "targets='attn.*'"),
        **dict.fromkeys(("granularity", "mode", "method", "policy"), "selective or full, as in recompute(full)"),
        **dict.fromkeys(("num_layers", "layers", "interval", "every_n"), "every=2"),
        **dict.fromkeys(("num_tokens", "draft", "k", "tokens"), "new=4"),
    },
    "option of an op set": {
        **dict.fromkeys(("gqa", "kv", "groups", "n_kv_heads", "num_kv_heads", "num_key_value_heads"), "kv_heads=8"),
        "mqa": "kv_heads=1",
        **dict.fromkeys(("swiglu", "gated", "glu", "geglu", "gated_mlp", "activation"), "mlp=gated"),
        **dict.fromkeys(("rmsnorm", "rms_norm", "rms", "layernorm", "normalization"), "norm=rms, or layer"),
        **dict.fromkeys(("rope", "rotary", "alibi", "position_embeddings"), "positions=False, which learns none"),
        **dict.fromkeys(("bias", "use_bias", "add_bias"), "biases=True"),
        **dict.fromkeys(("head_dim", "d_head"), "head_width=H"),
        **dict.fromkeys(("swa", "sliding_window", "window_size"), "window=W"),
        **dict.fromkeys(("tie", "tie_embeddings", "tie_word_embeddings", "tied_embeddings"), "tied=True"),
        **dict.fromkeys(("lm_head", "embedding", "embeddings", "unembed"), "head=True"),
        **dict.fromkeys(("experts", "moe", "num_experts"), EXPERTS),
    },
    "op set": {
        **dict.fromkeys(
            ("llama", "llama2", "llama3", "mistral", "qwen", "gemma", "phi", "falcon", "opt", "gptj", "gpt3"),
            "--model, with one of `costgraph list models`",
        ),
        **dict.fromkeys(("moe", "mixtral", "mixture_of_experts"), EXPERTS),
        **dict.fromkeys(("mamba", "ssm", "state_space"), "--model mamba2-2.7b, or another one that has a state space"),
        **dict.fromkeys(("t5", "encoder_decoder", "seq2seq"), "--model flan-t5-base"),
        **dict.fromkeys(("mlp", "ffn", "feed_forward"), "--ops mlp, which asks for that part of the decoder"),
        **dict.fromkeys(("linear", "mm", "bmm"), "--op-set matmul"),
    },
    "option": {  # of a command, or a keyword
        **dict.fromkeys(("hardware", "gpu", "machine", "device"), "costgraph estimate MODEL MACHINE"),
        **dict.fromkeys(("out", "outfile", "output_file", "save", "save_to", "file", "to_file", "dump"), "-o FILE"),
        **dict.fromkeys(("training", "train"), "--phase train"), "forward": "--phase forward",
        "prefill": "--phase prefill", "decode": "--phase decode",
        **dict.fromkeys(("inference", "generate", "generation"), "--phase prefill or decode"),
        **dict.fromkeys(("verbose", "v", "debug", "detail", "details", "breakdown", "per_layer"), "--explain"),
        **dict.fromkeys(("flash_attn", "fa2", "sdpa", "attn_implementation", "attention_backend"), "--attention flash"),
        **dict.fromkeys(
            ("recompute_granularity", "recompute_activations", "recompute_method", "checkpoint_activations"),
            "--pass 'recompute(selective)' or 'recompute(full)'",
        ),
        **dict.fromkeys(("distributed_optimizer", "zero1"), SHARDED.format(1)),
        **dict.fromkeys(("zero_stage", "zero_optimization"), "--mesh 'data(N_d, zero=3)', or another stage"),
        **dict.fromkeys(("nodes", "num_nodes", "nnodes"), NODES),
        **dict.fromkeys(("world_size", "ngpus", "nproc_per_node"), "--mesh 'data(N_d)'"),
        **dict.fromkeys(("params", "num_params", "model_size"), "--model, or --limit with its sizes"),
        **dict.fromkeys(("vpp", "num_layers_per_virtual_pipeline_stage"), CHUNKS),
        "optimizer": "--precision mixed_adam, or what it keeps: `costgraph list precisions`",
        **dict.fromkeys(("quantization", "quantize", "quant", "weight_dtype", "bits"), "--weights int4"),
        **dict.fromkeys(("kv_cache_dtype", "kv_dtype", "cache_type", "kv_cache"), "--cache-dtype fp8"),
        **dict.fromkeys(("max_new_tokens", "new_tokens", "output_len", "output_tokens", "max_tokens"), "--new"),
        **dict.fromkeys(("mfu", "utilization", "flops_efficiency"), "--efficiency flops=0.4"),
        **dict.fromkeys(("parallel", "parallelism", "strategy", "sharding"), "--mesh 'data(N_d), tensor(T)'"),
        **dict.fromkeys(("recompute", "checkpoint", "remat"), REPLAYED.format("full")),
        **dict.fromkeys(("input_len", "prompt_len", "prompt", "input_tokens"), "--limit S=..."),
        **dict.fromkeys(("num_gpus", "num_devices", "nproc", "n_gpus"), "--mesh 'data(N_d)'"),
        "cost": "--price '2.5 USD/h'", "config": "--model config.json", "measures": "--measure",
        "measure": "--measures",
        **dict.fromkeys(("lora_rank", "lora_r", "lora", "max_lora_rank"), "--pass 'lora(16)'"),
        "csv": "costgraph sweep -o FILE.csv, which makes tables",
    },
}  # fmt: skip
OWNERS = {  # whose options they are
    "an axis": ("pipeline", "data", "context", "experts", "width", "tensor", "microbatches"),
    "a pass": ("lora", "recompute", "decode", "prefill", "widths", "tensor_parallel"),
    "an op set": ("decoder", "encoder"),
}
ALSO = {
    "symbol or measure": "measure",
    "measure in --measures": "measure",
    "measure in --pareto": "measure",
    "schedule in --over": "schedule of pipeline",
}

TOPICS: dict[str, tuple[str, ...]] = {  # what an abbreviation is called where things are written out
    "mla": ("latent",), "gqa": ("grouped", "kv_heads"), "mqa": ("kv_heads=1", "multi-query"), "moe": ("experts",),
    "kv": ("cache",), "kv-cache": ("cache",), "swa": ("window",), "ssm": ("state space", "mamba"),
    "mtp": ("further token",), "gla": ("linear attention",), "gdn": ("gated delta",),
    "mfu": ("utilization", "mfu"), "tp": ("tensor_parallel", "tensor(", "tensor-parallel"), "pp": ("pipeline",),
    "dp": ("data(", "data parallel"), "fsdp": ("zero=3",),
    "cp": ("context(", "context parallel", "ulysses", "ring attention"), "ep": ("experts(", "expert parallel"),
    "rematerialization": ("recompute",), "checkpointing": ("recompute", "recomputation"), "finetuning": ("lora",),
    "windowed": ("window",), "windows": ("window",), "offloading": ("offload",), "speculation": ("speculative",),
    "quantization": ("quantiz", "qlora", "nf4", "4-bit", "8-bit", "int4", "int8", "mxfp4", "gptq"),
    "sp": ("sequence=true", "sequence parallel", "sequence-parallel"), "mha": ("multi-head attention",),
    "8-bit": ("int8",), "4-bit": ("int4", "nf4", "qlora"),
    "6nd": ("6*n*d", "6*n_params", "6*n*t"), "critical": ("b_crit",), "latency": ("time of", "least time"),
    "memory": ("states", "activations", "cache"), "gradient accumulation": ("microbatch",),
    "serving": ("prefill", "speculative", "pagedattention", "mooncake", "vllm"),
    "prefix caching": ("mooncake",), "disaggregation": ("mooncake",),
}  # fmt: skip
SAID: dict[str, str] = {  # phrases, without marks, and what they are short for in TOPICS or named by
    "grouped query attention": "gqa", "grouped query": "gqa", "multi query attention": "mqa", "multi query": "mqa",
    "multi head latent attention": "mla", "mixture of experts": "moe", "sliding window attention": "swa",
    "sliding window": "swa", "local attention": "swa", "multi token prediction": "mtp", "state space": "ssm",
    "model flops utilization": "mfu", "model flop utilization": "mfu", "key value cache": "kv", "kv cache": "kv",
    "tensor parallel": "tp", "pipeline parallel": "pp", "data parallel": "dp", "context parallel": "cp",
    "expert parallel": "ep", "fully sharded data parallel": "fsdp", "activation checkpointing": "checkpointing",
    "gradient checkpointing": "checkpointing", "quantized": "quantization", "6 n d": "6nd",
    "int8": "8-bit", "int4": "4-bit", "sequence parallel": "sp", "multi head attention": "mha", "rope": "rotary",
    "rotary embeddings": "rotary", "operational intensity": "arithmetic intensity", "critical batch size": "critical",
    "critical batch": "critical", "gradient accumulation": "gradient accumulation",
    "grad accum": "gradient accumulation", "all to all": "all-to-all", "all reduce": "all-reduce",
    "all gather": "all-gather", "reduce scatter": "reduce-scatter", "paged attention": "pagedattention",
    "flash attention 2": "flashattention-2", "flash attention 3": "flashattention-3", "zero 1": "zero-1",
    "flashattention 2": "flashattention-2", "flashattention 3": "flashattention-3", "zero 2": "zero-2",
    "zero 3": "zero-3", "inference": "serving", "prefix caching": "prefix caching", "prefix cache": "prefix caching",
    "disaggregated": "disaggregation", "disaggregated serving": "disaggregation",
    "prefill decode disaggregation": "disaggregation",
}  # fmt: skip


def understood(what: str, name: str) -> str:
    """The name that is meant by another one; the name itself if there is no other."""
    return UNDERSTOOD.get(what, {}).get(name.strip().lower().replace("-", "_"), name)


def meant(name: str, what: str = "") -> str:
    """How what a word means is written, where something is asked for or anywhere; "" if nobody knows."""
    return meant_as(what, name) or MEANT.get(plain(name), "")


def meant_as(what: str, name: str) -> str:
    """How it is written where this is asked for, and nowhere else."""
    return MEANT_AS.get(ALSO.get(what, what), {}).get(plain(name), "") or of_option(what, name)


def of_option(what: str, name: str) -> str:
    """How what an option of an axis, a pass or an op set says is written; sizes are put in elsewhere."""
    start, _, owner = what.partition("option of ")
    if start or not owner:
        return ""
    kind = next((kind for kind, names in OWNERS.items() if owner in names), "")
    return MEANT_AS.get(f"option of {kind}", {}).get(plain(name), "")


def plain(name: str) -> str:
    """A word as the tables have it."""
    return name.strip().lower().lstrip("-").replace("-", "_")
