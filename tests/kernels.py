"""What each kind of op computes, in NumPy, on the block that a device holds.

Written from the mathematics: nothing here knows what an op costs, or on which devices it runs. A kernel is told where
its blocks lie in the whole tensors, as a device is, and answers with its results. A sum over a dim that is split is
thereby a summand of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from block_kernels import BLOCK_KERNELS
from blocks import Array, Region, Task, drawn, fold, spread

Kernel = Callable[[Task, list[Array]], list[Array]]


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
    """With a sink beside the others, so that what all scores have in common is seen in the result; of score 0, or its
    own.
    """
    axes = task.ins[0].axes(task.op.over)
    top = x[0].max(axes, keepdims=True, initial=0.0)
    e = np.exp(x[0] - top)
    sink = spread(x[1], task.ins[1].names, task.ins[0].names) if len(x) > 1 else 0.0
    return [e / (np.exp(sink - top) + e.sum(axes, keepdims=True))]


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
    x0, gain, shift = x
    region, axes = task.ins[0], task.ins[0].axes(task.op.over)
    mean = x0.mean(axes, keepdims=True)
    rstd = 1 / np.sqrt(((x0 - mean) ** 2).mean(axes, keepdims=True) + 1e-5)
    gain, shift = (spread(v, r.names, region.names) for v, r in zip((gain, shift), task.ins[1:], strict=True))
    y = (x0 - mean) * rstd * gain + shift
    return [y, mean.squeeze(axes), rstd.squeeze(axes)][: len(task.outs)]


def layer_norm_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, x0, gain, mean, rstd = x
    region, axes = task.ins[0], task.ins[0].axes(task.op.over)
    mean, rstd = np.expand_dims(mean, axes), np.expand_dims(rstd, axes)
    normal = (x0 - mean) * rstd
    g = dy * spread(gain, task.ins[2].names, region.names)
    dx = rstd * (g - g.mean(axes, keepdims=True) - normal * (g * normal).mean(axes, keepdims=True))
    found = [dx, dy * normal, dy][-len(task.outs) :]  # there is none of what comes from outside and is no activation
    return [fold(one, region, out) for one, out in zip(found, task.outs, strict=True)]


# --- tables and the loss ----------------------------------------------------------------------------------------------


def embedding(task: Task, x: list[Array]) -> list[Array]:
    """Rows of the table; those that are not held count as 0."""
    tokens, table = x
    rows, held = local(tokens, task.ins[1])
    return [np.where(held[..., None], table[rows], 0.0)]


def embedding_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, tokens = x
    rows, held = local(tokens, task.outs[0])
    table = np.zeros(task.outs[0].sizes)
    np.add.at(table, rows[held], dy[held])
    return [table]


def local(tokens: Array, table: Region) -> tuple[Array, Array]:
    """The rows of a block of the table that tokens name, and whether they are in it."""
    rows = tokens - table.starts[0]
    held = (rows >= 0) & (rows < table.sizes[0])
    return np.where(held, rows, 0), held


def positions(task: Task, x: list[Array]) -> list[Array]:
    return [x[0][task.outs[0].along("query") - task.ins[0].starts[0]]]


def positions_grad(task: Task, x: list[Array]) -> list[Array]:
    table = np.zeros(task.outs[0].sizes)
    table[task.ins[0].along("query") - task.outs[0].starts[0]] = x[0]
    return [table]


def normalizer(task: Task, x: list[Array]) -> list[Array]:
    """The sum of exponentials, of which summands of a split vocabulary add up; whoever reads it takes the logarithm."""
    return [np.exp(x[0]).sum(task.ins[0].lacking(task.outs[0]))]


def cross_entropy(task: Task, x: list[Array]) -> list[Array]:
    """The sum over positions of -log p(target), of the targets in the block of the vocabulary."""
    logits, total, targets = x
    log_probs = logits - np.log(total)[..., None]
    return [-(log_probs * chosen(targets, task.ins[0])).sum(), log_probs]


def cross_entropy_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, log_probs, targets = x
    return [dy * (np.exp(log_probs) - chosen(targets, task.ins[1]))]


def chosen(targets: Array, logits: Region) -> Array:
    """1 at the target, 0 elsewhere."""
    return np.asarray(targets[..., None] == logits.along(logits.names[-1]), float)


# --- views ------------------------------------------------------------------------------------------------------------


def cut_out(task: Task, x: list[Array]) -> list[Array]:
    """slice: one of several that are stored as one, named by the last letter of the op; its gradient is put back."""
    source, result = task.ins[0], task.outs[0]
    if "stacked" not in (*source.names, *result.names):
        return [x[0].reshape(result.sizes)]  # another name for the same
    one = "qkv".index(task.op.label[-1])
    if "stacked" in source.names:
        return [np.take(x[0], one, source.names.index("stacked"))]
    put = np.zeros(result.sizes)
    np.moveaxis(put, result.names.index("stacked"), 0)[one] = x[0]
    return [put]


def look(task: Task, x: list[Array]) -> list[Array]:
    """context: the same numbers under another name; a device that has more of them than its result takes those."""
    source, result = task.ins[0], task.outs[0]
    starts = [to - was for to, was in zip(result.starts, source.starts, strict=True)]
    assert min(starts, default=0) >= 0
    return [x[0][tuple(slice(at, at + size) for at, size in zip(starts, result.sizes, strict=True))]]


def cache_append(task: Task, x: list[Array]) -> list[Array]:
    """What earlier steps left there, with the new rows at its end."""
    region, new = task.outs[0], task.ins[0].sizes[task.ins[0].names.index("query")]
    cache = drawn(f"{task.op.source} before", region.wholes)[region.slices].copy()
    end = region.wholes[axis := region.names.index("context")] - new - region.starts[axis]
    np.moveaxis(cache, axis, 0)[end : end + new] = np.moveaxis(x[0], axis, 0)
    return [cache]


# --- the optimizer ----------------------------------------------------------------------------------------------------


def optimizer(task: Task, x: list[Array]) -> list[Array]:
    """Each result a formula of all operands, element by element, that is 0 where they are."""
    mixed = sum((k + 1) * np.sin(block) for k, block in enumerate(x))
    return [np.asarray(np.tanh(mixed * (k + 2) / 7) + 0.1 * mixed) for k in range(len(task.outs))]


KERNELS: Mapping[str, Kernel] = {
    **BLOCK_KERNELS,
    "einsum": einsum, "bias": sums, "residual": sums, "add": sums, "sum": summed, "broadcast": broadcast,
    "causal_mask": causal_mask, "scale": scale, "gelu": gelu, "silu": silu, "relu": relu, "dropout": dropout,
    "gelu_grad": gelu_grad, "silu_grad": silu_grad, "relu_grad": relu_grad, "dropout_grad": dropout_grad,
    "softmax": softmax, "softmax_grad": softmax_grad, "softmax_of_rows": softmax_of_rows, "log_sum_exp": log_sum_exp,
    "layer_norm": layer_norm, "layer_norm_grad": layer_norm_grad,
    "embedding": embedding, "embedding_grad": embedding_grad, "positions": positions, "positions_grad": positions_grad,
    "logsumexp": normalizer, "cross_entropy": cross_entropy, "cross_entropy_grad": cross_entropy_grad,
    "slice": cut_out, "context": look, "cache_append": cache_append, "loop": same,
    "accumulate": same, "adam": optimizer, "sgd": optimizer, "cast": same,
}  # fmt: skip
