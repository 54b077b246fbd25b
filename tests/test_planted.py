"""Errors that were planted in right formulas, over all measures, models of today and meshes: explained rightly or not.

An explanation holds for all sizes, has a name in the table of conventions or is one slip in a part with a name; what as
short ones could say otherwise, they say beside each other; a coincidence is none.
"""

from __future__ import annotations

from typing import Any

import pytest

from costgraph.library.checking.comparison import check as compare

HEAD: dict[str, Any] = {"op_set": "decoder(head=True)"}
CACHED: dict[str, Any] = {"op_set": "decoder(kv_heads=G)", "phase": "decode"}
DECODE: dict[str, Any] = {"phase": "decode"}
PIPELINE: dict[str, Any] = {"mesh": "pipeline(P), microbatches(M)"}
TENSOR: dict[str, Any] = {"mesh": "tensor(T)"}
KEPT: dict[str, Any] = {"limit": "E=4,p=2"}
LLAMA: dict[str, Any] = {"model": "llama-3-8b", "symbolic": "L,D,A,G,H,F,V", "convention": "notes"}
LLAMA_CACHE: dict[str, Any] = {"model": "llama-3-8b", "symbolic": "L,D,A,G,H,F,V", "phase": "decode"}
QWEN: dict[str, Any] = {"model": "qwen3-30b-a3b", "symbolic": "L,D,A,G,H,F_e,V,N_r,K_r", "convention": "notes"}

