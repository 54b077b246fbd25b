"""Experts: a router sends every token to a few of many MLPs."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from costgraph.algebra.assumption import AtMost
from costgraph.algebra.parser import Size, size
from costgraph.blocks.linear import contract, linear
from costgraph.blocks.mlp import Activation, Gated, Mlp
from costgraph.blocks.positions import INDEX
from costgraph.errors import UserError
from costgraph.graph.builder import Builder
from costgraph.graph.extent import Mean
from costgraph.records import dataclass


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

    place: ClassVar[str] = "moe"

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
        self.declare(b)
        tokens = b.names(x)
        weights, index = self.routed(b, name, x)
        rows = b.op(f"{name}.dispatch", "route", x, index, letters=("hit", "slot", "model"))
        with b.segment("experts"):
            y = self.mlp(b, name, rows)
        shares = b.op(f"{name}.shares", "route", weights, index, letters=("hit", "slot"))
        y = b.op(f"{name}.combine", "route", b.op(f"{name}.weighted", "product", y, shares), index, letters=tokens)
        return y if self.shared is None else b.op(f"{name}.add", "add", y, self.shared_part(b, name, x))

    def declare(self, b: Builder) -> None:
        """The dims: all experts, those that are sent any tokens, and the slots of each of these."""
        every, some, tokens = size(self.experts), size(self.chosen), "batch*query"
        if (share := (some / every).number) is not None and share > 1:
            raise UserError(f"{b.name}: {some} chosen experts are more than the {every} that there are")
        b.assume(AtMost(some, every))
        b.dim("expert", self.experts)
        b.dim("chosen", self.chosen)
        b.dim("expert_ffn", self.width)
        if self.load == "mean":
            b.define("N_hit", f"min(expert, {tokens}*{some})")
            b.dim("hit", f"expert*N_hit/({every})")
            b.dim("slot", Mean(f"{tokens}*{some}/N_hit"))
        elif self.load == "worst":
            b.dim("hit", f"expert*({some})/({every})")
            b.dim("slot", tokens)
        else:
            b.dim("hit", "expert")
            b.dim("slot", Mean(f"({self.load})*{tokens}*{some}/({every})"))

    def routed(self, b: Builder, name: str, x: str) -> tuple[str, str]:
        """With which weights the chosen experts count for each token, and which these are."""
        scores = linear(b, f"{name}.router", x, ("expert",), bias=self.router_bias)
        scores = b.op(f"{name}.softmax", "softmax", scores, over="expert")
        dims = (*b.names(x)[:-1], "chosen")
        weights = b.op(
            f"{name}.top_k", "top_k", scores, letters=dims, over="expert", extra={"index": (dims, "mask", INDEX)}
        )
        return weights, f"{weights}.index"

    def mlp(self, b: Builder, name: str, rows: str) -> str:
        """What the experts make of their rows."""
        up = self.matrix(b, f"{name}.up", rows, "model", "expert_ffn")
        if self.gated:
            gate = b.op(f"{name}.act", self.act, self.matrix(b, f"{name}.gate", rows, "model", "expert_ffn"))
            y = b.op(f"{name}.product", "product", gate, up)
        else:
            y = b.op(f"{name}.act", self.act, up)
        return self.matrix(b, f"{name}.down", y, "expert_ffn", "model")

    def matrix(self, b: Builder, name: str, rows: str, over: str, to: str) -> str:
        """One matrix of every expert that is hit, on its rows."""
        whole = b.parameter(f"{name}.weight", ("expert", over, to))
        weight = b.op(f"{name}_hit", "hit", whole, letters=("hit", over, to), role="weight")
        y = contract(b, name, rows, weight, ("hit", "slot", to))
        if not self.biases:
            return y
        whole = b.parameter(f"{name}.bias", ("expert", to), "bias")
        bias = b.op(f"{name}_bias_hit", "hit", whole, letters=("hit", to), role="bias")
        return b.op(f"{name}_bias", "bias", y, bias)

    def shared_part(self, b: Builder, name: str, x: str) -> str:
        """What the shared experts give, as one MLP."""
        width = size(self.shared or 1) * size(self.shared_width or self.width)
        of = Gated(width, self.act, self.biases) if self.gated else Mlp(width, self.act, self.biases)
        y = of.write(b, f"{name}.shared", x, "shared_ffn")
        if not self.shared_gate:
            return y
        gate = b.parameter(f"{name}.shared_gate.weight", ("model",))
        gate = b.op(f"{name}.shared_sigmoid", "sigmoid", contract(b, f"{name}.shared_gate", x, gate, b.names(x)[:-1]))
        return b.op(f"{name}.shared_weighted", "product", y, gate)
