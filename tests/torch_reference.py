"""The GPT whose saved tensors PyTorch counted, as blocks; and what autograd keeps of a graph, as PyTorch names it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from costgraph.algebra.polynomial import Polynomial
from costgraph.blocks import Attention, Block, Embedding, Head, Layers, Mlp, Norm
from costgraph.blocks.attention import Projection
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.measures.activations import KEPT, storage
from costgraph.models.architecture import Architecture
from costgraph.passes import Autocast, Backward, FlashAttention, Pass

MEASURED: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "data" / "torch_reference.toml").read_text(encoding="utf-8")
)
EVERY: tuple[Projection, ...] = ("q", "k", "v", "out")
FUSED = {
    "aten_flash": "_scaled_dot_product_flash_attention",
    "aten_efficient": "_scaled_dot_product_efficient_attention",
    "sdpa": "scaled_dot_product_attention",
}


class Run(NamedTuple):
    """How the model was run.

    Args:
        attention: how attention is written, such as `manual_add` or `aten_flash`.
        variant: dropout, activation, biases.
        precision: `fp32`, `bf16`, `fp16`, or `autocast-bf16`.
        device: `meta`, which has the widths of CUDA, or `cpu`.
    """

    attention: str
    variant: str
    precision: str = "fp32"
    device: str = "meta"

    @property
    def options(self) -> dict[str, str]:
        """The variant by option."""
        parts = [one.partition("=") for one in self.variant.split(",")]
        return {name: value for name, _, value in parts}

    @property
    def drops(self) -> bool:
        """Whether anything is dropped."""
        return self.options.get("p", "") not in ("0", "0.0")

    @property
    def drops_weights(self) -> bool:
        """Whether attention weights are."""
        return self.drops and "p_attn" not in self.options

    @property
    def autocast(self) -> bool:
        """Whether PyTorch chooses widths."""
        return self.precision.startswith("autocast")

    @property
    def width(self) -> int:
        """Bytes of what is computed with, where nothing else says so."""
        return 4 if self.precision == "fp32" else 2

    @property
    def fused(self) -> bool:
        """Whether one kernel computes attention; CPU has one that drops nothing."""
        return self.attention.startswith("aten") or (
            self.attention == "sdpa" and self.device == "cpu" and not self.drops_weights
        )


def reference(run: Run) -> Architecture:
    """The model."""
    said = run.options
    biases = EVERY if said.get("attn_bias") == "1" else ()
    attention = Attention(kv_heads="A", width="D/A", biases=biases, dropout=run.drops_weights)
    act = said.get("act", "gelu").removesuffix("_tanh")
    mlp = Mlp("E*D", act, biases=said.get("mlp_bias", "1") == "1")  # type: ignore[arg-type]
    layers = Layers("L", Block(attention, mlp, Norm("layer"), dropout=run.drops))
    return Architecture((layers,), Embedding("K", dropout="p_emb" in said), Norm("layer"), Head())


@cache
def graph(run: Run, trained: bool = True) -> Graph:
    """The graph of a forward pass, or of a training step without its update."""
    passes: list[Pass] = [Backward()] if trained else []
    passes += [FlashAttention()] if run.fused else []
    return reference(run).build().apply(*passes, *([Autocast()] if run.autocast else []))


def sizes_of(model: str, run: Run) -> dict[str, int]:
    """The sizes of a model that was run; the learned positions are as many as S."""
    sizes = MEASURED["models"][model]
    return {**sizes, "K": sizes["S"], "p": run.width}


def number(amount: Polynomial, sizes: Mapping[str, int]) -> int:
    """An amount with sizes."""
    given = {name: Polynomial.constant(size) for name, size in sizes.items()}
    found = amount.substitute({name: given[name] for name in amount.symbols}).number
    assert found is not None
    return int(found)


# --- what autograd keeps ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A tensor that autograd keeps.

    Args:
        name: ours.
        place: the op that keeps it: the first in the forward pass whose backward reads it.
        op: what PyTorch calls that.
        elements, width: of how many bytes each.
        result: bytes of an element of what that op makes.
        role: what the tensor is to the model.
    """

    name: str
    place: str
    op: str
    elements: int
    width: int
    result: int = 0
    role: str = ""

    @property
    def module(self) -> str:
        """The module that keeps it."""
        named = {"norm.final": "ln_f", "norm.attn": "ln1", "norm.mlp": "ln2"}
        places = {"head": "lm_head", "embed": "emb_drop"}
        first = self.place.partition(".")[0]
        return named.get(self.place) or places.get(first, first)


def read_again(g: Graph, roles: Iterable[str] = KEPT) -> list[tuple[Op, Tensor]]:
    """Forward tensors of some roles that a backward op reads, with the first forward op whose backward does."""
    made = {output for op in g.ops if op.phase != "forward" for output in op.outputs}
    backward = defaultdict(list)
    for op in g.ops:
        if op.phase != "forward":
            backward[op.source].append(op)
    found: dict[str, tuple[Op, Tensor]] = {}
    for op in g.ops:
        for name in (name for step in backward[op.name] for name in step.inputs if op.phase == "forward"):
            tensor = storage(g, name)
            if tensor.role in roles and not tensor.gradient and tensor.name not in made:
                found.setdefault(tensor.name, (op, tensor))
    return list(found.values())


@cache
def kept(run: Run, model: str) -> tuple[Kept, ...]:
    """What autograd keeps of the model, without what is PyTorch's own."""
    return kept_of(graph(run), sizes_of(model, run), run)


def kept_of(g: Graph, sizes: Mapping[str, int], run: Run) -> tuple[Kept, ...]:
    """What autograd keeps of a graph."""
    return tuple(
        Kept(
            tensor.name, op.name, called(op, g, run), number(tensor.numel * tensor.times, sizes),
            number(tensor.itemsize, sizes), number(g.tensors[op.outputs[0]].itemsize, sizes), tensor.role,
        )
        for op, tensor in read_again(g)
    )  # fmt: skip


def called(op: Op, g: Graph, run: Run) -> str:
    """What PyTorch calls an op."""
    if op.kind == "einsum":
        return "linear" if g.tensors[op.inputs[-1]].role == "weight" else "matmul"
    return {"dropout": "native_dropout", "flash_attention": FUSED.get(run.attention, "")}.get(op.kind, op.kind)
