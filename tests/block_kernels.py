"""What the kinds of ops compute that blocks of models bring along, as in `kernels`.

Tokens go to experts in turn, whatever the router says: choice k of token t is number n = t*K + k, and is sent to slot
n // N of expert n % N. A device that has a part of the batch thereby has the same part of the slots.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from blocks import Array, Kernel, Region, Task, spread

# --- element by element -----------------------------------------------------------------------------------------------


def sigmoid(task: Task, x: list[Array]) -> list[Array]:
    return [np.asarray(0.5 * (1 + np.tanh(x[0] / 2)))]


def sigmoid_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    return [dy * y * (1 - y)]


def softplus(task: Task, x: list[Array]) -> list[Array]:
    return [np.logaddexp(x[0], 0)]


def softplus_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0 = x
    return [dy * 0.5 * (1 + np.tanh(x0 / 2))]


def rotary(task: Task, x: list[Array]) -> list[Array]:
    """Halves of each vector are rotated against each other."""
    cos, sin = (
        spread(table, region.names, task.ins[0].names) for table, region in zip(x[1:], task.ins[1:], strict=True)
    )
    return [x[0] * cos + turned(x[0]) * sin]


def rotary_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, *tables = x
    cos, sin = (
        spread(table, region.names, task.ins[0].names) for table, region in zip(tables, task.ins[1:], strict=True)
    )
    return [dy * cos - turned(dy * sin)]


def turned(x: Array) -> Array:
    """Halves of the last dim exchanged, one of them with the other sign."""
    half = x.shape[-1] // 2
    return np.concatenate([-x[..., half:], x[..., :half]], -1)


def repeat(task: Task, x: list[Array]) -> list[Array]:
    out = task.outs[0]
    return [np.array(np.broadcast_to(spread(x[0], task.ins[0].names, out.names), out.sizes))]


# --- experts ----------------------------------------------------------------------------------------------------------


def top_k(task: Task, x: list[Array]) -> list[Array]:
    """Choice k is expert k."""
    chosen = x[0][..., : task.outs[0].sizes[-1]]
    return [chosen, np.broadcast_to(np.arange(chosen.shape[-1]), chosen.shape)][: len(task.outs)]


def top_k_grad(task: Task, x: list[Array]) -> list[Array]:
    found = np.zeros(task.outs[0].sizes)
    found[..., : x[0].shape[-1]] = x[0]
    return [found]


def route(task: Task, x: list[Array]) -> list[Array]:
    """Rows of tokens, or of tokens and choices, as rows of experts and slots; or back, where choices are added up."""
    source, index, out = task.ins[0], task.ins[1], task.outs[0]
    rows = out if "slot" in out.names else source
    batch, query, choice = (index.along(name) for name in index.names)
    number = (batch[:, None, None] * index.wholes[1] + query[:, None]) * index.wholes[2] + choice
    experts = rows.sizes[0]
    at = number % experts, number // experts - rows.starts[1]
    if rows is source:
        return [x[0][at] if "chosen" in out.names else x[0][at].sum(2)]
    found = np.zeros(out.sizes)
    found[at] = x[0] if "chosen" in source.names else np.expand_dims(x[0], 2)
    return [found]


def hit(task: Task, x: list[Array]) -> list[Array]:
    """All experts are hit here."""
    assert task.ins[0].sizes == task.outs[0].sizes
    return [x[0]]


# --- the state space --------------------------------------------------------------------------------------------------


def conv(task: Task, x: list[Array]) -> list[Array]:
    """Each channel of (batch, position, channels) with its kernel (channels, kernel); what is before counts as 0."""
    values, kernel = x
    found = np.zeros(task.outs[0].sizes)
    for at in range(kernel.shape[-1]):
        found[:, at:] += values[:, : values.shape[1] - at] * kernel[..., at]
    return [found]


def conv_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, values, kernel = x
    by_values, by_kernel = np.zeros(values.shape), np.zeros(kernel.shape)
    batch = (0, 1)
    for at in range(kernel.shape[-1]):
        by_values[:, : values.shape[1] - at] += dy[:, at:] * kernel[..., at]
        by_kernel[..., at] = (dy[:, at:] * values[:, : values.shape[1] - at]).sum(batch)
    return [by_values, by_kernel]


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
    if "chunk_context" not in out.names:
        return fading if "chunk" in out.names else last
    if "chunk" not in out.names:
        return np.asarray(last[:, :, None] - fading)
    by_head = np.moveaxis(fading, 2, -1)
    found = by_head[..., :, None] - by_head[..., None, :]
    return np.where(np.tril(np.ones(found.shape[-2:])) > 0, found, -np.inf)


def decay_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    g, region = dy * y, task.ins[0]
    found = np.zeros(task.outs[0].sizes)
    if "chunk_context" not in region.names:
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


BLOCKS: Mapping[str, Kernel] = {
    "sigmoid": sigmoid, "sigmoid_grad": sigmoid_grad,
    "softplus": softplus, "softplus_grad": softplus_grad, "rotary": rotary, "rotary_grad": rotary_grad,
    "repeat": repeat, "top_k": top_k, "top_k_grad": top_k_grad,
    "route": route, "hit": hit, "conv": conv, "conv_grad": conv_grad, "cumulative": cumulative, "decay": decay,
    "decay_grad": decay_grad, "scan": scan, "scan_grad": scan_grad,
}  # fmt: skip
