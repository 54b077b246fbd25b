"""What the kinds of ops compute that blocks of models bring along, as in `kernels`.

Tokens go to experts in turn, whatever the router says: choice k of token t is number n = t*K + k, and is sent to slot
n // N of expert n % N. Tokens are counted block by block, so that a device that has some of them has as many slots.
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
    """Halves of each vector, or of its first part, are rotated against each other."""
    cos, sin = angles(task, x)
    part = x[0][..., : cos.shape[-1]]
    return [np.concatenate([part * cos + turned(part) * sin, x[0][..., cos.shape[-1] :]], -1)]


def rotary_grad(task: Task, x: list[Array]) -> list[Array]:
    cos, sin = angles(task, x)
    part = x[0][..., : cos.shape[-1]]
    return [np.concatenate([part * cos - turned(part * sin), x[0][..., cos.shape[-1] :]], -1)]


def angles(task: Task, x: list[Array]) -> tuple[Array, Array]:
    """Cosines and sines of each position, beside the dims of what is rotated."""
    names = task.ins[0].names
    cos, sin = (
        spread(table, (*region.names[:-1], names[-1]), names) for table, region in zip(x[1:], task.ins[1:], strict=True)
    )
    return cos, sin


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
    number = counted(task, index)[..., None] * index.wholes[2] + index.along(index.names[2])
    experts = rows.sizes[0]
    at = number % experts, number // experts - rows.starts[1]
    if rows is source:
        return [x[0][at] if "chosen" in out.names else x[0][at].sum(2)]
    found = np.zeros(out.sizes)
    found[at] = x[0] if "chosen" in source.names else np.expand_dims(x[0], 2)
    return [found]


def counted(task: Task, index: Region) -> Array:
    """The number of each token."""
    at = dict(
        zip(index.names, np.meshgrid(*(index.along(name) for name in index.names[:2]), indexing="ij"), strict=False)
    )
    left, number = dict(zip(index.names, index.wholes, strict=True)), np.zeros(index.sizes[:2], int)
    for dim, of, _ in task.blocks:
        left[dim] //= of
    for dim, of, inside in task.blocks:
        number = number * of + at[dim] // left[dim] // inside % of
    rest = {dim: at[dim] % left[dim] for dim in at}
    return np.asarray((number * left["batch"] + rest["batch"]) * left["query"] + rest["query"])


def hit(task: Task, x: list[Array]) -> list[Array]:
    """All experts are hit here."""
    assert task.ins[0].sizes == task.outs[0].sizes
    return [x[0]]


BLOCKS: Mapping[str, Kernel] = {
    "sigmoid": sigmoid, "sigmoid_grad": sigmoid_grad,
    "softplus": softplus, "softplus_grad": softplus_grad, "rotary": rotary, "rotary_grad": rotary_grad,
    "repeat": repeat, "top_k": top_k, "top_k_grad": top_k_grad,
    "route": route, "hit": hit,
}  # fmt: skip
