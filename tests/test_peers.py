"""Counters of others, by the integers that they print or that their own code gives.

FLOPs of one step of training unless the phase says otherwise. `printed`: by the counter's authors, in tests, notebooks
or threads; `run`: their function, extracted and run.
"""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial

GPT3 = "L=96,D=12288,A=96,E=4,V=50257,K=2048,B=1,S=2048"
GPT2 = "L=12,D=768,A=12,E=4,V=50257,K=1024,B=1,S=1024"
ONE = "B=1,S=2048"
DECODER = "decoder(head=True)"
NANO = "decoder(head=True, norm=layer_scale)"  # nanoGPT has no biases, those of norms included


def counted(convention: str, limit: str, model: str | None = None, phase: str = "train") -> int:
    """FLOPs of a known model, or of an op set."""
    asked = {"op_set": model} if model and model.startswith("decoder") else {"model": model}
    found = cg.derive("flops", limit=limit, convention=convention, phase=phase, **asked)
    return int(found.limited["flops"].number or 0)


@pytest.mark.parametrize(
    ("convention", "model", "limit", "flops"),
    [
        # run: megatron/training/training.py at 1fa9464e (September 2024), which is the form of the paper of 2022
        ("megatron-2022", "llama-2-7b", ONE, 87_784_836_562_944),
        ("megatron-2022", DECODER, GPT3, 2_204_412_785_197_056),
        # run: the same file at d98e8a64
        ("megatron-2025", "llama-2-7b", ONE, 84_486_301_679_616),
        ("megatron-2025", DECODER, GPT3, 2_174_725_971_247_104),
        ("megatron-2025", "llama-3-8b", ONE, 95_515_777_695_744),
        ("megatron-2025", "qwen3-30b-a3b", "B=1,S=4096", 94_233_729_957_888),
        ("megatron-2025", "deepseek-v3", "B=1,S=4096", 1_023_230_173_249_536),
        ("megatron-2025", "deepseek-v3(mtp=1)", "B=1,S=4096", 1_064_931_126_411_264),
        # llm-analysis, with F=11008 and gated MLPs set by hand: its own configuration has two matrices 16384 wide
        ("llm-analysis", "llama-2-7b", ONE, 87_784_836_562_944),
        ("llm-analysis", DECODER, GPT3, 2_204_412_785_197_056),
        # printed: transformer_sizing.ipynb, and PaLM's form for the same model
        ("nanogpt", NANO, GPT2, 874_944_921_600),
        ("nanogpt(linear=parameters)", NANO, GPT2, 875_062_886_400),
        ("palm", NANO, GPT2, 875_062_886_400),
        # Kaplan: 6*N + 6*L*S*D per token with N = 12*L*D**2
        ("kaplan", DECODER, GPT2, 521_838_526_464 + 6 * 12 * 1024 * 768 * 1024),
        ("kaplan(attention=left_out)", DECODER, GPT2, 521_838_526_464),
        # nanoGPT's scaling_laws.ipynb for Chinchilla's models, embedding and logits as the appendix has them
        ("chinchilla", DECODER, "L=10,D=640,A=10,E=4,V=32000,K=2048,B=1,S=2048", 1_433_193_676_800),
        ("chinchilla", DECODER, "L=20,D=1024,A=16,E=4,V=32000,K=2048,B=1,S=2048", 4_940_554_567_680),
        ("chinchilla", DECODER, "L=40,D=3584,A=28,E=4,V=32000,K=2048,B=1,S=2048", 85_839_619_031_040),
        # run: calculon/llm/layers.py, 96 blocks without the optimizer
        ("calculon", DECODER, GPT3, 2_197_793_015_857_152),
        # printed: pytorch/torchtitan#4300, per token: after it, before it (windows as wide as all), and its old backend
        ("torchtitan", "qwen3-30b-a3b", "B=1,S=8192", 37_578_559_488 * 8192),
        ("torchtitan", "gpt-oss-20b", "B=1,S=4096", 24_141_260_160 * 4096),
        ("torchtitan", "gpt-oss-120b", "B=1,S=4096", 34_534_221_696 * 4096),
        ("torchtitan(windows=full)", "gpt-oss-20b", "B=1,S=4096", 26_481_681_792 * 4096),
        ("palm(causal=half)", "qwen3-30b-a3b", "B=1,S=8192", 192_856_412_160 * 8192),
        # printed: MaxText's pull request 1670, before causal attention was halved
        ("maxtext(causal=full)", "llama-2-7b", "B=4,S=256", 41_006_200_258_560),
        ("maxtext(causal=full)", "deepseek-v2-lite", "B=4,S=256", 15_060_839_694_336 + 217_432_719_360),
        # 6 * tokens * parameters without embeddings, as transformers' Trainer
        ("transformers", "llama-2-7b", ONE, 6 * 2048 * (6_738_415_616 - 32000 * 4096)),
        ("transformers", "gpt2", "B=1,S=8", 6 * 8 * (124_439_808 - 50257 * 768 - 1024 * 768)),
        # run: NeMo's flops_formulas.py for gpt-oss, the only counter with exact triangles
        ("exact(causal=triangle, router=left_out)", "gpt-oss-20b", "B=1,S=4096", 93_848_227_282_944),
    ],
)  # fmt: skip
def test_a_counter_gives_what_it_prints(convention: str, model: str, limit: str, flops: int) -> None:
    assert counted(convention, limit, model) == flops


@pytest.mark.parametrize(
    ("model", "mixed", "equal"),
    [
        ("llama-2-7b", 149_226_491_215_872, 536_372_695_793_664),
        ("qwen2.5-7b", 167_073_690_943_488, 591_764_889_010_176),
        ("qwen3-8b", 180_997_438_046_208, 648_394_032_807_936),
        ("qwen3-30b-a3b", 78_593_069_678_592, 306_570_470_621_184),
        ("deepseek-v3", 848_766_538_088_448, 3_145_850_406_567_936),
        ("mistral-small-24b", 512_303_699_066_880, 1_787_393_589_903_360),
        ("gemma-3-12b", 279_084_659_638_272, 963_929_979_224_064),
        ("gpt-oss-20b", 91_780_464_771_072, 323_953_008_574_464),
    ],
)
def test_verl_gives_what_its_tests_print(model: str, mixed: int, equal: int) -> None:
    assert sum(counted("verl", f"B=1,S={tokens}", model) for tokens in (512, 1024, 2048)) == mixed
    assert counted("verl", "B=3,S=4096", model) == equal


def test_profilers_count_a_forward_pass() -> None:
    # calflops prints 1700.06 GFLOPs for 128 tokens of Llama; fvcore has half of what its matmuls take
    assert counted("deepspeed", "B=1,S=128", "llama-2-7b", "forward") == 1_700_063_608_832
    assert counted("fvcore", "B=1,S=128", "llama-2-7b", "forward") == 1_700_001_742_848 // 2


def test_a_state_space_is_scanned_by_a_rule_of_thumb() -> None:
    found = cg.derive("flops.forward", model="mamba2-2.7b", convention="megatron-2025").forms["flops.forward"]
    inner, state = "A_s*H_s", "D_s"
    projections = f"D*(3*{inner} + 2*G_s*{state} + A_s)"
    assert found.same_as(f"B*S*(L*(2*{projections} + 7*{inner}*{state}) + 2*D*V)")


def test_experts_of_which_one_counts() -> None:
    every, one = (
        cg.derive("flops", model="mixtral-8x7b", convention=name).forms["flops"].value
        for name in ("megatron-2022(router=left_out)", "llm-analysis")
    )
    assert (every - one).substitute({"K_r": Polynomial.constant(1)}).number == 0
