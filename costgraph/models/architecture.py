"""An architecture: blocks, how often each kind runs, and what stands before and behind them."""

from __future__ import annotations

from collections.abc import Callable

from costgraph.algebra.assumption import Assumption, Choice
from costgraph.algebra.parser import Size
from costgraph.blocks.attention import Attention
from costgraph.blocks.embedding import Embedding
from costgraph.blocks.head import Head
from costgraph.blocks.multi_token import MultiToken
from costgraph.blocks.norm import Norm
from costgraph.blocks.stack import Layers, Mixing
from costgraph.errors import UserError
from costgraph.graph.builder import Builder, Purpose
from costgraph.graph.graph import Graph
from costgraph.records import dataclass, replace

SIZES: dict[str, Size] = {"batch": "B", "query": "S", "context": "S", "model": "D", "vocab": "V"}
ENCODER: dict[str, Size] = {"memory": "S_e", "memory_context": "S_e"}


@dataclass(frozen=True)
class Architecture:
    """What a model is, without its sizes.

    The order in which kinds of layers alternate does not matter to any cost: one entry for each kind.

    Args:
        layers: the kinds of layers.
        embedding: what stands before them, and before an encoder; none for blocks alone.
        norm: of the last layer's result; none where there is none.
        head: what stands behind it; none for a model that gives vectors.
        encoder: the layers of an encoder, whose result the layers' `cross` attention reads.
        multi_token: what predicts further tokens in training.
        name: what it is called in results.
        assumptions: what its sizes take for granted beside what its blocks say.
    """

    layers: tuple[Layers, ...]
    embedding: Embedding | None = Embedding()
    norm: Norm | None = Norm()
    head: Head | None = Head()
    encoder: tuple[Layers, ...] = ()
    multi_token: MultiToken | None = None
    name: str = "model"
    assumptions: tuple[Assumption, ...] = ()

    @property
    def generates(self) -> bool:
        """Whether positions see only those before them, so that there is a next one."""
        mixing = [layers.block.attention for layers in self.layers]
        return all(one.causal for one in mixing if one is not None)

    def build(self, phase: Purpose = "train") -> Graph:
        """The graph. Passes make it that of a training step, a prefill or a decode step; `phase` says which will.

        Raises:
            UserError: an encoder alone neither generates nor caches.
        """
        if phase != "train" and not self.generates:
            raise UserError(
                f"{self.name} is an encoder, which neither generates nor caches: there is no {phase}; "
                "ask for phase forward or train"
            )
        b = Builder(self.name, SIZES | ENCODER if self.encoder else SIZES, phase=phase)
        b.assume(*self.assumptions, *self.choices(phase))
        table = self.embedding.table(b) if self.embedding else ""
        memory = self.encoded(b, table) if self.encoder and b.phase != "decode" else None
        x = self.stack(b, self.layers, self.embedded(b, table, "query"), memory)
        y = self.norm.write(b, "norm.final", x) if self.norm else x
        if self.head is not None:
            self.head.write(b, y, self.embedding or Embedding())
        if self.multi_token and self.head and self.embedding and b.phase == "train":
            self.multi_token.write(b, x, self.embedding, self.head)
        return b.build()

    def embedded(self, b: Builder, table: str, at: str) -> str:
        """What the first layer reads."""
        return self.embedding.write(b, table, at) if self.embedding else b.input("x", ("batch", at, "model"))

    def stack(self, b: Builder, layers: tuple[Layers, ...], x: str, memory: str | None = None) -> str:
        """Layers of all kinds."""
        for kind in layers:
            x = kind.write(b, x, memory)
        return x

    def encoded(self, b: Builder, table: str) -> str:
        """What the encoder gives."""
        with b.part("encoder"):
            x = self.stack(b, self.encoder, self.embedded(b, table, "memory"))
            return self.norm.write(b, "norm.final", x) if self.norm else x

    def choices(self, phase: Purpose) -> list[Choice]:
        """What was chosen, and is worth saying."""
        blocks = [layers.block for layers in (*self.layers, *self.encoder)]
        parts = [part for block in blocks for part in (block, block.attention, block.mlp, block.cross)]
        drops = getattr(self.embedding, "dropout", False) or any(getattr(part, "dropout", False) for part in parts)
        loads = dict.fromkeys(load for part in parts if (load := getattr(part, "load", None)) is not None)
        said = [Choice("dropout", "on" if drops else "off"), *(Choice("load of experts", str(load)) for load in loads)]
        if self.head and self.head.positions == "last":
            those = "all positions (for the loss)" if phase == "train" else "the last position"
            said.append(Choice("logits of", those))
        return said

    def as_transformers(self) -> Architecture:
        """The same as the library transformers computes it, where that is not what the architecture demands.

        Windows are masks over all positions, latents are expanded in every step of decode, fewer keys and values than
        heads are copied to all of them (after they are cached, unless a block says before), a state space is written in
        plain products.
        """
        computed = self.mixing_as(lambda mixing: mixing.as_transformers())
        said = Choice("computed", "as transformers does")
        return replace(computed, assumptions=tuple(dict.fromkeys((*self.assumptions, said))))

    def unfused(self) -> Architecture:
        """The same with queries, keys and values from a product each."""
        return self.mixing_as(lambda mixing: replace(mixing, fused=False) if isinstance(mixing, Attention) else mixing)

    def mixing_as(self, change: Callable[[Mixing], Mixing]) -> Architecture:
        """The same with what mixes positions changed in every layer."""

        def changed(layers: tuple[Layers, ...]) -> tuple[Layers, ...]:
            mixing = [one.block.attention and change(one.block.attention) for one in layers]
            blocks = [replace(one.block, attention=new) for one, new in zip(layers, mixing, strict=True)]
            return tuple(replace(one, block=block) for one, block in zip(layers, blocks, strict=True))

        return replace(self, layers=changed(self.layers), encoder=changed(self.encoder))
