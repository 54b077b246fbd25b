"""What each kind of op computes, in NumPy, on the block that a device holds.

Written from the mathematics: nothing here knows what an op costs, or on which devices it runs. A kernel is told where
its blocks lie in the whole tensors, as a device is, and answers with its results. A sum over a dim that is split is
thereby a summand of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from block_kernels import BLOCKS
from blocks import Array, Kernel, Task, drawn, fold, spread
from state_kernels import STATES
from table_kernels import TABLES
from view_kernels import VIEWS

# --- sums and products ------------------------------------------------------------------------------------------------


def einsum(task: Task, x: list[Array]) -> list[Array]:
    return [np.einsum(task.op.spec or "", *x)]


def sums(task: Task, x: list[Array]) -> list[Array]:
    """bias, residual, add: operands lack dims of the result, over which they are spread."""
    out = task.outs[0]
    result = np.zeros(out.sizes)
    for block, region in zip(x, task.ins, strict=True):
        result = result + spread(block, region.names, out.names)
    return [result]


def summed(task: Task, x: list[Array]) -> list[Array]:
    """The sum over the dims that the result lacks."""
    return [fold(x[0], task.ins[0], task.outs[0])]


def broadcast(task: Task, x: list[Array]) -> list[Array]:
    out = task.outs[0]
    return [np.array(np.broadcast_to(spread(x[0], task.ins[0].names, out.names), out.sizes))]


# --- element by element -----------------------------------------------------------------------------------------------


def same(task: Task, x: list[Array]) -> list[Array]:
    return [x[0]]


def scale(task: Task, x: list[Array]) -> list[Array]:
    return [x[0] * 0.7]


def causal_mask(task: Task, x: list[Array]) -> list[Array]:
    """Queries are the last of the positions that they look at."""
    region = task.ins[0]
    if not {"query", "context"} <= {*region.names}:
        return [x[0]]
    ahead = region.wholes[region.names.index("context")] - region.wholes[region.names.index("query")]
    later = region.along("context")[None, :] > region.along("query")[:, None] + ahead
    return [x[0] - 50.0 * spread(later, ("query", "context"), region.names)]


def gelu(task: Task, x: list[Array]) -> list[Array]:
    return [0.5 * x[0] * (1 + np.tanh(inner(x[0])))]


def gelu_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0 = x
    t = np.tanh(inner(x0))
    return [dy * (0.5 * (1 + t) + 0.5 * x0 * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x0**2))]


def inner(x: Array) -> Array:
    return np.asarray(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


def silu(task: Task, x: list[Array]) -> list[Array]:
    return [x[0] * sigmoid(x[0])]


def silu_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0 = x
    s = sigmoid(x0)
    return [dy * s * (1 + x0 * (1 - s))]


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def relu(task: Task, x: list[Array]) -> list[Array]:
    return [np.maximum(x[0], 0)]


def relu_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    return [dy * (y > 0)]


def tanh(task: Task, x: list[Array]) -> list[Array]:
    return [np.tanh(x[0])]


def tanh_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    return [dy * (1 - y**2)]


def product(task: Task, x: list[Array]) -> list[Array]:
    """Of two, the second lacks dims maybe; the gradient by it is the sum over those."""
    whole = x[0] * spread(x[1], task.ins[1].names, task.ins[0].names)
    return [fold(whole, task.ins[0], task.outs[0])]


def dropout(task: Task, x: list[Array]) -> list[Array]:
    """The mask is of numbers instead of bits, so that nothing is lost; a replay has that of the forward pass."""
    region = task.outs[-1]
    mask = drawn(f"{task.op.source} drops", region.wholes)[region.slices]
    return [x[0] * spread(mask, region.names, task.ins[0].names), mask]


def dropout_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, mask = x
    return [dy * spread(mask, task.ins[1].names, task.ins[0].names)]


# --- along dims -------------------------------------------------------------------------------------------------------


def softmax(task: Task, x: list[Array]) -> list[Array]:
    """With a sink beside the others, so that what all scores have in common is seen; of score 0, or of its own."""
    axes = task.ins[0].axes(task.op.over)
    top = x[0].max(axes, keepdims=True, initial=0.0)
    e = np.exp(x[0] - top)
    sink = spread(x[1], task.ins[1].names, task.ins[0].names) if len(x) > 1 else 0.0
    return [e / (np.exp(sink - top) + e.sum(axes, keepdims=True))]


def softmax_part(task: Task, x: list[Array]) -> list[Array]:
    """The exponentials of a part of a row, and their sum; whoever rescales adds those of other parts."""
    e = np.exp(x[0])
    return [e, e.sum(task.ins[0].lacking(task.outs[1]))]


def rescale(task: Task, x: list[Array]) -> list[Array]:
    """With the sink that a softmax has here."""
    u, sums, *sinks = x
    region, rows = task.ins[0], task.ins[1]
    sink = np.exp(spread(sinks[0], task.ins[2].names, region.names)) if sinks else 1.0
    return [u / (sink + spread(sums, rows.names, region.names))]


def softmax_of_rows(task: Task, x: list[Array]) -> list[Array]:
    """Again, from the logarithms of the sums that were kept."""
    scores, sums = x
    return [np.exp(scores - np.expand_dims(sums, task.ins[0].axes(task.op.over)))]


def softmax_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, y = x
    axes = task.ins[0].axes(task.op.over)
    mean = (dy * y).sum(axes, keepdims=True)
    by_sink = np.broadcast_to(mean * (y.sum(axes, keepdims=True) - 1) / y.shape[axes[0]], y.shape)
    return [y * (dy - mean), *(fold(by_sink, task.ins[0], out) for out in task.outs[1:])]


def log_sum_exp(task: Task, x: list[Array]) -> list[Array]:
    """Of each row of the scores that a softmax reads, with the sink."""
    axes = task.ins[0].axes(task.op.over)
    top = x[0].max(axes, keepdims=True, initial=0.0)
    return [np.log(np.exp(-top).squeeze(axes) + np.exp(x[0] - top).sum(axes)) + top.squeeze(axes)]


def layer_norm(task: Task, x: list[Array]) -> list[Array]:
    """With a scale, and a shift maybe."""
    x0 = x[0]
    region, axes = task.ins[0], task.ins[0].axes(task.op.over)
    mean = x0.mean(axes, keepdims=True)
    rstd = 1 / np.sqrt(((x0 - mean) ** 2).mean(axes, keepdims=True) + 1e-5)
    gain, *shift = (spread(v, r.names, region.names) for v, r in zip(x[1:], task.ins[1:], strict=True))
    y = (x0 - mean) * rstd * gain + sum(shift)
    return [y, mean.squeeze(axes), rstd.squeeze(axes)][: len(task.outs)]


def layer_norm_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0, *gains, mean, rstd = x
    region, axes = task.ins[0], task.ins[0].axes(task.op.over)
    mean, rstd = np.expand_dims(mean, axes), np.expand_dims(rstd, axes)
    normal = (x0 - mean) * rstd
    found = [dy * normal, dy]
    for gain in gains:  # there is none where the norm reads what needs no gradient
        g = dy * spread(gain, task.ins[2].names, region.names)
        dx = rstd * (g - g.mean(axes, keepdims=True) - normal * (g * normal).mean(axes, keepdims=True))
        found.insert(0, dx)
    return [fold(one, region, out) for one, out in zip(found, task.outs, strict=False)]  # a shift may be none


def rms(task: Task, x: list[Array]) -> list[Array]:
    """One over the root of the mean of squares."""
    return [1 / np.sqrt((x[0] ** 2).mean(task.ins[0].axes(task.op.over)) + 1e-5)]


def rms_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0, y = x
    axes = task.ins[1].axes(task.op.over)
    count = np.prod([x0.shape[axis] for axis in axes])
    return [-x0 * np.expand_dims(dy * y**3, axes) / count]


def rms_norm(task: Task, x: list[Array]) -> list[Array]:
    x0, gain = x
    axes = task.ins[0].axes(task.op.over)
    rstd = 1 / np.sqrt((x0**2).mean(axes, keepdims=True) + 1e-5)
    return [x0 * rstd * spread(gain, task.ins[1].names, task.ins[0].names), rstd.squeeze(axes)]


def rms_norm_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0, *gains, rstd = x
    axes = task.ins[0].axes(task.op.over)
    normal = x0 * np.expand_dims(rstd, axes)
    found = [dy * normal]
    for gain in gains:  # as above
        g = dy * spread(gain, task.ins[2].names, task.ins[0].names)
        found.insert(0, np.expand_dims(rstd, axes) * (g - normal * (g * normal).mean(axes, keepdims=True)))
    return [fold(one, task.ins[0], out) for one, out in zip(found, task.outs, strict=False)]  # a scale may be frozen


KERNELS: Mapping[str, Kernel] = {
    **BLOCKS,
    "einsum": einsum, "bias": sums, "residual": sums, "add": sums, "sum": summed, "broadcast": broadcast,
    "causal_mask": causal_mask, "scale": scale, "product": product, "loop": same,
    "gelu": gelu, "silu": silu, "relu": relu, "tanh": tanh, "dropout": dropout,
    "gelu_grad": gelu_grad, "silu_grad": silu_grad, "relu_grad": relu_grad, "tanh_grad": tanh_grad,
    "dropout_grad": dropout_grad,
    "softmax": softmax, "softmax_grad": softmax_grad, "softmax_part": softmax_part, "rescale": rescale,
    "softmax_of_rows": softmax_of_rows, "log_sum_exp": log_sum_exp,
    "layer_norm": layer_norm, "layer_norm_grad": layer_norm_grad, "rms_norm": rms_norm, "rms_norm_grad": rms_norm_grad,
    "rms": rms, "rms_grad": rms_grad, "widen": same, "narrow": same,
    "accumulate": same, "cast": same,
    **TABLES, **VIEWS, **STATES,
}  # fmt: skip
