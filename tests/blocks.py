"""Blocks of tensors: what a kernel is told beside the numbers that it works on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from costgraph.graph.op import Op

Array = npt.NDArray[Any]


class Region(NamedTuple):
    """A block of a tensor: its dims, where it begins along each, its sizes, and those of the whole tensor."""

    names: tuple[str, ...]
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    wholes: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where the block lies in the whole tensor."""
        return tuple(slice(start, start + size) for start, size in zip(self.starts, self.sizes, strict=True))

    def along(self, name: str) -> Array:
        """The indices of the block along one dim."""
        axis = self.names.index(name)
        return np.arange(self.starts[axis], self.starts[axis] + self.sizes[axis])

    def axes(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """The axes of these dims."""
        return tuple(self.names.index(name) for name in names)

    def lacking(self, other: Region) -> tuple[int, ...]:
        """The axes of the dims that `other` does not have."""
        return tuple(axis for axis, name in enumerate(self.names) if name not in other.names)


# In which parts of dims tokens are counted, outermost first: of which dim, how many parts, and how many inside of each.
Blocks = tuple[tuple[str, int, int], ...]


class Task(NamedTuple):
    """An op on one device, and where the blocks of its operands and results lie."""

    op: Op
    ins: list[Region]
    outs: list[Region]
    blocks: Blocks = ()


Kernel = Callable[[Task, list[Array]], list[Array]]


def drawn(name: str, wholes: tuple[int, ...], seed: int = 0) -> Array:
    """Numbers for a whole tensor, which depend on its name alone."""
    return np.random.default_rng([seed, crc32(name.encode())]).standard_normal(wholes)


def spread(x: Array, dims: tuple[str, ...], over: tuple[str, ...]) -> Array:
    """`x` with its axes in the order of `over`, and axes of size 1 for the dims that it lacks."""
    kept = [name for name in over if name in dims]
    assert len(kept) == len(dims), f"{dims} do not fit {over}"
    x = np.transpose(x, [dims.index(name) for name in kept])
    return np.expand_dims(x, tuple(axis for axis, name in enumerate(over) if name not in dims))


def fold(x: Array, dims: Region, out: Region) -> Array:
    """`x` summed over the dims that `out` lacks, its axes in the order of `out`."""
    left = [name for name in dims.names if name in out.names]
    return np.asarray(np.transpose(x.sum(dims.lacking(out)), [left.index(name) for name in out.names]))
