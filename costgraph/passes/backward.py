"""backward: append the ops that compute gradients.

Before:
    y = einsum("bsd,df->bsf", x, w)
After:
    y      = einsum("bsd,df->bsf", x, w)
    x.grad = einsum("bsf,df->bsd", y.grad, w)      # reads w
    w.grad = einsum("bsf,bsd->df", y.grad, x)      # reads x: so x is a saved activation

The gradient of an einsum operand is the einsum with that operand and the result swapped; other ops follow their row in
the rule table. Nobody writes "twice the forward": it is what these einsums cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from costgraph.graph.einsum import parse_spec
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.graph.op import Op
from costgraph.graph.rules import differentiable, rule, saved
from costgraph.graph.tensor import Tensor
from costgraph.passes.rewrite import Pass


@dataclass(frozen=True)
class Backward(Pass):
    """Append the backward pass: gradients of all parameters and of the activations that come from outside."""

    name: ClassVar[str] = "backward"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with its gradients."""
        read = {name for op in graph.ops for name in op.inputs}
        sinks = [op.outputs[0] for op in graph.ops if op.outputs[0] not in read and rule(op.kind).gradient != "none"]
        tape = Tape(dict(graph.tensors))
        for sink in sinks:
            tape.add(sink, tape.tensor(f"{sink}.grad_in", sink))
        tape.run(graph.ops, wanted(graph.ops, (t for t in graph.inputs if t.is_parameter or t.role == "activation")))
        parameters = [tensor.name for tensor in graph.inputs if tensor.is_parameter]
        gradients = {name: tape.contributions[name][0] for name in parameters if name in tape.contributions}
        return graph.rewritten((*graph.ops, *tape.ops), tape.tensors, gradients=gradients)


def wanted(ops: Iterable[Op], sources: Iterable[Tensor]) -> set[str]:
    """Names of all tensors that depend differentiably on `sources`."""
    names = {tensor.name for tensor in sources}
    for op in ops:
        if names.intersection(differentiable(op)):
            names.update(op.outputs)
    return names


