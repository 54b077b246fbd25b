"""Attention: multi-head, grouped or multi-query, to all positions, to a window, or to another sequence."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

from costgraph.algebra.assumption import Divides, InDomain
from costgraph.algebra.parser import Size, size
from costgraph.blocks.linear import CONTEXT, Names, contract, dropout, linear
from costgraph.blocks.norm import Norm
from costgraph.blocks.positions import alibi, relative, rotated
from costgraph.blocks.window import joined, rolled, windowed
from costgraph.errors import UserError
from costgraph.graph.builder import Builder
from costgraph.precision import FP32
from costgraph.records import dataclass

Projection = Literal["q", "k", "v", "out"]


@dataclass(frozen=True)
class Attention:
    """Attention.

    Args:
        heads, kv_heads, width: query heads, key/value heads (the same size as `heads` is multi-head attention), and how
            wide each of them is.
        biases: which projections have one.
        fused: one projection makes queries, keys and values, stored as one tensor.
        qk_norm: queries and keys are normalized, before they are rotated.
        qk_norm_over: each head for itself, or the whole projection (all heads).
        positions: how positions enter: by rotation, or by a bias of the scores. Learned ones belong to the embedding.
        rotary: width of the part of a head that is rotated; all of it unless given.
        buckets: rows of the table of `relative` positions, which all layers share.
        window: positions that a query sees, its own included; all unless given.
        masked: an implementation that computes the scores of all positions and masks those outside of the window, and
            that keeps window - 1 positions between steps.
        sinks: every head has one more score, a parameter, that takes part in the softmax and has no value.
        softcap: scores go through a tanh.
        wide_softmax: an implementation that computes the softmax in fp32 and makes its result narrow again; for p < 4.
        causal: a position sees those up to itself.
        dropout: of the weights.
        scale: scores are divided by a root of the width.
        repeat_kv: an implementation that copies keys and values to all heads, before or after they are cached.
        cross: keys and values come from another sequence, of S_e positions, once: they are inputs of a decode step.

    Source: Vaswani et al. 2017; Ainslie et al. 2023 (grouped), Su et al. 2021 (rotary), Press et al. 2022 (ALiBi),
    Raffel et al. 2020 (relative), Beltagy et al. 2020 (window).
    """

    place: ClassVar[str] = "attn"

    heads: Size = "A"
    kv_heads: Size = "G"
    width: Size = "H"
    biases: tuple[Projection, ...] = ()
    fused: bool = False
    qk_norm: Norm | None = None
    qk_norm_over: Literal["width", "heads"] = "width"
    positions: Literal["", "rotary", "alibi", "relative"] = ""
    rotary: Size | None = None
    buckets: Size = 32
    window: Size | None = None
    masked: bool = False
    sinks: bool = False
    softcap: bool = False
    wide_softmax: bool = False
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
            x: batch, position, model.
            memory: for `cross`: batch, memory, model; in decode there is none, because keys and values are there.
        """
        heads = self.declare(b)
        kv = heads[:1]
        if self.cross:
            q, keys, values = self.crossed(b, name, x, memory, heads)
        else:
            at = b.names(x)[1]
            made = self.fused_projection(b, name, x, heads) if self.fused else self.projections(b, name, x, heads)
            q, k, v = self.placed(b, name, made, heads, at)
            keys, values = (self.seen(b, f"{name}.{one}", made, kv, heads, at) for one, made in (("k", k), ("v", v)))
        u = self.core(b, name, q, keys, values, heads)
        return linear(b, f"{name}.out", u, ("model",), (*heads, "width"), "out" in self.biases)

    def as_transformers(self) -> Self:
        """As that library computes it: a window is a mask over all positions, fewer keys and values are copied."""
        return replace(self, masked=self.window is not None, repeat_kv=self.repeat_kv or "after_cache")

    def declare(self, b: Builder) -> Names:
        """The dims of a query's heads: heads, or those that share a key/value head, for each of these."""
        heads, group = size(self.heads), size(self.kv_heads)
        whole, parts = size(self.width).fraction()
        if parts.number is None:
            b.assume(Divides(parts, whole))
        b.dim("width", self.width)
        if heads == group:
            return (b.dim("head", heads),)
        if (share := (group / heads).number) is not None and share > 1:
            raise UserError(f"{b.name}: kv_heads={group} are more than the {heads} heads")
        b.assume(Divides(group, heads), InDomain("G", group))
        return (b.dim("kv_head", group), b.dim("group", heads / group))

    # --- queries, keys and values -------------------------------------------------------------------------------------

    def projections(self, b: Builder, name: str, x: str, heads: Names) -> tuple[str, str, str]:
        """One projection for each of them."""
        dims: tuple[tuple[Projection, Names], ...] = (("q", heads), ("k", heads[:1]), ("v", heads[:1]))
        q, k, v = (linear(b, f"{name}.{one}", x, (*of, "width"), bias=one in self.biases) for one, of in dims)
        return q, k, v

    def fused_projection(self, b: Builder, name: str, x: str, heads: Names) -> tuple[str, str, str]:
        """One projection, of which these are views; beside the queries of each group stand its key and its value."""
        of = (b.dim("stacked", "group + 2" if heads[1:] else 3), *heads[:1], "width")
        y = linear(b, f"{name}.qkv", x, of, bias="q" in self.biases)
        at = b.names(x)[:2]
        dims = (("q", heads), ("k", heads[:1]), ("v", heads[:1]))
        q, k, v = (b.op(f"{name}.{one}", "slice", y, letters=(*at, *to, "width")) for one, to in dims)
        return q, k, v

    def crossed(self, b: Builder, name: str, x: str, memory: str | None, heads: Names) -> tuple[str, str, str]:
        """Queries from here, keys and values from the other sequence, for which they are made once."""
        q = linear(b, f"{name}.q", x, (*heads, "width"), bias="q" in self.biases)
        made: list[str] = []
        of: tuple[Projection, ...] = ("k", "v")
        for one in of:
            if memory is None:
                made.append(b.input(f"{name}.{one}_context", ("batch", "memory", *heads[:1], "width"), "cache"))
            else:
                y = linear(b, f"{name}.{one}", memory, (*heads[:1], "width"), bias=one in self.biases)
                made.append(b.op(f"{name}.{one}_context", "context", y))
        return q, made[0], made[1]

    def placed(self, b: Builder, name: str, made: tuple[str, str, str], heads: Names, at: str) -> tuple[str, str, str]:
        """Queries, keys and values, normalized and rotated as it is done here."""
        q, k, v = made
        if self.qk_norm is not None:
            all_heads = self.qk_norm_over == "heads"
            q = self.qk_norm.write(b, f"{name}.q_norm", q, " ".join((*heads, "width") if all_heads else ("width",)))
            k = self.qk_norm.write(b, f"{name}.k_norm", k, " ".join((*heads[:1], "width") if all_heads else ("width",)))
        if self.positions == "rotary":
            part = "width" if self.rotary is None else b.dim("rotary", self.rotary)
            q, k = rotated(b, f"{name}.q_rotary", q, at, part), rotated(b, f"{name}.k_rotary", k, at, part)
        return q, k, v

    def seen(self, b: Builder, name: str, made: str, kv: Names, heads: Names, at: str) -> str:
        """Keys, or values, as those of the positions that queries look at."""
        if self.repeat_kv == "before_cache" and len(heads) > 1:
            made, kv = b.op(f"{name}_repeat", "repeat", made, letters=("batch", at, *heads, "width")), heads
        of = (*kv, "width")
        if self.window is None:
            kind = "context" if at == "query" else "slice"  # what an encoder reads gets no next position
            found = b.op(f"{name}_context", kind, made, letters=("batch", CONTEXT[at], *of))
        elif not self.masked:
            found = b.op(f"{name}_context", "context", made, letters=("batch", windowed(b, self.window, at), *of))
        elif b.phase == "decode":
            found = joined(b, name, made, self.window, of)
        else:
            found = rolled(b, name, made, self.window, of)
        if self.repeat_kv == "after_cache" and len(heads) > 1:
            found = b.op(f"{name}_repeat", "repeat", found, letters=("batch", b.names(found)[1], *heads, "width"))
        return found

    # --- the core -----------------------------------------------------------------------------------------------------

    def core(self, b: Builder, name: str, q: str, keys: str, values: str, heads: Names) -> str:
        """From scores to the weighted sum of values."""
        at, context = b.names(q)[1], b.names(keys)[1]
        rows = ("batch", *heads, at)
        bias = self.bias(b, heads, at, context)
        sinks = [b.parameter(f"{name}.sinks", heads, "bias")] if self.sinks else []
        with b.segment("attention_core"):
            w = contract(b, f"{name}.scores", q, keys, (*rows, context))
            w = b.op(f"{name}.scale", "scale", w) if self.scale else w
            w = b.op(f"{name}.softcap", "tanh", w) if self.softcap else w
            w = b.op(f"{name}.position", "add", w, bias) if bias else w
            w = b.op(f"{name}.mask", "causal_mask", w) if self.causal and not self.cross else w
            w = self.softmax(b, name, w, sinks, context)
            w = dropout(b, f"{name}.dropout", w, self.dropout)
            return contract(b, f"{name}.values", w, values, ("batch", at, *heads, "width"))

    def softmax(self, b: Builder, name: str, w: str, sinks: list[str], context: str) -> str:
        """What scores become."""
        if not self.wide_softmax:
            return b.op(f"{name}.softmax", "softmax", w, *sinks, over=context)
        w = b.op(f"{name}.wide", "widen", w, itemsize=FP32)
        w = b.op(f"{name}.softmax", "softmax", w, *sinks, over=context, itemsize=FP32)
        return b.op(f"{name}.weights", "narrow", w)

    def bias(self, b: Builder, heads: Names, at: str, context: str) -> str | None:
        """What positions add to the scores, the same in all layers, if they do."""
        if self.positions == "alibi":
            return alibi(b, heads, context)
        return relative(b, heads, at, context, self.buckets) if self.positions == "relative" else None
