"""How others count: published formulas, and the counters of training libraries, as rows.

Each was read in its source; those that do something no option says are in files of their own. What differs from the
architecture (a vocabulary that is padded, heads as wide as D/A, matrices that are always two) is a matter of sizes, not
of counting, and is said in docs/conventions.md.
"""

from __future__ import annotations

from costgraph.conventions.convention import Convention, Counting

TWICE = Counting(backward="twice")

MEGATRON_2022 = Convention(
    "megatron-2022",
    counting=TWICE,
    source="Korthikanti et al. 2022, App. A: 72*B*S*L*D**2*(1 + S/(6*D) + V/(12*L*D)); Megatron-LM until March 2025",
)
PALM = Convention(
    "palm",
    counting=Counting(linear="parameters", embedding="matmul", backward="twice"),
    source="Chowdhery et al. 2022, App. B: 6*N_params + 12*S*L*A*H per token, the embedding among the parameters",
)
KAPLAN = Convention(
    "kaplan",
    frozenset({"norm", "bias"}),
    counting=Counting(causal="half", linear="parameters", head="left_out", backward="twice"),
    source="Kaplan et al. 2020, Table 1: 2*N_params + 2*S*L*D per token forward, without embeddings and head",
)
CHINCHILLA = Convention(
    "chinchilla",
    elementwise=(("softmax", 3),),
    counting=Counting(embedding="matmul", backward="twice"),
    source="Hoffmann et al. 2022, App. F: matmuls, the embedding as one, 3 per score of the softmax",
)
NANOGPT = Convention(
    "nanogpt",
    counting=TWICE,
    source="karpathy/nanoGPT, transformer_sizing.ipynb; estimate_mfu of model.py is nanogpt(linear=parameters)",
)
TORCHTITAN = Convention(
    "torchtitan",
    counting=Counting(linear="parameters", parameters="active", backward="twice"),
    source="pytorch/torchtitan since #4300: 6 per active parameter, norms and router among them, and full attention",
)
MAXTEXT = Convention(
    "maxtext",
    counting=Counting(causal="half", backward="twice"),
    source="AI-Hypercomputer/maxtext since July 2025: matmuls, half of causal attention, windows as ramps",
)
VERL = Convention(
    "verl",
    counting=Counting(causal="half_band", embedding="matmul", backward="twice"),
    source="volcengine/verl since January 2026: matmuls, the embedding as one, half of what attention shows",
)
DEEPSPEED = Convention(
    "deepspeed",
    elementwise=(
        ("gelu", 1), ("layer_norm", 5), ("relu", 1), ("silu", 1), ("softmax", 1), ("tanh", 1),
    ),
    counting=Counting(windows="full", backward="twice"),
    source="DeepSpeed's flops profiler, and calflops: matmuls, LayerNorm 5, softmax and activations 1 per element",
)  # fmt: skip
FVCORE = Convention(
    "fvcore",
    elementwise=(("layer_norm", 5),),
    counting=Counting(windows="full", multiply_add=1, backward="twice"),
    source="fvcore's flop_count: one FLOP per multiply-add, LayerNorm 5 per element",
)
