"""Small models that are no op set, each with something that a mesh can get wrong."""

from __future__ import annotations

from collections.abc import Callable

import costgraph as cg
from costgraph.algebra.parser import Size
from costgraph.graph.builder import Extra
from costgraph.graph.extent import Mean
from costgraph.graph.graph import Graph

DIMS: dict[str, Size | Mean] = {
    "b": "B", "s": "S", "t": "S", "d": "D", "a": "A", "h": 3, "f": "E*D", "v": "V", "c": 3, "k": 5,
    "rank": 3, "wide": "E*D", "mixed": "A",
}  # fmt: skip
SIZES = {"B": 4, "S": 4, "D": 4, "A": 4, "G": 2, "E": 2, "V": 4, "L": 1, "T": 2, "N_d": 2, "N_h": 2, "K_r": 2, "N_r": 4}
Part = Callable[[cg.Builder], object]


def low_rank_pair(b: cg.Builder) -> None:
    y = b.einsum("one.down", "bsf,fd->bsd", b.input("x", "bsf"), b.parameter("one.w", "fd"))
    b.einsum("two.up", "bsd,df->bsf", y, b.parameter("two.w", "df"))


def low_rank_of_heads(b: cg.Builder) -> None:
    y = b.einsum("down", "bsah,ahr->bsr", b.input("x", "bsah"), b.parameter("down.w", "head width rank"))
    y = b.op("act", "silu", b.einsum("up", "bsr,rah->bsah", y, b.parameter("up.w", "rank head width")))
    b.einsum("out", "bsah,ahd->bsd", y, b.parameter("out.w", "ahd"))


def projection_before_a_split(b: cg.Builder) -> None:
    y = b.op("act", "gelu", b.input("x", "bsd"))
    y = b.einsum("wide", "bsd,dm->bsm", y, b.parameter("wide.w", "model wide"))
    b.einsum("logits", "bsm,vm->bsv", y, b.parameter("logits.w", "vocab wide"))


def pooled_gate(b: cg.Builder) -> None:
    x = b.input("x", "bsf")
    b.einsum("gate", "bsf,bs->bsf", x, b.op("act", "silu", b.einsum("pool", "bsf->bs", x)))


def pooled_gate_without_an_activation(b: cg.Builder) -> None:
    x = b.input("x", "bsf")
    b.einsum("gate", "bsf,bs->bsf", x, b.einsum("pool", "bsf->bs", x))


