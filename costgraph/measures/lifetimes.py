"""What is in memory when: every buffer of a step with the op that makes it and the one that reads it last.

A view is the bytes that it looks at. What stands in one place as it changes is one buffer after the other, of which the
first is gone when the second is there: what enters and leaves a loop, what a bias, another gradient, or other devices'
shares are added to. A cache is memory of its own, as is all that `measures.states` counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.matrix import sides
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Tensor
from costgraph.graph.training_state import at_rest, state_tensors
from costgraph.measures.activations import readers, rounds
from costgraph.measures.params import parameters
from costgraph.measures.schedule import scheduled
from costgraph.measures.summing import Sizes
from costgraph.mesh import devices
from costgraph.precision import Precision
from costgraph.records import dataclass, replace

BEFORE = -1  # what exists when the step begins
IN_PLACE = ("bias", "all_reduce", "loop")  # whose results may take the place of what they read first
STAYS = ("append", "update")  # kinds of traffic of what stays where it is from step to step


@dataclass(frozen=True, slots=True)
class Body:
    """One iteration of a loop, in the forward pass or in what comes after it: positions of its first and last op.

    Args:
        start, end: these positions.
        backward: whether it comes after the forward pass, so that the last iteration is walked first.
        group: how many iterations are replayed together, and walked before the next ones are replayed.
        replay: the position of the first op that is replayed for such a group.
    """

    start: int
    end: int
    backward: bool
    group: Polynomial = ONE
    replay: int = BEFORE


AHEAD = Body(BEFORE, BEFORE, False)  # where what is there before the step was made


@dataclass
class Buffer:
    """Bytes in memory.

    Args:
        tensor: what they hold first.
        op: the op that makes it; of what is there before, the first that reads it.
        born, dies: positions of the op that makes it, and of the last that reads it.
        each: bytes of one.
        times: how many there are in all iterations of its loop.
        moved: whether it is gone when the results of its last reader are there, which take its place.
        body: where it is made, if every iteration leaves one behind for later.
        read_in: the iteration of the same loop in which it is read for the last time.
        replayed_in: where it is replayed and read, if all iterations of a group are replayed together.
        once: whether it is read once for each group of iterations.
        group: of how many iterations there is one at once, where the way back goes group by group.
        part: what it is to training or inference.
    """

    tensor: Tensor
    op: str
    born: int
    dies: int
    each: Polynomial
    times: Polynomial = ONE
    moved: bool = False
    body: Body | None = None
    read_in: Body | None = None
    replayed_in: Body | None = None
    once: bool = False
    group: Polynomial = ONE
    part: str = "working"

    def resized(self, size: Callable[[Polynomial], Polynomial]) -> Buffer:
        """The same with symbols replaced."""
        return replace(self, each=size(self.each), times=size(self.times), group=size(self.group))

    @cached_property
    def alone(self) -> bool:
        """Whether there is one at once, of this iteration."""
        return self.body is None and self.replayed_in is None

    def stays(self, end: int) -> bool:
        """Whether it is there all the time, and so as much at every instant."""
        return self.alone and self.born == BEFORE and self.dies == end

    @cached_property
    def others(self) -> Polynomial:
        """Bytes of those of all other iterations."""
        return ZERO if self.times is ONE else self.each * (self.times - ONE)

    @cached_property
    def near(self) -> Polynomial:
        """Bytes of those of the other iterations of its group, where the way back goes group by group."""
        return ZERO if self.group is ONE else self.each * (self.group - ONE)

    @cached_property
    def far(self) -> Polynomial:
        """Bytes of those of the other groups."""
        if self.replayed_in is not None:
            return ZERO
        near = self.near
        return self.others - near if near else self.others


class Lifetimes:
    """The ops of a step in order, with all buffers."""

    def __init__(self, graph: Graph, precision: Precision) -> None:
        self.graph, self.precision = graph, precision
        self.ops = scheduled(graph)
        self.end = len(self.ops)
        self.trained = any(graph.phase("backward"))
        self.sizes = Sizes()
        self.last = self._last_reads()
        self.widths = self._widths()
        self.reduced = {op.inputs[0]: op for op in self.ops if op.kind == "ring_reduce"}
        self.readers = readers(graph)
        self.bodies = self._bodies()
        self.buffers: list[Buffer] = []
        self.made: dict[str, Buffer] = {}  # by name of the tensor, views among them
        self._before()
        for at, op in enumerate(self.ops):
            self._step(at, op)
        for buffer in self.buffers:
            self._settle(buffer)
        self.under_way = self._under_way()

    def _last_reads(self) -> dict[str, int]:
        """The position of the last op that reads each tensor."""
        return {name: at for at, op in enumerate(self.ops) for name in op.inputs}

    def _bodies(self) -> dict[tuple[int, bool], Body]:
        """One iteration of every loop, in the forward pass and behind it."""
        found: dict[tuple[int, bool], Body] = {}
        for at, op in enumerate(self.ops):
            if op.loop.number and op.phase != "update":
                key = (op.loop.number, op.phase != "forward")
                body = found.get(key) or Body(at, at, key[1], op.loop.group if key[1] else ONE)
                replay = at if body.replay == BEFORE and op.phase == "recompute" else body.replay
                found[key] = replace(body, end=at, replay=replay)
        return found

    # --- what is there before ----------------------------------------------------------------------------------------

    def _before(self) -> None:
        """What exists when the step begins: states but for gradients, inputs, caches that are read."""
        of = sides(self.graph, self.precision) if self.trained else {}
        for op, tensor in parameters(self.graph):
            states = [tensor]
            if self.trained:
                kept = state_tensors(tensor, self.precision, of.get(tensor.name))
                states = [at_rest(one, self.graph.mesh) for one in kept]
            for one in states:
                if one.state != "gradients":
                    self._exists(op.source, one, one.state or "weights")
                if one.state in ("weights", ""):  # which is what ops read, and what is a view of it
                    self.made[tensor.name] = self.buffers[-1]
        first = {name: op.source for op in reversed(self.ops) for name in op.inputs}
        for tensor in self.graph.inputs:
            if not (tensor.is_parameter or tensor.state or tensor.gradient):
                self._exists(first.get(tensor.name, ""), tensor, "cache" if tensor.role == "cache" else "input")

    def _exists(self, op: str, tensor: Tensor, part: str) -> None:
        """Add a buffer that is there all the time."""
        each = self.sizes.nbytes(tensor, tensor.times)
        self.buffers.append(Buffer(tensor, op, BEFORE, self.end, each, part=part))

    # --- op by op ----------------------------------------------------------------------------------------------------

    def _step(self, at: int, op: Op) -> None:
        """Make the results of an op, in place of what it reads last where it can."""
        tensors = self.graph.tensors
        for name in op.inputs:
            if tensors[name].gradient and name not in self.graph.producer and name not in self.made:
                self._make(at, op, tensors[name])  # that of the loss, which is 1
        first = self.made.get(op.inputs[0]) if op.inputs else None
        if op.phase == "update" or op.kind == "send":  # what it writes stands where it was, or on another device
            return
        if op.kind == "accumulate" and first is not None:
            self._keep(op, first)
        elif rule(op.kind).view and first is not None and tensors[op.outputs[0]].role != "cache":
            self.made[op.outputs[0]] = first
            first.dies = max(first.dies, self.last.get(op.outputs[0], at))
        else:
            replaced = self._replaced(at, op)
            for name in op.outputs:
                self._make(at, op, tensors[name])
            if replaced is not None:
                replaced.moved = True

    def _replaced(self, at: int, op: Op) -> Buffer | None:
        """The buffer whose place the result takes: of what is read for the last time, and as large."""
        if op.kind == "add" and op.phase == "backward":
            return self._added_up(at, op)
        return self._free(op.inputs[0], op, at) if op.kind in IN_PLACE else None

    def _added_up(self, at: int, op: Op) -> Buffer | None:
        """That of the first gradient that others are added to. Of several, each is added when the next is made."""
        free = [self._free(name, op, at) for name in op.inputs]
        for one, following in pairwise(free[1:]):
            if one is not None and following is not None:
                one.dies = max(one.born, following.born - 1)
        return next((one for one in free if one is not None and one.dies == at), None)

    def _free(self, name: str, op: Op, at: int) -> Buffer | None:
        """The buffer that `name` is, if nothing reads it later and a result may take its place."""
        found, out = self.made.get(name), self.graph.tensors[op.outputs[0]]
        if found is None or found.dies > at:
            return None
        moves = op.kind == "loop" or found.each in (self.sizes.nbytes(out, ONE), self._each(op, out))
        return found if moves else None

    def _keep(self, op: Op, found: Buffer) -> None:
        """Keep a gradient: what the op before has made is that from the beginning, and as wide."""
        kept = at_rest(self.graph.tensors[op.outputs[0]], self.graph.mesh)
        found.each, found.part, found.dies = self.sizes.nbytes(kept, ONE), "gradients", self.end
        self.made[op.outputs[0]] = found

    def _make(self, at: int, op: Op, tensor: Tensor) -> None:
        """Add the buffer of a result."""
        times = rounds(tensor, read_by) if (read_by := self.readers.get(tensor.name)) else tensor.times
        buffer = Buffer(tensor, op.name, at, self.last.get(tensor.name, at), self._each(op, tensor), times)
        if tensor.role == "cache" and not self.trained:  # of all microbatches
            buffer.part, buffer.dies, buffer.times = "cache", self.end, tensor.times * op.repeats
        if rule(op.kind).traffic in STAYS and not self.trained:
            buffer.born, buffer.body = BEFORE, AHEAD
        if rule(op.kind).accumulates:
            buffer.born, buffer.body, buffer.part = BEFORE, AHEAD, "gradients" if tensor.gradient else "working"
        if tensor.name not in self.last and self._is_result(op, tensor):
            buffer.dies = self.end
        self.made[tensor.name] = buffer
        self.buffers.append(buffer)
        if buffer.dies < self.end and op.phase == "forward" and self._begins_a_group(self.ops[buffer.dies]):
            buffer.once = True
            self.buffers.append(Buffer(tensor, op.name, at, self._last_ahead(tensor), buffer.each))  # in the last round

    def _begins_a_group(self, op: Op) -> bool:
        """Whether it runs once for each group of iterations, of which there are several in one."""
        return op.loop.rounds == "every" and op.loop.group != ONE

    def _last_ahead(self, tensor: Tensor) -> int:
        """The position of the last op that reads a tensor in the forward pass."""
        return max(at for at, op in enumerate(self.ops) if op.phase == "forward" and tensor.name in op.inputs)

    def _each(self, op: Op, tensor: Tensor) -> Polynomial:
        """Bytes of a result. What goes round a ring is there as two blocks: the one in use and the one that arrives."""
        whole = self.sizes.nbytes(tensor, ONE)
        if (width := self.widths.get(tensor.name)) is not None:
            return whole / tensor.itemsize * width
        ring = op if op.kind == "ring_gather" else self.reduced.get(tensor.name)
        return whole if ring is None else whole * 2 / devices(ring.cuts)

    def _widths(self) -> dict[str, Polynomial]:
        """In which width gradients are that become what is kept: in that from the beginning, all devices' sums too."""
        found: dict[str, Polynomial] = {}
        summed = {op.outputs[0] for op in self.ops if rule(op.kind).accumulates}
        for op in reversed(self.ops):
            kept, out = op.kind == "accumulate", op.outputs[0] if op.outputs else ""
            width = self.graph.tensors[out].itemsize if kept else found.get(out)
            as_wide = kept or op.kind == "all_reduce" or (op.inputs[0] in summed and not rule(op.kind).accumulates)
            if width is not None and as_wide:
                found[op.inputs[0]] = width
        return found

    def _under_way(self) -> list[Buffer]:
        """What is kept of the other microbatches that a stage of a pipeline has under way."""
        if self.graph.stage is None or not self.trained:
            return []
        found, stage = [], self.graph.stage
        for one in self.buffers:
            others = stage.under_way(stage.where(one.tensor.name, one.tensor.loop.number)) - ONE
            if one.part == "saved" and others:
                each = one.each * one.times * others
                found.append(Buffer(one.tensor, one.op, BEFORE, self.end, each, part="saved"))
        return found

    def _is_result(self, op: Op, tensor: Tensor) -> bool:
        """Whether somebody outside reads what no op does: what a forward pass ends in, and any gradient."""
        ends = op.phase == "forward" and tensor.name == op.outputs[0] and tensor.role == "activation"
        return ends or (tensor.gradient and op.phase == "backward")

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _settle(self, buffer: Buffer) -> None:
        """See what every iteration leaves behind, and what that is called."""
        tensor = buffer.tensor
        backward = buffer.born != BEFORE and self.ops[buffer.born].phase != "forward"
        body = self.bodies.get((tensor.loop.number, backward)) if tensor.loop.number else None
        if body is not None and buffer.born != BEFORE and buffer.dies > body.end and not self._is_carried(buffer):
            buffer.body = body
        later = self.bodies.get((tensor.loop.number, True))
        if buffer.body and later and later is not buffer.body and later.start <= buffer.dies <= later.end:
            buffer.read_in = later
        if body is not None and body.group != ONE and self._is_replayed(buffer):
            buffer.replayed_in = body
        if (found := buffer.replayed_in or buffer.read_in or buffer.body) is not None and not buffer.once:
            buffer.group = found.group
        if buffer.part != "working" or buffer.born == BEFORE:
            return
        reader = self.ops[buffer.dies] if buffer.dies < self.end else None
        if tensor.is_parameter:
            buffer.part = "gathered"
        elif not backward and reader is not None and reader.phase != "forward":
            buffer.part = "saved"

    def _is_replayed(self, buffer: Buffer) -> bool:
        """Whether it is replayed for what comes behind all replays."""
        behind = buffer.dies < self.end and self.ops[buffer.dies].phase == "backward"
        return behind and self.ops[buffer.born].phase == "recompute"

    def _is_carried(self, buffer: Buffer) -> bool:
        """Whether it is what one iteration hands to the next, and the last one hands on."""
        return buffer.dies < self.end and self.ops[buffer.dies].kind == "loop" and not buffer.once
