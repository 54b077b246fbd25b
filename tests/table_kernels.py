"""What each kind of op computes, in NumPy: tables, the loss, the optimizer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from blocks import Array, Kernel, Region, Task, fold, spread

# --- tables and the loss ----------------------------------------------------------------------------------------------


def embedding(task: Task, x: list[Array]) -> list[Array]:
    """Rows of the table; those that are not held count as 0."""
    tokens, table = x
    rows, held = local(tokens, task.ins[1])
    found = np.where(held.reshape(held.shape + (1,) * (table.ndim - 1)), table[rows], 0.0)
    return [spread(found, (*task.ins[0].names, *task.ins[1].names[1:]), task.outs[0].names)]


def embedding_grad(task: Task, x: list[Array]) -> list[Array]:
    dy, tokens = x
    dy = spread(dy, task.ins[0].names, (*task.ins[1].names, *task.outs[0].names[1:]))
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


# --- the optimizer ----------------------------------------------------------------------------------------------------


def optimizer(task: Task, x: list[Array]) -> list[Array]:
    """Each result a formula of all operands, element by element, that is 0 where they are."""
    mixed = sum((k + 1) * block / (1 + np.abs(block)) for k, block in enumerate(x))
    return [np.asarray(np.tanh(mixed * (k + 2) / 7) + 0.1 * mixed) for k in range(len(task.outs))]


def factored(task: Task, x: list[Array]) -> list[Array]:
    """Sums of squares of the gradient by rows and by columns, beside what is element by element."""
    gradient, over = x[0], task.ins[0]
    spreads = [spread(block, region.names, over.names) for block, region in zip(x, task.ins, strict=True)]
    mixed = optimizer(task, spreads)
    return [
        whole if out.names == over.names else fold(gradient**2, over, out) + 0.5 * x[task.op.inputs.index(name)]
        for whole, out, name in zip(
            mixed, task.outs, (one.removesuffix(".next") for one in task.op.outputs), strict=True
        )
    ]


TABLES: Mapping[str, Kernel] = {
    "embedding": embedding, "embedding_grad": embedding_grad, "positions": positions, "positions_grad": positions_grad,
    "logsumexp": normalizer, "cross_entropy": cross_entropy, "cross_entropy_grad": cross_entropy_grad,
    "adam": optimizer, "sgd": optimizer, "adafactor": factored,
}  # fmt: skip
