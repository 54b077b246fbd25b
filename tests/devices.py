"""Simulated devices: runs a graph with numbers on every device of its mesh.

A device holds of each tensor the block that its place on the mesh gives it, or an even part of the elements of that
block, or a summand. Ops read and write what their device holds and nothing else; only collectives see other devices.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, product
from zlib import crc32

import numpy as np
from blocks import Array, Blocks, Region, Task, drawn
from kernels import KERNELS

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.mesh import Cut

COLLECTIVES = ("all_reduce", "reduce_scatter", "all_gather", "all_to_all", "ring_gather", "ring_reduce")
CHANGES = (*COLLECTIVES, "part", "add_microbatches", "send")

Device = tuple[int, ...]  # its place along each cut of the mesh
Parts = dict[Device, Array]  # what each device holds of a tensor


def whole(size: Polynomial) -> int:
    """A size that is bound, as an integer."""
    assert size.number is not None, f"{size} is not bound"
    assert size.number == int(size.number), f"{size} is no whole number"
    return int(size.number)


@dataclass
class Machine:
    """The devices of a graph whose sizes are numbers.

    Args:
        graph: placed on a mesh, or not: then there is one device.
        seed: of the numbers that come from outside; the same for a tensor of the same name.
        held: what each device holds of every tensor so far.
        broken: the name of a collective in place of which each device goes on with what it has.
        blocks: in which parts of dims tokens are counted.
    """

    graph: Graph
    seed: int = 0
    held: dict[str, Parts] = field(default_factory=dict)
    broken: str = ""
    blocks: Blocks = ()

    def __post_init__(self) -> None:
        tensors = self.graph.tensors.values()
        cuts = chain.from_iterable((*(c for dim in t.dims for c in dim.cuts), *t.partial, *t.shards) for t in tensors)
        self.cuts = list(dict.fromkeys(cuts))
        self.devices: list[Device] = list(product(*(range(whole(cut.degree)) for cut in self.cuts)))

    def run(self) -> dict[str, Parts]:
        """What each device holds of every tensor in the end."""
        for tensor in self.graph.inputs:
            values = self.values(tensor)
            self.held[tensor.name] = {device: self.lay(values, tensor, device) for device in self.devices}
        self.go_on(self.graph.ops)
        return self.held

    def go_on(self, ops: Iterable[Op]) -> None:
        """Run these ops on what is held."""
        for op in ops:
            if op.kind in CHANGES:
                self.held[op.outputs[0]] = self.change(op)
            else:
                self.compute(op)

    def without(self, op: Op) -> Machine:
        """A machine that has run with each device going on with what it has in place of this collective."""
        other = Machine(self.graph, self.seed, dict(self.held), op.name, self.blocks)
        with np.errstate(all="ignore"):  # now numbers may be anything
            other.go_on(self.graph.ops[self.graph.ops.index(op) :])
        return other

    def values(self, tensor: Tensor) -> Array:
        """The numbers of a tensor that comes from outside, in the whole model."""
        wholes = tuple(whole(dim.whole) for dim in tensor.dims)
        if rows := self.rows(tensor.name):
            numbers = np.random.default_rng([self.seed, crc32(tensor.name.encode())])
            return numbers.integers(0, min(rows), wholes)
        return drawn(tensor.name, wholes, self.seed)

    def rows(self, name: str) -> list[int]:
        """How many words, or rows of a table, there are for each op that reads a tensor as numbers of them."""
        found = []
        for op in self.graph.ops:
            if name in op.inputs and op.kind in CHANGES:
                found += self.rows(op.outputs[0])
            elif name in read_as_tokens(op):
                table = self.graph.tensors[op.inputs[op.kind == "embedding"]]
                found.append(whole(table.dims[-1 if op.kind == "cross_entropy" else 0].whole))
        return found

    # --- what a device holds ------------------------------------------------------------------------------------------

    def place(self, cuts: Iterable[Cut], device: Device) -> tuple[int, int]:
        """Which of how many parts a device has of what is cut by `cuts`, outermost first."""
        at, of = 0, 1
        for cut in cuts:
            degree = whole(cut.degree)
            at, of = at * degree + device[self.cuts.index(cut)], of * degree
        return at, of

    def region(self, tensor: Tensor, device: Device) -> Region:
        """The block of a tensor on a device, before its elements are cut evenly."""
        sizes = tuple(whole(dim.size) for dim in tensor.dims)
        places = (self.place(dim.cuts, device)[0] for dim in tensor.dims)
        starts = tuple(at * size for at, size in zip(places, sizes, strict=True))
        return Region(tensor.names, starts, sizes, tuple(whole(dim.whole) for dim in tensor.dims))

    def lay(self, values: Array, tensor: Tensor, device: Device) -> Array:
        """What a device holds of a tensor that is complete: all copies are the same."""
        block = values[self.region(tensor, device).slices]
        for cut in tensor.shards:
            block = even_part(block, *self.place([cut], device))
        return block

    def group(self, device: Device, cuts: Iterable[Cut]) -> list[Device]:
        """The devices that differ from `device` along `cuts` alone, in the order of `cuts`, outermost first."""
        cuts, found = list(cuts), []
        for places in product(*(range(whole(cut.degree)) for cut in cuts)):
            other = list(device)
            for cut, at in zip(cuts, places, strict=True):
                other[self.cuts.index(cut)] = at
            found.append(tuple(other))
        return found

    # --- what devices do ----------------------------------------------------------------------------------------------

    def compute(self, op: Op) -> None:
        """Each device on its own runs an op, or the ops that it fuses."""
        results: list[dict[str, Array]] = []
        for device in self.devices:
            held = {name: self.held[name][device] for name in op.inputs}
            self.step(op, device, held)
            results.append(held)
        for name in op.outputs:
            self.held[name] = {device: held[name] for device, held in zip(self.devices, results, strict=True)}

    def step(self, op: Op, device: Device, held: dict[str, Array]) -> None:
        """Run one op on one device, of which `held` are the tensors."""
        for fused in op.body:
            if fused.kind == "softmax" and op.kind == "flash_attention_grad":  # of rows whose sums the forward kept
                rows = [held[name] for name in (fused.inputs[0], op.inputs[-1])]
                held[fused.outputs[0]] = KERNELS["softmax_of_rows"](self.task(fused, device), rows)[0]
                continue
            self.step(fused, device, held)
            if fused.kind == "softmax" and len(op.outputs) > 1:
                held[op.outputs[1]] = KERNELS["log_sum_exp"](self.task(fused, device), [held[fused.inputs[0]]])[0]
        if not op.body:
            results = KERNELS[op.kind](self.task(op, device), [held[name] for name in op.inputs])
            held.update(zip(op.outputs, results, strict=True))
        for name in op.outputs:
            self.check_shape(name, held[name], device, op)

    def task(self, op: Op, device: Device) -> Task:
        """What a kernel is told beside the numbers."""
        ins, outs = (
            [self.region(self.graph.tensors[name], device) for name in names] for names in (op.inputs, op.outputs)
        )
        return Task(op, ins, outs, self.blocks)

    def check_shape(self, name: str, part: Array, device: Device, op: Op) -> None:
        """A result is as large as the graph says."""
        tensor = self.graph.tensors[name]
        expected: tuple[int, ...] = self.region(tensor, device).sizes
        for cut in tensor.shards:
            expected = (-(-int(np.prod(expected)) // whole(cut.degree)),)
        assert part.shape == expected, f"{op.kind} {op.name} makes {name} of {part.shape}, and it should be {expected}"

    def change(self, op: Op) -> Parts:
        """A collective: each device gets what its group holds, and keeps its part of that."""
        before, after = (self.graph.tensors[name] for name in (op.inputs[0], op.outputs[0]))
        cuts = op.cuts or tuple(cut for cut in self.cuts if lies(before, cut) != lies(after, cut))
        held, made = self.held[op.inputs[0]], {}
        for device in self.devices:
            group = self.group(device, ordered(before, cuts))
            if op.name == self.broken:
                mine = [held[device]] * (1 if cuts[0] in before.partial else len(group))
            else:
                mine = [held[other] for other in group]
            made[device] = self.keep(join(mine, before, cuts), after, cuts, device)
            self.check_shape(after.name, made[device], device, op)
        return made

    def keep(self, values: Array, after: Tensor, cuts: tuple[Cut, ...], device: Device) -> Array:
        """The part of `values` that a device keeps, cut along `cuts` as `after` says."""
        cuts = ordered(after, cuts)
        for cut in cuts:
            where = lies(after, cut)
            at, of = self.place([cut], device)
            if where == "shards":
                values = even_part(values, at, of)
            elif where == "partial":  # of what all have, one keeps it
                values = values * (at == 0)
            elif where in after.names:
                axis = after.names.index(where)
                values = np.split(values, of, axis)[at]
        return values


def read_as_tokens(op: Op) -> tuple[str, ...]:
    """The inputs of an op that are numbers of words."""
    return {"embedding": op.inputs[:1], "cross_entropy": op.inputs[-1:]}.get(op.kind, ())


def even_part(block: Array, at: int, of: int) -> Array:
    """Part `at` of `of` even parts of a block's elements, flattened and padded."""
    each = -(-block.size // of)
    return np.pad(block.ravel(), (0, each * of - block.size))[at * each : (at + 1) * each]


def lies(tensor: Tensor, cut: Cut) -> str:
    """What a cut does to a tensor: `partial`, `shards`, the dim that it cuts, or nothing."""
    if cut in tensor.partial:
        return "partial"
    if cut in tensor.shards:
        return "shards"
    return next((dim.name for dim in tensor.dims if cut in dim.cuts), "")


def ordered(tensor: Tensor, cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """These cuts in the order in which they cut the tensor, outermost first."""
    order = [*(cut for dim in tensor.dims for cut in dim.cuts), *tensor.shards, *tensor.partial]
    return tuple(sorted(cuts, key=lambda cut: order.index(cut) if cut in order else -1))


def join(parts: list[Array], before: Tensor, cuts: tuple[Cut, ...]) -> Array:
    """What the devices of a group hold together of a tensor that is cut along `cuts` between them."""
    (where,) = {lies(before, cut) for cut in cuts}
    if where == "partial":
        return np.asarray(np.sum(parts, axis=0))
    if where == "shards":
        return gathered(parts, before, cuts)
    assert where == "" or not before.shards, f"{before.name} is gathered along {where} while its elements are cut"
    return np.concatenate(parts, before.names.index(where)) if where else parts[0]


def gathered(parts: list[Array], before: Tensor, cuts: tuple[Cut, ...]) -> Array:
    """Even parts put together again, those of the innermost cut first, without what they are padded with."""
    left = before.shards[: len(before.shards) - len(cuts)]
    assert {*left, *cuts} == {*before.shards}, f"{before.name} is gathered over an outer cut while an inner one stays"
    sizes = tuple(whole(dim.size) for dim in before.dims)
    elements = [int(np.prod(sizes))]  # of a block, before each cut
    for cut in before.shards:
        elements.append(-(-elements[-1] // whole(cut.degree)))
    for level in reversed(range(len(left), len(before.shards))):
        of = whole(before.shards[level].degree)
        groups = (parts[at : at + of] for at in range(0, len(parts), of))
        parts = [np.concatenate(group)[: elements[level]] for group in groups]
    return parts[0] if left else parts[0].reshape(sizes)
