"""Experts: a router sends every token to a few of many MLPs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from costgraph.algebra.parser import Size
from costgraph.blocks.mlp import Activation
from costgraph.builder import Builder


@dataclass(frozen=True)
class Experts:
    """Routed experts, and perhaps shared ones that see every token.

    Args:
        experts: how many there are.
        chosen: to how many of them a token is sent.
        width: of the MLP of each.
        act, gated, biases: of that MLP.
        shared: how many more experts every token is sent to; they are one MLP, as wide as all of them.
        shared_width: of each of these, where it is another.
        shared_gate: what the shared ones give is multiplied with a number per token (Qwen2-MoE).
        router_bias: the router has one.
        load: `mean`: every expert gets as many tokens; `worst`: all tokens go to the same experts; a number: every
            expert has room for that many times the mean, and computes on all of it.

    Source: Shazeer et al. 2017; Fedus et al. 2021 (capacity), Dai et al. 2024 (shared).
    """

    experts: Size = "N_r"
    chosen: Size = "K_r"
    width: Size = "F_e"
    act: Activation = "silu"
    gated: bool = True
    biases: bool = False
    shared: Size | None = None
    shared_width: Size | None = None
    shared_gate: bool = False
    router_bias: bool = False
    load: Literal["mean", "worst"] | Fraction = "mean"

    def write(self, b: Builder, name: str, x: str) -> str:
        """Ops `<name>.router` to `<name>.combine`; returns what the residual connection adds."""
        raise NotImplementedError
