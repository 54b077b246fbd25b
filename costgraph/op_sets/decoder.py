"""The decoder-only transformer: pre-norm blocks of causal attention and an MLP (GPT-2, GPT-3).

Index letters: b batch, s (query) position, t context position, d hidden width, a head, h width of a head,
f width of the MLP, v vocabulary, k block size. With fewer key/value heads than heads: g key/value head, r query heads
that share it.
"""

from __future__ import annotations

from costgraph.algebra.assumption import AtMost, Choice, Divides, InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size, size
from costgraph.errors import UserError
from costgraph.graph.builder import Builder, Extra
from costgraph.graph.graph import Graph


def decoder(
    head: bool = False,
    tied: bool = True,
    dropout: bool = True,
    biases: bool = False,
    kv_heads: Size = "A",
    positions: bool = True,
) -> Graph:
    """L transformer blocks, and with `head=True` all that stands around them.

    Args:
        head: add token and position embeddings, the final norm, the language-model head and the loss.
        tied: the head shares its matrix with the token embedding.
        dropout: drop attention weights and the output of both sub-blocks.
        biases: add a bias to every matrix of the blocks.
        kv_heads: G, the number of key/value heads; A (all heads) unless given, 1 for multi-query attention.
        positions: with `head`, learn a table of K positions; off for models that rotate queries and keys instead.

    Source: "Decoder-Only Transformers", Sec. 1; grouped heads as in Ainslie et al. 2023.
    """
    heads, group = size("A"), bound("G", kv_heads)
    if (share := (group / heads).number) is not None and share > 1:
        raise UserError(f"decoder: kv_heads={group} are more than the {heads} heads")
    grouped = group != heads
    width = size("D/A")
    sizes: dict[str, Size] = {
        "b": "B", "s": "S", "t": "S", "d": "D", "a": heads, "g": group, "r": heads / group, "h": width,
        "f": "E*D", "v": "V", "k": "K",
    }  # fmt: skip
    b = Builder(title(head, tied, dropout, biases, kv_heads if grouped else "A", positions), sizes)
    b.assume(Divides(heads, size("D")), Choice("dropout", "on" if dropout else "off"))
    if grouped:
        b.assume(Divides(group, heads), InDomain("G", group))
    if head and positions:
        b.assume(AtMost(size("S"), size("K"), "context"))
    x = embed(b, positions) if head else b.input("x", "bsd")
    with b.repeat("L"):
        x = b.op("blocks.enter", "loop", x)
        with b.segment("block"):
            x = attention(b, x, dropout, biases, "gr" if grouped else "a")
            x = mlp(b, x, dropout, biases)
    x = b.op("blocks.exit", "loop", x)
    if head:
        loss(b, norm(b, "norm.final", x), "embed.tokens.table" if tied else b.parameter("head.table", "vd"))
    return b.build()


def embed(b: Builder, positions: bool) -> str:
    """Token embedding, plus learned positions if there are any: (B, S, D)."""
    tokens = b.input("tokens", "bs", "input", 8)
    x = b.op("embed.tokens", "embedding", tokens, b.parameter("embed.tokens.table", "vd"), letters="bsd")
    if not positions:
        return x
    learned = b.op("embed.positions", "positions", b.parameter("embed.positions.table", "kd"), letters="sd")
    return b.op("embed.add", "add", x, learned)


def attention(b: Builder, x: str, dropout: bool, biases: bool, heads: str) -> str:
    """Norm, causal attention and the residual connection; `heads` are the letters of a query's heads."""
    kv = heads[0]
    z = norm(b, "norm.attn", x)
    q = project(b, "attn.q", z, f"d{heads}h", biases)
    keys = project(b, "attn.k", z, f"d{kv}h", biases)
    values = project(b, "attn.v", z, f"d{kv}h", biases)
    keys = b.op("attn.k_context", "context", keys, letters=f"bt{kv}h")
    values = b.op("attn.v_context", "context", values, letters=f"bt{kv}h")
    with b.segment("attention_core"):
        w = b.einsum("attn.scores", f"bs{heads}h,bt{kv}h->b{heads}st", q, keys)
        w = b.op("attn.scale", "scale", w)
        w = b.op("attn.mask", "causal_mask", w)
        w = b.op("attn.softmax", "softmax", w)
        w = drop(b, "attn.dropout", w, dropout)
        u = b.einsum("attn.values", f"b{heads}st,bt{kv}h->bs{heads}h", w, values)
    y = project(b, "attn.out", u, f"{heads}hd", biases)
    return b.op("attn.residual", "residual", drop(b, "attn.out_dropout", y, dropout), x)


def mlp(b: Builder, x: str, dropout: bool, biases: bool) -> str:
    """Norm, two-layer MLP and the residual connection."""
    z = norm(b, "norm.mlp", x)
    y = b.op("mlp.act", "gelu", project(b, "mlp.up", z, "df", biases))
    y = project(b, "mlp.down", y, "fd", biases)
    return b.op("mlp.residual", "residual", drop(b, "mlp.dropout", y, dropout), x)


def loss(b: Builder, x: str, table: str) -> str:
    """Language-model head and cross-entropy against the next token."""
    logits = b.einsum("head.logits", "bsd,vd->bsv", x, table)
    normalizer = b.op("loss.normalizer", "logsumexp", logits, letters="bs")
    targets = b.input("targets", "bs", "input", 8)
    extra: Extra = {"log_probs": ("bsv", "activation", "p")}
    return b.op("loss.cross_entropy", "cross_entropy", logits, normalizer, targets, letters="", extra=extra)


def norm(b: Builder, name: str, x: str) -> str:
    """LayerNorm over d; keeps mean and reciprocal deviation in fp32."""
    scale, shift = b.parameter(f"{name}.scale", "d", "norm"), b.parameter(f"{name}.shift", "d", "norm")
    extra: Extra = {"mean": ("bs", "statistic", 4), "rstd": ("bs", "statistic", 4)}
    return b.op(name, "layer_norm", x, scale, shift, extra=extra)


def project(b: Builder, name: str, x: str, weight: str, biases: bool) -> str:
    """`x` times a matrix of dims `weight`, summed over the letters they share; with a bias over the new ones."""
    dims = b.letters(x)
    new = "".join(letter for letter in weight if letter not in dims)
    result = "".join(letter for letter in dims if letter not in weight) + new
    y = b.einsum(name, f"{dims},{weight}->{result}", x, b.parameter(f"{name}.weight", weight))
    return b.op(f"{name}_bias", "bias", y, b.parameter(f"{name}.bias", new, "bias")) if biases else y


def drop(b: Builder, name: str, x: str, dropout: bool) -> str:
    """Dropout with a mask of one byte per element, or nothing."""
    return b.op(name, "dropout", x, extra={"mask": (b.letters(x), "mask", 1)}) if dropout else x


def title(head: bool, tied: bool, dropout: bool, biases: bool, kv_heads: Size, positions: bool) -> str:
    """The op set as one would type it, with the options that are not the default."""
    chosen = {
        "head": head,
        "tied": tied,
        "dropout": dropout,
        "biases": biases,
        "kv_heads": str(kv_heads),
        "positions": positions,
    }
    usual = {"head": False, "tied": True, "dropout": True, "biases": False, "kv_heads": "A", "positions": True}
    options = ", ".join(f"{name}={value}" for name, value in chosen.items() if value != usual[name])
    return f"decoder({options})" if options else "decoder"
