"""The decoder-only transformer: pre-norm blocks of causal attention and an MLP (GPT-2, GPT-3), with what varies."""

from __future__ import annotations

from inspect import signature
from typing import Literal

from costgraph.algebra.assumption import Assumption, Choice, Divides, InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size, size
from costgraph.blocks.attention import Attention, Projection
from costgraph.blocks.embedding import Embedding
from costgraph.blocks.head import Head
from costgraph.blocks.mlp import Gated, Mlp
from costgraph.blocks.norm import Norm
from costgraph.blocks.stack import Block, Layers
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.models.architecture import Architecture

EVERY: tuple[Projection, ...] = ("q", "k", "v", "out")


def decoder(
    head: bool = False,
    tied: bool = True,
    dropout: bool = True,
    biases: bool = False,
    kv_heads: Size = "A",
    positions: bool = True,
    head_width: Size = "D/A",
    window: Size | None = None,
    mlp: Literal["plain", "gated"] = "plain",
    norm: Literal["layer", "layer_scale", "rms"] = "layer",
) -> Graph:
    """L transformer blocks, and with `head=True` all that stands around them.

    Args:
        head: add token and position embeddings, the final norm, the language-model head and the loss.
        tied: the head shares its matrix with the token embedding.
        dropout: drop attention weights and the output of both sub-blocks.
        biases: add a bias to every matrix of the blocks.
        kv_heads: G, the number of key/value heads; A (all heads) unless given, 1 for multi-query attention.
        positions: with `head`, learn a table of K positions; off for models that rotate queries and keys instead.
        head_width: H, the width of a head; D/A unless given.
        window: W, the positions that a query sees, its own included; all unless given.
        mlp: two matrices of width E*D, or three of width F, of which one is a gate.
        norm: LayerNorm with scale and shift or with a scale alone, or RMSNorm.

    Source: "Decoder-Only Transformers", Sec. 1; grouped heads as in Ainslie et al. 2023.
    """
    options = dict(locals())
    heads, group = size("A"), bound("G", kv_heads)
    if (share := (group / heads).number) is not None and share > 1:
        raise UserError(f"decoder: kv_heads={group} are more than the {heads} heads")
    grouped = group != heads
    attention = Attention(
        kv_heads=group if grouped else "A", width=head_width, biases=EVERY if biases else (), window=window,
        dropout=dropout,
    )  # fmt: skip
    wide = Gated("F", biases=biases) if mlp == "gated" else Mlp("E*D", biases=biases)
    layers = Layers("L", Block(attention, wide, Norm(norm), dropout=dropout))
    claims: list[Assumption] = [Choice("dropout", "on" if dropout else "off")]
    claims += [Divides(group, heads), InDomain("G", group)] if grouped else []
    if head_width == "D/A":
        claims.insert(0, Divides(heads, size("D")))
    return Architecture(
        (layers,),
        Embedding(positions="K" if positions else None) if head else None,
        Norm(norm) if head else None,
        Head(tied=tied) if head else None,
        name=title({**options, "kv_heads": str(kv_heads) if grouped else "A"}),
        assumptions=tuple(claims),
    ).build()


def title(chosen: dict[str, object]) -> str:
    """The op set as one would type it, with the options that are not the default."""
    usual = {name: one.default for name, one in signature(decoder).parameters.items()}
    options = ", ".join(f"{name}={chosen[name]}" for name in usual if chosen[name] != usual[name])
    return f"decoder({options})" if options else "decoder"
