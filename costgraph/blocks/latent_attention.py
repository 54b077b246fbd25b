"""Latent attention: keys and values are made from one narrow vector per position, which is what is cached."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from costgraph.algebra.parser import Size
from costgraph.blocks.linear import Names, contract, dropout, linear
from costgraph.blocks.norm import Norm
from costgraph.blocks.positions import rotated
from costgraph.graph.builder import Builder
from costgraph.records import dataclass


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention.

    Args:
        heads: number of heads.
        q_rank: rank of the latent that queries are made from; none where they are made from the input itself.
        kv_rank: rank of the latent of keys and values.
        nope, rotary, value: widths of a head: of the part without positions, of the rotated part, of a value.
        absorbed: in decode, fold the matrices that expand the latent into queries and results; else the whole cache is
            expanded in every step. Training and prefill expand.
        norm: of the latents; none where they are not normalized.
        biases: of the projections to latents and to the output.
        dropout: of the weights.

    Source: DeepSeek-AI 2024 (DeepSeek-V2), Sec. 2.1.
    """

    place: ClassVar[str] = "attn"
    causal: ClassVar[bool] = True

    heads: Size = "A"
    q_rank: Size | None = None
    kv_rank: Size = "R_kv"
    nope: Size = "H_n"
    rotary: Size = "H_r"
    value: Size = "H_v"
    absorbed: bool = True
    norm: Norm | None = Norm()
    biases: bool = False
    dropout: bool = False

    def write(self, b: Builder, name: str, x: str) -> str:
        """Ops `<name>.q_nope` to `<name>.out`; returns what the residual connection adds."""
        b.dim("head", self.heads)
        b.dim("nope", self.nope)
        b.dim("rotary", self.rotary)
        b.dim("value_width", self.value)
        q, q_rotary = self.queries(b, name, x)
        latent, keys = self.cached(b, name, x)
        inside = self.inside if self.absorbed and b.phase == "decode" else self.expanded
        u = inside(b, name, q, q_rotary, latent, keys)
        return linear(b, f"{name}.out", u, ("model",), ("head", "value_width"), self.biases)

    def as_transformers(self) -> Self:
        """As that library computes it: the whole cache is expanded in every step of decode."""
        return replace(self, absorbed=False)

    def queries(self, b: Builder, name: str, x: str) -> tuple[str, str]:
        """The two parts of the queries."""
        of: Names = ("model",)
        if self.q_rank is not None:
            of = (b.dim("latent_q", self.q_rank),)
            x = self.normalized(b, f"{name}.q_norm", linear(b, f"{name}.q_latent", x, of, bias=self.biases), *of)
        q = linear(b, f"{name}.q_nope", x, ("head", "nope"), of)
        turned = linear(b, f"{name}.q_rope", x, ("head", "rotary"), of)
        return q, rotated(b, f"{name}.q_rotary", turned, "query", "rotary")

    def cached(self, b: Builder, name: str, x: str) -> tuple[str, str]:
        """The latent of each position, and the key that all heads share, because it is rotated."""
        to = b.dim("latent_kv", self.kv_rank)
        latent = linear(b, f"{name}.kv_latent", x, (to,), bias=self.biases)
        latent = self.normalized(b, f"{name}.kv_norm", latent, to)
        key = linear(b, f"{name}.k_rope", x, ("rotary",), bias=self.biases)
        key = rotated(b, f"{name}.k_rotary", key, "query", "rotary")
        latent = b.op(f"{name}.latent_context", "context", latent, letters=("batch", "context", to))
        return latent, b.op(f"{name}.k_context", "context", key, letters=("batch", "context", "rotary"))

    def normalized(self, b: Builder, name: str, x: str, over: str) -> str:
        """A latent, normalized where latents are."""
        return x if self.norm is None else self.norm.write(b, name, x, over)

    def expanded(self, b: Builder, name: str, q: str, q_rotary: str, latent: str, keys: str) -> str:
        """Attention to keys and values that are made from the latents of all positions."""
        key, value = self.expanding(b, name)
        k = contract(b, f"{name}.k_nope", latent, key, ("batch", "context", "head", "nope"))
        v = contract(b, f"{name}.v", latent, value, ("batch", "context", "head", "value_width"))
        return self.core(b, name, ((q, k), (q_rotary, keys)), v, "value_width")

    def inside(self, b: Builder, name: str, q: str, q_rotary: str, latent: str, keys: str) -> str:
        """Attention to the latents themselves, by queries that are brought to them, and results brought back."""
        key, value = self.expanding(b, name)
        q = contract(b, f"{name}.q_absorbed", q, key, ("batch", "query", "head", "latent_kv"))
        u = self.core(b, name, ((q, latent), (q_rotary, keys)), latent, "latent_kv")
        return contract(b, f"{name}.v_absorbed", u, value, ("batch", "query", "head", "value_width"))

    def expanding(self, b: Builder, name: str) -> tuple[str, str]:
        """The matrices that make keys and values from a latent."""
        key = b.parameter(f"{name}.k_nope.weight", ("latent_kv", "head", "nope"))
        return key, b.parameter(f"{name}.v.weight", ("latent_kv", "head", "value_width"))

    def core(self, b: Builder, name: str, pairs: tuple[tuple[str, str], ...], values: str, width: str) -> str:
        """From scores, the sum of those of both parts, to the weighted sum of values."""
        rows = ("batch", "head", "query", "context")
        with b.segment("attention_core"):
            names = (f"{name}.scores", f"{name}.scores_rotary")
            parts = [contract(b, at, q, k, rows) for at, (q, k) in zip(names, pairs, strict=True)]
            w = b.op(f"{name}.scores_add", "add", *parts)
            w = b.op(f"{name}.mask", "causal_mask", b.op(f"{name}.scale", "scale", w))
            w = dropout(b, f"{name}.dropout", b.op(f"{name}.softmax", "softmax", w, over="context"), self.dropout)
            return contract(b, f"{name}.values", w, values, ("batch", "query", "head", width))
