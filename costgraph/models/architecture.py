"""An architecture: blocks, how often each kind runs, and what stands before and behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costgraph.blocks import Embedding, Head, Layers, Norm
from costgraph.graph import Graph

Phase = Literal["train", "prefill", "decode"]


@dataclass(frozen=True)
class Architecture:
    """What a model is, without its sizes.

    The order in which kinds of layers alternate does not matter to any cost: one entry for each kind.

    Args:
        layers: the kinds of layers.
        embedding: what stands before them.
        norm: of the last layer's result; none where there is none.
        head: what stands behind it; none for a model that gives vectors.
        encoder: the layers of an encoder, whose result the layers' `cross` attention reads.
        encoder_norm: of the encoder's result.
        name: what it is called in results.
    """

    layers: tuple[Layers, ...]
    embedding: Embedding = Embedding()
    norm: Norm | None = Norm()
    head: Head | None = Head()
    encoder: tuple[Layers, ...] = ()
    encoder_norm: Norm | None = None
    name: str = ""

    def build(self, phase: Phase = "train") -> Graph:
        """The graph. Passes make it that of a training step, a prefill or a decode step; `phase` says which will.

        Raises:
            UserError: an encoder alone neither generates nor caches.
        """
        raise NotImplementedError

    def as_transformers(self) -> Architecture:
        """The same as the library transformers computes it, where that is not what the architecture demands.

        Windows are masks over all positions, latents are expanded in every decode step, keys and values are copied to
        all heads (after they are cached, unless a block says before).
        """
        raise NotImplementedError
