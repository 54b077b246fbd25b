"""The decoder as one would write it by hand for training on T devices, on top of `brute_force.Device`.

Tensor and sequence parallelism are written out as in Megatron-LM: a pair of functions around every column- and
row-parallel matrix, each with its own backward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brute_force import Array, Device, Gradients, Number


@dataclass
class Config:
    """Sizes and options, all concrete. F is the width of the MLP."""

    B: int = 2
    S: int = 4
    D: int = 8
    A: int = 2
    F: int = 32
    L: int = 3
    p: Number = 2
    V: int = 8
    K: int = 6
    G: int = 0  # 0: as many as A
    T: int = 1
    head: bool = False
    tied: bool = True
    dropout: bool = True
    biases: bool = False
    flash: bool = False
    recompute: str = ""
    sequence: bool = False
    keep_gathered: bool = False
    mode: str = "train"  # train, forward, prefill, decode
    context: int = 0  # decode: positions attended to

    @property
    def trains(self) -> bool:
        return self.mode in ("train", "forward")


class Decoder:
    """Runs once when made; `device` has the counts, `cache` the bytes of keys and values."""

    def __init__(self, c: Config) -> None:
        self.c, self.device = c, Device(c.T, c.keep_gathered, saving=c.mode == "train")
        d = self.device
        self.heads = (c.G or c.A) // c.T or 1  # key/value heads on this device
        self.copies = max(c.T // (c.G or c.A), 1)  # devices that hold the same key/value head
        self.shared = c.A // c.T // self.heads  # query heads for each
        self.size = c.D // c.A
        self.positions = 1 if c.mode == "decode" else c.S
        self.rest = self.positions // c.T if c.sequence else self.positions
        self.cache: Number = 0
        if c.head:
            table = d.parameter("weight", c.V // c.T, c.D, width=c.p)
            x = self.embed(table)
        else:
            x = Array((c.B, self.rest, c.D), c.p)
        for _ in range(c.L):
            weights = self.block_weights()
            block = self.block(weights)
            x = d.checkpoint(block, x) if c.recompute == "full" else block(x)
        if c.head:
            x = self.norm(x, self.norm_weights())
            x = self.loss(x, table if c.tied else d.parameter("weight", c.V // c.T, c.D, width=c.p))
        if c.mode == "train":
            d.backward(x)

    # --- parameters -------------------------------------------------------------------------------------------------

    def replicated(self, kind: str, *shape: int) -> Array:
        """A parameter that all devices hold; if each sees a part of the positions, gradients are added up."""
        return self.device.parameter(kind, *shape, width=self.c.p, copies=self.c.T if self.c.sequence else 1)

    def norm_weights(self) -> list[Array]:
        return [self.replicated("norm", self.c.D), self.replicated("norm", self.c.D)]

    def block_weights(self) -> dict[str, list[Array]]:
        c, make = self.c, self.device.parameter
        kv, q, f = (self.heads, self.size), (self.heads, self.shared, self.size), c.F // c.T
        weights = {
            "q": [make("weight", c.D, *q, width=c.p)],
            "k": [make("weight", c.D, *kv, width=c.p, copies=self.copies)],
            "v": [make("weight", c.D, *kv, width=c.p, copies=self.copies)],
            "out": [make("weight", *q, c.D, width=c.p)],
            "up": [make("weight", c.D, f, width=c.p)],
            "down": [make("weight", f, c.D, width=c.p)],
        }
        if c.biases:
            weights["q"].append(make("bias", *q, width=c.p))
            weights["k"].append(make("bias", *kv, width=c.p, copies=self.copies))
            weights["v"].append(make("bias", *kv, width=c.p, copies=self.copies))
            weights["up"].append(make("bias", f, width=c.p))
            weights["out"].append(self.replicated("bias", c.D))
            weights["down"].append(self.replicated("bias", c.D))
        return weights | {"norm1": self.norm_weights(), "norm2": self.norm_weights()}

    # --- model ------------------------------------------------------------------------------------------------------

    def block(self, w: dict[str, list[Array]]) -> Callable[[Array], Array]:
        d, c = self.device, self.c

        def forward(x: Array) -> Array:
            z = self.enter(self.norm(x, w["norm1"]))
            q = self.linear("bsd,dgrh->bsgrh", z, w["q"])
            k, v = (self.remember(self.linear("bsd,dgh->bsgh", z, w[name])) for name in ("k", "v"))
            u = d.checkpoint(self.core, q, k, v) if c.recompute == "selective" else self.core(q, k, v)
            y = self.leave(d.contract("bsgrh,grhd->bsd", u, w["out"][0]))
            x = self.residual(x, y, w["out"][1:])
            z = self.enter(self.norm(x, w["norm2"]))
            u = d.gelu(self.linear("bsd,df->bsf", z, w["up"]))
            return self.residual(x, self.leave(d.contract("bsf,fd->bsd", u, w["down"][0])), w["down"][1:])

        return forward

    def residual(self, x: Array, y: Array, bias: list[Array]) -> Array:
        for b in bias:
            y = self.device.add(y, b)
        return self.device.add(self.drop(y), x)

    def drop(self, x: Array) -> Array:
        return self.device.dropout(x) if self.c.dropout and self.c.trains else x

    def norm(self, x: Array, weights: list[Array]) -> Array:
        return self.device.layer_norm(x, *weights)

    def linear(self, spec: str, x: Array, weights: list[Array]) -> Array:
        y = self.device.contract(spec, x, weights[0])
        for b in weights[1:]:
            y = self.device.add(y, b)
        return y

    def remember(self, k: Array) -> Array:
        """Keys or values as the positions attended to: the same bytes, or a cache to which one row is added."""
        if self.c.trains:
            return k
        if self.c.mode == "decode":
            row = Array(k.shape, k.width)
            self.device.run([k, row], [])
            k = Array((k.shape[0], self.c.context or self.c.S, *k.shape[2:]), k.width)
        self.cache += k.bytes
        return k

    def core(self, q: Array, k: Array, v: Array) -> Array:
        if self.c.flash:
            return self.flash(q, k, v)
        d = self.device
        scores = d.contract("bsgrh,btgh->bgrst", q, k)
        weights = self.drop(d.softmax(d.mask(d.scale(scores))))
        return d.contract("bgrst,btgh->bsgrh", weights, v)

    def flash(self, q: Array, k: Array, v: Array) -> Array:
        """One kernel: only q, k, v, the result and one fp32 number per row and head touch memory."""
        d = self.device
        out, rows = Array(q.shape, q.width), Array((*q.shape[:1], *q.shape[2:4], q.shape[1]), 4)
        square = Array((q.shape[0], *q.shape[2:4], q.shape[1], k.shape[1]), q.width)  # never stored
        d.run([q, k, v], [out, rows])
        d.multiply_adds("bsgrh", "btgh", q, k)
        d.multiply_adds("bgrst", "btgh", square, v)

        def backward(dy: Array) -> Gradients:
            grads = [Array(a.shape, a.width) for a in (q, k, v)]
            d.run([dy, q, k, v, out, rows], grads)
            d.multiply_adds("bsgrh", "btgh", q, k)  # the scores once more
            d.multiply_adds("bsgrh", "btgh", dy, v)  # gradient of the weights
            d.multiply_adds("bgrst", "bsgrh", square, dy)  # of the values
            d.multiply_adds("bgrst", "btgh", square, k)  # of the queries
            d.multiply_adds("bgrst", "bsgrh", square, q)  # of the keys
            return list(zip((q, k, v), grads, strict=True))

        return d.record(out, [q, k, v, out, rows], backward)

    def embed(self, table: Array) -> Array:
        """Rows of the token table (those this device has; the others come as zeros) plus rows of the position table."""
        c, d = self.c, self.device
        tokens = Array((c.B, self.positions), 8, "index")
        rows = Array((c.B, self.positions, c.D), c.p)
        read = Array(rows.shape, c.p, "weight")
        d.run([tokens, read], [rows])

        def tokens_backward(dy: Array) -> Gradients:
            dt = Array(table.shape, c.p, "weight")
            d.run([dy, tokens], [dt])
            return [(table, dt)]

        x = self.leave(d.record(rows, [], tokens_backward))
        positions = self.replicated("weight", c.K, c.D)
        offset = Array((self.rest, c.D), c.p)
        d.run([Array(offset.shape, c.p, "weight")], [offset])

        def positions_backward(dy: Array) -> Gradients:
            dt = Array(positions.shape, c.p, "weight")
            d.run([dy], [dt])
            return [(positions, dt)]

        return d.add(x, d.record(offset, [], positions_backward))

    def loss(self, x: Array, table: Array) -> Array:
        """Cross-entropy: the normalisers of a split vocabulary are summed over the devices, then the losses."""
        c, d = self.c, self.device
        logits = d.contract("bsd,vd->bsv", self.enter(x), table)
        if not c.trains:
            return logits
        targets = Array((c.B, c.S), 8, "index")
        sums, log_probs, out = Array((c.B, c.S), c.p), Array(logits.shape, c.p), Array((), c.p)
        d.run([logits], [sums])
        self.reduce(sums)
        d.run([logits, sums, targets], [out, log_probs])
        self.reduce(out)

        def backward(dy: Array) -> Gradients:
            dx = Array(logits.shape, c.p)
            d.run([dy, log_probs, targets], [dx])
            return [(logits, dx)]

        return d.record(out, [log_probs], backward)

    # --- parallel ---------------------------------------------------------------------------------------------------

    def reduce(self, x: Array) -> None:
        if self.c.T > 1:
            self.device.ring("all_reduce", x)

    def enter(self, x: Array) -> Array:
        """Before a column-parallel matrix: identity and all-reduce, or all-gather and reduce-scatter."""
        c, d = self.c, self.device
        if c.T == 1:
            return x
        if not c.sequence:
            return d.record(alias(x), [], lambda dy: self.reduced(x, dy))
        whole = Array((x.shape[0], x.shape[1] * c.T, x.shape[2]), x.width, shard=x)
        d.ring("all_gather", whole)

        def backward(dy: Array) -> Gradients:
            d.ring("reduce_scatter", dy)
            return [(x, Array(x.shape, x.width))]

        return d.record(whole, [], backward)

    def reduced(self, x: Array, dy: Array) -> Gradients:
        self.reduce(dy)
        return [(x, dy)]

    def leave(self, x: Array) -> Array:
        """After a row-parallel matrix: all-reduce and identity, or reduce-scatter and all-gather."""
        c, d = self.c, self.device
        if c.T == 1:
            return x
        if not c.sequence:
            self.reduce(x)
            return d.record(alias(x), [], lambda dy: [(x, dy)])
        d.ring("reduce_scatter", x)
        part = Array((x.shape[0], x.shape[1] // c.T, x.shape[2]), x.width)

        def backward(dy: Array) -> Gradients:
            whole = Array(x.shape, x.width)
            d.ring("all_gather", whole)
            return [(x, whole)]

        return d.record(part, [], backward)


def alias(x: Array) -> Array:
    """An array of its own for autograd."""
    return Array(x.shape, x.width, x.kind)
