"""What one run of an op costs on one device, from its spec, its row of rules and the shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.polynomial import ZERO, Polynomial, product, total
from costgraph.conventions import Convention
from costgraph.graph.einsum import bind, parse_spec
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import PARAMETERS, Tensor


def flops(op: Op, tensors: Mapping[str, Tensor], convention: Convention) -> Polynomial:
    """FLOPs of one run of `op` on one device: 2 per multiply-add, element-wise ops at the convention's rates."""
    if op.body:
        return total(flops(step, tensors, convention) for step in op.body)
    if op.kind == "einsum":
        spec = parse_spec(op.spec or "")
        dims = bind(spec, tuple(tensors[name] for name in op.inputs))
        work = spec.flops({letter: dim.size for letter, dim in dims.items()})
        exactly = convention.additions == "counted" and spec.summed
        return work - tensors[op.outputs[0]].numel if exactly and work else work
    if op.kind in ("conv", "conv_grad"):
        return convolved(op, tensors)
    kind = rule(op.kind).like or op.kind
    if convention.elementwise and op.phase != "backward" and (rate := convention.rate(op.source, kind)):
        return tensors[op.outputs[0]].numel * rate
    return ZERO


def convolved(op: Op, tensors: Mapping[str, Tensor]) -> Polynomial:
    """2 FLOPs for each element of the result and of the kernel; the same for each gradient."""
    outer = tensors[op.outputs[0] if op.kind == "conv" else op.inputs[0]]
    weight = next(tensors[name] for name in (*op.inputs, *op.outputs) if tensors[name].role in PARAMETERS)
    kernel = [dim.size for dim in weight.dims if dim not in outer.dims]
    return outer.numel * product(kernel) * 2 * len(op.outputs)


def moved(op: Op, tensors: Mapping[str, Tensor]) -> dict[str, Polynomial]:
    """Bytes that one run of `op` moves between memory and one device's arithmetic, by tensor."""
    mode = rule(op.kind).traffic
    if mode in ("free", "network"):
        return {}
    names = dict.fromkeys((*op.inputs, *op.outputs))
    counted = {name: tensors[name].nbytes for name in names}
    if mode == "rows":
        table = op.inputs[-1]
        counted[table] = tensors[op.outputs[0]].numel * tensors[table].itemsize
    if mode == "update":
        counted[op.outputs[0]] *= 2
    if mode == "append":
        row = op.inputs[0]
        counted = {row: tensors[row].nbytes, op.outputs[0]: tensors[row].nbytes}
    return counted


def traffic(op: Op, tensors: Mapping[str, Tensor], convention: Convention) -> Polynomial:
    """All the bytes that one run of `op` moves, of the tensors that the convention counts."""
    return total(amount for name, amount in moved(op, tensors).items() if convention.counts(tensors[name].role))
