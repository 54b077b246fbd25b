"""Counters before and after their repair, and equations of papers: what is right agrees, what is wrong differs and why.

The shapes are those of nanoGPT, torchtitan, Megatron-LM, MaxText, llm-foundry, verl, NeMo, Levanter, LitGPT, OLMo-core
and of estimators of caches, states and activations; the faults are ones that were repaired in public, or their like.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mfu_counters import (
    BLOCKS,
    CACHE,
    CALLBACK,
    CHECKPOINT,
    DENSE,
    FLUX,
    FOUNDRY,
    LEVANTER,
    LITGPT,
    MAXTEXT,
    MEGATRON,
    MEMORY,
    MODULE_LOOP,
    MOE,
    NANO,
    NEMO,
    NESTED,
    OLMO,
    TITAN,
    TRL,
    VERL,
)

from costgraph.library.auditing.audit import audit

LLAMA: dict[str, Any] = {"model": "llama-3-8b", "convention": "notes"}
Expected = list[tuple[str, str]]

# a file, of what it counts -> of each formula that is compared, the outcome and the beginning of the reason
COUNTERS: list[tuple[str, dict[str, Any], Expected]] = [
    # nanogpt right
    (NANO.format(""), {"model": "gpt2", "convention": "nanogpt(linear=parameters)"},
     [("agrees", ""), ("agrees", "")]),
    # nanogpt positions
    (NANO.format("non_embedding=False"), {"model": "gpt2", "convention": "nanogpt(linear=parameters)"},
     [("differs", "it counts the embedding and learned positions as matmuls")]*2),
    # titan right
    (TITAN.format("model.tok_embeddings.weight.numel()",12), {"model": "llama-3-8b", "convention": "torchtitan"},
     [("agrees", "")]),
    # titan half
    (TITAN.format("model.tok_embeddings.weight.numel()",6), {"model": "llama-3-8b", "convention": "torchtitan"},
     [("differs", "it counts half of a causal square")]),
    # titan emb
    (TITAN.format("0",12), {"model": "llama-3-8b", "convention": "torchtitan"},
     [("differs", "it counts the embedding as a matmul")]),
    # megatron right
    (MEGATRON.format("(args.num_query_groups / args.num_attention_heads)"), LLAMA,
     [("agrees", "")]),
    # megatron no gqa
    (MEGATRON.format("1"), LLAMA,
     [("differs", "A stands in the place of G (32 for 8)")]),
    # maxtext after
    (MAXTEXT.format("/2"), {"model": "llama-3-8b", "convention": "maxtext"},
     [("agrees", "")]),
    # maxtext before
    (MAXTEXT.format(""), {"model": "llama-3-8b", "convention": "maxtext"},
     [("differs", "it counts causal=full, not half of a causal square")]),
    # foundry right
    (FOUNDRY.format(2), {"op_set": "decoder(head=True)", "convention": "palm(embedding=tables)"},
     [("agrees", ""), ("agrees", "")]),
    # foundry one matmul
    (FOUNDRY.format(1), {"op_set": "decoder(head=True)", "convention": "palm(embedding=tables)"},
     [("differs", "it counts half of a causal square"), ("differs", "it counts half of a causal square")]),
    # verl after
    (VERL.format(6), {"model": "llama-3-8b", "convention": "verl"},
     [("agrees", "")]),
    # verl before
    (VERL.format(12), {"model": "llama-3-8b", "convention": "verl"},
     [("differs", "it counts causal=full, not half of what causal attention and windows show")]),
    # nemo right
    (NEMO.format(18), LLAMA,
     [("agrees", "")]),
    # nemo two mats
    (NEMO.format(12), LLAMA,
     [("differs", "left out: mlp.gate or mlp.up or mlp.down or the forward pass of mlp")]),
    # levanter right
    (LEVANTER.format("3 if glu else 2"), {**LLAMA, "phase": "forward"},
     [("agrees", "")]),
    # levanter swapped
    (LEVANTER.format("2 if glu else 3"), {**LLAMA, "phase": "forward"},
     [("differs", "left out: mlp.gate or mlp.up or mlp.down (3758096384)")]),
    # litgpt right
    (LITGPT.format("(3 if training else 1)"), {},
     [("agrees", ""), ("agrees", "")]),
    # litgpt wrong
    (LITGPT.format("(2 if training else 1)"), {},
     [("differs", "it counts the backward pass alone"), ("agrees", "")]),
    # flux right
    (FLUX.format(12), {},
     [("agrees", "")]),
    # flux one
    (FLUX.format(6), {},
     [("differs", "it counts half of a causal square")]),
    # cache right
    (CACHE.format("num_key_value_heads","1e9"), {"model": "llama-3-8b"},
     [("agrees", "")]),
    # cache heads
    (CACHE.format("num_attention_heads","1e9"), {"model": "llama-3-8b"},
     [("differs", "it counts keys and values for every head")]),
    # cache gib
    (CACHE.format("num_key_value_heads","1024**3"), {"model": "llama-3-8b"},
     [("differs", "it is in GiB, 2**30 bytes, and its name says GB, 10**9 bytes")]),
    # olmo right
    (OLMO.format(12), {},
     [("agrees", "")]),
    # olmo half
    (OLMO.format(6), {},
     [("differs", "it counts half of a causal square")]),
    # ckpt right
    (CHECKPOINT.format(4), {"op_set": "decoder(head=True)", "limit": "E=4"},
     [("agrees", ""), ("agrees", "")]),
    # ckpt wrong
    (CHECKPOINT.format(3), {"op_set": "decoder(head=True)", "limit": "E=4"},
     [("differs", "it counts a training step without recomputation"), ("agrees", "")]),
    # mem right
    (MEMORY.format(4,34), {"limit": "E=4,p=2", "let": "b=B,s=S,h=D,a=A"},
     [("agrees", ""), ("agrees", "")]),
    # mem bf16
    (MEMORY.format(2,10), {"limit": "E=4,p=2", "let": "b=B,s=S,h=D,a=A"},
     [("differs", "it counts 2-byte gradients: 16 = 2 + 2 + 12 bytes"), ("differs", "nothing short explains it")]),
    # moe right
    (MOE.format("num_experts_per_tok"), {"model": "qwen3-30b-a3b", "convention": "notes", "let": "tokens=B*S"},
     [("agrees", ""), ("agrees", "")]),
    # moe all
    (MOE.format("num_experts"), {"model": "qwen3-30b-a3b", "convention": "notes", "let": "tokens=B*S"},
     [("differs", "N_r stands in the place of K_r (128 for 8)")]*2),
    # of modules that are embeddings, half of the square counted and not
    (DENSE.format(6), {"model": "llama-3-8b", "convention": "torchtitan", "let": "head_dims=2*H"},
     [("agrees", "")]),
    (DENSE.format(12), {"model": "llama-3-8b", "convention": "torchtitan", "let": "head_dims=2*H"},
     [("differs", "counted twice: the attention core")]),
    # a loop over modules; a head that shares the table is gone with it
    (MODULE_LOOP.format(6), {}, [("agrees", "")]),
    (MODULE_LOOP.format(2), {}, [("differs", "in the weight matmuls")]),
    (MODULE_LOOP.format(6), {"op_set": "decoder(head=True)"}, [("differs", "it counts without the head")]),
    # block by block; a gate forgotten
    (BLOCKS.format(4), LLAMA, [("agrees", "")]*2),
    (BLOCKS.format(2), LLAMA, [("differs", "left out: mlp.gate or mlp.up or mlp.down")]*2),
    # functions in a function, with defaults that are given
    (NESTED.format("/ 2"), {**LLAMA, "convention": "notes(causal=half)"}, [("agrees", "")]*2),
    (NESTED.format(""), {**LLAMA, "convention": "notes(causal=half)"}, [("differs", "it counts causal=full")]*2),
    # a callback with fields, which gives back a share
    (CALLBACK.format(6), {}, [("agrees", ""), ("agrees", "")]),
    (CALLBACK.format(2), {}, [("differs", "in the weight matmuls")]*2),
]  # fmt: skip
EQUATIONS: list[tuple[str, dict[str, Any], Expected]] = [
    # palm right
    (r"""\begin{equation}
