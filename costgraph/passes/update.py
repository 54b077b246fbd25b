"""update: append the optimizer's step, which reads and writes the training state of every parameter.

Before:
    w.grad = einsum("bsf,bsd->df", y.grad, x)
After (Adam with a master copy; without one it reads w.kept, the weights as they are kept, in its place):
    w.grad      = einsum("bsf,bsd->df", y.grad, x)
    w.grad_kept = accumulate(w.grad)               # the whole gradient, in the width in which it is kept
    w.next, w.master.next, w.moment1.next, w.moment2.next = adam(w.grad_kept, w.master, w.moment1, w.moment2)

How wide each of these tensors is says the precision policy. With one moment, or none, the step is `sgd`;
with a second moment by rows and columns `adafactor`, which reads and writes `w.rows` and `w.columns` in its place.
Source: Kingma and Ba 2015 (Adam), Shazeer and Stern 2018 (Adafactor), Micikevicius et al. 2018 (master copy).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.matrix import sides
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.graph.training_state import state_tensors, updated
from costgraph.passes.autocast import Autocast
from costgraph.passes.rewrite import Pass
from costgraph.precision import FP32, PRECISIONS, USUAL, Precision, policy
from costgraph.records import dataclass


@dataclass(frozen=True)
class Update(Pass):
    """Append the update of all parameters that have a gradient.

    Args:
        precision: the policy: its name, its text, its file, or itself.
    """

    name: ClassVar[str] = "update"
    requires: ClassVar[tuple[str, ...]] = ("backward",)
    precision: str | Precision = USUAL

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with the optimizer's step at its end."""
        found, tensors = policy(self.precision), dict(graph.tensors)
        if Autocast.name in graph.passes and found.weights != FP32:
            raise UserError(
                f"{Autocast.name} keeps weights in {FP32} bytes, and precision {found} in {found.weights}; give "
                "another one, such as --precision fp32_adam"
            )
        ops, of = list(graph.ops), sides(graph, found)
        for name, gradient in in_order(graph):
            parameter = tensors[name]
            weights, kept, *states = state_tensors(parameter, found, of.get(name))
            read = [kept, *([] if found.master else [weights]), *states]
            written = [updated(weights, f"{name}.next"), *(updated(one, f"{one.name}.next") for one in states)]
            for tensor in (*read, *written):
                if tensor.name in tensors:
                    raise UserError(f"{self.name}: {graph.name} has a tensor called {tensor.name} already")
                tensors[tensor.name] = tensor
            ops += [accumulated(graph, gradient, kept, parameter), step(parameter, read, written, found)]
        return graph.rewritten(ops, tensors)

    def __str__(self) -> str:
        """The pass as one would write it."""
        one = policy(self.precision)
        text = one.name if PRECISIONS.get(one.name) == one else one.widths
        return self.name if text == USUAL else f"{self.name}({text})"


def in_order(graph: Graph) -> Iterator[tuple[str, str]]:
    """The parameters with their gradients, in the order in which the backward pass finishes these."""
    when = {name: i for i, op in enumerate(graph.ops) for name in op.outputs}
    yield from sorted(graph.gradients.items(), key=lambda pair: when.get(pair[1], -1))


def accumulated(graph: Graph, gradient: str, kept: Tensor, parameter: Tensor) -> Op:
    """The op that keeps a gradient. It belongs to the op that the gradient stems from; so will what completes it."""
    made = graph.producer.get(gradient)
    source, segments = (made.source, made.segments) if made else ("", ())
    return Op(kept.name, "accumulate", (gradient,), (kept.name,), None, "backward", parameter.loop, source, segments)


def step(parameter: Tensor, read: list[Tensor], written: list[Tensor], policy: Precision) -> Op:
    """The optimizer's step of one parameter."""
    kind = "adafactor" if policy.factored else "adam" if len(policy.moments) > 1 else "sgd"
    inputs, outputs = (tuple(tensor.name for tensor in tensors) for tensors in (read, written))
    return Op(f"{parameter.name}.update", kind, inputs, outputs, None, "update", parameter.loop)
