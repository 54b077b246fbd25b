"""What names, conditions and signs say of a formula: of which phase, share, model and plan it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from costgraph.library.auditing.audit import audit

STEP = "12*L*B*S*D*(6*D + S)"
CODE = [
    # a file -> what becomes of its formulas
    (f"prefill_flops = {STEP}/3", ["agrees"]),
    (f"prefill_flops = {STEP}", ["differs"]),
    (f"inference_flops = {STEP}/3", ["agrees"]),
    ("decode_flops_per_token = 24*L*D**2 + 4*L*D*S", ["agrees"]),
    ("decode_flops = B*(24*L*D**2 + 4*L*D*S)", ["agrees"]),
    (f"decode_flops = {STEP}", ["differs"]),
    ("kv_cache_bytes_per_token = 2*L*D*p", ["agrees"]),
    ("kv_cache_bytes_per_token = 2*L*D*p*S", ["differs"]),
    ("kv_cache_per_sequence = 2*S*L*D*p", ["agrees"]),
    ("kv_cache_elements = 2*B*S*L*D", ["not read"]),
    ("optimizer_states = 12*N_params", ["not read"]),
    ("optimizer_state_bytes = 12*N_params", ["not read"]),
    (f"train_flops_per_gpu = {STEP}/tensor_parallel_size", ["not read"]),
    ("params = 12*cfg.vision_config.n_layer*cfg.text_config.n_embd**2", ["not read"]),
    ("params = 12*cfg['vision']['n_layer']*cfg['text']['n_embd']**2", ["not read"]),
    ("params = 12*draft.n_layer*target.n_embd**2", ["not read"]),
    ("params = 12*cfg.encoder.n_layer*cfg.n_embd**2", ["not read"]),
    ("params = 12*draft.n_layer*draft.n_embd**2", ["agrees"]),
    ("params = 12*model.config.n_layer*self.n_embd**2", ["agrees"]),
    ("kv_cache_bytes = 2*draft.n_layer*draft.n_embd*args.batch_size*run.seq_len*p", ["agrees"]),
    (f"def train_flops(recompute, B, S, L, D):\n  f = {STEP}\n  if recompute == 'selective':\n    f += 4*B*L*S**2*D\n"
     "  return f\n", ["agrees", "agrees"]),
    (f"def train_flops(recompute, B, S, L, D):\n  f = {STEP}\n  if recompute == 'full':\n    f += 4*B*L*S**2*D\n"
     "  return f\n", ["differs", "agrees"]),
    (f"def flops(phase, B, S, L, D):\n  if phase == 'prefill':\n    return {STEP}/3\n  return {STEP}\n",
     ["agrees", "agrees"]),
]  # fmt: skip
PAPERS = [
    (r"\[ \text{train FLOPs} = 71BSLD^2 = 12LBSD(6D+S) \]", ["differs", "agrees"]),
    (r"\[ \text{train FLOPs} = C = 12LBSD(6D+S) \]", ["agrees"]),
    (r"\[ 12LBSD(6D+S) = \text{train FLOPs} \]", ["agrees"]),
    (r"\[ \text{KV cache per token} = 2LDp \]", ["agrees"]),
    (r"\[ \text{FLOPs per layer} = 71BSD^2 \]", ["not read"]),
    (r"\[ \text{train FLOPs} \le 71BSLD^2 \]", ["not read"]),
    (r"\[ \text{train FLOPs} \geq 71BSLD^2 \]", ["not read"]),
    (r"\[ \text{train FLOPs} \propto 71BSLD^2 \]", ["not read"]),
    (r"\begin{IEEEeqnarray}{rCl}\text{train FLOPs} &=& 12LBSD(6D+S)\end{IEEEeqnarray}", ["agrees"]),
    (r"\begin{dmath*}\text{train FLOPs} = 71BSLD^2\end{dmath*}", ["differs"]),
    (r"\begin{comment}\[ \text{train FLOPs} = 71BSLD^2 \]\end{comment}", []),
    (r"\iffalse \[ \text{train FLOPs} = 71BSLD^2 \] \fi", []),
    (r"\begin{verbatim}\[ \text{train FLOPs} = 71BSLD^2 \]\end{verbatim}", []),
]


@pytest.mark.parametrize(("suffix", "source", "outcomes"), [
    *((".py", *row) for row in CODE), *((".tex", *row) for row in PAPERS),
])  # fmt: skip
def test_a_formula_is_compared_with_what_it_is_said_to_be(
    tmp_path: Path, suffix: str, source: str, outcomes: list[str]
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(source, encoding="utf-8")
    assert [one.outcome for one in audit(str(path), limit="E=4")] == outcomes
