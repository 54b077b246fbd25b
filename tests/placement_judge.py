"""The judge of placement: runs a placed graph on simulated devices, and says what differs from one device."""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import prod

import numpy as np
from blocks import Array, Blocks
from devices import CHANGES, COLLECTIVES, Machine, whole

from costgraph.graph.graph import Graph
from costgraph.graph.op import Op

SAME = 1e-9  # how close two results are that only add up in another order
SMALL = 1e-3  # what is smaller counts as so large: of what cancels nothing but noise remains


class Judge:
    """A model on one device and on many.

    Args:
        one: the model in numbers.
        placed: the same as one device of a mesh sees it.
        seed: of the numbers that come from outside.
    """

    def __init__(self, one: Graph, placed: Graph, seed: int = 0) -> None:
        blocks = blocks_of_tokens(placed)
        alone = Machine(one, seed, blocks=blocks)
        self.right = {name: next(iter(parts.values())) for name, parts in alone.run().items()}
        self.machine = Machine(placed, seed, blocks=blocks)
        self.machine.run()
        self.origin = origins(placed)
        self.ends = ends(placed, self.origin)

    @property
    def differences(self) -> list[str]:
        """The tensors that are not what they are on one device, in the order in which they are made."""
        return [name for name in self.machine.held if self.differs(self.machine, name)]

    def misses(self, op: Op) -> bool:
        """Whether a result differs, on one device at least, if this collective is taken out."""
        broken = self.machine.without(op)
        return any(self.differs(broken, name) for name in self.ends)

    def differs(self, machine: Machine, name: str) -> bool:
        """Whether devices hold something else of a tensor than what one device computes."""
        right = self.right.get(name, self.right.get(self.origin.get(name, "")))
        return right is not None and off(machine, name, right) > SAME


def blocks_of_tokens(placed: Graph) -> Blocks:
    """The parts in which slots of experts are cut, and so tokens are counted."""
    dims = [dim for tensor in placed.tensors.values() for dim in tensor.dims]
    cuts = max((dim.cuts for dim in dims if dim.name == "slot"), key=len, default=())
    tokens = sorted((dim for dim in dims if dim.name in ("batch", "query")), key=lambda dim: len(dim.cuts))
    of = {cut: dim for dim in tokens for cut in dim.cuts}  # where it is cut most
    inside = {cut: [one for one in dim.cuts[dim.cuts.index(cut) + 1 :] if one in cuts] for cut, dim in of.items()}
    return tuple((of[cut].name, whole(cut.degree), prod(whole(one.degree) for one in inside[cut])) for cut in cuts)


def off(machine: Machine, name: str, right: Array) -> float:
    """By how much the parts of a tensor differ from what they should be, over its largest element."""
    tensor, parts = machine.graph.tensors[name], machine.held[name]
    found = 0.0
    for device in machine.devices:
        part = np.sum([parts[other] for other in machine.group(device, tensor.partial)], axis=0)
        wrong = np.abs(part - machine.lay(right, tensor, device))
        found = max(found, float(np.max(np.nan_to_num(wrong, nan=np.inf), initial=0.0)))
    return found / max(SMALL, float(np.max(np.abs(right), initial=0)))


def origins(graph: Graph) -> dict[str, str]:
    """For each tensor in another placement the one that it was."""
    found: dict[str, str] = {}
    for op in graph.ops:
        if op.kind in CHANGES:
            found[op.outputs[0]] = found.get(op.inputs[0], op.inputs[0])
    return found


def ends(graph: Graph, origin: Mapping[str, str]) -> set[str]:
    """The results that count: what nothing reads, and of the forward pass what nothing in it reads."""
    forward = [op for op in graph.phase("forward") if op.kind not in CHANGES]
    inside = {origin.get(name, name) for op in forward for name in op.inputs}
    read = {name for op in graph.ops for name in op.inputs}
    unread = {name for op in graph.ops for name in op.outputs if name not in read}
    return unread | {op.outputs[0] for op in forward if op.outputs[0] not in inside}


def collectives(graph: Graph) -> list[Op]:
    """The collectives that can be missed: those over more than one device.

    A fused backward reads the result of the forward for a shortcut that the kernels do not take.
    """
    several = [op for op in graph.ops if op.kind in COLLECTIVES and any(whole(cut.degree) > 1 for cut in op.cuts)]
    return [op for op in several if not shortcut(op.outputs[0], graph)]


def shortcut(name: str, graph: Graph) -> bool:
    """Whether a tensor is read by nothing but fused backwards, as the result of their forward."""
    readers = [op for op in graph.ops if name in op.inputs]
    return bool(readers) and all(r.kind == "flash_attention_grad" and r.inputs[-2] == name for r in readers)


def numbers(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """The graph with numbers for its symbols."""
    return graph.substitute(**{name: size for name, size in sizes.items() if name in graph.symbols})


def by_kind(judge: Judge) -> dict[str, Op]:
    """A collective of each kind over each of the axes that have it."""
    return {
        f"{op.kind} {'-'.join(dict.fromkeys(cut.axis for cut in op.cuts))}": op
        for op in collectives(judge.machine.graph)
    }


def check_by_chance(judge: Judge, rng: random.Random) -> None:
    """Devices compute what one does, and one of their collectives is missed."""
    assert judge.differences == []
    if moving := collectives(judge.machine.graph):
        op = rng.choice(moving)
        assert judge.misses(op), op.name
