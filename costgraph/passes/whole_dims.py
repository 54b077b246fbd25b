"""Which dims an op needs whole on each device, so that no axis of a mesh splits them where it works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Tensor
from costgraph.passes.group import Family


def kept_whole(op: Op, tensors: Mapping[str, Tensor], families: Iterable[Family]) -> set[str]:
    """What an op works along, what it neither keeps nor sums, and over what it would have to complete a sum inside.

    A dim is kept as one that is made of it, or that it is made of.
    """
    kept: set[str] = set()
    for step in op.body or (op,):
        kept.update(step.over)
        if not rule(step.kind).sums:
            made = names_of(step.outputs, tensors)
            made = made.union(*(family for family in families if not made.isdisjoint(family)))
            kept |= names_of(step.inputs, tensors) - made
    return kept | interrupted(op.body, tensors)


def interrupted(body: Iterable[Op], tensors: Mapping[str, Tensor]) -> set[str]:
    """The dims whose sums a step of a fused op reads and cannot leave unfinished; no collective is inside of one."""
    found: set[str] = set()
    sums: dict[str, set[str]] = {}  # over what a tensor inside is a sum
    for step in body:
        waiting = [sums.get(name, set()) for name in step.inputs]
        for dim in set().union(*waiting):
            pending = sum(dim in over for over in waiting)
            linear = rule(step.kind).linear
            through = linear and pending == (1 if linear == "product" else len(waiting))
            if not through or dim in names_of((*step.inputs, *step.outputs), tensors):
                found.add(dim)
        read = names_of(step.inputs, tensors).union(*waiting)
        sums |= {name: read - names_of([name], tensors) for name in step.outputs}
    return found


def names_of(names: Iterable[str], tensors: Mapping[str, Tensor]) -> set[str]:
    """The dims that any of these tensors has."""
    return {dim for name in names for dim in tensors[name].names}