\text{FLOPs per token} = 6N + 12LHQT
\end{equation}""", {"let": "N=N_params,H=A,Q=D/A,T=S"},
     [("agrees", "")]),
    # palm wrong
    (r"""\begin{equation}
\text{FLOPs per token} = 6N + 12LHQ
\end{equation}""", {"let": "N=N_params,H=A,Q=D/A,T=S"},
     [("differs", "in the attention core (12*S*L*D), the factor S is missing")]),
    # korthikanti right
    (r"""The memory is
\begin{align}
\text{activations memory} &= sbhL\left(34 + 5\frac{as}{h}\right) \\
\text{activations memory with tensor parallelism} &= 10sbhL + \frac{24sbhL}{T} + \frac{5abs^2L}{T}
\end{align}""", {"notation": "megatron", "limit": "E=4,p=2"},
     [("agrees", ""), ("not read", "")]),
    # narayanan
    (r"""\[
F_{\text{flops}} = 96Bsl h^2\left(1+\frac{s}{6h}+\frac{V}{16lh}\right)
\]""", {"op_set": "decoder(head=True)", "passes": ["recompute(full)"], "limit": "E=4", "let": "s=S,l=L,h=D"},
     [("agrees", "")]),
    # megatron
    (r"""\begin{equation}
\text{model FLOPs} = 72BLsh^2\left(1 + \frac{s}{6h} + \frac{V}{12hL}\right)
\end{equation}
\begin{equation}
\text{hardware FLOPs} = 72BLsh^2\left(\frac{4}{3} + \frac{s}{3h} + \frac{V}{12hL}\right)
\end{equation}""", {"op_set": "decoder(head=True)", "limit": "E=4", "let": "s=S,h=D"},
     [("agrees", ""), ("differs", "counted twice: attn (12*B*S*L*D*(S + 2*D))")]),
    # kv
    (r"""\newcommand{\nkv}{n_{kv}}
