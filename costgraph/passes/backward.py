"""backward: append the ops that compute gradients.

Before:
    y = einsum("bsd,df->bsf", x, w)
After:
    y      = einsum("bsd,df->bsf", x, w)
    x.grad = einsum("bsf,df->bsd", y.grad, w)      # reads w
    w.grad = einsum("bsf,bsd->df", y.grad, x)      # reads x: so x is a saved activation

The gradient of an einsum operand is the einsum with that operand and the result swapped; other ops follow their row in
the rule table. Nobody writes "twice the forward": it is what these einsums cost.

Only what a parameter that trains needs is differentiated. Where nothing below a stack of layers trains, its first one
needs no gradient of its input, which all later ones do: what serves that alone runs, and is kept for, once less.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import ClassVar

from costgraph.algebra.assumption import Assumption, Choice
from costgraph.algebra.polynomial import ONE
from costgraph.graph.einsum import parse_spec
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.graph.op import Op
from costgraph.graph.rules import differentiable, rule, saved
from costgraph.graph.tensor import Tensor
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass, replace


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
        first, later = needed(graph)
        tape.run(graph.ops, first | later)
        gradients = {
            t.name: tape.contributions[t.name][0] for t in graph.inputs if t.trains and t.name in tape.contributions
        }
        if later:
            tape.run_less(first)
        return graph.rewritten((*graph.ops, *tape.ops), tape.tensors, in_order(graph, first), gradients=gradients)


def needed(graph: Graph) -> tuple[set[str], set[str]]:
    """Of which tensors a gradient is needed; and of which besides in all layers of a stack but the first."""
    sources = {t.name for t in graph.inputs if t.trains or t.role == "activation"}
    first = wanted(graph.ops, sources)
    stacks = {graph.producer[name].loop.number for name in first if name in graph.producer}
    carried = {
        op.outputs[0]
        for op in graph.ops
        if op.kind == "loop" and op.loop.number > graph.tensors[op.inputs[0]].loop.number  # into a stack
        if op.loop.number in stacks and op.loop.times != ONE
    }
    return first, set() if carried <= first else wanted(graph.ops, first | carried) - first


def wanted(ops: Iterable[Op], sources: Iterable[str]) -> set[str]:
    """Names of all tensors that depend differentiably on `sources`."""
    names = set(sources)
    for op in ops:
        if names.intersection(differentiable(op)):
            names.update(op.outputs)
    return names


def in_order(graph: Graph, needed: Container[str]) -> list[Assumption]:
    """That layers of several kinds stand one kind after the other, where that decides which a gradient passes."""
    kinds = {op.loop.kind: op.loop for op in graph.ops if op.within("block") and op.loop.kind}
    passed = {op.loop.kind for op in graph.ops if op.within("block") and op.outputs[0] in needed}
    return [Choice("layers in the order", ", ".join(kinds))] if passed and passed < {*kinds} else []


@dataclass
class Tape:
    """Reverse-mode differentiation of a list of ops, writing ops instead of numbers."""

    tensors: dict[str, Tensor]
    ops: list[Op] = field(default_factory=list)
    contributions: dict[str, list[str]] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)  # which gradient is whose

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

    def run_less(self, first: AbstractSet[str]) -> None:
        """Let what computes no gradient that the first layer needs run in all rounds of its loop but the first."""
        for at, op in enumerate(self.ops):
            if first.isdisjoint(self.of[name] for name in op.outputs):
                self.ops[at] = replace(op, loop=op.loop.later)
                for name in op.outputs:
                    self.tensors[name] = replace(self.tensors[name], loop=self.tensors[name].loop.later)

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
                if not targets:
                    return  # into the first of the layers from what needs no gradient
                kind, reads = op.kind if row.gradient == "same" else f"{op.kind}_grad", saved(op, targets)
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
        """One op that runs the gradients of the fused ops, and runs again those of them whose results these read.

        It is one kernel, which gives the gradients of all factors, whether all are needed or not.
        """
        inner = Tape(self.tensors)
        inner.add(op.outputs[0], dy)
        factors = {x for step in op.body if step.kind == "einsum" for x in step.inputs}
        targets = [x for x in op.inputs if x in needed or x in factors]
        inner.run(op.body, wanted(op.body, targets))
        body = Graph(op.name, op.body, self.tensors)
        read = {name for step in inner.ops for name in step.inputs}
        again = {body.producer[name].name for name in read if name in body.producer}
        for step in reversed(body.ops):  # behind all whose results it reads
            if step.name in again:
                again |= {body.producer[name].name for name in step.inputs if name in body.producer}
        outputs = [inner.contributions[x][0] for x in targets]
        self.of |= inner.of
        self.append(op, f"{op.name}.grad", f"{op.kind}_grad", (dy, *saved(op, targets)), outputs)
        replay = tuple(replace(step, phase="recompute", origin=step.name) for step in op.body if step.name in again)
        self.ops[-1] = replace(self.ops[-1], body=(*replay, *inner.ops))
        for x, dx in zip(targets, outputs, strict=True):
            if x in needed:
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
        self.of[name] = like
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
