"""Attention: multi-head, grouped or multi-query, to all positions, to a window, or to another sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.algebra.parser import Size
from costgraph.blocks.norm import Norm
from costgraph.builder import Builder


@dataclass(frozen=True)
class Attention:
    """Attention.

    Args:
        heads, kv_heads, width: query heads, key/value heads (the same size as `heads` is multi-head attention), and how
            wide each of them is.
        biases: which projections have one.
        fused: one projection makes queries, keys and values.
        qk_norm: queries and keys are normalized, before they are rotated.
        qk_norm_over: each head for itself, or the whole projection (all heads).
        positions: how positions enter: by rotation, or by a bias of the scores. Learned ones belong to the embedding.
        rotary: width of the part of a head that is rotated; all of it unless given.
        window: positions that a query sees, its own included; all unless given.
        masked: an implementation that computes the scores of all positions and masks those outside of the window, and
            that keeps window - 1 positions between steps.
        sinks: every head has one more score, a parameter, that takes part in the softmax and has no value.
        softcap: scores go through a tanh.
        causal: a position sees those up to itself.
        dropout: of the weights.
        scale: scores are divided by a root of the width.
        repeat_kv: an implementation that copies keys and values to all heads, before or after they are cached.
        cross: keys and values come from another sequence, of S_e positions, once: they are inputs of a decode step.

    Source: Vaswani et al. 2017; Ainslie et al. 2023 (grouped), Su et al. 2021 (rotary), Press et al. 2022 (ALiBi),
    Raffel et al. 2020 (relative), Beltagy et al. 2020 (window).
    """

    heads: Size = "A"
    kv_heads: Size = "G"
    width: Size = "H"
    biases: tuple[Literal["q", "k", "v", "out"], ...] = ()
    fused: bool = False
    qk_norm: Norm | None = None
    qk_norm_over: Literal["width", "heads"] = "width"
    positions: Literal["", "rotary", "alibi", "relative"] = ""
    rotary: Size | None = None
    window: Size | None = None
    masked: bool = False
    sinks: bool = False
    softcap: bool = False
    causal: bool = True
    dropout: bool = False
    scale: bool = True
    repeat_kv: Literal["", "before_cache", "after_cache"] = ""
    cross: bool = False

    def write(self, b: Builder, name: str, x: str, memory: str | None = None) -> str:
        """Ops `<name>.q` to `<name>.out`; returns what the residual connection adds.

        Args:
            b: where to.
            name: of the place, `attn`.
            x: batch, query, model.
            memory: for `cross`: batch, memory, model; none where keys and values have been made before (decode).
        """
        raise NotImplementedError
