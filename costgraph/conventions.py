"""What is counted. A number means nothing without it, so every result carries the convention it was summed under.

Presets are written out in `CONVENTIONS`: what counts as a FLOP, a parameter, a saved byte. How many bytes the training
state of one parameter takes is in `precision.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from costgraph.algebra.symbols import Rational

Elementwise = Literal["none", "one", "softmax3", "table_a1"]
Additions = Literal["fused", "counted"]  # a sum of n products takes n additions, or n - 1

# What norms keep for each position, by op kind.
KEPT = {"layer_norm": "mean and rstd", "rms_norm": "rstd", "rms": "rstd"}
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


@dataclass(frozen=True, slots=True)
class Convention:
    """Which tensors and which element-wise operations count.

    `neglects` holds roles of tensors (`bias`, `norm`, `statistic`) that are left out of every sum; `additions` says how
    many additions a sum of n products takes.
    """

    name: str
    neglects: frozenset[str] = frozenset()
    elementwise: tuple[tuple[str, Rational], ...] = ()
    additions: Additions = "fused"

    def counts(self, role: str) -> bool:
        """Whether tensors of this role enter the sums."""
        return role not in self.neglects

    def rate(self, op: str, kind: str) -> Rational:
        """FLOPs per result element of an element-wise op; the op's own rate goes before that of its kind."""
        rates = dict(self.elementwise)
        return rates.get(op, rates.get(kind, 0))

    def with_elementwise(self, rates: Mapping[str, Rational]) -> Convention:
        """The same convention with these FLOPs per element, by op kind or op name; its name then says which."""
        base = self.name.partition("(")[0]
        preset = next((name for name, known in ELEMENTWISE.items() if known == dict(rates)), None)
        choice = preset or "+".join(f"{kind}:{rate}" for kind, rate in sorted(rates.items()))
        options = [f"elementwise={choice}"] if choice not in ("none", base) else []
        options += [f"additions={self.additions}"] if self.additions != "fused" else []
        name = f"{base}({', '.join(options)})" if options else base
        return replace(self, name=name, elementwise=tuple(sorted(rates.items())))

    @property
    def exact(self) -> Convention:
        """The convention that neglects nothing, with the same element-wise choice."""
        return replace(self, name=self.name.replace("notes", "exact"), neglects=frozenset())

    def describe(self, kinds: Container[str] = tuple(KEPT)) -> str:
        """One line for a result's footer, on a graph with ops of these kinds; without one, on any."""
        matmuls = "2n - 1 FLOPs per sum of n products" if self.additions == "counted" else "2 FLOPs per multiply-add"
        parts = [f"{matmuls} of a matmul", "the full attention square", "dropout masks of one byte"]
        if self.neglects == {"statistic"}:
            parts.insert(0, "every parameter")
            parts.append("no norm statistics")
        elif self.neglects:
            parts.insert(0, "weight matrices only")
            parts.append("no biases, norm parameters or norm statistics")
        else:
            parts.insert(0, "every parameter")
            parts += norms_keep(kinds)
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


def notes(elementwise: Elementwise = "none", additions: Additions = "fused") -> Convention:
    """As in "Decoder-Only Transformers": weight matrices and the large activations, nothing else."""
    convention = Convention("notes", frozenset({"bias", "norm", "statistic"}), additions=additions)
    return convention.with_elementwise(ELEMENTWISE[elementwise])


def exact(elementwise: Elementwise = "none", additions: Additions = "fused") -> Convention:
    """Everything autograd keeps and every parameter: adds norm parameters, biases and the norms' statistics."""
    return notes(elementwise, additions).exact


def table_a1() -> Convention:
    """As in Table A.1 of "Data Movement Is All You Need": every operand, but not the norms' statistics."""
    return Convention("table_a1", frozenset({"statistic"})).with_elementwise(ELEMENTWISE["table_a1"])


CONVENTIONS: dict[str, Callable[..., Convention]] = {"notes": notes, "exact": exact, "table_a1": table_a1}
NOTES, EXACT = notes(), exact()


def usual(named: bool) -> Convention:
    """What is counted unless something is said: everything of a model that has a name, what matters of an op set."""
    return EXACT if named else NOTES
