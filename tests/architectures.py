"""Architectures of the tests, written out by hand with the sizes of a model that has each: every block is in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from costgraph.algebra.symbols import Symbol, declare
from costgraph.blocks import (
    Attention,
    Block,
    Embedding,
    Experts,
    Gated,
    Head,
    LatentAttention,
    Layers,
    Mamba2,
    Mlp,
    Norm,
)  # fmt: skip
from costgraph.blocks.attention import Projection
from costgraph.models.architecture import Architecture

LN = Norm("layer")
ALL: tuple[Projection, ...] = ("q", "k", "v", "out")
for kind in ("local", "global", "dense", "moe", "encoder", "decoder"):
    declare(Symbol(f"L_{kind}", f"L_{{\\mathrm{{{kind}}}}}", "", f"number of {kind} layers", "positive integer", 12))


class Sized(NamedTuple):
    """An architecture, and sizes of one model that has it."""

    architecture: Architecture
    sizes: Mapping[str, int]


def stack(
    block: Block, embedding: Embedding = Embedding(), norm: Norm | None = Norm(), head: Head = Head(tied=False)
) -> Architecture:
    """L blocks and their ends."""
    return Architecture((Layers("L", block),), embedding, norm, head)


def alternating(local: Block, full: Block, head: Head = Head()) -> Architecture:
    """Layers of two kinds, of which one has a window."""
    return Architecture((Layers("L_local", local, "local"), Layers("L_global", full, "global")), head=head)


def llama(attention: Attention = Attention(positions="rotary"), **sizes: int) -> Sized:
    """Pre-norm blocks of rotary attention and a gated MLP."""
    return Sized(stack(Block(attention)), sizes)


def gpt2(**sizes: int) -> Sized:
    block = Block(
        Attention(kv_heads="A", biases=ALL, fused=True, dropout=True), Mlp(biases=True), LN, dropout=True
    )  # fmt: skip
    return Sized(stack(block, Embedding(positions="K", dropout=True), LN, Head()), sizes)


def gemma(attention: Attention, window: Attention, head: Head, **sizes: int) -> Sized:
    local, full = (Block(one, Gated(act="gelu"), residual="sandwich") for one in (window, attention))
    return Sized(alternating(local, full, head), sizes)


def gpt_oss() -> Sized:
    experts = Experts(biases=True, router_bias=True)
    full = Attention(positions="rotary", biases=ALL, sinks=True)
    local = Attention(positions="rotary", biases=ALL, sinks=True, window="W")
    sizes = {
        "D": 2880, "L_local": 12, "L_global": 12, "A": 64, "G": 8, "H": 64, "F_e": 2880, "N_r": 32, "K_r": 4,
        "V": 201088, "W": 128,
    }  # fmt: skip
    return Sized(alternating(Block(local, experts), Block(full, experts), Head(tied=False)), sizes)


def deepseek() -> Sized:
    dense = Layers("L_dense", Block(LatentAttention(), Gated()), "dense")
    moe = Layers("L_moe", Block(LatentAttention(), Experts(shared="N_s")), "moe")
    sizes = {
        "D": 2048, "L_dense": 1, "L_moe": 26, "A": 16, "R_kv": 512, "H_n": 128, "H_r": 64, "H_v": 128, "F": 10944,
        "F_e": 1408, "N_r": 64, "K_r": 6, "N_s": 2, "V": 102400,
    }  # fmt: skip
    return Sized(Architecture((dense, moe), head=Head(tied=False)), sizes)


def bert() -> Sized:
    attention = Attention(kv_heads="A", biases=ALL, causal=False, dropout=True)
    block = Block(attention, Mlp(biases=True), LN, "post", dropout=True)
    embedding = Embedding(positions="K", types=2, norm=LN, dropout=True)
    head = Head(bias=True, transform=True)
    return Sized(
        stack(block, embedding, None, head), {"D": 768, "L": 12, "A": 12, "H": 64, "F": 3072, "V": 30522, "K": 512}
    )


def t5() -> Sized:
    there = Attention(kv_heads="A", positions="relative", scale=False, causal=False, dropout=True)
    here = Attention(kv_heads="A", positions="relative", scale=False, dropout=True)
    cross = Attention(kv_heads="A", scale=False, dropout=True, cross=True)
    mlp = Mlp(act="relu", dropout=True)
    encoder = Layers("L_encoder", Block(there, mlp, dropout=True))
    decoder = Layers("L_decoder", Block(here, mlp, cross=cross, dropout=True), "decoder")
    sizes = {"D": 768, "L_encoder": 12, "L_decoder": 12, "A": 12, "H": 64, "F": 3072, "V": 32128}
    return Sized(Architecture((decoder,), Embedding(dropout=True), encoder=(encoder,)), sizes)


def mamba2() -> Sized:
    sizes = {"D": 768, "L": 24, "A_s": 24, "H_s": 64, "D_s": 128, "G_s": 1, "K_s": 4, "Q_s": 256, "V": 50288}
    return Sized(stack(Block(Mamba2(), None), head=Head()), sizes)


ROTARY = Attention(positions="rotary")
MULTI_HEAD = Attention(kv_heads="A", positions="rotary")
NORMED = Attention(positions="rotary", qk_norm=Norm())
MODELS: Mapping[str, Sized] = {
    "gpt2": gpt2(D=768, L=12, A=12, H=64, F=3072, V=50257, K=1024),
    "gpt2-xl": gpt2(D=1600, L=48, A=25, H=64, F=6400, V=50257, K=1024),
    "pythia-1.4b": Sized(
        stack(
            Block(
                Attention(kv_heads="A", biases=ALL, fused=True, positions="rotary", rotary="H_r"),
                Mlp(biases=True), LN, "parallel_two",
            ),
            norm=LN,
        ),
        {"D": 2048, "L": 24, "A": 16, "H": 128, "H_r": 32, "F": 8192, "V": 50304},
    ),
    "opt-175b": Sized(
        stack(
            Block(Attention(kv_heads="A", biases=ALL), Mlp(act="relu", biases=True), LN, dropout=True),
            Embedding(positions="K", offset=2), LN, Head(),
        ),
        {"D": 12288, "L": 96, "A": 96, "H": 128, "F": 49152, "V": 50272, "K": 2048},
    ),
    "falcon-7b": Sized(
        stack(Block(Attention(fused=True, positions="rotary"), Mlp(), LN, "parallel"), norm=LN, head=Head()),
        {"D": 4544, "L": 32, "A": 71, "G": 1, "H": 64, "F": 18176, "V": 65024},
    ),
    "bloom-7b1": Sized(
        stack(
            Block(Attention(kv_heads="A", biases=ALL, fused=True, positions="alibi"), Mlp(biases=True), LN),
            Embedding(norm=LN), LN, Head(),
        ),
        {"D": 4096, "L": 30, "A": 32, "H": 128, "F": 16384, "V": 250880},
    ),
    "llama-2-7b": llama(MULTI_HEAD, D=4096, L=32, A=32, H=128, F=11008, V=32000),
    "llama-2-70b": llama(D=8192, L=80, A=64, G=8, H=128, F=28672, V=32000),
    "llama-3.1-8b": llama(D=4096, L=32, A=32, G=8, H=128, F=14336, V=128256),
    "llama-3.1-405b": llama(D=16384, L=126, A=128, G=8, H=128, F=53248, V=128256),
    "mistral-7b": llama(
        Attention(positions="rotary", window="W"), D=4096, L=32, A=32, G=8, H=128, F=14336, V=32000, W=4096
    ),
    "mixtral-8x7b": Sized(
        stack(Block(ROTARY, Experts())),
        {"D": 4096, "L": 32, "A": 32, "G": 8, "H": 128, "F_e": 14336, "N_r": 8, "K_r": 2, "V": 32000},
    ),
    "qwen2-7b": llama(
        Attention(positions="rotary", biases=("q", "k", "v")), D=3584, L=28, A=28, G=4, H=128, F=18944, V=152064
    ),
    "qwen3-8b": llama(NORMED, D=4096, L=36, A=32, G=8, H=128, F=12288, V=151936),
    "qwen3-30b-a3b": Sized(
        stack(Block(NORMED, Experts())),
        {"D": 2048, "L": 48, "A": 32, "G": 4, "H": 128, "F_e": 768, "N_r": 128, "K_r": 8, "V": 151936},
    ),
    "gemma-2-9b": gemma(
        Attention(positions="rotary", softcap=True), Attention(positions="rotary", softcap=True, window="W"),
        Head(softcap=True), D=3584, L_local=21, L_global=21, A=16, G=8, H=256, F=14336, V=256000, W=4096,
    ),
    "gemma-3-1b": gemma(
        NORMED, Attention(positions="rotary", qk_norm=Norm(), window="W"), Head(), D=1152, L_local=22, L_global=4,
        A=4, G=1, H=256, F=6912, V=262144, W=512,
    ),
    "deepseek-v2-lite": deepseek(),
    "gpt-oss-20b": gpt_oss(),
    "olmo2-7b": Sized(
        stack(
            Block(
                Attention(kv_heads="A", positions="rotary", qk_norm=Norm(), qk_norm_over="heads"), residual="outer"
            )
        ),
        {"D": 4096, "L": 32, "A": 32, "H": 128, "F": 11008, "V": 100352},
    ),
    "bert-base": bert(),
    "t5-base": t5(),
    "mamba2-130m": mamba2(),
}  # fmt: skip
