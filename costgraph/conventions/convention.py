"""What is counted. A number means nothing without it, so every result carries the convention it was summed under."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import field, fields
from typing import TYPE_CHECKING, Literal

from costgraph.algebra.symbols import Rational
from costgraph.records import dataclass, replace

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.graph.op import Op
    from costgraph.graph.tensor import Tensor
    from costgraph.provenance import Term

Elementwise = Literal["none", "one", "softmax3", "table_a1"]
Additions = Literal["fused", "counted"]  # a sum of n products takes n additions, or n - 1
Causal = Literal["full", "half", "half_band", "triangle"]

# FLOPs per element of the result, by op kind, or by op name where one op differs from its kind.
ELEMENTWISE: dict[str, dict[str, Rational]] = {
    "none": {},
    # one FLOP per element, to be multiplied with what an element really takes
    "one": dict.fromkeys(("bias", "residual", "add", "scale", "gelu", "silu", "relu", "dropout"), 1),
    # "A guide to LLM inference and performance", standard attention algorithm: 3 per score.
    "softmax3": {"softmax": 3},
    # "A simple blog of large model inference", Table A.1; its 6 per score hold the scale and the dropout of the scores.
    "table_a1": {"softmax": 6, "layer_norm": 7, "bias": 1, "dropout": 1, "residual": 1, "attn.dropout": 0},
}


# What norms keep for each position, by op kind.
KEPT = {"layer_norm": "mean and rstd", "rms_norm": "rstd", "rms": "rstd"}


@dataclass(frozen=True, slots=True)
class Counting:
    """Which work is counted, and as how much.

    Args:
        causal: of the scores that a causal mask hides: `full`: all are counted; `half`: a square is halved;
            what is beside a square is not; `half_band`: so is what windows show; `triangle`: just those that are seen,
            S*(S + 1)/2 of a square.
        attention: whether scores and the sums of values count at all.
        windows: `reach`: scores of the positions that a window shows; `full`: of all.
        linear: what weights take: their `matmuls`, or a multiply-add for each of the `parameters` and every token.
        parameters: of the experts, those of `all`, or of the `active` ones that a token is sent to.
        embedding: a `look_up`, which takes nothing, a `matmul` with vectors of ones and zeros, or of all `tables`, that
            of learned positions, too.
        head, router: `counted` or `left_out`.
        multiply_add: 2 FLOPs, or 1.
        backward: as its ops are, `graph`, or `twice` the forward pass.
    """

    causal: Causal = "full"
    attention: Literal["counted", "left_out"] = "counted"
    windows: Literal["reach", "full"] = "reach"
    linear: Literal["matmuls", "parameters"] = "matmuls"
    parameters: Literal["all", "active"] = "all"
    embedding: Literal["look_up", "matmul", "tables"] = "look_up"
    head: Literal["counted", "left_out"] = "counted"
    router: Literal["counted", "left_out"] = "counted"
    multiply_add: Literal[2, 1] = 2
    backward: Literal["graph", "twice"] = "graph"

    def beside(self, other: Counting) -> list[str]:
        """In what it differs from another one, as one would type it."""
        names = [field.name for field in fields(self)]
        return [f"{name}={getattr(self, name)}" for name in names if getattr(self, name) != getattr(other, name)]


PLAIN = Counting()
FULL = (PLAIN.causal, PLAIN.attention)
# What a counter does otherwise than any option says: the forward terms of a graph, or those of its backward, -> others.
Quirk = Callable[["Graph", str, "list[Term]"], "list[Term]"]
# Whether there is a second buffer as large as the result of an op while it runs.
Doubles = Callable[["Op", "Tensor"], bool]
WORDS = {  # how a result's footer says it
    "causal=half": "half of a causal square",
    "causal=half_band": "half of what causal attention and windows show",
    "causal=triangle": "of a causal square just what is seen",
    "attention=left_out": "without the attention core",
    "windows=full": "windows as wide as the context",
    "linear=parameters": "one multiply-add per parameter and token",
    "parameters=active": "of the experts those that a token is sent to",
    "embedding=matmul": "the embedding as a matmul",
    "embedding=tables": "the embedding and learned positions as matmuls",
    "head=left_out": "without the head",
    "router=left_out": "without the router",
    "backward=twice": "the backward as twice the forward",
}


@dataclass(frozen=True, slots=True)
class Convention:
    """Which tensors and which operations count.

    Args:
        name: how it is asked for.
        neglects: roles of tensors (`bias`, `norm`, `statistic`) that are left out of every sum.
        elementwise: FLOPs per element of the result, by op kind or op name.
        additions: how many additions a sum of n products takes.
        counting: which work is counted, and as how much.
        quirk: what the counter does otherwise than any option says; in words for a result's footer.
        doubles: of which ops there is a second buffer as large as their result while they run, for `peak`.
        library: whose code of a model is counted, unless the model says otherwise; else what its architecture demands.
        source: who counts like that.
    """

    name: str
    neglects: frozenset[str] = frozenset()
    elementwise: tuple[tuple[str, Rational], ...] = ()
    additions: Additions = "fused"
    counting: Counting = PLAIN
    quirk: Quirk | None = None
    quirk_in_words: str = ""
    doubles: Doubles | None = None
    library: str = ""
    source: str = field(default="", compare=False)

    @property
    def plain(self) -> bool:
        """Whether each op counts as its spec says."""
        return self.counting == PLAIN and self.quirk is None

    def counts(self, role: str) -> bool:
        """Whether tensors of this role enter the sums."""
        return role not in self.neglects

    def rate(self, op: str, kind: str) -> Rational:
        """FLOPs per result element of an element-wise op; the op's own rate goes before that of its kind."""
        rates = dict(self.elementwise)
        return rates.get(op, rates.get(kind, 0))

    def with_elementwise(self, rates: Mapping[str, Rational]) -> Convention:
        """The same convention with these FLOPs per element, by op kind or op name; its name then says which."""
        return replace(self, elementwise=tuple(sorted(rates.items()))).named(self.base)

    @property
    def base(self) -> str:
        """The name without options."""
        return self.name.partition("(")[0]

    def named(self, base: str, usual: Convention | None = None) -> Convention:
        """The same under the name that one would type: the base, with the options in which it differs from `usual`."""
        options = self.options(usual or Convention(base))
        return replace(self, name=f"{base}({', '.join(options)})" if options else base)

    def options(self, usual: Convention) -> list[str]:
        """In what it differs from another one, as one would type it."""
        choice = self.rates
        options = [f"elementwise={choice}"] if choice not in (usual.rates, self.base) else []
        options += [f"additions={self.additions}"] if self.additions != usual.additions else []
        return options + self.counting.beside(usual.counting)

    @property
    def rates(self) -> str:
        """The element-wise rates: the name of a choice, or as `'gelu:8+softmax:5'`."""
        preset = next((name for name, known in ELEMENTWISE.items() if known == dict(self.elementwise)), None)
        return preset or "'" + "+".join(f"{kind}:{rate}" for kind, rate in sorted(self.elementwise)) + "'"

    @property
    def exact(self) -> Convention:
        """The convention that neglects nothing, with the same rates and additions."""
        return Convention("exact", elementwise=self.elementwise, additions=self.additions).named("exact")

    def describe(self, kinds: Container[str] = tuple(KEPT)) -> str:
        """One line for a result's footer, on a graph with ops of these kinds; without one, on any."""
        per = self.counting.multiply_add
        matmuls = (
            "2n - 1 FLOPs per sum of n products"
            if self.additions == "counted"
            else f"{per} FLOP{'s' * (per > 1)} per multiply-add"
        )
        said = set(self.counting.beside(PLAIN))
        parts = [f"{matmuls} of a matmul" if "linear=parameters" not in said else matmuls]
        parts += ["the full attention square"] if (self.counting.causal, self.counting.attention) == FULL else []
        parts += [words for option, words in WORDS.items() if option in said]
        parts += [self.quirk_in_words] if self.quirk_in_words else []
        parts.append("dropout masks of one byte")
        if self.neglects == {"statistic"}:
            parts.insert(0, "every parameter")
            parts.append("no norm statistics")
        elif self.neglects:
            parts.insert(0, "weight matrices only")
            parts.append("no biases, norm parameters or norm statistics")
        else:
            parts.insert(0, "every parameter")
            parts += norms_keep(kinds)
        if self.library:
            parts.append(f"a model as {self.library} computes it, unless asked for otherwise")
        if self.elementwise:
            parts.append("element-wise " + ", ".join(f"{kind} {rate}" for kind, rate in self.elementwise))
        return "; ".join(parts)


def norms_keep(kinds: Container[str]) -> list[str]:
    """What norms of these kinds keep, in words; nothing where there are none."""
    layer, rms = "layer_norm" in kinds, any(kind in kinds for kind in KEPT if kind != "layer_norm")
    if not (layer or rms):
        return []
    both = f"LayerNorms keep {KEPT['layer_norm']}, RMSNorms {KEPT['rms_norm']}"
    said = both if layer and rms else f"norms keep {KEPT['layer_norm' if layer else 'rms_norm']}"
    return [f"{said} (4 bytes{' each' if layer else ''} per position)"]
