"""Ops, tensors and dims with symbols replaced by numbers or other sizes."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.dim import Dim
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.mesh import Cut
from costgraph.records import replace


class Substituted:
    """Parts of a graph with symbols replaced; parts that were shared still are."""

    def __init__(self, bindings: Mapping[str, Polynomial]) -> None:
        self.bindings = bindings
        self.size = functools.cache(lambda size: size.substitute(bindings))
        self.dims = functools.cache(lambda dims: tuple(map(self.dim, dims)))
        self.cut = functools.cache(lambda cut: replace(cut, degree=self.size(cut.degree)))
        self.loop = functools.cache(
            lambda loop: replace(loop, times=self.size(loop.times), group=self.size(loop.group))
        )

    def cuts(self, cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
        """Cuts over as many devices as their degrees become."""
        return tuple(map(self.cut, cuts)) if cuts else ()

    def dim(self, dim: Dim) -> Dim:
        """A dim of another size."""
        return Dim(dim.name, self.size(dim.size), self.cuts(dim.cuts))

    def tensor(self, tensor: Tensor) -> Tensor:
        """A tensor of other dims, width, number and cuts."""
        return replace(
            tensor, dims=self.dims(tensor.dims), itemsize=self.size(tensor.itemsize), loop=self.loop(tensor.loop),
            partial=self.cuts(tensor.partial), shards=self.cuts(tensor.shards),
        )  # fmt: skip

    def op(self, op: Op) -> Op:
        """An op in other loops, inside fused ops too."""
        body = tuple(map(self.op, op.body)) if op.body else ()
        return replace(op, loop=self.loop(op.loop), cuts=self.cuts(op.cuts), repeats=self.size(op.repeats), body=body)
