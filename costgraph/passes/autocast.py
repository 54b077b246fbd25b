"""autocast: compute products in p bytes, and all that needs it in fp32, on parameters that stay in fp32.

Before:
    x, w: p bytes ; y = einsum(x, w) ; z = softmax(y)
After (x and w: 4 bytes):
    x' = narrow(x) ; w' = narrow(w) ; y = einsum(x', w')        # p bytes
    y' = widen(y)  ; z = softmax(y')                            # 4 bytes

A row of the rule table says whether a kind of op is narrow, wide, or as wide as its widest operand. Parameters and what
comes from outside are wide, and so the residual stream is. A narrow copy of a parameter is made once; one of an
activation by every op that reads it, so that queries, keys and values keep three.

Source: PyTorch, "Automatic Mixed Precision package", autocast op reference; Micikevicius et al. 2018.
"""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import PARAMETERS, Role, Tensor
from costgraph.passes.recompute import renamed
from costgraph.passes.rewrite import Pass
from costgraph.precision import FP32
from costgraph.records import dataclass, replace

NARROW, WIDE = Polynomial.symbol("p"), Polynomial.constant(FP32)
CONVERSIONS = ("widen", "narrow")
NUMBERS: tuple[Role, ...] = (*PARAMETERS, "activation", "cache")  # roles of what is computed with


@dataclass(frozen=True)
class Autocast(Pass):
    """Products in p bytes, norms, softmax and loss in fp32, parameters and the residual stream in fp32."""

    name: ClassVar[str] = "autocast"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with these widths, and with what converts between them."""
        casting = Casting(dict(graph.tensors))
        for tensor in graph.inputs:
            if tensor.role != "cache":
                casting.set(tensor, WIDE)
        for op in graph.ops:
            casting.step(op)
        return graph.rewritten(casting.ops, casting.tensors)


@dataclass
class Casting:
    """Ops with the conversions that they need, in order."""

    tensors: dict[str, Tensor]
    ops: list[Op] = field(default_factory=list)
    made: dict[tuple[str, Polynomial], str] = field(default_factory=dict)

    def step(self, op: Op) -> None:
        """Append an op, after what brings its operands to the width in which it computes; conversions stay."""
        if op.kind in CONVERSIONS:
            self.ops.append(op)
            return
        read = [self.tensors[name] for name in dict.fromkeys(op.inputs) if self.tensors[name].role in NUMBERS]
        mode = rule(op.kind).autocast
        widest = WIDE if any(tensor.itemsize == WIDE for tensor in read) else NARROW
        width = {"narrow": NARROW, "wide": WIDE, "widest": widest}[mode]
        other = [] if mode == "widest" else [tensor for tensor in read if tensor.itemsize != width]
        copies = {tensor.name: self.converted(op, tensor, width) for tensor in other}
        for name in op.outputs:
            self.set(self.tensors[name], width)
        self.ops.append(renamed(op, copies))

    def converted(self, op: Op, tensor: Tensor, width: Polynomial) -> str:
        """A copy of an operand in this width: one that there is, of parameters and of what becomes wide, or a new one.

        The normalizer of the loss and the loss are one kernel, which reads one copy of the logits.
        """
        shared = tensor.role in PARAMETERS or width == WIDE
        key = (tensor.name, width)
        if shared and key in self.made:
            return self.made[key]
        copy = f"{tensor.name}.cast" if shared else f"{op.name}.cast_{label(tensor.name)}"
        loop = tensor.loop if shared else op.loop
        self.tensors[copy] = replace(tensor, name=copy, itemsize=width, loop=loop)
        kind = "widen" if width == WIDE else "narrow"
        self.ops.append(Op(copy, kind, (tensor.name,), (copy,), loop=loop, segments=op.segments))
        self.made[key] = copy
        return copy

    def set(self, tensor: Tensor, width: Polynomial) -> None:
        """Give a tensor a width, unless it is no number or has a width of its own."""
        if tensor.role in NUMBERS and tensor.itemsize == NARROW:
            self.tensors[tensor.name] = replace(tensor, itemsize=width)
