"""What each kind of op of a state space computes, as in `kernels`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from blocks import Array, Kernel, Region, Task, drawn


def conv(task: Task, x: list[Array]) -> list[Array]:
    """Each channel of (batch, position, channels) with its kernel (channels, kernel); what is outside counts as 0.

    Of fewer positions than there are, it is the last ones; of more, those behind the end as well.
    """
    values, kernel = x
    number = task.outs[0].sizes[1]
    found = np.zeros((values.shape[0], values.shape[1] + kernel.shape[-1] - 1, *values.shape[2:]))
    for at in range(kernel.shape[-1]):
        found[:, at : at + values.shape[1]] += values * kernel[..., at]
    return [found[:, max(values.shape[1] - number, 0) :][:, :number]]


def conv_grad(task: Task, x: list[Array]) -> list[Array]:
    """By what is convolved, and by the kernel where it trains; that alone needs the values, and they may be missing."""
    dy, *values, kernel = x
    by_values = np.zeros(task.outs[0].sizes)
    by_kernel = [np.zeros(kernel.shape) for _ in values]
    for at in range(kernel.shape[-1]):
        number = min(by_values.shape[1], dy.shape[1] - at)
        by_values[:, :number] += dy[:, at : at + number] * kernel[..., at]
        for one, read in zip(by_kernel, values, strict=True):
            one[..., at] = (dy[:, at : at + number] * read[:, :number]).sum((0, 1))
    return [by_values, *by_kernel]


def cumulative(task: Task, x: list[Array]) -> list[Array]:
    """Sums over the positions before, and their own; the gradient's are over those after."""
    axis = task.ins[0].names.index("chunk_context")
    if task.op.phase == "backward":
        return [np.flip(np.cumsum(np.flip(x[0], axis), axis), axis)]
    return [np.cumsum(x[0], axis)]


def decay(task: Task, x: list[Array]) -> list[Array]:
    """What is left of a position, from the sums of logarithms: at which ones, the dims of the result say."""
    return [np.exp(exponents(x[0], task.outs[0]))]


def exponents(fading: Array, out: Region) -> Array:
    """Logarithms of what is left; `fading` is (batch, chunks, position, heads)."""
    last = fading[:, :, -1]
    if "chunks_after" in out.names:  # from the start, and behind each chunk, to behind each later one
        return fallen(np.pad(np.cumsum(last, 1), ((0, 0), (1, 0), (0, 0), (0, 0))), 1)
    if "chunk_context" not in out.names:
        return fading if "chunk" in out.names else last
    if "chunk" not in out.names:
        return np.asarray(last[:, :, None] - fading)
    return np.moveaxis(fallen(fading, 2), (2, 3), (-2, -1))


def fallen(sums: Array, axis: int) -> Array:
    """By how much sums grow from each position along an axis (the second of two) to each later one (the first)."""
    found = np.expand_dims(sums, axis + 1) - np.expand_dims(sums, axis)
    later = np.tril(np.ones((sums.shape[axis],) * 2)) > 0
    return np.where(later.reshape(later.shape + (1,) * (sums.ndim - axis - 1)), found, -np.inf)


def decay_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    g, region = dy * y, task.ins[0]
    found = np.zeros(task.outs[0].sizes)
    if "chunks_after" in region.names:
        by_sums = (g.sum(2) - g.sum(1))[:, 1:]
        found[:, :, -1] = np.flip(np.cumsum(np.flip(by_sums, 1), 1), 1)
    elif "chunk_context" not in region.names:
        found[:] = g if "chunk" in region.names else 0
        found[:, :, -1] += 0 if "chunk" in region.names else g
    elif "chunk" not in region.names:
        found -= g
        found[:, :, -1] += g.sum(2)
    else:
        found += np.moveaxis(g.sum(-1) - g.sum(-2), -1, 2)
    return [found]


def scan(task: Task, x: list[Array]) -> list[Array]:
    """The state before each chunk, from what each leaves behind and what is left of it after each."""
    states, left = x
    before = np.zeros(states.shape)
    for z in range(1, states.shape[1]):
        before[:, z] = before[:, z - 1] * left[:, z - 1, ..., None, None] + states[:, z - 1]
    return [before]


def scan_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, states, left, before = x
    by_states, by_left, carried = np.zeros(states.shape), np.zeros(left.shape), np.zeros(states[:, 0].shape)
    for z in range(states.shape[1] - 1, 0, -1):
        carried = carried + dy[:, z]
        by_states[:, z - 1] = carried
        by_left[:, z - 1] = (carried * before[:, z - 1]).sum((-1, -2))
        carried = carried * left[:, z - 1, ..., None, None]
    return [by_states, by_left]


def state_step(task: Task, x: list[Array]) -> list[Array]:
    """What is left of the state that earlier steps left behind, and the new position."""
    values, into, step, rates = x
    region = task.outs[0]
    assert values.shape[1] == 1
    before = drawn(f"{task.op.source} before", region.wholes)[region.slices]
    left = np.exp(step[:, 0] * rates)
    taken = (values * step[..., None])[:, 0]
    return [before * left[..., None, None] + taken[..., None] * into[:, 0, :, None, None, :]]


STATES: Mapping[str, Kernel] = {
    "conv": conv, "conv_grad": conv_grad, "cumulative": cumulative, "decay": decay, "decay_grad": decay_grad,
    "scan": scan, "scan_grad": scan_grad, "state_step": state_step,
}  # fmt: skip
