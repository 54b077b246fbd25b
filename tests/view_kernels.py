"""What the kinds of ops compute that give parts of tensors, or positions, another name, as in `kernels`.

What a step of decode finds of earlier ones is drawn by chance, the same on every device.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from blocks import Array, Kernel, Region, Task, drawn

# --- parts ------------------------------------------------------------------------------------------------------------


def cut_out(task: Task, x: list[Array]) -> list[Array]:
    """slice: a part of a tensor, or the same numbers under other names; its gradient is put back where it was."""
    source, result = task.ins[0], task.outs[0]
    if x[0].size == np.prod(result.sizes):
        return [x[0].reshape(result.sizes)]
    if x[0].size > np.prod(result.sizes):
        return [part(task.op.label, x[0], source, result)]
    put = np.zeros(result.sizes)
    part(task.op.label, put, result, source)[...] = x[0]
    return [put]


def part(name: str, larger: Array, of: Region, smaller: Region) -> Array:
    """The part of a larger tensor that a slice of this name means, as a view."""
    stored = next((dim for dim in ("stacked", "gate_up") if dim in of.names), None)
    if stored:  # several that are stored as one: queries of a group beside its key and its value, or gate and up
        axis = of.names.index(stored)
        one, side = name.rpartition(".")[2], np.moveaxis(larger, axis, -1)
        if one == "q" and "group" in smaller.names:
            return np.moveaxis(side[..., :-2], -1, axis + 1)
        return np.asarray(side[..., {"q": 0, "k": -2, "v": -1, "gate": 0, "up": 1}[one]])
    axis = next(i for i, dim in enumerate(of.names) if smaller.names[i : i + 1] != (dim,))
    if len(smaller.names) < len(of.names):
        return np.asarray(np.moveaxis(larger, axis, 0)[-1])  # the last position
    number = smaller.sizes[axis]
    first = of.names[axis] == "chunks_after" or (of.names[axis] == "padded" and smaller.wholes[axis] > 1)
    view = np.moveaxis(larger, axis, 0)[:number] if first else np.moveaxis(larger, axis, 0)[-number:]
    return np.moveaxis(view, 0, axis)


# --- positions --------------------------------------------------------------------------------------------------------


def look(task: Task, x: list[Array]) -> list[Array]:
    """context: the same numbers under another name; a device that has more of them than its result takes those."""
    source, result = task.ins[0], task.outs[0]
    starts = [to - was for to, was in zip(result.starts, source.starts, strict=True)]
    assert min(starts, default=0) >= 0
    return [x[0][tuple(slice(at, at + size) for at, size in zip(starts, result.sizes, strict=True))]]


def cache_append(task: Task, x: list[Array]) -> list[Array]:
    """What earlier steps left there, with the new rows at its end."""
    source, region = task.ins[0], task.outs[0]
    axis, new = source.names.index("query"), source.sizes[source.names.index("query")]
    place = (*region.slices[:axis], slice(None), *region.slices[axis + 1 :])
    cache = np.moveaxis(drawn(f"{task.op.source} before", region.wholes)[place].copy(), axis, 0)
    cache[-new:] = np.moveaxis(x[0], axis, 0)
    return [np.moveaxis(cache[region.slices[axis]], 0, axis)]


def roll(task: Task, x: list[Array]) -> list[Array]:
    """The last positions, or the last of what chunks leave behind, which stay between steps."""
    region, new = task.outs[0], x[0]
    if "chunks" in task.ins[0].names:
        return [new[:, -1]]
    before = drawn(f"{task.op.source} before", region.wholes)[region.slices]
    return [np.concatenate([before, new], 1)[:, -region.sizes[1] :]]


def join(task: Task, x: list[Array]) -> list[Array]:
    """What was kept, with the new positions at its end: as many as there are before a window is full."""
    assert task.outs[0].sizes == task.ins[1].sizes
    return [x[1]]


VIEWS: Mapping[str, Kernel] = {
    "slice": cut_out, "context": look, "cache_append": cache_append, "roll": roll, "join": join,
}  # fmt: skip
