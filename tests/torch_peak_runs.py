"""The models whose memory PyTorch tracked, as blocks, and buffers that no op of ours has."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from costgraph.algebra.polynomial import Polynomial
from costgraph.blocks import Attention, Block, Embedding, Experts, Gated, Head, Layers, Mlp, Norm
from costgraph.blocks.attention import Projection
from costgraph.graph.graph import Graph
from costgraph.measures.lifetimes import BEFORE, Buffer
from costgraph.measures.peak import Walk
from costgraph.models.architecture import Architecture
from costgraph.passes import Backward, FlashAttention, Pass, Update
from costgraph.passes.autocast import Autocast
from costgraph.passes.recompute import Recompute
from costgraph.precision import Precision, policy

MEASURED: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "data" / "torch_peak.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Run:
    """One row: what was run, and how."""

    model: str
    precision: str
    attention: str
    checkpointing: str

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the model; positions are as many as S, unless said."""
        sizes = MEASURED["models"][self.model]["sizes"]
        hit = min(sizes["N_r"], sizes["B"] * sizes["S"] * sizes["K_r"]) if "N_r" in sizes else 0
        return {"K": sizes["S"], **sizes, "N_hit": hit, "p": 4 if self.precision == "fp32" else 2}

    @property
    def width(self) -> int:
        """Bytes of what is kept from step to step."""
        return 2 if self.precision == "bf16" else 4

    @property
    def policy(self) -> Precision:
        """AdamW with everything in one width."""
        return policy(f"weights={self.width},gradients={self.width},moments={self.width}+{self.width}")

    def number(self, amount: Polynomial) -> int:
        """An amount with the sizes of the model."""
        found = amount.substitute({name: Polynomial.constant(size) for name, size in self.sizes.items()}).number
        assert found is not None
        return int(found)


def grouped(run: Run) -> bool:
    """Whether several query heads share one of keys and values."""
    return bool(run.sizes.get("G", run.sizes["A"]) < run.sizes["A"])


def architecture(run: Run) -> Architecture:
    """The model; PyTorch repeats keys and values where its kernel cannot do without, inside of what it replays."""
    said = MEASURED["models"][run.model]
    if said["kind"] == "gpt":
        drops = said["drop"] and run.checkpointing in ("none", "full", "selective")
        biases: tuple[Projection, ...] = ("q", "k", "v", "out") if said.get("biases") else ()
        attention = Attention(kv_heads="A", width="D/A", dropout=drops, biases=biases, fused=bool(biases))
        block = Block(attention, Mlp("E*D", "gelu", biases=True), Norm("layer"), dropout=drops)
        embedding = Embedding("K", dropout=said.get("library", False))
        return Architecture((Layers("L", block),), embedding, Norm("layer"), Head())
    capped = said["kind"] == "gemma"
    norm = Norm("rms", steps=said.get("norms") == "plain", wide=capped)
    repeats = run.attention != "flash" and run.checkpointing != "selective" and grouped(run)
    per_head = Norm("rms", steps=True) if said.get("qk_norm") else None
    wide = said.get("library", False) and run.width < 4 and run.attention == "eager"
    repeat: Literal["", "after_cache"] = "after_cache" if repeats else ""
    attention = Attention(positions="rotary", repeat_kv=repeat, qk_norm=per_head, wide_softmax=wide, softcap=capped)
    mlp = Experts() if said["kind"] == "mixtral" else Gated(act="gelu" if capped else "silu")
    block = Block(attention, mlp, norm, residual="sandwich" if capped else "pre")
    return Architecture((Layers("L", block),), Embedding(), norm, Head(tied=capped, softcap=capped))


@cache
def graph(run: Run) -> Graph:
    """The graph of a training step."""
    passes: list[Pass] = [Backward(), Update(run.policy)]
    passes += [FlashAttention()] if run.attention != "eager" else []
    passes += [Autocast()] if run.precision == "autocast" else []
    passes += [Recompute(run.checkpointing)] if run.checkpointing != "none" else []  # type: ignore[arg-type]
    return architecture(run).build().apply(*passes)


Change = Callable[[Run, Walk], list[Buffer]]  # the buffers as PyTorch has them


def positions(walk: Walk) -> dict[str, int]:
    """Where each op is."""
    return {one.name: position for position, one in enumerate(walk.of.ops)}


def held(walk: Walk, named: Mapping[str, Iterable[str]]) -> list[Buffer]:
    """The buffers, those of these names until an op at least."""
    at = positions(walk)
    until = {name: at[last] for last, names in named.items() for name in names if last in at}
    return [
        replace(one, dies=max(one.dies, until.get(one.tensor.name, BEFORE))) if not one.moved else one
        for one in walk.buffers
    ]


def extra(walk: Walk, name: str, size: int, born: int, dies: int) -> Buffer:
    """Bytes that no op of ours has."""
    like = walk.of.graph.tensors[walk.of.ops[0].outputs[0]]
    return Buffer(replace(like, name=name), name, born, dies, Polynomial.constant(size))


def between(walk: Walk, op: str, size: int) -> Buffer:
    """Bytes from an op to its gradient."""
    at = positions(walk)
    return extra(walk, op, size, at[op], at[f"{op}.grad"])


def last_gradient(walk: Walk, op: str) -> int:
    """Where the last gradient by what an op reads is made."""
    made = [at for at, one in enumerate(walk.of.ops) if one.source == op and one.phase == "backward"]
    return max(at for at in made if walk.of.ops[at].kind != "accumulate")