# a formula with an error, its measure, of what -> what it is explained by; "" where nothing short does
PLANTED: list[tuple[str, str, dict[str, Any], str]] = [
    ("12*L*B*S*D*(S+3*D)", "flops", {"limit": "E=4"},
     "in the weight matmuls (72*B*S*L*D**2), the factor 2 is missing"),
    ("12*L*B*S*D*(S+3*D)", "flops", {},
     "in mlp (12*B*S*L*D**2*E), the factor E is missing, or in the weight matmuls (72*B*S*L*D**2), the "
     "factor 2 is missing, and E = 4 is put in"),
    ("12*B*L*S*D*(S+(2+E)*D) + 3*B*S*V*D", "flops", HEAD,
     "in head (6*B*S*D*V), the factor 2 is missing"),
    ("8*p*B*S*D*L*(S-1)/S", "communication", {"passes": ["tensor_parallel(T)"]},
     "S stands in the place of T"),
    ("2*p*N_params*(S-1)/S", "communication", {"mesh": "data(N_d)"},
     "S stands in the place of N_d"),
    ("P/M", "bubble", PIPELINE,
     "1/M is not subtracted"),
    ("(P-1)/P", "bubble", PIPELINE,
     "P stands in the place of M"),
    ("P-1", "bubble", PIPELINE,
     "the factor M is too much"),
    ("16*N_params/N_d", "states", {"mesh": "data(N_d, zero=1)"},
     "it is right for data(N_d, zero=3) with 2-byte gradients: 16 = 2 + 2 + 12 bytes for weights, "
     "gradients and optimizer (precision mixed_adam_bf16)"),
    ("16*N_params/N_d", "states", {"mesh": "data(N_d, zero=3)"},
     "it counts 2-byte gradients: 16 = 2 + 2 + 12 bytes for weights, gradients and optimizer (precision "
     "mixed_adam_bf16)"),
    ("2*N_params+14*N_params/N_d", "states", {"mesh": "data(N_d, zero=1)"},
     "it is right for data(N_d, zero=2) with 2-byte gradients: 16 = 2 + 2 + 12 bytes for weights, "
     "gradients and optimizer (precision mixed_adam_bf16)"),
    ("4*N_params+12*N_params/N_d", "states", {"mesh": "data(N_d, zero=1)"},
     "it counts 2-byte gradients: 16 = 2 + 2 + 12 bytes for weights, gradients and optimizer (precision "
     "mixed_adam_bf16)"),
    ("6*B*S*L*D*(2*(E+2)*D+S) + 6*B*S*V*D", "flops", HEAD,
     "it counts half of a causal square (convention notes(causal=half)), or one of attn.scores and attn.values alone"),
    ("12*B*L*S*D*((2+E)*D+S/2) + 6*B*S*V*D", "flops", HEAD,
     "it counts half of a causal square (convention notes(causal=half)), or one of attn.scores and attn.values alone"),
    ("12*B*L*S*D*((2+E)*D+S/2) + 3*B*S*V*D", "flops", HEAD,
     "in the attention core (12*B*S**2*L*D) and head (6*B*S*D*V), the factor 2 is missing"),
    ("4*N_params", "states", {},
     "it counts gradients alone or the master copy alone"),
    ("8*N_params", "states", {},
     "it counts the moments alone"),
    ("2*N_params", "states", {},
     "it counts weights alone"),
    ("10*N_params", "states", {},
     ""),
    ("6*N_params", "states", {},
     "it counts weights and gradients alone"),
    ("12*N_params", "states", {},
     "it counts the optimizer's state alone"),
    ("2*p*B*S*L*D", "cache", CACHED,
     "it counts keys and values for every head"),
    ("2*p*B*S*L*D*G", "cache", CACHED,
     "the factor A is too much"),
    ("2*p*B*S*L*D*A/G", "cache", CACHED,
     "A and G are exchanged"),
    ("p*B*S*L*D*G/A", "cache", CACHED,
     "it counts keys or values alone"),
    ("2*B*S*L*D*G/A", "cache", CACHED,
     "the factor p is missing"),
    ("4*B*S*L*D*G/A", "cache", CACHED,
     "it counts 2 bytes an element"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+2*D*F)+V*D)+12*L*B*S**2*A*H", "flops", LLAMA,
     "left out: mlp.gate or mlp.up or mlp.down or the forward pass of mlp (6*B*S*L*D*F)"),
    ("6*B*S*(L*(4*D*H*A+3*D*F)+V*D)+12*L*B*S**2*A*H", "flops", LLAMA,
     "it is right where G = A"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+12*L*B*S**2*G*H", "flops", LLAMA,
     "A and G are exchanged"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+2*V*D)+12*L*B*S**2*A*H", "flops", LLAMA,
     "counted twice: head (6*B*S*D*V)"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+6*L*B*S**2*A*H", "flops", LLAMA,
     "it counts half of a causal square (convention notes(causal=half)), or one of attn.scores and attn.values alone"),
    ("6*B*S*(L*(2*D*H*A+D*H*G+3*D*F)+V*D)+12*L*B*S**2*A*H", "flops", LLAMA,
     "left out: attn.k or attn.v (6*B*S*L*D*G*H)"),
    ("2*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+4*L*B*S**2*A*H", "flops", LLAMA,
     "it counts the forward pass alone"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+24*L*B*S**2*A*H", "flops", LLAMA,
     "counted twice: the attention core (12*B*S**2*L*A*H)"),
    ("8*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+16*L*B*S**2*A*H", "flops", LLAMA,
     "counted twice: the forward pass (2*B*S*(2*L*H*(S*A + D*(A + G)) + D*(3*L*F + V)))"),
    ("L*(2*D*H*A+2*D*H*G+3*D*F)+V*D", "params", LLAMA,
     "it counts without the embedding or without the head"),
    ("L*(2*D*H*A+2*D*H*G+2*D*F)+2*V*D", "params", LLAMA,
     "left out: mlp.gate or mlp.up or mlp.down (L*D*F)"),
    ("L*(4*D*H*A+3*D*F)+2*V*D", "params", LLAMA,
     "it is right where G = A"),
    ("L*(2*D*H*A+2*D*H*G+3*D*F)", "params", LLAMA,
     "2*D*V is dropped"),
    ("L*(2*D*H*A+2*D*H*G+D*N_r+3*K_r*D*F_e)+2*V*D", "params", QWEN,
     "it counts of the experts those that a token is sent to"),
    ("L*(2*D*H*A+2*D*H*G+3*N_r*D*F_e)+2*V*D", "params", QWEN,
     "it counts without the router"),
    ("L*(2*D*H*A+2*D*H*G+D*N_r+2*N_r*D*F_e)+2*V*D", "params", QWEN,
     "left out: moe.up_hit or moe.gate_hit or moe.down_hit (L*D*N_r*F_e)"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+D*N_r+3*N_r*D*F_e)+V*D)+12*L*B*S**2*A*H", "flops", QWEN,
     "N_r stands in the place of K_r"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*K_r*D*F_e)+V*D)+12*L*B*S**2*A*H", "flops", QWEN,
     "it counts without the router (convention notes(router=left_out))"),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+D*N_r+3*K_r*D*F_e)+V*D)+12*L*B*S**2*D", "flops", QWEN,
     "in the attention core (12*B*S**2*L*A*H), D stands in the place of A*H"),
    ("2*p*B*S*L*A*H", "cache", LLAMA_CACHE,
     "it counts keys and values for every head"),
    ("p*B*S*L*G*H", "cache", LLAMA_CACHE,
     "it counts keys or values alone"),
    ("2*p*B*L*G*H", "cache", LLAMA_CACHE,
     "the factor S is missing"),
    ("2*p*B*S*L*G*D", "cache", LLAMA_CACHE,
     "D stands in the place of H"),
    ("4*B*S*L*G*H", "cache", {"model": "llama-3-8b", "symbolic": "L,D,A,G,H,F,V", "phase": "decode", "limit": "p=1"},
     "the factor 2 is too much"),
    ("p*N_params*(N_d-1)/N_d", "communication", {"mesh": "data(N_d)"},
     "the factor 2 is missing"),
    ("3*p*N_params*(N_d-1)/N_d", "communication", {"mesh": "data(N_d)"},
     "it is right for data(N_d, zero=3)"),
    ("2*p*N_params*(N_d-1)/N_d", "communication", {"mesh": "data(N_d, zero=3)"},
     "it is right for data(N_d) or data(N_d, zero=1) or data(N_d, zero=2)"),
    ("8*p*B*S*D*L*(T-1)", "communication", TENSOR,
     "the division by T is missing"),
    ("8*p*B*S*D*L/T", "communication", TENSOR,
     "the factor T - 1 is missing"),
    ("16*p*B*S*D*L*(T-1)/T", "communication", TENSOR,
     "the factor 2 is too much"),
    ("4*p*B*S*D*L*(T-1)/T", "communication", TENSOR,
     "left out: the forward pass or the backward pass (4*B*S*L*D*p*(T - 1)/T)"),
    ("8*p*B*D*L*(T-1)/T", "communication", TENSOR,
     "the factor S is missing"),
    ("P/(M+P)", "bubble", PIPELINE,
     ""),
    ("2*(P-1)/M", "bubble", PIPELINE,
     "the factor 2 is too much"),
    ("(P+1)/M", "bubble", PIPELINE,
     "in 1/M, which should be -1/M, the sign is reversed"),
    ("M/(P-1)", "bubble", PIPELINE,
     ""),
    ("P-1", "in_flight", PIPELINE,
     "it is right for pipeline(P, stage=middle)"),
    ("18*N_params", "states", TENSOR,
     "the division by T is missing"),
    ("18*N_params/N_d", "states", {"mesh": "data(N_d)"},
     "it is right for data(N_d, zero=3)"),
    ("20*N_params", "states", {},
     ""),
    ("12*N_params/N_d+6*N_params", "states", {"mesh": "data(N_d, zero=3)"},
     "it is right for data(N_d, zero=1)"),
    ("B*S*L*(34*D+2.5*A*S)", "activations", KEPT,
     "in 5*B*S**2*L*A/2, which should be 5*B*S**2*L*A, the factor 2 is missing"),
    ("B*S*L*(34*D+5*A)", "activations", KEPT,
     "in 5*B*S*L*A, which should be 5*B*S**2*L*A, the factor S is missing"),
    ("B*S*L*(34*D+5*A*S)/T", "activations", {"limit": "E=4,p=2", "mesh": "tensor(T)"},
     "it is right for tensor(T, sequence=True)"),
    ("B*S*L*(10+24/T)*D", "activations", {"limit": "E=4,p=2", "mesh": "tensor(T)"},
     "it counts a step with attention recomputed or without what is as large as the scores"),
    ("B*S*L*34*D/T", "activations", {"limit": "E=4,p=2", "mesh": "tensor(T, sequence=True)"},
     "it counts a step with attention recomputed or without what is as large as the scores"),
    ("2*B*S*D", "activations", {"limit": "E=4,p=2", "passes": ["recompute(full)"]},
     "the factor L is missing"),
    ("12*B*L*S*D*(S+(2+E)*D)", "flops", TENSOR,
     "the division by T is missing"),
    ("12*B*L*S*D*(S+(2+E)*D)/N_d", "flops", {"mesh": "data(N_d), tensor(T)"},
     "the division by T is missing"),
    ("2*N_params*B*S", "flops", DECODE,
     "in 4*B*S*L*D**2*(E + 2), which should be 4*B*L*D**2*(E + 2), the factor S is too much, and 4*B*S*L*D "
     "is dropped"),
    ("2*N_params*B+4*B*L*D", "flops", DECODE,
     "in the attention core (4*B*S*L*D), the factor S is missing"),
    ("6*N_params*B*S", "flops", HEAD,
     ""),
    ("6*N_params*B*S+12*L*B*S**2*D", "flops", HEAD,
     "6*B*S*D*K is too much"),
    ("6*N_params*B*S+6*L*B*S**2*D", "flops", HEAD,
     "in 6*B*S**2*L*D, which should be 12*B*S**2*L*D, the factor 2 is missing, and 6*B*S*D*K is too much"),
    # of models with their sizes
    ("6*N_params*B*S", "flops", {"model": "llama-3-8b"}, "it counts as palm(attention=left_out) does"),
    ("6*N_params*B*S+12*L*D*B*S**2", "flops", {"model": "llama-3-8b"}, "it counts as palm does"),
    ("2*N_params*B*S", "flops", {"model": "llama-3-8b"},
     "it counts as palm(attention=left_out) does, the forward pass alone"),
    ("6*N_params*B*S+6*L*D*B*S**2", "flops", {"model": "llama-3-8b"}, "it counts as palm(causal=half) does"),
    ("6*N_params*B*S", "flops", {"model": "gpt-3"}, "it counts as palm(attention=left_out, embedding=tables) does"),
    ("2*N_params*B", "flops", {"model": "llama-3-8b", "phase": "decode"},
     "it counts as palm(attention=left_out) does"),
    ("4*N_params", "states", {"model": "llama-3-8b", "phase": "decode"}, "it counts 4 bytes an element"),
    ("2*32*8*128*S*B", "cache", {"model": "llama-3-8b", "phase": "decode"},
     "it counts keys or values alone or 1 byte an element"),
    ("61*576*S*B", "cache", {"model": "deepseek-v3", "phase": "decode"}, "it counts 1 byte an element"),
    ("2*2*61*128*128*S*B", "cache", {"model": "deepseek-v3", "phase": "decode"}, ""),
    ("8030261248-128256*4096", "params", {"model": "llama-3-8b"},
     "it counts without the embedding or without the head"),
    ("7000000000", "params", {"model": "llama-3-8b"}, ""),
]  # fmt: skip
# The same without the error.
RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+3*D*F)+V*D)+12*L*B*S**2*A*H", "flops", LLAMA),
    ("L*(2*D*H*A+2*D*H*G+3*D*F)+2*V*D", "params", LLAMA),
    ("2*p*B*S*L*G*H", "cache", LLAMA_CACHE),
    ("6*B*S*(L*(2*D*H*A+2*D*H*G+D*N_r+3*K_r*D*F_e)+V*D)+12*L*B*S**2*A*H", "flops", QWEN),
    ("L*(2*D*H*A+2*D*H*G+D*N_r+3*N_r*D*F_e)+2*V*D", "params", QWEN),
    ("2*p*N_params*(N_d-1)/N_d", "communication", {"mesh": "data(N_d)"}),
    ("8*p*B*S*D*L*(T-1)/T", "communication", TENSOR),
    ("(P-1)/M", "bubble", PIPELINE),
    ("18*N_params/T", "states", TENSOR),
    ("6*N_params + 12*N_params/N_d", "states", {"mesh": "data(N_d, zero=1)"}),
]


@pytest.mark.parametrize(("formula", "measure", "of", "said"), PLANTED)
def test_a_planted_error_is_explained_rightly_or_not_at_all(
    formula: str, measure: str, of: dict[str, Any], said: str
) -> None:
    found = compare(formula, measure, **of)
    assert (found.agrees, found.slip) == (False, said)


@pytest.mark.parametrize(("formula", "measure", "of"), RIGHT)
def test_without_the_error_it_agrees(formula: str, measure: str, of: dict[str, Any]) -> None:
    assert compare(formula, measure, **of).agrees
