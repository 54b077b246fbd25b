"""Shaped tensors: what is stored, how many bytes, and which part of it one device holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

from costgraph.algebra.polynomial import Polynomial, product
from costgraph.graph.dim import Dim, letters, sizes
from costgraph.graph.loop import ONCE, Loop
from costgraph.mesh import Cut, devices
from costgraph.precision import State
from costgraph.records import dataclass, replace

Role = Literal["input", "weight", "bias", "norm", "activation", "mask", "statistic", "cache"]
PARAMETERS: tuple[Role, ...] = ("weight", "bias", "norm")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph, as one device sees it.

    Args:
        name: unique in its graph; `place.what`, usually the name of the op that makes it.
        dims: its indices in order.
        itemsize: bytes per element (the symbol `p`, or a number).
        role: what it is to the model; conventions choose by role. A gradient has the role of what it differentiates.
        loop: the stretch that it is part of; it exists as often as that runs.
        gradient: whether it is the derivative of the loss by a tensor of that role.
        partial: over which devices it still has to be summed; none when it is complete.
        shards: over which devices its elements are cut evenly, as if flattened and padded.
        state: which part of a parameter's training state it is, as training keeps it; empty for everything else.
        frozen: whether training leaves a parameter as it is.
    """

    name: str
    dims: tuple[Dim, ...]
    itemsize: Polynomial
    role: Role = "activation"
    loop: Loop = ONCE
    gradient: bool = False
    partial: tuple[Cut, ...] = ()
    shards: tuple[Cut, ...] = ()
    state: State | Literal[""] = ""
    frozen: bool = False

    @property
    def times(self) -> Polynomial:
        """How many of it exist (L for one inside the repeated block)."""
        return self.loop.times

    @property
    def numel(self) -> Polynomial:
        """Elements on one device."""
        return elements(self.dims) / devices(self.shards) if self.shards else elements(self.dims)

    @property
    def nbytes(self) -> Polynomial:
        """Bytes on one device."""
        return self.numel * self.itemsize

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the dims in order."""
        return tuple(dim.name for dim in self.dims)

    @property
    def letters(self) -> str:
        """The dims in little room, such as `bsd`."""
        return letters(self.names)

    @property
    def shape(self) -> str:
        """The dims with their sizes in the whole model, for messages."""
        return sizes(self.dims)

    @property
    def is_parameter(self) -> bool:
        """Whether it is part of the model, and not of what is computed with it."""
        return self.role in PARAMETERS and not self.gradient and not self.state

    @property
    def trains(self) -> bool:
        """Whether training updates it."""
        return self.is_parameter and not self.frozen

    def dim(self, name: str) -> Dim | None:
        """The dim called `name`, if it has one."""
        return next((dim for dim in self.dims if dim.name == name), None)


@lru_cache(maxsize=2**12)
def elements(dims: tuple[Dim, ...]) -> Polynomial:
    """The product of sizes, worked out once for all tensors of a shape."""
    return product(dim.size for dim in dims)


def with_dims(tensors: Mapping[str, Tensor], change: Callable[[Dim], Dim]) -> dict[str, Tensor]:
    """The tensors with changed dims; those that have the same dims share the changed ones as well."""
    known: dict[tuple[Dim, ...], tuple[Dim, ...]] = {}
    found = {}
    for name, tensor in tensors.items():
        if tensor.dims not in known:
            known[tensor.dims] = tuple(map(change, tensor.dims))
        found[name] = replace(tensor, dims=known[tensor.dims])
    return found
