"""What names, conditions and signs say of a formula: of which phase, share, model and plan it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    ("optimizer_states = 12*N_params", ["agrees"]),
    ("optimizer_state_bytes = 8*N_params", ["differs"]),
    ("optimizer_memory_gb = 12*N_params/1e9", ["agrees"]),
    ("optimizer_memory_gb = 12*N_params/2**30", ["differs"]),
    ("grad_bytes = 4*N_params", ["agrees"]),
    ("gradients_memory = 2*N_params", ["differs"]),
    ("weight_bytes = 2*N_params", ["agrees"]),
    ("model_states = 6*N_params", ["differs"]),
    (f"mfu = {STEP}*(1.0/dt)/312e12", ["agrees"]),
    (f"mfu = 100*{STEP}/(dt*cfg.peak_flops*world_size)", ["agrees"]),
    (f"mfu = {STEP}/(elapsed*peak_tflops*1e12*n_gpus)", ["agrees"]),
    (f"mfu = {STEP}/(elapsed*peak_tflops)", ["differs"]),
    (f"mfu = {STEP}/3/dt/312e12", ["differs"]),
    (f"mfu = {STEP}/(dt/peak_flops)", []),
    (f"mfu = {STEP}/dt/313e12", []),  # no peak of the catalog
    ("mfu = measured/dt/312e12", []),
    (f"forward_ms = {STEP}/3/peak_flops*1e3", ["agrees"]),
    (f"forward_ms = {STEP}/3/peak_flops", ["differs"]),
    (f"forward_ms = {STEP}/peak_flops*1e3", ["differs"]),
    (f"step_time_s = {STEP}/(peak_flops*mfu)", ["agrees"]),
    (f"ttft = {STEP}/3/(peak_flops*efficiency)", ["agrees"]),
    ("decode_ms = 2*N_params*p/memory_bandwidth", []),
    ("tokens_per_second = peak_flops*mfu/(12*L*D*(6*D + S))", ["agrees"]),
    ("tokens_per_second = peak_flops*mfu/(4*L*D*(6*D + S))", ["differs"]),
    ("tokens_per_second = B*S/dt", []),
    ("mfu = 12*L*D*(6*D + S)*tokens_per_sec/(peak_flops*world_size)", ["agrees"]),
    ("mfu = 36*L*D*(6*D + S)*tokens_per_sec/peak_flops", ["differs"]),
    ("mfu = 12*L*D*(6*D + S)/tokens_per_sec/peak_flops", []),
    (f"mfu = {STEP}*tokens_per_sec/peak_flops/dt", []),
    ("model_flops_per_sec = throughput*12*L*D*(6*D + S)", ["agrees"]),
    (f"flops_achieved = {STEP}/dt", ["agrees"]),
    (f"tflops_per_second = {STEP}/dt/1e12", ["agrees"]),
    (f"flops_achieved = {STEP}/dt/dt", ["not read"]),
    ("seconds = 2*dt", []),
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
    (r"\[ \text{train FLOPs} = \sum_{l=1}^{L} 12BSD(6D+S) \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \sum_{l=0}^{L-1} \left(72BSD^2 + 12BS^2D\right) \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = 3\sum\limits_{l=1}^L 4BSD(6D+S) \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \frac{\sum_{l=1}^{L} 24BSD(6D+S)}{2} \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = 72LBSD^2 + \sum_{i=1}^{L} 12BS^2D \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \sum_{i=1}^{L} \sum_{b=1}^{B} 12SD(6D+S) \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \sum_{l=1}^{L} \left( 60BSD^2 + 12BS^2D \right) + 12LBSD^2 \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \sum_{\ell=1}^{L} F_\ell \]", ["not read"]),
    (r"\[ \text{train FLOPs} = \prod_{l=1}^{L} 12BSD \]", ["not read"]),
    (r"\[ \text{MFU} = \frac{12LBSD(6D+S)}{312 t} \]", ["not read"]),
    (r"\[ \text{optimizer states} = 12N_{\text{params}} \]", ["agrees"]),
    (r"\[ \text{train FLOPs} = \sum_{l=0}^{L} 12BSD(6D+S) \]", ["differs"]),
    (r"\[ \text{train FLOPs} = \sum_{l=2}^{L} 12BSD(6D+S) \]", ["differs"]),
    (r"\[ \text{train FLOPs} = \sum_{l=1}^{L} 72BSD^2 + 12BS^2D \]", ["not read"]),
    (r"\[ \text{train FLOPs} = \sum_{l=1}^{L} 12BS_lD(6D+S_l) \]", ["not read"]),
    (r"\[ \text{train FLOPs} = \sum_{l} 12BSD(6D+S) \]", ["not read"]),
    (r"\[ \text{train FLOPs} = \sum_{l \in M} 12BSD(6D+S) \]", ["not read"]),
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


ATOMS = st.sampled_from([
    "B", "S", "L", "D", "N_params", "cfg.n_layer", "dt", "312e12", "peak_tflops", "2", "0", "n_gpus", "tokens_per_sec",
    "(B + S)", "f(cfg)", "(c or 4*D)", "1/0", "-1", "S//2", "x", r"\frac{B}{S}", r"\sum_{l=1}^{L}", r"\Psi", "{",
])  # fmt: skip
SAID = st.sampled_from(["mfu", "tokens_per_second", "forward_ms", "train_flops", "kv_cache_gb", "optimizer_states"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=SAID,
    parts=st.lists(ATOMS, min_size=1, max_size=5),
    sign=st.sampled_from("*/+-"),
    suffix=st.sampled_from(["py", "tex"]),
)
def test_whatever_stands_behind_a_name_is_judged_or_listed_with_a_reason(
    tmp_path: Path, name: str, parts: list[str], sign: str, suffix: str
) -> None:
    path, text = tmp_path / f"a.{suffix}", f" {sign} ".join(parts)
    path.write_text(f"{name} = {text}\n" if suffix == "py" else rf"\[ \text{{{name}}} = {text} \]", encoding="utf-8")
    found = audit(str(path)) if suffix == "tex" or not {"{", "\\"} & {*text} else []
    assert all(one.compared is not None or one.said for one in found)
