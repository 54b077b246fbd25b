"""Random models for the judge of placement: steps over dims that axes split, rest along, or do not touch."""

from __future__ import annotations

import random
from collections.abc import Callable

import costgraph as cg
from costgraph.algebra.parser import Size
from costgraph.graph.builder import Extra
from costgraph.graph.extent import Mean
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import Role

SIZES: dict[str, Size | Mean] = {
    "batch": "B", "query": "S", "context": "S", "model": "D", "head": "A", "kv_head": "G", "group": "A/G", "width": 3,
    "ffn": "E*D", "vocab": "V", "rank": 3, "wide": "D", "stacked": 3,
}  # fmt: skip
SPLIT = ("ffn", "head", "kv_head", "group", "vocab")
ALONE = ("batch", "context", "kv_head", "group")  # no parameter brings one of these
Dims = tuple[str, ...]


class Writer:
    """Writes a model step by step; a model of fewer steps from the same seed is the beginning of it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.b = cg.Builder(f"random {seed}", SIZES)
        self.tensors: dict[str, Dims] = {}
        self.count = 0
        for dims in (("batch", "query", "model"), self.some(("batch", "query"), 1, 2)):
            self.note(self.b.input(f"x{len(self.tensors)}", " ".join(dims)), dims)

    def build(self, steps: int) -> Graph:
        """The model of so many steps."""
        for _ in range(steps):
            self.rng.choice(STEPS)(self)
        return self.b.build()

    # --- what steps are made of ---------------------------------------------------------------------------------------

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def note(self, name: str, dims: Dims) -> str:
        self.tensors[name] = dims
        return name

    def pick(self, *having: str, lacking: Dims = ()) -> str | None:
        """One of the tensors that have these dims and lack those, rather a late one."""
        fit = [x for x, dims in self.tensors.items() if {*having} <= {*dims} and not {*lacking} & {*dims}]
        return self.rng.choice(fit[-4:]) if fit else None

    def pick_split(self) -> str | None:
        """One of the tensors that have a dim which a tensor axis splits."""
        return next((x for dim in self.rng.sample(SPLIT, len(SPLIT)) if (x := self.pick(dim))), None)

    def some(self, dims: Dims, least: int, most: int) -> Dims:
        """Some of these dims in any order."""
        return tuple(self.rng.sample(dims, min(len(dims), self.rng.randint(least, most))))

    def part(self, dims: Dims) -> Dims:
        """One or two of these dims in their order."""
        found = self.some(dims, 1, 2)
        return tuple(dim for dim in dims if dim in found)

    def parameter(self, dims: Dims) -> str:
        role = self.rng.choice(["weight", "weight", "bias", "norm"])
        return self.b.parameter(f"{self.name()}.w", " ".join(dims), role)  # type: ignore[arg-type]

    def einsum(self, x: str, y: str, result: Dims, of: dict[str, Dims]) -> str:
        letters = {dim: chr(ord("a") + i) for i, dim in enumerate(dict.fromkeys((*of[x], *of[y])))}
        left, right, out = ("".join(letters[dim] for dim in dims) for dims in (of[x], of[y], result))
        return self.note(self.b.einsum(self.name(), f"{left},{right}->{out}", x, y), result)

    def product(self, x: str, y: str, dims: Dims) -> str:
        """An einsum that sums over some of the dims that both have."""
        mine = self.tensors[x]
        shared = [dim for dim in mine if dim in dims]
        kept = self.some(tuple(shared), 0, len(shared)) if self.rng.random() < 0.4 else ()
        result = [dim for dim in dict.fromkeys((*mine, *dims)) if dim not in shared or dim in kept]
        self.rng.shuffle(result)
        if len(result) > 4:
            return x
        return self.einsum(x, y, tuple(result), {x: mine, y: dims})

    def apply(self, kind: str, *inputs: str, dims: Dims | None = None, over: Dims = ()) -> str:
        dims = self.tensors[inputs[0]] if dims is None else dims
        name, text = self.name(), " ".join(dims)
        rows = " ".join(dim for dim in dims if dim not in over)
        extra: dict[str, tuple[str, Role, int]] = {}
        if kind == "dropout":
            extra = {"mask": (text, "mask", 1)}
        if kind == "rms_norm":
            extra = {"rstd": (rows, "statistic", 4)}
        if kind == "layer_norm":
            extra = {"mean": (rows, "statistic", 4), "rstd": (rows, "statistic", 4)}
        return self.note(self.b.op(name, kind, *inputs, letters=text, extra=extra, over=" ".join(over)), dims)


# --- steps ------------------------------------------------------------------------------------------------------------


def project(w: Writer) -> None:
    """A product with a parameter of some dims of a tensor and others, such as a sequence, two split ones or none."""
    x = w.pick()
    assert x
    mine = w.tensors[x]
    new = w.some(tuple(dim for dim in SIZES if dim not in mine and dim not in ALONE), 0, 2)
    dims = (*w.some(mine, 1, 2), *new) if mine else new
    if dims:
        w.product(x, w.parameter(dims), dims)


def multiply(w: Writer) -> None:
    """A product of two tensors."""
    x, y = w.pick(), w.pick()
    assert x
    assert y
    if w.tensors[x] and w.tensors[y]:
        w.product(x, y, w.tensors[y])


def low_rank(w: Writer) -> None:
    """Down over a dim that is split, then up again."""
    if x := w.pick_split():
        mine = w.tensors[x]
        split = next(dim for dim in SPLIT if dim in mine)
        through = w.rng.choice([dim for dim in ("model", "rank", "wide") if dim not in mine] or [""])
        if through:
            down = w.parameter((split, through))
            lower = tuple(dim for dim in mine if dim != split)
            y = w.einsum(x, down, (*lower, through), {x: mine, down: (split, through)})
            up = w.parameter((through, split))
            w.einsum(y, up, (*lower, split), {y: (*lower, through), up: (through, split)})


def gate(w: Writer) -> None:
    """A sum over a dim that is multiplied back."""
    x = w.pick_split()
    if x and len(w.tensors[x]) > 1:
        mine = w.tensors[x]
        pooled = tuple(dim for dim in mine if dim not in SPLIT)
        y = total(w, x, pooled)
        if w.rng.random() < 0.5:
            y = w.apply(w.rng.choice(["silu", "tanh"]), y)
        if w.rng.random() < 0.5:
            w.apply("product", x, y)
        elif pooled:
            w.einsum(x, y, mine, {x: mine, y: pooled})


def total(w: Writer, x: str, kept: Dims) -> str:
    """The sum of a tensor over the dims that are not kept."""
    letters = {dim: chr(ord("a") + i) for i, dim in enumerate(w.tensors[x])}
    spec = f"{''.join(letters.values())}->{''.join(letters[dim] for dim in kept)}"
    return w.note(w.b.einsum(w.name(), spec, x), kept)


def pool(w: Writer) -> None:
    """A sum over any dims."""
    x = w.pick()
    assert x
    if w.tensors[x]:
        total(w, x, w.some(w.tensors[x], 0, 3))


def add(w: Writer) -> None:
    """The sum of two tensors of the same dims."""
    x = w.pick()
    assert x
    alike = [y for y, dims in w.tensors.items() if dims == w.tensors[x]]
    w.apply(w.rng.choice(["residual", "add"]), x, w.rng.choice(alike))


def bias(w: Writer) -> None:
    """A sum with a parameter of some dims, or with a tensor that has some of them."""
    x = w.pick()
    assert x
    mine = w.tensors[x]
    inside = [y for y, dims in w.tensors.items() if dims != mine and tuple(d for d in mine if d in dims) == dims]
    if mine:
        other = w.rng.choice(inside) if inside and w.rng.random() < 0.5 else w.parameter(w.part(mine))
        w.apply(w.rng.choice(["bias", "add"]), x, other)


def pointwise(w: Writer) -> None:
    """An element-wise op."""
    x = w.pick()
    assert x
    w.apply(w.rng.choice(["gelu", "silu", "relu", "dropout", "scale", "causal_mask", "loop"]), x)


def along(w: Writer) -> None:
    """A softmax or a norm over any dims, with parameters of any of these."""
    x = w.pick()
    assert x
    if mine := w.tensors[x]:
        over = w.part(mine)
        kind = w.rng.choice(["softmax", "rms_norm", "layer_norm"])
        if kind == "softmax":
            w.apply("softmax", x, over=over)
        elif kind == "rms_norm":
            w.apply("rms_norm", x, w.parameter(w.part(mine)), over=over)
        else:
            w.apply("layer_norm", x, w.parameter(over), w.parameter(w.part(mine)), over=over)


def look(w: Writer) -> None:
    """A sequence as the positions that queries look at."""
    if x := w.pick("query", lacking=("context",)):
        w.apply("context", x, dims=tuple("context" if dim == "query" else dim for dim in w.tensors[x]))


# The heads of queries, and of keys and values.
HEADS: list[tuple[Dims, Dims]] = [
    (("head",), ("head",)), (("head",), ()), ((), ()), (("kv_head", "group"), ("kv_head",)),
]  # fmt: skip


def attend(w: Writer) -> None:
    """A core of attention, of heads or of one, with a bias on its scores or a mix of heads."""
    x = w.pick("batch", "query", "model", lacking=("head", "context", "width"))
    if not x or w.tensors[x] != ("batch", "query", "model"):
        return
    heads, kv = w.rng.choice(HEADS)
    rows, columns = ("batch", "query", *heads, "width"), ("batch", "query", *kv, "width")
    q, k, v = (
        w.einsum(x, p := w.parameter(("model", *own, "width")), (*rows[:2], *own, "width"),
                 {x: w.tensors[x], p: ("model", *own, "width")})
        for own in (heads, kv, kv)
    )  # fmt: skip
    k, v = (w.apply("context", one, dims=("batch", "context", *columns[2:])) for one in (k, v))
    scores = ("batch", *heads, "query", "context")
    with w.b.segment("attention_core"):
        known = dict(w.tensors)
        s = w.einsum(q, k, scores, w.tensors)
        s = w.apply(w.rng.choice(["scale", "causal_mask", "dropout"]), s)
        s = w.apply("softmax", s, over=("context",))
        out = w.einsum(s, v, rows, w.tensors)
        w.tensors = {**known, out: w.tensors[out]}  # nothing inside is read elsewhere


def one_of_three(w: Writer) -> None:
    """Three projections that are stored as one, and one of them."""
    x = w.pick("model", lacking=("stacked", "width"))
    if x and len(w.tensors[x]) <= 3:
        mine, new = w.tensors[x], ("stacked", w.rng.choice(["head", "width"]))
        if new[1] not in mine:
            p = w.parameter(("model", *new))
            dims = (*(dim for dim in mine if dim != "model"), *new)
            y = w.einsum(x, p, dims, {x: mine, p: ("model", *new)})
            dims = tuple(dim for dim in dims if dim != "stacked")
            w.note(w.b.op(f"{w.name()}.{w.rng.choice('qkv')}", "slice", y, letters=" ".join(dims)), dims)


def look_up(w: Writer) -> None:
    """A row of a table for each of some tokens."""
    dims = w.some(("batch", "query"), 1, 2)
    tokens = w.b.input(f"{w.name()}.tokens", " ".join(dims), "input", 8)
    table = w.b.parameter(f"{w.name()}.table", "vocab model")
    w.apply("embedding", tokens, table, dims=(*dims, "model"))


def loss(w: Writer) -> None:
    """The loss of logits."""
    x = w.pick("vocab")
    if x and w.tensors[x][-1] == "vocab" and len(w.tensors[x]) > 1:
        rows = " ".join(w.tensors[x][:-1])
        total = w.b.op(w.name(), "logsumexp", x, letters=rows)
        targets = w.b.input(f"{w.name()}.targets", rows, "input", 8)
        extra: Extra = {"log_probs": (" ".join(w.tensors[x]), "activation", "p")}
        w.b.op(w.name(), "cross_entropy", x, total, targets, letters="", extra=extra)


Step = Callable[[Writer], None]
STEPS: list[Step] = [
    project, project, project, multiply, multiply, low_rank, gate, pool, add, bias, pointwise, pointwise, along, along,
    look, attend, attend, one_of_three, look_up, loss,
]  # fmt: skip