def gate_of_rows(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,df->bsf", b.input("x", "bsd"), b.parameter("w", "df"))
    gate = b.op("act", "tanh", b.einsum("gate", "bsd,d->bs", "x", b.parameter("gate.w", "d")))
    y = b.op("gated", "product", y, gate)
    extra: Extra = {"rstd": ("bs", "statistic", 4)}
    b.op("norm", "rms_norm", y, b.parameter("gain", "f", "norm"), extra=extra)


def product_of_two_sums(b: cg.Builder) -> None:
    x, y = b.input("x", "bsf"), b.input("y", "bsd")
    sums = b.einsum("one", "bsf->s", x), b.einsum("two", "bsd->d", y)
    b.einsum("both", "s,d->sd", *sums)


def two_split_dims(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,daf->bsaf", b.input("x", "bsd"), b.parameter("w", "daf"))
    b.einsum("down", "bsaf,af->bs", b.op("act", "gelu", y), b.parameter("w2", "af"))


def one_split_dim_then_another(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,daf->bsaf", b.input("x", "bsd"), b.parameter("w", "daf"))
    b.op("act", "relu", b.einsum("heads", "bsaf->bsf", y))


def table_of_positions(b: cg.Builder) -> None:
    y = b.op("y", "bias", b.input("x", "bsd"), b.parameter("table", "sd"))
    z = b.op("look", "context", y, letters="btd")
    b.einsum("up", "btd,df->btf", z, b.parameter("w", "df"))
    b.einsum("scores", "btd,bsd->bst", z, y)


def norm_over_a_split_dim(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,df->bsf", b.input("x", "bsd"), b.parameter("w", "df"))
    extra: Extra = {"mean": ("bs", "statistic", 4), "rstd": ("bs", "statistic", 4)}
    parameters = b.parameter("gain", "f", "norm"), b.parameter("shift", "f", "norm")
    y = b.op("norm", "layer_norm", b.op("act", "gelu", y), *parameters, extra=extra)
    b.einsum("down", "bsf,fd->bsd", b.op("act2", "silu", y), b.parameter("w2", "fd"))


def norm_of_each_head(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,dah->bsah", b.input("x", "bsd"), b.parameter("w", "dah"))
    extra: Extra = {"mean": ("bsa", "statistic", 4), "rstd": ("bsa", "statistic", 4)}
    parameters = b.parameter("gain", "ah", "norm"), b.parameter("shift", "h", "norm")
    b.op("norm", "layer_norm", y, *parameters, extra=extra, over="h")


def softmax_over_heads(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,dah->bsah", b.input("x", "bsd"), b.parameter("w", "dah"))
    b.op("act", "gelu", b.op("weights", "softmax", y, over="a"))


def dropout_of_rows(b: cg.Builder) -> None:
    y = b.einsum("up", "bsd,df->bsf", b.input("x", "bsd"), b.parameter("w", "df"))
    y = b.op("drop", "dropout", y, extra={"mask": ("bs", "mask", 1)})
    b.op("act", "gelu", y)


def stacked(b: cg.Builder) -> None:
    x = b.input("x", "bsd")
    y = b.einsum("qkv", "bsd,dcah->bscah", x, b.parameter("qkv.w", "dcah"))
    for name in "qkv":
        b.op(f"one.{name}", "slice", y, letters="bsah")


def what_has_no_batch(b: cg.Builder) -> None:
    y = b.op("y", "add", b.input("x", "bsd"), b.input("z", "sd"))
    b.einsum("up", "bsd,df->bsf", y, b.parameter("w", "df"))


def gradient_from_outside(b: cg.Builder) -> None:
    b.op("y", "bias", b.input("x", "bsd"), b.parameter("w", "bsd"))


def embedding_and_loss(b: cg.Builder) -> None:
    x = b.op("embed", "embedding", b.input("tokens", "bs", "input", 8), b.parameter("table", "vd"), letters="bsd")
    x = b.op("add", "add", x, b.op("places", "positions", b.parameter("places.table", "kd"), letters="sd"))
    logits = b.einsum("logits", "bsd,vd->bsv", x, "table")
    extra: Extra = {"log_probs": ("bsv", "activation", "p")}
    read = logits, b.op("sum", "logsumexp", logits, letters="bs"), b.input("targets", "bs", "input", 8)
    b.op("loss", "cross_entropy", *read, letters="", extra=extra)


PLAIN: list[Part] = [
    low_rank_pair, low_rank_of_heads, projection_before_a_split, pooled_gate, pooled_gate_without_an_activation,
    gate_of_rows, product_of_two_sums, two_split_dims, one_split_dim_then_another, table_of_positions,
    norm_over_a_split_dim, norm_of_each_head, softmax_over_heads, dropout_of_rows, stacked,
    what_has_no_batch, gradient_from_outside, embedding_and_loss,
]  # fmt: skip


# --- cores of attention -----------------------------------------------------------------------------------------------


def core(b: cg.Builder, what: str = "", keys: str = "a", queries: str = "a") -> None:
    """Attention of which queries and keys have these heads, with `what` inside its core."""
    x = b.input("x", "bsd")
    if what == "of a sum":
        x = b.einsum("down", "bsf,fd->bsd", b.input("z", "bsf"), b.parameter("down.w", "fd"))
    q = project(b, "attn.q", x, queries)
    k, v = (project(b, f"attn.{name}", x, keys) for name in "kv")
    if what != "context":
        k, v = (b.op(f"{name}_context", "context", name, letters=f"bt{keys}h") for name in (k, v))
    with b.segment("attention_core"):
        if what == "context":
            k, v = (b.op(f"{name}_context", "context", name, letters=f"bt{keys}h") for name in (k, v))
        k = inside(b, what, k, keys)
        heads = "a" if queries or keys else ""
        w = b.einsum("attn.scores", f"bs{queries}h,bt{keys}h->b{heads}st", q, k)
        w = weights(b, what, w, heads, x)
        if what == "mix after":
            w = b.op("attn.act", "gelu", b.einsum("attn.mix", "bast,am->bmst", w, b.parameter("mix", "head mixed")))
            b.einsum("attn.values", "bmst,bth->bsmh", w, v)
        else:
            result = "bsh" if what == "pool" else f"bs{heads}h"
            b.einsum("attn.values", f"b{heads}st,bt{keys}h->{result}", w, v)
    if "head" in b.letters("attn.values") or "a" in b.letters("attn.values"):
        b.einsum("attn.out", "bsah,ahd->bsd", "attn.values", b.parameter("out.w", "ahd"))


def project(b: cg.Builder, name: str, x: str, heads: str) -> str:
    return b.einsum(name, f"bsd,d{heads}h->bs{heads}h", x, b.parameter(f"{name}.w", f"d{heads}h"))


def inside(b: cg.Builder, what: str, k: str, heads: str) -> str:
    """Something that is done to keys inside the core."""
    if what == "norm of keys":
        extra: Extra = {"mean": (f"bt{heads}", "statistic", 4), "rstd": (f"bt{heads}", "statistic", 4)}
        gain, shift = b.parameter("gain", "h", "norm"), b.parameter("shift", "h", "norm")
        return b.op("attn.norm", "layer_norm", k, gain, shift, extra=extra)
    if what == "scale of keys":
        return b.op("attn.scale", "scale", k)
    if what == "bias of keys":
        return b.op("attn.bias", "bias", k, b.parameter("bias", "th", "bias"))
    return k


def weights(b: cg.Builder, what: str, w: str, heads: str, x: str) -> str:
    """The attention weights, and something that is done to scores before."""
    if what == "two products":
        more = b.einsum("attn.scores2", "bsah,bth->bast", project(b, "attn.q2", x, "a"), keys_of_one(b, x))
        w = b.op("attn.add", "add", w, more)
    if what == "sinks":
        w = b.op("attn.sink", "bias", w, b.parameter("sink", "a"))
    if what == "relative positions":
        w = b.op("attn.relative", "add", w, b.parameter("relative", "ast"))
    if what == "talking heads":
        w = b.einsum("attn.before", "bast,am->bmst", w, b.parameter("before", "head mixed"))
        w = b.op("attn.softmax", "softmax", w)
        return b.einsum("attn.after", "bmst,ma->bast", w, b.parameter("after", "mixed head"))
    over = {"over heads": "head", "over heads and context": "head context"}.get(what, "context")
    return b.op("attn.softmax", "softmax", b.op("attn.mask", "causal_mask", w), over=over)


def keys_of_one(b: cg.Builder, x: str) -> str:
    """Keys without heads, as latent attention has them beside the others."""
    return b.op("attn.k2_context", "context", project(b, "attn.k2", x, ""), letters="bth")


CORES: dict[str, tuple[str, str, str]] = {  # name: what is inside, heads of keys, heads of queries
    "of a sum": ("of a sum", "a", "a"),
    "two products": ("two products", "a", "a"),
    "sinks": ("sinks", "a", "a"),
    "relative positions": ("relative positions", "a", "a"),
    "talking heads": ("talking heads", "a", "a"),
    "mix after": ("mix after", "", "a"),
    "pool": ("pool", "a", "a"),
    "over heads": ("over heads", "a", "a"),
    "over heads and context": ("over heads and context", "a", "a"),
    "context inside": ("context", "a", "a"),
    "context inside, one head of keys": ("context", "", "a"),
    "one head of keys": ("", "", "a"),
    "one head of queries": ("", "a", ""),
    "no heads": ("", "", ""),
    "no heads, context inside": ("context", "", ""),
    "norm of keys": ("norm of keys", "a", "a"),
    "norm of one head of keys": ("norm of keys", "", "a"),
    "scale of one head of keys": ("scale of keys", "", "a"),
    "bias of one head of keys": ("bias of keys", "", "a"),
}


def two_kinds_of_layers() -> Graph:
    """Layers of two kinds with the same parts."""
    b = cg.Builder("kinds", DIMS)
    x = b.input("x", "bsd")
    for kind in ("dense", "sparse"):
        with b.repeat("L", kind=kind), b.segment("block"):
            q, k, v = (project(b, f"attn.{name}", x, "a") for name in "qkv")
            k, v = (b.op(f"{name}_context", "context", name, letters="btah") for name in (k, v))
            with b.segment("attention_core"):
                w = b.op("attn.softmax", "softmax", b.einsum("attn.scores", "bsah,btah->bast", q, k))
                u = b.einsum("attn.values", "bast,btah->bsah", w, v)
            y = b.einsum("attn.out", "bsah,ahd->bsd", u, b.parameter("attn.out.w", "ahd"))
            x = b.op("attn.residual", "residual", y, x)
    return b.build()


def slots() -> Graph:
    """A dim that is made of the batch and split where that is."""
    dims: dict[str, Size | Mean] = {"b": "B", "s": "S", "d": "D", "f": "E*D", "slot": Mean("batch*query*K_r/N_r")}
    b = cg.Builder("slots", dims)
    w = b.parameter("up.w", "df")
    y = b.op("act", "gelu", b.einsum("up", "kd,df->kf", b.input("x", "slot model"), w))
    b.op("softmax", "softmax", b.einsum("down", "kf,fd->kd", y, b.parameter("down.w", "fd")), over="slot")
    b.einsum("shared.up", "bsd,df->bsf", b.input("z", "bsd"), w)
    return b.build()


def built(part: Part) -> Graph:
    """The model of a part."""
    b = cg.Builder(getattr(part, "__name__", "core"), DIMS)
    part(b)
    return b.build()


def core_model(name: str) -> Graph:
    """The model of a core."""
    return built(lambda b: core(b, *CORES[name]))