\[ M_{\text{kv}} = \begin{cases}
2 \cdot 2 \cdot b s L \nkv d & \text{if grouped} \\ 4 b s L n_h d & \text{otherwise}
\end{cases} \]
\[ M_{\text{kv}} = \frac{4bsL n_{kv} d}{10^9} \text{ GB} \]""",
     {"op_set": "decoder(kv_heads=G)", "limit": "p=2", "let": "b=B,s=S,d=D/A,n_h=A,n_kv=G"},
     [("agrees", ""), ("not read", ""), ("agrees", "")]),
    # states
    (r"""\begin{gather}
\text{model states} = 16\Psi \\
\text{model states}_{1} = 4\Psi + \frac{12\Psi}{N_d}
\end{gather}""", {"let": "Psi=N_params", "precision": "mixed_adam_bf16", "mesh": "data(N_d)"},
     [("agrees", ""), ("differs", "it is right for data(N_d, zero=1)")]),
    # kaplan
    (r"""\[ N_{\text{params}} \approx 2 d_{\text{model}} n_{\text{layer}} \left(2 d_{\text{attn}} + d_{\text{ff}}\right)
= 12 n_{\text{layer}} d_{\text{model}}^2 \]
\[ C_{\text{forward FLOPs per token}} = 2N + 2 n_{\text{layer}} n_{\text{ctx}} d_{\text{attn}} \]""",
     {"let": "d_model=D,n_layer=L,d_attn=D,d_ff=E*D,n_ctx=S,N=N_params"},
     [("agrees", ""), ("differs", "it is right where E = 4"), ("differs", "it counts as kaplan does")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "of", "expected"), COUNTERS)
def test_counters_agree_after_their_repair_and_differ_before(
    tmp_path: Path, source: str, of: dict[str, Any], expected: Expected
) -> None:
    path = tmp_path / "mfu.py"
    path.write_text(source, encoding="utf-8")
    found = [one for one in audit(str(path), **of) if one.compared is not None]
    assert [one.outcome for one in found] == [outcome for outcome, _ in expected]
    assert all(one.said.startswith(said) for one, (_, said) in zip(found, expected, strict=True))


@pytest.mark.parametrize(("source", "of", "expected"), EQUATIONS)
def test_equations_of_papers(tmp_path: Path, source: str, of: dict[str, Any], expected: Expected) -> None:
    path = tmp_path / "paper.tex"
    path.write_text(source, encoding="utf-8")
    found = audit(str(path), **of)
    assert [one.outcome for one in found] == [outcome for outcome, _ in expected]
    assert all(one.said.startswith(said) for one, (_, said) in zip(found, expected, strict=True))


def test_what_an_unknown_call_decides_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "trainer.py"
    path.write_text(TRL, encoding="utf-8")
    (one,) = audit(str(path))
    assert (one.outcome, "is a call that is not read" in one.said) == ("not read", True)