@dataclass
class Tape:
    """Reverse-mode differentiation of a list of ops, writing ops instead of numbers."""

    tensors: dict[str, Tensor]
    ops: list[Op] = field(default_factory=list)
    contributions: dict[str, list[str]] = field(default_factory=dict)

    def run(self, ops: Iterable[Op], needed: set[str]) -> None:
        """Walk `ops` backwards and append what computes the gradient of every tensor in `needed`."""
        ops = list(ops)
        for op in reversed(ops):
            if op.outputs[0] in self.contributions and op.outputs[0] in needed:
                self.step(op, self.gradient(op.outputs[0], op), needed)
        readers = {name: op for op in reversed(ops) for name in op.inputs}
        for name, reader in readers.items():
            if name in needed and name in self.contributions:
                self.gradient(name, reader)

    def step(self, op: Op, dy: str, needed: set[str]) -> None:
        """Append the backward of one op, given the gradient of its result."""
        row = rule(op.kind)
        match row.gradient:
            case "einsum":
                self.einsum(op, dy, needed)
            case "factors":
                for x, other in zip(op.inputs, reversed(op.inputs), strict=True):
                    if x in needed:
                        dx = self.tensor(grad_name(op, x), x)
                        self.append(op, dx, op.kind, (dy, other), [dx])
                        self.add(x, dx)
            case "body":
                self.fused(op, dy, needed)
            case "through":
                for x in op.inputs:
                    if x in needed:
                        self.add(x, self.unbroadcast(op, dy, x))
            case "same" | "chain":
                targets = [x for x in differentiable(op) if x in needed]
                kind, reads = op.kind if row.gradient == "same" else f"{op.kind}_grad", saved(op)
                names = [f"{op.name}.grad", *(grad_name(op, x) for x in targets[1:])]
                outputs = [self.tensor(name, x) for name, x in zip(names, targets, strict=True)]
                self.append(op, f"{op.name}.grad", kind, (dy, *reads), outputs)
                for x, dx in zip(targets, outputs, strict=True):
                    self.add(x, dx)

    def einsum(self, op: Op, dy: str, needed: set[str]) -> None:
        """One einsum per operand that needs a gradient."""
        spec = parse_spec(op.spec or "")
        for i, x in enumerate(op.inputs):
            if x not in needed:
                continue
            name = grad_name(op, x) + ("" if i == op.inputs.index(x) else "_again")
            dx = self.tensor(name, x)
            if len(op.inputs) == 1:
                self.append(op, name, "broadcast", (dy,), [dx])
            else:
                gradient, other = spec.gradient(i)
                self.append(op, name, "einsum", (dy, op.inputs[other]), [dx], spec=str(gradient))
            self.add(x, dx)

    def fused(self, op: Op, dy: str, needed: set[str]) -> None:
        """One op that runs the gradients of the fused ops, and runs again those of them whose results these read."""
        inner = Tape(self.tensors)
        inner.add(op.outputs[0], dy)
        targets = [x for x in op.inputs if x in needed]
        inner.run(op.body, wanted(op.body, (self.tensors[x] for x in targets)))
        body = Graph(op.name, op.body, self.tensors)
        read = {name for step in inner.ops for name in step.inputs}
        again = {body.producer[name].name for name in read if name in body.producer}
        import networkx  # a third of the time that starting takes, and only here

        again |= {name for step in again for name in networkx.ancestors(body.nx, step)}
        outputs = [inner.contributions[x][0] for x in targets]
        self.append(op, f"{op.name}.grad", f"{op.kind}_grad", (dy, *saved(op)), outputs)
        replay = tuple(replace(step, phase="recompute", origin=step.name) for step in op.body if step.name in again)
        self.ops[-1] = replace(self.ops[-1], body=(*replay, *inner.ops))
        for x, dx in zip(targets, outputs, strict=True):
            self.add(x, dx)

    def unbroadcast(self, op: Op, dy: str, x: str) -> str:
        """`dy` summed over the dims that `x` does not have."""
        if self.tensors[dy].names == self.tensors[x].names:
            return dy
        dx = self.tensor(grad_name(op, x), x)
        self.append(op, dx, "sum", (dy,), [dx])
        return dx

    def gradient(self, name: str, op: Op) -> str:
        """The whole gradient of a tensor: its one contribution, or their sum."""
        parts = self.contributions[name]
        if len(parts) > 1:
            called = f"{name}.grad_sum"
            if called in self.tensors:  # another fused op sums, too
                called = f"{called}.{op.name}"
            self.contributions[name] = [self.tensor(called, name)]
            self.append(op, called, "add", tuple(parts), self.contributions[name], self.tensors[name])
        return self.contributions[name][0]

    def add(self, name: str, contribution: str) -> None:
        """Note one contribution to the gradient of `name`."""
        self.contributions.setdefault(name, []).append(contribution)

    def tensor(self, name: str, like: str) -> str:
        """Declare a gradient of the tensor `like`."""
        self.tensors[name] = replace(self.tensors[like], name=name, gradient=True, partial=())
        return name

    def append(
        self, op: Op, name: str, kind: str, inputs: tuple[str, ...], outputs: list[str],
        counted: Tensor | None = None, spec: str | None = None,
    ) -> None:  # fmt: skip
        """Append a backward op that stems from `op` and runs as often (or as often as the tensor `counted` exists)."""
        loop = op.loop if counted is None else counted.loop
        along = op.over if kind == f"{op.kind}_grad" else ()
        self.ops.append(
            Op(name, kind, inputs, tuple(outputs), spec, "backward", loop, op.source, op.segments, over=along)
        )


def grad_name(op: Op, x: str) -> str:
    """What the gradient of `x` through `op` is called: `mlp.up.grad_weight`, `attn.scores.grad_attn.q`."""
    return f"{op.name}.grad_{label(x.removeprefix(op.name + '.'))}"
